package event

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// The reader below takes what encoding/xml refuses and Windows writes: control
// characters, invalid UTF-8, bare ampersands, an element that is never closed.
// It insists that every end tag has a start tag and every attribute a value.
var (
	errXMLTag    = errors.New("an end tag has no start tag")
	errXMLOpen   = errors.New("element or tag is not closed")
	errXMLAttr   = errors.New("attribute is damaged")
	errXMLSystem = errors.New("event has no System section")
	errXMLDepth  = errors.New("elements nest too deep")
)

const maxXMLDepth = 256

// xmlReader walks one <Event> element without building a tree.
type xmlReader struct {
	ev    *Event
	names [][]byte // of the open elements
	seen  bool     // a System section

	// The element whose text is wanted, if capture is set. Its text runs from
	// start in the event's arena.
	capture bool
	frozen  bool // behind a child element: the text is over
	depth   int
	start   int
	sys     sys
	slot    int
}

var sections = map[string]uint8{"System": inSystem, "EventData": inData, "UserData": inUser}

const (
	elsewhere uint8 = iota
	inSystem
	inData
	inUser
)

var systemElements = map[string]sys{
	"EventID": sysEventID, "Version": sysVersion, "Level": sysLevel, "Task": sysTask,
	"Opcode": sysOpcode, "Keywords": sysKeywords, "EventRecordID": sysRecordID,
	"Channel": sysChannel, "Computer": sysComputer,
}

var systemAttrs = map[string]sys{
	"Provider Name": sysProvider, "Provider Guid": sysGuid,
	"TimeCreated SystemTime": sysTime, "Correlation ActivityID": sysActivityID,
	"Execution ProcessID": sysProcessID, "Execution ThreadID": sysThreadID,
	"Security UserID": sysUserID,
}

// decode fills ev from an <Event> element.
func (x *xmlReader) decode(ev *Event, raw []byte) error {
	if err := x.walk(ev, raw, x.names[:0]); err != nil {
		return err
	}
	if !x.seen {
		return errXMLSystem
	}
	return nil
}

// decodeData adds to ev the data of an <EventData> element that stands alone.
func (x *xmlReader) decodeData(ev *Event, raw []byte) error {
	return x.walk(ev, raw, append(x.names[:0], []byte("Event")))
}

// walk reads one element; it stands within those of names.
func (x *xmlReader) walk(ev *Event, raw []byte, names [][]byte) error {
	x.ev, x.names, x.seen, x.capture = ev, names, false, false
	for i := 0; ; {
		lt := bytes.IndexByte(raw[i:], '<')
		if lt < 0 {
			return errXMLOpen
		}
		if x.capture && !x.frozen {
			ev.arena = appendText(ev.arena, raw[i:i+lt])
		}
		i += lt
		n, err := x.markup(raw[i:])
		if err != nil {
			return err
		}
		if i += n; len(x.names) <= len(names) {
			return nil
		}
	}
}

// markup handles what begins at b[0] == '<' and returns its length.
func (x *xmlReader) markup(b []byte) (int, error) {
	if len(b) < 2 {
		return 0, errXMLOpen
	}
	switch b[1] {
	case '/':
		i := bytes.IndexByte(b, '>')
		if i < 0 {
			return 0, errXMLOpen
		}
		name := b[2:i]
		for len(name) > 0 && isSpace(name[len(name)-1]) {
			name = name[:len(name)-1]
		}
		return i + 1, x.end(name)
	case '?':
		return endOf(b, 2, "?>")
	case '!':
		return x.declaration(b)
	}
	return x.begin(b)
}

// declaration handles what begins with <! and returns its length.
func (x *xmlReader) declaration(b []byte) (int, error) {
	switch {
	case bytes.HasPrefix(b, []byte("<!--")):
		return endOf(b, 4, "-->")
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		n, err := endOf(b, 9, "]]>")
		if err == nil && x.capture && !x.frozen {
			x.ev.arena = appendLines(x.ev.arena, b[9:n-3])
		}
		return n, err
	}
	return endOf(b, 2, ">")
}

func endOf(b []byte, from int, mark string) (int, error) {
	i := bytes.Index(b[from:], []byte(mark))
	if i < 0 {
		return 0, errXMLOpen
	}
	return from + i + len(mark), nil
}

// begin handles a start tag.
func (x *xmlReader) begin(b []byte) (int, error) {
	i := 1
	for i < len(b) && !isSpace(b[i]) && b[i] != '>' && b[i] != '/' && b[i] != '<' {
		i++
	}
	name := b[1:i]
	if len(name) == 0 {
		return 0, errXMLTag
	}
	if len(x.names) == maxXMLDepth {
		return 0, errXMLDepth
	}
	x.names = append(x.names, name)
	section := x.section()
	if section == inSystem {
		x.seen = true
	}
	x.open(section, name)
	for {
		for i < len(b) && isSpace(b[i]) {
			i++
		}
		switch {
		case i >= len(b):
			return 0, errXMLOpen
		case b[i] == '>':
			return i + 1, nil
		case b[i] == '/' && i+1 < len(b) && b[i+1] == '>':
			return i + 2, x.end(name)
		}
		n, err := x.attribute(section, name, b[i:])
		if err != nil {
			return 0, err
		}
		i += n
	}
}

