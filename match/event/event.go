// Package event decodes one raw record to the fields that the rules read:
// every export shape of one event gives the same fields.
//
// Fields carry the names that Splunk's add-on for Windows gives them (dest,
// signature_id, user_id, …) and are derived from the event as docs/semantics.md
// says. A missing, null or empty value is no value, but of an empty one is noted that
// it is there (Event.Empty). A field that stands twice in a record has several values.
package event

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// sys names the parts of an event's System section, which every shape spells
// in its own way.
type sys uint8

const (
	sysProvider sys = iota
	sysGuid
	sysEventID
	sysVersion
	sysLevel
	sysTask
	sysOpcode
	sysKeywords
	sysTime
	sysRecordID
	sysActivityID
	sysProcessID
	sysThreadID
	sysChannel
	sysComputer
	sysUserID
	numSys
	notSys = numSys
)

// Projection is the set of fields that a Decoder fills in. It is immutable.
type Projection struct {
	names []string
	slots map[string]int // field name to slot
	plan  []derive       // how to fill each slot that is not event data
	ids   []int          // the slots of IDFields
	data  []copied       // slots that DataPrefix is about
	// aliases are filled from other slots.
	aliases []aliased
	all     bool
}

// copied fills slot with the event data that slot from has until it is derived.
type copied struct{ slot, from int }

// DataPrefix before the name of a derived field makes the name of the event data
// that is called like it, such as EventData.Channel: a log that was cleared, and not
// the one that tells of it.
const DataPrefix = "EventData."

// hidden returns the derived field whose event data a name means.
func hidden(name string) (field string, ok bool) {
	if field, ok = strings.CutPrefix(name, DataPrefix); ok {
		_, ok = fields[field]
	}
	return field, ok
}

// derive fills slot from a System part.
type derive struct {
	slot int
	from field
}

// Project returns the projection on names; a field's slot is its index there.
// Behind them are slots for what aliases among them follow from.
func Project(names []string) *Projection {
	p := &Projection{names: slices.Clone(names), slots: map[string]int{}}
	for i, name := range names {
		p.slots[name] = i
		if f, ok := fields[name]; ok {
			p.plan = append(p.plan, derive{i, f})
		}
		if slices.Contains(IDFields, name) {
			p.ids = append(p.ids, i)
		}
	}
	for i, name := range names {
		field, ok := hidden(name)
		if !ok {
			continue
		}
		if _, ok := p.slots[field]; !ok {
			p.slots[field] = len(p.names)
			p.names = append(p.names, field)
		}
		p.data = append(p.data, copied{i, p.slots[field]})
	}
	p.alias(len(names))
	return p
}

