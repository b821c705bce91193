package event

import (
	"bytes"
	"errors"

	"sluice/match/event/tape"
)

var errJSONRoot = errors.New("root is not an object")

const (
	// keepTape is the record size past which a tape is dropped after use, as it
	// never gives memory back.
	keepTape = 1 << 20
	// maxWraps bounds records that wrap others as text.
	maxWraps = 4
)

// jsonReader decodes JSON records. level counts the texts within texts that it
// is in; each needs a tape of its own, since values die at the next text.
type jsonReader struct {
	d     *Decoder
	tapes [maxWraps + 1]tape.Tape
	level int
	plain []byte // of OTLP
	time  []byte // from an envelope around the event
}

// decode calls emit for each event of a record: one JSON object, or several on
// a line. It returns an error if any part of the record was not readable; the
// events before that part were emitted all the same.
func (j *jsonReader) decode(raw []byte, emit func(*Event)) error {
	if len(raw) > keepTape {
		defer func() { j.tapes, j.plain = [maxWraps + 1]tape.Tape{}, nil }()
	}
	for i := 0; ; {
		j.level, j.time = 0, nil
		v, n, err := j.tapes[0].Read(raw[i:])
		if se, ok := err.(*tape.SyntaxError); ok {
			se.At += i
		}
		switch {
		case err != nil:
			return err
		case !v.Is(tape.Object):
			return errJSONRoot
		}
		j.unwrap(v, emit)
		if i += n; i == len(raw) {
			return nil
		}
	}
}

// enter reads the text of an object inside the current one. Behind it, the
// caller must leave the level that it has entered.
func (j *jsonReader) enter(s []byte) (o tape.Value, ok bool) {
	if j.level == maxWraps {
		return o, false
	}
	j.level++
	o, n, err := j.tapes[j.level].Read(s)
	if err != nil || n < len(s) || !o.Is(tape.Object) {
		j.level--
		return o, false
	}
	return o, true
}

// unwrap takes off what carries an event and emits the event inside.
func (j *jsonReader) unwrap(o tape.Value, emit func(*Event)) {
	// Raw XML says more than fields that were taken from it.
	for _, name := range []string{"_raw", "xml", "System", "RawEventData"} {
		if j.text(o.Get(name), o, emit) {
			return
		}
	}
	// Elastic Agent keeps the XML in event.original.
	if j.text(o.Get("event").Get("original"), o, emit) {
		return
	}
	if isEvent(o) || !j.envelope(o, emit) {
		j.fields(o, emit)
	}
}

// isEvent reports whether o has an event's own parts. Such a record is no
// envelope, whatever else it holds: a field called result or records must not
// hide the event.
func isEvent(o tape.Value) bool {
	for _, name := range []string{"EventID", "EventCode", "event_id", "winlog", "Event", "System"} {
		if o.Get(name).Exists() {
			return true
		}
	}
	return hasDotted(o, "winlog.")
}

// envelope emits what o carries; it returns false if o is no envelope.
func (j *jsonReader) envelope(o tape.Value, emit func(*Event)) bool {
	inner := o.Get("result") // Splunk search export
	if inner.Is(tape.Object) && o.Get("preview").Is(tape.True) {
		return true // the row comes again when the search is done
	}
	hit := o.Get("_source")
	if !hit.Exists() && o.Get("_index").Exists() {
		hit = o.Get("fields")
	}
	for _, v := range []tape.Value{inner, hit, o.Get("document").Get("data"), o.Get("body")} {
		if v.Is(tape.Object) { // …, Elasticsearch hit, Chainsaw hunt, OTel
			j.unwrap(v, emit)
			return true
		}
	}
	// Whole answers of an interface: Elasticsearch, Splunk, Azure and others.
	for _, v := range []tape.Value{o.Get("hits").Get("hits"), o.Get("results"), o.Get("records"), o.Get("events"), o.Get("value")} {
		if j.answer(v, emit) {
			return true
		}
	}
	if v := o.Get("resourceLogs"); v.Is(tape.Array) {
		j.otlp(v, emit)
		return true
	}
	if j.text(o.Get("event"), o, emit) || j.text(o.Get("body"), o, emit) {
		return true
	}
	v := o.Get("event")
	if !v.Is(tape.Object) {
		return false
	}
	// Records of Elastic's schema have an "event" object of another kind.
	if o.Get("@timestamp").Exists() || v.Get("code").Exists() {
		return false
	}
	j.noteTime(o)
	j.unwrap(v, emit)
	return true
}

