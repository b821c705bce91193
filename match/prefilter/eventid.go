package prefilter

import (
	"bytes"
	"slices"
	"strings"

	"sluice/match/event"
	"sluice/match/prefilter/internal/scan"
	"sluice/match/rule"
)

// Most rules are for events of a few ids, which a comparison says that every event
// they accept passes. A decoder reads an id only from behind one of event.IDNames. So
// the numbers behind all of them in a record are all ids that its events may have,
// unless something may be hidden there or is written in an unusual way; and a record
// without such a name has no event with an id.

// idsOf returns the event ids of which an event must have one for e to hold. ok is
// false if it may hold for any event.
func idsOf(e rule.Expr) (ids []uint32, ok bool) {
	switch e := e.(type) {
	case rule.And:
		for _, part := range e {
			if some, k := idsOf(part); k && (!ok || len(some) < len(ids)) {
				ids, ok = some, true
			}
		}
		return ids, ok
	case rule.Or:
		for _, part := range e {
			some, k := idsOf(part)
			if !k {
				return nil, false
			}
			ids = append(ids, some...)
		}
		slices.Sort(ids)
		return slices.Compact(ids), true
	case rule.Compare:
		if e.Op == rule.Eq && e.Value.Exact() && slices.Contains(event.IDFields, e.Field) {
			if id, n := digits([]byte(e.Value.Text())); n > 0 && n == len(e.Value.Text()) {
				return []uint32{id}, true
			}
		}
	}
	return nil, false
}

// maxIDDigits bounds an id to what 32 bits hold.
const maxIDDigits = 9

// digits reads the number at the start of b, of n digits; n is 0 if there are none,
// or too many.
func digits(b []byte) (id uint32, n int) {
	for n < len(b) && '0' <= b[n] && b[n] <= '9' {
		if n == maxIDDigits {
			return 0, 0
		}
		id = 10*id + uint32(b[n]-'0')
		n++
	}
	return id, n
}

// idMarks find each name of event.IDNames by its end, or what comes before that.
var idMarks = []scan.Mark{
	{"v", "e", "n", "t", "IC"},      // EventID, EventCode
	{"te", "_", "i", "d"},           // event_id, signature_id
	{"c", "o", "d", "e", "\"'\\.&"}, // code, and what idBehind tells from a word
}

// idNameAt returns where the name begins and ends whose mark is at i.
func idNameAt(b []byte, i int) (lo, hi int, ok bool) {
	for _, name := range event.IDNames {
		lo = i
		switch {
		case b[i] == 'v':
			lo -= len("E")
		case b[i] == 't':
			lo -= len("even")
		case b[i] == 'e' && name == "signature_id":
			lo -= len("signatur")
		}
		if lo >= 0 && bytes.HasPrefix(b[lo:], []byte(name)) {
			return lo, lo + len(name), true
		}
	}
	return 0, 0, false
}

// ids appends the ids that events of the record may have to dst. sure is false if
// there may be others.
func (s *search) ids(dst []uint32, raw []byte) (ids []uint32, sure bool) {
	s.start(raw, 0, len(raw), Records)
	for {
		i, ok := s.place(0)
		if !ok {
			return dst, true
		}
		if hidesAt(raw, i) {
			return dst, false
		}
		lo, hi, ok := idNameAt(raw, i)
		if !ok {
			continue
		}
		switch id, found, sure := idBehind(raw, lo, hi); {
		case !sure:
			return dst, false
		case found && !slices.Contains(dst, id):
			dst = append(dst, id)
		}
	}
}

// beforeName are the bytes with which ends what stands before a name: a quote as it
// is, as \u0022 or \u0027 or as &quot;, a point of a dotted name, or the < or </ of a
// tag, as it is, as \u003c or as &lt;.
const beforeName = "\"'27;.</cC"

// idBehind returns the id that stands behind the name raw[lo:hi]. found is false if
// that is no name; sure is false if it may be one, and no plain number follows.
func idBehind(raw []byte, lo, hi int) (id uint32, found, sure bool) {
	if lo == 0 || strings.IndexByte(beforeName, raw[lo-1]) < 0 || hi == len(raw) {
		return 0, false, true // the end of a longer name or a word
	}
	switch raw[hi] {
	case '"':
		return idMember(raw[hi+1:])
	case '\\', '.', '&', '\'', '/':
		return 0, false, false
	case '>', ' ', '\t', '\r', '\n':
		switch {
		case raw[lo-1] == '<':
			return idElement(raw[hi:])
		case raw[lo-1]|0x20 == 'c':
			return 0, false, false // \u003c may begin a tag
		}
	}
	return 0, false, true // a word of a text, a part of another name, or an end tag
}

// idMember reads what follows a member's name: a colon and a number, or its digits
// as a string.
func idMember(b []byte) (id uint32, found, sure bool) {
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) == 0 || b[0] != ':' {
		return 0, false, false
	}
	b = bytes.TrimLeft(b[1:], " \t\r\n")
	ends := ",}] \t\r\n"
	if len(b) > 0 && b[0] == '"' {
		b, ends = b[1:], `"`
	}
	id, n := digits(b)
	if n == 0 || n == len(b) || bytes.IndexByte([]byte(ends), b[n]) < 0 {
		return 0, false, false
	}
	return id, true, true
}

// idElement reads the rest of a start tag and the number in its element.
func idElement(b []byte) (id uint32, found, sure bool) {
	tag, b, _ := bytes.Cut(b, []byte(">"))
	if !endsPlainly(tag) {
		return 0, false, false
	}
	b = bytes.TrimLeft(b, " \t\r\n")
	id, n := digits(b)
	if b = bytes.TrimLeft(b[n:], " \t\r\n"); n == 0 || len(b) == 0 || b[0] != '<' {
		return 0, false, false
	}
	return id, true, true
}

// endsPlainly reports whether a start tag of which tag is the rest, up to a >, ends
// there: it has no attribute, or one with nothing unusual in it, such as
// Qualifiers='0'. Else the > may stand in a value, or an earlier one be \u003e.
func endsPlainly(tag []byte) bool {
	tag = bytes.TrimRight(tag, " \t\r\n")
	if len(tag) == 0 {
		return true
	}
	name, value, ok := bytes.Cut(tag, []byte("="))
	value = bytes.TrimLeft(value, `\`) // of \" in JSON
	last := len(value) - 1
	if !ok || last < 1 || value[0] != '\'' && value[0] != '"' || value[last] != value[0] {
		return false
	}
	value = bytes.TrimRight(value[1:last], `\`)
	return bytes.IndexByte(name, '\\') < 0 && !bytes.ContainsAny(value, `'"\`)
}

// eventIDs appends the ids of a decoded event to dst: its values that are numbers,
// since no other equals one.
func eventIDs(dst []uint32, ev *event.Event) []uint32 {
	for v := range ev.IDs() {
		n, ok := rule.Number(v)
		if !ok || n < 0 || n != float64(uint32(n)) {
			continue
		}
		if id := uint32(n); !slices.Contains(dst, id) {
			dst = append(dst, id)
		}
	}
	return dst
}
