package event

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/valyala/fastjson"
)

var (
	errJSONRoot   = errors.New("root is not an object")
	errJSONValues = fmt.Errorf("more than %d values", maxValues)
)

const (
	// maxValues bounds the memory of one parse: fastjson keeps 80 bytes a value.
	maxValues = 1 << 20
	// keepParser is the record size past which a parser is dropped after use,
	// as it never gives memory back.
	keepParser = 1 << 20
	// maxWraps bounds records that wrap others as text.
	maxWraps = 3
)

// jsonReader decodes JSON records. level counts the texts within texts that it
// is in; each needs a parser of its own, since values die at the next parse.
type jsonReader struct {
	d       *Decoder
	parsers [maxWraps + 1]fastjson.Parser
	level   int
	fixed   [maxWraps + 1][]byte
	arena   fastjson.Arena
	err     error
	time    []byte // from an envelope around the event
}

// decode calls emit for each event of a record: one JSON object, or several on
// a line. It returns an error if any part of the record was not readable; the
// events before that part were emitted all the same.
func (j *jsonReader) decode(raw []byte, emit func(*Event)) error {
	if len(raw) > keepParser {
		defer func() { j.parsers, j.arena = [maxWraps + 1]fastjson.Parser{}, fastjson.Arena{} }()
	}
	j.level, j.err = 0, nil
	v, err := j.parse(raw)
	if err == nil {
		j.root(v, emit)
		return j.err
	}
	if err == errJSONValues {
		return err
	}
	// Not one value: perhaps several in a row.
	var sc fastjson.Scanner
	sc.InitBytes(j.fixSurrogates(raw))
	for sc.Next() {
		if j.root(sc.Value(), emit); j.err != nil {
			return j.err
		}
	}
	return sc.Error()
}

// parse parses s at the current level, unless that would take much memory.
func (j *jsonReader) parse(s []byte) (*fastjson.Value, error) {
	if len(s) > keepParser && countValues(s) > maxValues {
		return nil, errJSONValues
	}
	return j.parsers[j.level].ParseBytes(j.fixSurrogates(s))
}

func (j *jsonReader) root(v *fastjson.Value, emit func(*Event)) {
	j.level, j.time = 0, nil
	o, err := v.Object()
	if err != nil {
		j.err = errJSONRoot
		return
	}
	j.unwrap(o, emit)
}

// unwrap takes off what carries an event and emits the event inside.
func (j *jsonReader) unwrap(o *fastjson.Object, emit func(*Event)) {
	// Raw XML says more than fields that were taken from it.
	for _, name := range []string{"_raw", "xml", "System", "RawEventData"} {
		if j.text(stringOf(o.Get(name)), o, emit) {
			return
		}
	}
	// Elastic Agent keeps the XML in event.original.
	if j.text(stringOf(o.Get("event").Get("original")), o, emit) {
		return
	}
	if isEvent(o) || !j.envelope(o, emit) {
		j.fields(o, emit)
	}
}

// isEvent reports whether o has an event's own parts. Such a record is no
// envelope, whatever else it holds: a field called result or records must not
// hide the event.
func isEvent(o *fastjson.Object) bool {
	for _, name := range []string{"EventID", "EventCode", "event_id", "winlog", "Event", "System"} {
		if o.Get(name) != nil {
			return true
		}
	}
	return hasDotted(o, "winlog.")
}