// ProjectAll returns a projection on every field of a record: the derived ones
// in the order of AllDerived, then names and what aliases among them follow from,
// then what else the record holds, in its order.
func ProjectAll(names []string) *Projection {
	order := slices.Clone(AllDerived)
	for _, name := range names {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	p := Project(order)
	p.all = true
	return p
}

// Only returns a projection with the slots of p that fills those of names and no
// others, so that events of both can be looked at in the same way.
func (p *Projection) Only(names []string) *Projection {
	o := &Projection{names: p.names, slots: map[string]int{}}
	for _, name := range names {
		o.slots[name] = p.slots[name]
		if f, ok := fields[name]; ok {
			o.plan = append(o.plan, derive{p.slots[name], f})
		}
		if slices.Contains(IDFields, name) {
			o.ids = append(o.ids, p.slots[name])
		}
		if field, ok := hidden(name); ok {
			o.slots[field] = p.slots[field]
			o.data = append(o.data, copied{p.slots[name], p.slots[field]})
		}
	}
	for _, a := range p.aliases {
		if !slices.Contains(names, p.names[a.slot]) {
			continue
		}
		o.aliases = append(o.aliases, a)
		for _, slot := range a.from {
			o.slots[p.names[slot]] = slot
		}
	}
	return o
}

// Slot returns the slot of a projected field.
func (p *Projection) Slot(name string) int { return p.slots[name] }

// Names returns the names of the projection's slots. The caller must not change
// them.
func (p *Projection) Names() []string { return p.names }

// Event holds the projected fields of one event. It belongs to the Decoder
// that filled it: its values live until that Decoder's next event.
type Event struct {
	proj   *Projection
	names  []string // of the slots; longer than the projection's when it is on all
	values [][][]byte
	prio   []uint8 // of values: which of a shape's paths they came from
	blank  []uint8 // one more than that of an empty value; 0 without
	extra  map[string]int

	sys     [numSys][][]byte
	sysPrio [numSys]uint8
	nanos   int64
	timed   bool
	arena   []byte   // unescaped text
	derived [][]byte // scratch of finish
}

// Names returns the field names of the slots.
func (e *Event) Names() []string { return e.names }

// Values returns the values of a slot; none means that the field is missing.
func (e *Event) Values(slot int) [][]byte { return e.values[slot] }

// Empty reports whether the slot has an empty value, beside or instead of its Values.
func (e *Event) Empty(slot int) bool {
	return e.blank[slot] > 0 && (len(e.values[slot]) == 0 || e.blank[slot] == e.prio[slot]+1)
}

// Time returns the event's own time in Unix nanoseconds. ok is false when the
// record has none that could be read.
func (e *Event) Time() (nanos int64, ok bool) { return e.nanos, e.timed }

func (e *Event) reset(p *Projection) {
	n := len(p.names)
	for len(e.values) < n {
		e.grow()
	}
	for i := range e.values {
		e.values[i] = e.values[i][:0]
	}
	clear(e.prio)
	clear(e.blank)
	for i := range e.sys {
		e.sys[i] = e.sys[i][:0]
	}
	if len(e.extra) > 0 {
		clear(e.extra)
	}
	e.proj, e.names, e.timed = p, p.names[:n:n], false
	if cap(e.arena) > 1<<20 {
		e.arena = nil // grown for one large event
	}
	e.arena = e.arena[:0]
}

// grow adds a slot.
func (e *Event) grow() {
	e.values, e.prio, e.blank = append(e.values, nil), append(e.prio, 0), append(e.blank, 0)
}

// add appends v to values that came from the path of rank old. A path of a
// smaller rank is preferred and displaces what a larger one gave; equal ranks
// are the same path twice, and make several values.
func add(values [][]byte, old *uint8, v []byte, rank uint8) [][]byte {
	switch {
	case len(values) == 0 || rank < *old:
		*old = rank
		return append(values[:0], v)
	case rank == *old:
		return append(values, v)
	}
	return values
}

// addSys notes a value of a System part. v must live as long as the event.
func (e *Event) addSys(s sys, v []byte, rank uint8) {
	if v = bytes.TrimSpace(v); len(v) > 0 {
		e.sys[s] = add(e.sys[s], &e.sysPrio[s], e.clean(v), rank)
	}
}

// wants reports whether event data of this name is projected, and its slot.
// Data under the name of a derived field counts only if nothing derives it.
func (e *Event) wants(name []byte) (slot int, ok bool) {
	if slot, ok = e.proj.slots[string(name)]; ok {
		return slot, true
	}
	if !e.proj.all || len(name) == 0 {
		return 0, false
	}
	if slot, ok = e.extra[string(name)]; ok {
		return slot, true
	}
	if _, derived := fields[string(name)]; derived {
		return 0, false // an alias of a field that is there
	}
	if e.extra == nil {
		e.extra = map[string]int{}
	}
	slot = len(e.names)
	e.extra[string(name)] = slot
	e.names = append(e.names, string(name))
	if slot == len(e.values) {
		e.grow()
	}
	return slot, true
}

// addData notes a value of event data. v must live as long as the event.
func (e *Event) addData(slot int, v []byte, rank uint8) {
	if len(v) > 0 {
		e.values[slot] = add(e.values[slot], &e.prio[slot], e.clean(v), rank)
	} else if e.blank[slot] == 0 || rank < e.blank[slot] {
		e.blank[slot] = rank + 1
	}
}

// clean makes line ends LF and the text valid UTF-8, copying only if it must.
func (e *Event) clean(v []byte) []byte {
	if bytes.IndexByte(v, '\r') >= 0 {
		start := len(e.arena)
		e.arena = appendLines(e.arena, v)
		v = e.arena[start:len(e.arena):len(e.arena)]
	}
	if !utf8.Valid(v) {
		v = bytes.ToValidUTF8(v, []byte("\uFFFD"))
	}
	return v
}

// finish derives the System fields once all parts are known. fallback is a time
// from around the event, used when it has none of its own.
func (e *Event) finish(zone timeZone, fallback []byte) {
	for _, t := range append(e.sys[sysTime], fallback) {
		if e.nanos, e.timed = parseTime(t, zone); e.timed {
			break
		}
	}
	for _, c := range e.proj.data {
		e.values[c.slot] = append(e.values[c.slot], e.values[c.from]...)
		e.prio[c.slot], e.blank[c.slot] = e.prio[c.from], e.blank[c.from]
	}
	for _, d := range e.proj.plan {
		if e.derived = e.derive(d.from, e.derived[:0]); len(e.derived) > 0 {
			e.values[d.slot] = append(e.values[d.slot][:0], e.derived...)
			e.blank[d.slot] = 0
		}
	}
	for i := range e.proj.aliases {
		e.fill(&e.proj.aliases[i])
	}
}

// derive appends the values of a derived field. Equal ones are one: exporters
// give a number and its text, and fix makes both the number.
func (e *Event) derive(f field, dst [][]byte) [][]byte {
	if f.text != "" {
		return append(dst, []byte(f.text))
	}
	for _, v := range e.sys[f.from] {
		if f.fix != nil {
			v = f.fix(e, v)
		}
		if len(v) > 0 && !slices.ContainsFunc(dst, func(o []byte) bool { return bytes.Equal(o, v) }) {
			dst = append(dst, v)
		}
	}
	return dst
}