// section tells in which section of the event the innermost element stands.
func (x *xmlReader) section() uint8 {
	if len(x.names) < 2 {
		return elsewhere
	}
	return sections[string(x.names[1])]
}

// open decides whether the text of the element that just began is wanted.
// Event data waits for its Name attribute.
func (x *xmlReader) open(section uint8, name []byte) {
	depth := len(x.names)
	if x.capture && section == inUser {
		x.drop() // an element with children has no text of its own
	}
	if x.capture {
		// The value ends at the next tag, as for Splunk. Joining what stands on
		// both sides would make text that no byte search of the record finds.
		x.frozen = true
	}
	if depth < 3 || x.capture {
		return
	}
	switch section {
	case inSystem:
		if s, ok := systemElements[string(name)]; ok && depth == 3 {
			x.take(s, 0)
		}
	case inData:
		if slot, ok := x.ev.wants(name); ok && depth == 3 {
			x.take(notSys, slot) // until a Name attribute says otherwise
		}
	case inUser:
		if slot, ok := x.ev.wants(name); ok {
			x.take(notSys, slot)
		}
	}
}

func (x *xmlReader) take(s sys, slot int) {
	x.capture, x.frozen = true, false
	x.depth, x.sys, x.slot, x.start = len(x.names), s, slot, len(x.ev.arena)
}

func (x *xmlReader) drop() {
	x.capture = false
	x.ev.arena = x.ev.arena[:x.start]
}

// attribute handles name="value" and returns its length.
func (x *xmlReader) attribute(section uint8, element, b []byte) (int, error) {
	i := 0
	for i < len(b) && b[i] != '=' && !isSpace(b[i]) && b[i] != '>' && b[i] != '<' {
		i++
	}
	name := b[:i]
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if len(name) == 0 || i == len(b) || b[i] != '=' {
		return 0, errXMLAttr
	}
	i++
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if i == len(b) || b[i] != '\'' && b[i] != '"' {
		return 0, errXMLAttr
	}
	n := bytes.IndexByte(b[i+1:], b[i])
	if n < 0 {
		return 0, errXMLOpen
	}
	x.setAttribute(section, element, name, b[i+1:i+1+n])
	return i + n + 2, nil
}

func (x *xmlReader) setAttribute(section uint8, element, name, value []byte) {
	if len(x.names) != 3 {
		return
	}
	switch {
	case section == inSystem:
		var key [64]byte
		k := append(append(append(key[:0], element...), ' '), name...)
		if s, ok := systemAttrs[string(k)]; ok {
			x.ev.addSys(s, x.unescape(value), 0)
		}
	case section == inData && string(name) == "Name":
		if x.capture {
			x.drop()
		}
		if slot, ok := x.ev.wants(x.unescape(value)); ok {
			x.take(notSys, slot)
		}
	}
}

// end handles an end tag, or the end of an empty element. It closes what is
// still open inside the element: converters have been seen to write a bare
// <nil> into a value.
func (x *xmlReader) end(name []byte) error {
	depth := len(x.names)
	for depth > 0 && !bytes.Equal(x.names[depth-1], name) {
		depth--
	}
	if depth == 0 {
		return errXMLTag
	}
	if x.capture && x.depth == depth {
		text := x.ev.arena[x.start:len(x.ev.arena):len(x.ev.arena)]
		if x.sys != notSys {
			x.ev.addSys(x.sys, text, 0)
		} else if !x.frozen || len(bytes.TrimSpace(text)) > 0 { // a container has only indentation
			x.ev.addData(x.slot, text, rankData)
		}
		x.capture = false
	} else if x.capture && x.depth > depth {
		x.drop()
	}
	x.names = x.names[:depth-1]
	return nil
}

// unescape returns an attribute's value; it may point into the record.
func (x *xmlReader) unescape(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return b
	}
	start := len(x.ev.arena)
	x.ev.arena = appendText(x.ev.arena, b)
	return x.ev.arena[start:len(x.ev.arena):len(x.ev.arena)]
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// appendLines appends b with its line ends as LF (XML 1.0, section 2.11).
func appendLines(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(append(dst, b[:i]...), '\n')
		b = b[i+1:]
		if len(b) > 0 && b[0] == '\n' {
			b = b[1:]
		}
	}
}

// appendText is appendLines with entities and character references resolved.
// What is none of XML's five entities, or no reference, stays as it is.
func appendText(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			return appendLines(dst, b)
		}
		dst = appendLines(dst, b[:i])
		b = b[i:]
		semi := bytes.IndexByte(b[:min(len(b), 32)], ';')
		if semi > 0 {
			if r, ok := entity(b[1:semi]); ok {
				dst = utf8.AppendRune(dst, r)
				b = b[semi+1:]
				continue
			}
		}
		dst = append(dst, '&')
		b = b[1:]
	}
}

func entity(name []byte) (rune, bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil || n > utf8.MaxRune || len(digits) > 0 && digits[0] == '+' {
		return 0, false
	}
	return rune(n), true
}