// envelope emits what o carries; it returns false if o is no envelope.
func (j *jsonReader) envelope(o *fastjson.Object, emit func(*Event)) bool {
	inner := o.Get("result") // Splunk search export
	if isType(inner, fastjson.TypeObject) && isType(o.Get("preview"), fastjson.TypeTrue) {
		return true // the row comes again when the search is done
	}
	hit := o.Get("_source")
	if hit == nil && o.Get("_index") != nil {
		hit = o.Get("fields")
	}
	for _, v := range []*fastjson.Value{inner, hit, o.Get("document").Get("data"), o.Get("body")} {
		if isType(v, fastjson.TypeObject) { // …, Elasticsearch hit, Chainsaw hunt, OTel
			j.unwrap(v.GetObject(), emit)
			return true
		}
	}
	// Whole answers of an interface: Elasticsearch, Splunk, Azure and others.
	for _, v := range []*fastjson.Value{o.Get("hits").Get("hits"), o.Get("results"), o.Get("records"), o.Get("events"), o.Get("value")} {
		if j.answer(v, emit) {
			return true
		}
	}
	if v := o.Get("resourceLogs"); isType(v, fastjson.TypeArray) {
		j.otlp(v, emit)
		return true
	}
	if j.text(stringOf(o.Get("event")), o, emit) || j.text(stringOf(o.Get("body")), o, emit) {
		return true
	}
	v := o.Get("event")
	if !isType(v, fastjson.TypeObject) {
		return false
	}
	// Records of Elastic's schema have an "event" object of another kind.
	if o.Get("@timestamp") != nil || v.Get("code") != nil {
		return false
	}
	j.noteTime(o)
	j.unwrap(v.GetObject(), emit)
	return true
}

// answer emits the events of a list of records; it returns false if v is none.
func (j *jsonReader) answer(v *fastjson.Value, emit func(*Event)) bool {
	items := v.GetArray()
	if len(items) == 0 || items[0].Type() != fastjson.TypeObject {
		return false
	}
	for _, item := range items {
		if j.time = nil; item.Type() == fastjson.TypeObject {
			j.unwrap(item.GetObject(), emit)
		}
	}
	return true
}

func stringOf(v *fastjson.Value) []byte {
	if !isType(v, fastjson.TypeString) {
		return nil
	}
	return v.GetStringBytes()
}

// noteTime notes the time that a HEC envelope or a search result gives.
func (j *jsonReader) noteTime(o *fastjson.Object) {
	for _, name := range []string{"time", "_time"} {
		if v := o.Get(name); v != nil {
			j.time = scalar(v)
		}
	}
}

// text decodes an event that stands as text in a member of o. It returns false
// when the text is no event or is damaged, as Splunk cuts long ones.
func (j *jsonReader) text(s []byte, o *fastjson.Object, emit func(*Event)) bool {
	s = bytes.TrimSpace(s)
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
	if len(s) == 0 || s[0] != '{' || j.level == maxWraps {
		return false
	}
	j.level++
	defer func() { j.level-- }()
	v, err := j.parse(s)
	if err != nil || v.Type() != fastjson.TypeObject {
		return false
	}
	j.noteTime(o)
	j.unwrap(v.GetObject(), emit)
	return true
}

// otlp emits the log records of an OTLP/JSON export.
func (j *jsonReader) otlp(resources *fastjson.Value, emit func(*Event)) {
	for _, r := range resources.GetArray() {
		for _, s := range r.GetArray("scopeLogs") {
			for _, l := range s.GetArray("logRecords") {
				o := j.arena.NewObject()
				o.Set("body", j.anyValue(l.Get("body")))
				j.unwrap(o.GetObject(), emit)
			}
		}
	}
	j.arena.Reset()
}

// anyValue turns OTLP's tagged values into plain JSON.
func (j *jsonReader) anyValue(v *fastjson.Value) *fastjson.Value {
	if !isType(v, fastjson.TypeObject) {
		return j.arena.NewNull()
	}
	out := j.arena.NewNull()
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "stringValue", "intValue", "doubleValue", "boolValue":
			out = v
		case "arrayValue":
			out = j.arena.NewArray()
			for i, item := range v.GetArray("values") {
				out.SetArrayItem(i, j.anyValue(item))
			}
		case "kvlistValue":
			out = j.arena.NewObject()
			for _, kv := range v.GetArray("values") {
				out.Set(string(kv.GetStringBytes("key")), j.anyValue(kv.Get("value")))
			}
		}
	})
	return out
}

// fields emits the event whose parts are members of o.
func (j *jsonReader) fields(o *fastjson.Object, emit func(*Event)) {
	ev := j.d.next()
	s := recognise(o)
	j.object(ev, s.tree, o)
	if s == shapeFluentBit {
		j.inserts(ev, o.Get("StringInserts"))
	}
	ev.finish(j.d.zone, j.time)
	emit(ev)
}

