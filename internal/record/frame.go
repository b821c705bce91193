package record

import "bytes"

// cursor is one call of Next. Everything before p holds no record.
type cursor struct {
	f     *Framer
	all   []byte // the caller's buffer
	atEOF bool   // all ends with the stream
	max   int
	p     int

	// What a record that begins at p may look at: all, clipped to max+1 bytes
	// behind p so that no decision depends on how much the caller has buffered.
	buf  []byte
	full bool // buf is clipped: a record without an end in it is too long
	eof  bool // buf ends with the stream
}

// result of looking for the end of something.
type result uint8

const (
	found result = iota
	more         // buf ends first
	never        // there is none
)

// verdict of looking at a record's start.
type verdict uint8

const (
	isRecord verdict = iota
	needMore         // call Next again with more bytes behind p
	noRecord         // p has moved on; look there
)

func (c *cursor) next() (Record, int, bool) {
	for {
		if c.f.skip != skipNothing && !c.drop() {
			return Record{}, c.p, false
		}
		for c.p < len(c.all) && isBlank(c.all[c.p]) {
			c.p++
		}
		if c.p == len(c.all) {
			return Record{}, c.p, false
		}
		c.buf = c.all
		if c.full = len(c.all)-c.p > c.max; c.full {
			c.buf = c.all[:c.p+c.max+1]
		}
		c.eof = c.atEOF && !c.full
		if c.f.base+int64(c.p) >= c.f.damaged {
			c.f.fails = 0
		}
		r, v := c.start()
		switch v {
		case isRecord:
			if r.Hi-r.Lo > c.max { // it has an end, one byte too late
				r.Kind, r.Why = Bad, TooLong
			}
			return r, r.Hi, true
		case needMore:
			if c.full { // cannot be: every caller of needMore checks full
				panic("BUG: record: more wanted behind a full window")
			}
			return Record{}, c.p, false
		}
	}
}