// answer emits the events of a list of records; it returns false if v is none.
func (j *jsonReader) answer(v tape.Value, emit func(*Event)) bool {
	first := true
	for item := range v.Items() {
		if first && !item.Is(tape.Object) {
			return false
		}
		if first, j.time = false, nil; item.Is(tape.Object) {
			j.unwrap(item, emit)
		}
	}
	return !first
}

// noteTime notes the time that a HEC envelope or a search result gives.
func (j *jsonReader) noteTime(o tape.Value) {
	for _, name := range []string{"time", "_time"} {
		if v := o.Get(name); v.Exists() {
			j.time = scalar(v)
		}
	}
}

// text decodes an event that stands as text in a member of o. It returns false
// when the text is no event or is damaged, as Splunk cuts long ones.
func (j *jsonReader) text(v, o tape.Value, emit func(*Event)) bool {
	s := bytes.TrimSpace(v.Text())
	if i := bytes.Index(s[:min(len(s), 512)], []byte("<Event")); i >= 0 && s[0] == '<' {
		ev := j.d.next()
		if err := j.d.xml.decode(ev, s[i:]); err != nil {
			return false
		}
		j.noteTime(o)
		ev.finish(j.d.zone, j.time)
		emit(ev)
		return true
	}
	if len(s) == 0 || s[0] != '{' {
		return false
	}
	inner, ok := j.enter(s)
	if ok {
		j.noteTime(o)
		j.unwrap(inner, emit)
		j.level--
	}
	return ok
}

// otlp emits the log records of an OTLP/JSON export.
func (j *jsonReader) otlp(resources tape.Value, emit func(*Event)) {
	for r := range resources.Items() {
		for s := range r.Get("scopeLogs").Items() {
			for l := range s.Get("logRecords").Items() {
				start := len(j.plain)
				j.plain = append(appendPlain(append(j.plain, `{"body":`...), l.Get("body")), '}')
				if o, ok := j.enter(j.plain[start:len(j.plain):len(j.plain)]); ok {
					j.unwrap(o, emit)
					j.level--
				}
				j.plain = j.plain[:start] // values of it have died
			}
		}
	}
}

// appendPlain writes OTLP's tagged value as plain JSON.
func appendPlain(dst []byte, v tape.Value) []byte {
	var tag string
	var inner tape.Value
	for key, v := range v.Members() {
		switch string(key) {
		case "stringValue", "intValue", "doubleValue", "boolValue", "arrayValue", "kvlistValue":
			tag, inner = string(key), v
		}
	}
	switch tag {
	case "":
		return append(dst, "null"...)
	case "arrayValue":
		dst = append(dst, '[')
		for item := range inner.Get("values").Items() {
			dst = append(appendPlain(dst, item), ',')
		}
		return closeList(dst, ']')
	case "kvlistValue":
		dst = append(dst, '{')
		for kv := range inner.Get("values").Items() {
			if key := kv.Get("key"); key.Is(tape.String) {
				dst = append(append(dst, key.Raw()...), ':')
				dst = append(appendPlain(dst, kv.Get("value")), ',')
			}
		}
		return closeList(dst, '}')
	}
	return append(dst, inner.Raw()...)
}

// closeList puts the bracket in the place of the last comma.
func closeList(dst []byte, bracket byte) []byte {
	if last := len(dst) - 1; dst[last] == ',' {
		dst[last] = bracket
		return dst
	}
	return append(dst, bracket)
}

// fields emits the event whose parts are members of o.
func (j *jsonReader) fields(o tape.Value, emit func(*Event)) {
	level := j.level
	ev := j.d.next()
	s := recognise(o)
	j.object(ev, s.tree, o)
	if s == shapeFluentBit {
		inserts := o.Get("StringInserts")
		j.inserts(ev, inserts)
		j.data(ev, []byte("StringInserts"), inserts, rankRoot) // terms also look at those without a name
	}
	ev.finish(j.d.zone, j.time)
	emit(ev)
	j.level = level // see dataText
}

