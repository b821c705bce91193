package reference

import (
	"slices"
	"strings"
)

// shape is a way in which some tool writes events as JSON.
type shape struct {
	is   func(*value) bool
	read func(*value) ([]*event, error)
}

// shapes are tried in this order; the last one takes what is left. Envelopes
// come first: what they carry is recognised anew. An object with an event id of
// its own is no envelope.
var shapes []shape

func init() {
	shapes = []shape{
		{isSplunkExport, readSplunkExport},
		{isSearchHit, readSearchHit},
		{isDocument, readDocument},
		{isOTLP, readOTLP},
		{isOTelBody, readOTelBody},
		{isAgentXML, readAgentXML},
		{isWinlog, one(readWinlog)},
		{isFluentBitXML, readFluentBitXML},
		{isNested("Event.System"), one(readNested("Event."))},
		{isNested("System"), one(readNested(""))},
		{isHEC, readHEC},
		{isSentinel, one(readSentinel)},
		{isFluentBit, one(readFluentBit)},
		{isSnake, one(readSnake)},
		{func(*value) bool { return true }, one(readFlat)},
	}
}

// one makes a reader of several events of a reader of one.
func one(read func(*value) *event) func(*value) ([]*event, error) {
	return func(v *value) ([]*event, error) { return []*event{read(v)}, nil }
}

// decodeJSON reads the events of a JSON record.
func decodeJSON(text string) ([]*event, error) {
	objects, failure := parseObjects(text)
	var out []*event
	for _, o := range objects {
		events, err := eventsOf(o)
		out = append(out, events...)
		if err != nil {
			return out, err
		}
	}
	return out, failure
}

// eventsOf recognises the shape of an object and reads its events.
func eventsOf(v *value) ([]*event, error) {
	for _, s := range shapes {
		if s.is(v) {
			return s.read(v)
		}
	}
	panic("BUG: no shape")
}

// layout says at which paths a shape keeps the parts of an event, the best
// first.
type layout map[system][]string

// read collects the parts of an event.
func (l layout) read(v *value, times ...string) *event {
	e := newEvent()
	for part, paths := range l {
		e.system[part] = v.first(paths...)
	}
	for _, path := range times {
		e.times = append(e.times, v.first(path)...)
	}
	return e
}

// rest returns the members that the layout does not know, which are the event
// data of flat shapes.
func (l layout) rest(v *value) []member {
	var out []member
	for _, m := range v.members {
		known := false
		for _, paths := range l {
			known = known || slices.Contains(paths, m.key)
		}
		if !known {
			out = append(out, m)
		}
	}
	return out
}

// addMembers adds members as event data.
func (e *event) addMembers(members []member) {
	for _, m := range members {
		e.addData(m.key, m.value.texts())
	}
}

// addLeaves adds the values of nested members, as in UserData, under their own
// names. Attributes are no data.
func (e *event) addLeaves(members []member) {
	for _, m := range members {
		switch {
		case strings.HasSuffix(m.key, "#attributes") || strings.HasSuffix(m.key, "_attributes"):
		case m.value.kind == object && !m.value.has("#text"):
			e.addLeaves(m.value.members)
		default:
			e.addData(m.key, m.value.texts())
		}
	}
}

// addMissing adds event data unless the event has values of that name. An empty value
// that it has is then none.
func (e *event) addMissing(name string, values []string) {
	switch {
	case len(present(e.data[name])) > 0:
	case len(present(values)) > 0:
		e.data[name] = values
	default:
		e.data[name] = append(e.data[name], values...)
	}
}

// isEnvelope reports whether there is an object, and not an event of its own,
// at one of the paths.
func isEnvelope(v *value, path string) bool {
	return !v.has("EventID", "event_id") && v.object(path) != nil
}

// An Elasticsearch hit carries the document in _source.
func isSearchHit(v *value) bool { return isEnvelope(v, "_source") }

func readSearchHit(v *value) ([]*event, error) { return eventsOf(v.object("_source")) }

// A Chainsaw detection carries the event in document.data.
func isDocument(v *value) bool { return isEnvelope(v, "document.data") }

func readDocument(v *value) ([]*event, error) { return eventsOf(v.object("document.data")) }

// A Splunk search export carries the fields of a row in result. Rows of a
// preview come again when the search is done.
func isSplunkExport(v *value) bool { return isEnvelope(v, "result") }

func readSplunkExport(v *value) ([]*event, error) {
	for _, p := range v.first("preview") {
		if p == "true" {
			return nil, nil
		}
	}
	row := v.object("result")
	if raw := row.xmlText("_raw"); raw != "" && len(row.first("EventCode", "EventID", "signature_id")) == 0 {
		events, err := decodeXMLText(raw)
		for _, e := range events {
			e.times = append(e.times, row.first("_time")...)
		}
		return events, err
	}
	e := splunkLayout.read(row)
	for _, t := range row.first("SystemTime") {
		e.times = append(e.times, unquote(t))
	}
	e.times = append(e.times, row.first("_time")...)
	if len(e.system[sysChannel]) == 0 {
		for _, source := range row.first("source") {
			kind, channel, _ := strings.Cut(source, ":")
			if k := fold(kind); k == "xmlwineventlog" || k == "wineventlog" {
				e.system[sysChannel] = append(e.system[sysChannel], channel)
			}
		}
	}
	for _, m := range splunkLayout.rest(row) {
		if !strings.HasPrefix(m.key, "_") {
			e.addData(m.key, m.value.texts())
		}
	}
	return []*event{e}, nil
}

var splunkLayout = layout{
	sysEventID:    {"EventCode", "EventID", "signature_id"},
	sysChannel:    {"Channel"},
	sysComputer:   {"Computer", "dest", "dvc"},
	sysProvider:   {"Name", "SourceName"},
	sysGUID:       {"Guid"},
	sysOpcode:     {"Opcode"},
	sysLevel:      {"Level"},
	sysTask:       {"Task"},
	sysKeywords:   {"Keywords"},
	sysVersion:    {"Version"},
	sysProcessID:  {"ProcessID"},
	sysThreadID:   {"ThreadID"},
	sysActivityID: {"ActivityID"},
	sysRecordID:   {"EventRecordID", "RecordNumber"},
	sysUserID:     {"UserID", "user_id"},
}

// An HTTP Event Collector envelope carries an event as XML or as an object.
func isHEC(v *value) bool {
	return isEnvelope(v, "event") || !v.has("EventID") && v.xmlText("event") != ""
}

func readHEC(v *value) ([]*event, error) {
	var events []*event
	var err error
	if inner := v.object("event"); inner != nil {
		events, err = eventsOf(inner)
	} else {
		events, err = decodeXMLText(v.xmlText("event"))
	}
	for _, e := range events {
		e.times = append(e.times, v.first("time")...) // only if the event has none
	}
	return events, err
}
