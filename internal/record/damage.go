package record

import "bytes"

// skip says what to drop behind the part of a record that was too long.
type skip uint8

const (
	skipNothing skip = iota
	skipLine         // up to the line feed
	skipValue        // up to a line that looks like a record's start
	skipEvent        // likewise, or behind an </Event>
)

// maxIndent is how far the objects of an array may be indented for the framer
// to go on with them behind a damaged one. Objects inside objects are deeper.
const maxIndent = 8

// lookahead is how many bytes tell what a line begins with.
const lookahead = maxIndent + len("<Event") + 1

// tooLong takes what begins at p and has no end within the limit. The last
// bytes are left to drop, which could else miss a mark that the limit cuts.
func (c *cursor) tooLong(s skip) (Record, verdict) {
	c.f.skip = s
	return Record{Lo: c.p, Hi: max(c.p+1, len(c.buf)-lookahead), Kind: Bad, Why: TooLong}, isRecord
}

// drop passes over the rest of a record that is too long and reports whether
// its end is in the buffer.
func (c *cursor) drop() bool {
	marks := "\n"
	if c.f.skip == skipEvent {
		marks = "\n<"
	}
	for {
		i := bytes.IndexAny(c.all[c.p:], marks)
		if i < 0 {
			c.p = len(c.all)
			return false
		}
		c.p += i
		if c.f.skip != skipLine && len(c.all)-c.p <= lookahead && !c.atEOF {
			return false
		}
		if n := c.endsDrop(c.all[c.p:min(len(c.all), c.p+1+lookahead)]); n > 0 {
			c.p += n
			c.f.skip = skipNothing
			return true
		}
		c.p++
	}
}

// endsDrop returns the length of what ends a record that is too long at the
// start of b, or 0. b begins with a line feed or with '<'.
func (c *cursor) endsDrop(b []byte) int {
	kind := JSON
	if c.f.skip == skipEvent {
		kind = XML
	}
	switch {
	case b[0] == '\n' && (c.f.skip == skipLine || c.startsLine(b[1:], kind)):
		return 1
	case b[0] == '<' && bytes.HasPrefix(b, tagEventEnd):
		if n := closeOf(b[len(tagEventEnd):]); n > 0 {
			return len(tagEventEnd) + n
		}
	}
	return 0
}

// startsLine reports whether the line at the start of b looks like the start of
// a record. What is damaged before it is of the given kind.
func (c *cursor) startsLine(b []byte, damaged Kind) bool {
	if c.f.array > 0 {
		for i := 0; i < maxIndent && len(b) > 0 && (b[0] == ' ' || b[0] == '\t'); i++ {
			b = b[1:]
		}
	}
	switch {
	case damaged == XML: // blocks of a script begin with braces, too
		return bytes.HasPrefix(b, []byte(`{"`)) || isTag(b, tagEvent)
	case len(b) > 1 && b[0] == '<':
		return isMarkup(b[1])
	}
	return len(b) > 0 && b[0] == '{'
}

// giveUp takes what begins at p and has no end, for which a search up to end
// was in vain. It is Bad up to the next line that looks like the start of a
// record or, when too many searches failed, up to the end of its line.
func (c *cursor) giveUp(kind Kind, end int) (Record, verdict) {
	hi := -1
	for i := c.p; hi < 0; {
		j := bytes.IndexByte(c.buf[i:], '\n')
		if j < 0 {
			break
		}
		i += j + 1
		if c.f.fails >= maxFails {
			hi = i
			break
		}
		if len(c.buf)-i < lookahead && !c.eof && !c.full {
			return Record{}, needMore
		}
		if c.startsLine(c.buf[i:], kind) {
			hi = i
		}
	}
	if hi < 0 && !c.eof && !c.full {
		return Record{}, needMore
	}
	if c.f.fails < maxFails {
		c.fail(end)
	}
	switch {
	case hi >= 0:
		return Record{Lo: c.p, Hi: hi, Kind: Bad, Why: Unclosed}, isRecord
	case c.full && kind == XML:
		return c.tooLong(skipEvent)
	case c.full:
		return c.tooLong(skipValue)
	}
	return Record{Lo: c.p, Hi: len(c.buf), Kind: Bad, Why: Unclosed}, isRecord
}

// fail notes that a search from p up to end was in vain.
func (c *cursor) fail(end int) {
	c.f.fails++
	c.f.damaged = max(c.f.damaged, c.f.base+int64(end))
}