// isBlank reports white space, and NUL, which sparse files are full of.
func isBlank(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' || b == 0 }

// start handles what begins at p.
func (c *cursor) start() (Record, verdict) {
	b := c.buf[c.p]
	switch {
	case c.f.Format == NDJSON:
		return c.line()
	case b == '<':
		return c.markup()
	case c.f.Format == EventXML:
		return c.betweenEvents()
	case b == '[':
		switch c.opensArray() {
		case found:
			c.f.array++
			c.p++
			return Record{}, noRecord
		case more:
			return c.wait()
		}
		if c.f.array > 0 { // an array of scalars, in an array
			return c.value()
		}
	case b == '{':
		return c.object()
	case c.f.array > 0:
		return c.inArray()
	}
	return c.line()
}

// opensArray reports whether the '[' at p is followed by something that an
// array of objects would hold, rather than by text such as a log's time.
func (c *cursor) opensArray() result {
	for _, b := range c.buf[c.p+1:] {
		switch {
		case b == '{' || b == '[' || b == ']':
			return found
		case !isBlank(b):
			return never
		}
	}
	if c.eof {
		return never
	}
	return more
}

// inArray handles what stands between the objects of an array.
func (c *cursor) inArray() (Record, verdict) {
	switch c.buf[c.p] {
	case ']':
		c.f.array--
		c.p++
		return Record{}, noRecord
	case ',':
		c.p++
		return Record{}, noRecord
	}
	// A scalar is a record like any other, to be found bad by the decoder.
	end := len(c.buf)
	if c.buf[c.p] == '"' {
		end = stringEnd(c.buf, c.p+1)
	} else if i := bytes.IndexAny(c.buf[c.p:], ",]\n"); i >= 0 {
		end = c.p + i
	}
	switch {
	case end == len(c.buf) && !c.eof && !c.full:
		return Record{}, needMore
	case end == len(c.buf), c.buf[c.p] == '"' && c.buf[end] == '\n':
		return c.line()
	case c.buf[c.p] == '"':
		end++
	}
	return Record{Lo: c.p, Hi: end, Kind: JSON}, isRecord
}

// wait asks for more bytes behind p, or gives up on the line there if the
// limit is reached.
func (c *cursor) wait() (Record, verdict) {
	if c.full {
		return c.tooLong(skipLine)
	}
	return Record{}, needMore
}

// line takes a record up to the line feed.
func (c *cursor) line() (Record, verdict) {
	end, res := c.lineEnd()
	if c.f.Format == Auto && c.buf[c.p] != '{' {
		// The line feed may be what ends the tag's name.
		if i := eventTag(c.buf[c.p:min(end+1, len(c.buf))]); i > 0 {
			c.p += i
			return Record{}, noRecord
		}
		if res == found && isRecordHeader(c.buf[c.p:end]) {
			c.p = end
			return Record{}, noRecord
		}
	}
	if res == more {
		return c.wait()
	}
	return Record{Lo: c.p, Hi: end, Kind: JSON}, isRecord
}

// lineEnd finds the line feed behind p, or the end of the stream. It remembers
// how far there is none: on a long line it is asked for every record.
func (c *cursor) lineEnd() (end int, res result) {
	known := int(max(0, c.f.noLF-c.f.base))
	from := min(max(c.p, known), len(c.buf))
	end, res = len(c.buf), more
	if i := bytes.IndexByte(c.buf[from:], '\n'); i >= 0 {
		end, res = from+i, found
	} else if c.eof {
		res = found
	}
	c.f.noLF = max(c.f.noLF, c.f.base+int64(end))
	return end, res
}

// isRecordHeader recognises the "Record 12" lines of evtx_dump.
func isRecordHeader(line []byte) bool {
	digits, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r "), []byte("Record "))
	for _, b := range digits {
		if b < '0' || b > '9' {
			return false
		}
	}
	return ok && len(digits) > 0
}

// object takes the line or the value that begins with the '{' at p.
func (c *cursor) object() (Record, verdict) {
	if c.f.array == 0 {
		end, res := c.lineEnd()
		switch {
		case res == more && len(c.buf)-c.p <= longLine && !c.full:
			return Record{}, needMore
		case res == found && end-c.p <= longLine && !isOpen(c.buf[c.p:end]):
			return c.line()
		}
	}
	return c.value()
}

// value takes the object or array that begins at p, framed by its brackets.
func (c *cursor) value() (Record, verdict) {
	if c.f.fails >= maxFails {
		return c.line()
	}
	end, res := c.valueEnd()
	switch {
	case res == found:
		return Record{Lo: c.p, Hi: end, Kind: JSON}, isRecord
	case res == more && !c.full:
		return Record{}, needMore
	case allBlank(c.buf[c.p+1 : end]): // no object at all
		return c.line()
	}
	return c.giveUp(JSON, end)
}

func allBlank(b []byte) bool {
	for _, x := range b {
		if !isBlank(x) {
			return false
		}
	}
	return true
}

// isOpen reports whether a line that begins with '{' ends in a byte after
// which its object must go on.
func isOpen(line []byte) bool {
	i := len(line) - 1
	for i > 0 && isBlank(line[i]) {
		i--
	}
	return line[i] == '{' || line[i] == '[' || line[i] == ','
}

// maxDepth is how deep the brackets of a value may nest; the decoder takes far
// less.
const maxDepth = 1 << 20

// valueEnd finds where the brackets opened at p balance. Otherwise end tells
// how far it looked. It checks just enough grammar (bracket kinds, what follows
// a comma in an object, no bracket opens right behind a value, no line end in a
// string) to notice soon that an object was cut off and another began.
func (c *cursor) valueEnd() (end int, res result) {
	stack := c.f.stack[:0]
	defer func() { c.f.stack = stack[:0] }()
	wantKey, behindValue := false, false
	for i := c.p; i < len(c.buf); i++ {
		b := c.buf[i]
		if isBlank(b) {
			continue
		}
		if wantKey && b != '"' && b != '}' {
			return i, never
		}
		wantKey = false
		switch b {
		case '{', '[':
			if behindValue || len(stack) == maxDepth {
				return i, never
			}
			stack = append(stack, b)
			wantKey = b == '{'
			continue
		case '}', ']':
			if stack[len(stack)-1] != b-2 { // '{'+2 == '}', '['+2 == ']'
				return i, never
			}
			if stack = stack[:len(stack)-1]; len(stack) == 0 {
				return i + 1, found
			}
		case ',':
			wantKey, behindValue = stack[len(stack)-1] == '{', false
			continue
		case ':':
			behindValue = false
			continue
		case '"':
			i = stringEnd(c.buf, i+1)
			if i == len(c.buf) {
				return i, c.openEnd()
			}
			if c.buf[i] == '\n' {
				return i, never
			}
		}
		behindValue = true
	}
	return len(c.buf), c.openEnd()
}

func (c *cursor) openEnd() result {
	if c.eof {
		return never
	}
	return more
}

// stringEnd returns the index of the quote that ends the string, of a raw line
// feed inside it, or len(buf).
func stringEnd(buf []byte, i int) int {
	for ; i < len(buf); i++ {
		switch buf[i] {
		case '"', '\n':
			return i
		case '\\':
			if i+1 < len(buf) && buf[i+1] != '\n' {
				i++
			}
		}
	}
	return len(buf)
}