// object matches the members of o with those of the shape's node n.
func (j *jsonReader) object(ev *Event, n *node, o tape.Value) {
	for key, v := range o.Members() {
		child, rest := n.resolve(key)
		switch {
		case child != nil && rest != nil:
			j.data(ev, rest, v, rankData)
		case child != nil:
			j.member(ev, child, v)
		case n.data == dataMembers:
			j.data(ev, key, v, n.rank)
		}
	}
}

// resolve finds the node of a member. A dotted name stands for nested members;
// one that leads into event data gives that node and the rest of the name.
func (n *node) resolve(key []byte) (child *node, rest []byte) {
	if c := n.children[string(key)]; c != nil {
		return c, nil
	}
	for i, b := range key {
		if b != '.' {
			continue
		}
		c := n.children[string(key[:i])]
		if c == nil {
			continue
		}
		if child, rest = c.resolve(key[i+1:]); child != nil {
			return child, rest
		}
		if c.data == dataMembers {
			return c, key[i+1:]
		}
	}
	return nil, nil
}

// member takes what the shape expects at n.
func (j *jsonReader) member(ev *Event, n *node, v tape.Value) {
	if n.sys != notSys {
		each(v, func(b []byte) { ev.addSys(n.sys, b, n.rank) })
	}
	switch n.data {
	case dataNamed:
		j.data(ev, []byte(n.name), v, n.rank)
	case dataList:
		j.list(ev, v)
	case dataMembers:
		j.dataText(ev, v.Text())
	}
	j.object(ev, n, v)
}

// data takes the values of one event data.
func (j *jsonReader) data(ev *Event, name []byte, v tape.Value, rank uint8) {
	if isSection(v) {
		// UserData wraps its fields in one more element.
		for key, v := range v.Members() {
			if !isSection(v) {
				j.data(ev, key, v, rank)
			}
		}
		return
	}
	if slot, ok := ev.wants(name); ok {
		each(v, func(b []byte) { ev.addData(slot, b, rank) })
	}
}

// isSection tells an object with fields of its own from an element's text with
// its attributes.
func isSection(v tape.Value) bool { return v.Is(tape.Object) && !v.Get("#text").Exists() }

// dataText takes event data that an exporter wrote as JSON or XML text.
func (j *jsonReader) dataText(ev *Event, s []byte) {
	s = bytes.TrimSpace(s)
	if bytes.HasPrefix(s, []byte("<")) {
		if i := bytes.Index(s, []byte("<EventData")); i >= 0 {
			j.d.xml.decodeData(ev, s[i:]) // damage ends the data
		}
		return
	}
	if len(s) == 0 || s[0] != '{' {
		return
	}
	o, _ := j.enter(s) // fields leaves: the values must live as long as the event
	for key, v := range o.Members() {
		j.data(ev, key, v, rankData)
	}
}

// list takes event data that stands as a list of single-member objects, or of
// objects with a name and a value.
func (j *jsonReader) list(ev *Event, v tape.Value) {
	for item := range v.Items() {
		if name, value := item.Get("name"), item.Get("value"); name.Is(tape.String) && value.Exists() {
			j.data(ev, name.Text(), value, rankData)
			continue
		}
		for key, v := range item.Members() {
			j.data(ev, key, v, rankData)
		}
	}
}

// inserts names the values of a Fluent Bit record by their position.
func (j *jsonReader) inserts(ev *Event, v tape.Value) {
	if len(ev.sys[sysEventID]) == 0 {
		return
	}
	names := inserts[string(fixInteger(ev, ev.sys[sysEventID][0]))]
	i := 0
	for item := range v.Items() {
		if i < len(names) {
			j.data(ev, []byte(names[i]), item, rankOther)
		}
		i++
	}
}

// each calls f with the text of v, which may be empty: of its items if it is a list, of
// its "#text" if it is an element with attributes. null has none.
func each(v tape.Value, f func([]byte)) {
	switch v.Kind() {
	case tape.Array:
		for item := range v.Items() {
			if !item.Is(tape.Array) {
				each(item, f)
			}
		}
	case tape.Object:
		if t := v.Get("#text"); !t.Is(tape.Object) {
			each(t, f)
		}
	case tape.Missing, tape.Null:
	default:
		f(scalar(v))
	}
}

// scalar returns the text of a string, number or boolean. Numbers keep their
// source text.
func scalar(v tape.Value) []byte {
	switch v.Kind() {
	case tape.String:
		return v.Text()
	case tape.Number, tape.True, tape.False:
		return v.Raw()
	}
	return nil
}