// object matches the members of o with those of the shape's node n.
func (j *jsonReader) object(ev *Event, n *node, o *fastjson.Object) {
	o.Visit(func(key []byte, v *fastjson.Value) {
		child, rest := n.resolve(key)
		switch {
		case child != nil && rest != nil:
			j.data(ev, rest, v, rankData)
		case child != nil:
			j.member(ev, child, v)
		case n.data == dataMembers:
			j.data(ev, key, v, n.rank)
		}
	})
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
func (j *jsonReader) member(ev *Event, n *node, v *fastjson.Value) {
	if n.sys != notSys {
		each(v, func(b []byte) { ev.addSys(n.sys, b, n.rank) })
	}
	switch n.data {
	case dataNamed:
		j.data(ev, []byte(n.name), v, n.rank)
	case dataList:
		j.list(ev, v)
	case dataMembers:
		if v.Type() == fastjson.TypeString {
			j.dataText(ev, v.GetStringBytes())
		}
	}
	if o, err := v.Object(); err == nil {
		j.object(ev, n, o)
	}
}

// data takes the values of one event data.
func (j *jsonReader) data(ev *Event, name []byte, v *fastjson.Value, rank uint8) {
	if v.Type() == fastjson.TypeObject && v.Get("#text") == nil {
		// UserData wraps its fields in one more element.
		v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
			if v.Type() != fastjson.TypeObject || v.Get("#text") != nil {
				j.data(ev, key, v, rank)
			}
		})
		return
	}
	if slot, ok := ev.wants(name); ok {
		each(v, func(b []byte) { ev.addData(slot, b, rank) })
	}
}

// dataText takes event data that an exporter wrote as JSON or XML text.
func (j *jsonReader) dataText(ev *Event, s []byte) {
	s = bytes.TrimSpace(s)
	if bytes.HasPrefix(s, []byte("<")) {
		if i := bytes.Index(s, []byte("<EventData")); i >= 0 {
			j.d.xml.decodeData(ev, s[i:]) // damage ends the data
		}
		return
	}
	if len(s) == 0 || s[0] != '{' || j.level == maxWraps {
		return
	}
	j.level++ // and not back: the values must live as long as the event
	if v, err := j.parse(s); err == nil && v.Type() == fastjson.TypeObject {
		v.GetObject().Visit(func(key []byte, v *fastjson.Value) { j.data(ev, key, v, rankData) })
	}
}

// list takes event data that stands as a list of single-member objects, or of
// objects with a name and a value.
func (j *jsonReader) list(ev *Event, v *fastjson.Value) {
	for _, item := range v.GetArray() {
		if name := item.GetStringBytes("name"); name != nil && item.Get("value") != nil {
			j.data(ev, name, item.Get("value"), rankData)
			continue
		}
		if o, err := item.Object(); err == nil {
			o.Visit(func(key []byte, v *fastjson.Value) { j.data(ev, key, v, rankData) })
		}
	}
}

// inserts names the values of a Fluent Bit record by their position.
func (j *jsonReader) inserts(ev *Event, v *fastjson.Value) {
	if len(ev.sys[sysEventID]) == 0 {
		return
	}
	names := inserts[string(fixInteger(ev, ev.sys[sysEventID][0]))]
	for i, item := range v.GetArray() {
		if i < len(names) {
			j.data(ev, []byte(names[i]), item, rankOther)
		}
	}
}

// each calls f with the text of v: of its items if it is a list, of its "#text"
// if it is an element with attributes.
func each(v *fastjson.Value, f func([]byte)) {
	switch v.Type() {
	case fastjson.TypeArray:
		for _, item := range v.GetArray() {
			if item.Type() != fastjson.TypeArray {
				each(item, f)
			}
		}
	case fastjson.TypeObject:
		if t := v.Get("#text"); t != nil && t.Type() != fastjson.TypeObject {
			each(t, f)
		}
	default:
		if b := scalar(v); len(b) > 0 {
			f(b)
		}
	}
}

// scalar returns the text of a string, number or boolean. Numbers keep their
// source text.
func scalar(v *fastjson.Value) []byte {
	switch v.Type() {
	case fastjson.TypeString:
		return v.GetStringBytes()
	case fastjson.TypeNumber, fastjson.TypeTrue, fastjson.TypeFalse:
		return v.MarshalTo(nil)
	}
	return nil
}
