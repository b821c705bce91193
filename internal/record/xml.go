package record

import "bytes"

var (
	tagEvent     = []byte("<Event")
	tagEventEnd  = []byte("</Event")
	tagSystem    = []byte("<System")
	cdataStart   = []byte("<![CDATA[")
	cdataEnd     = []byte("]]>")
	commentStart = []byte("<!--")
	commentEnd   = []byte("-->")
)

// markup handles the '<' at p.
func (c *cursor) markup() (Record, verdict) {
	rest := c.buf[c.p:]
	if len(rest) < len(cdataStart) && !c.eof {
		return c.wait()
	}
	if isTag(rest, tagEvent) {
		return c.event()
	}
	// A comment may span lines; other markup between events ends on its line.
	if bytes.HasPrefix(rest, commentStart) && c.f.fails < maxFails {
		if n := after(rest, len(commentStart), commentEnd); n > 0 {
			c.p += n
			return Record{}, noRecord
		}
		if !c.eof && !c.full {
			return Record{}, needMore
		}
		c.fail(len(c.buf))
	}
	if len(rest) > 1 && isMarkup(rest[1]) {
		switch i := 1 + bytes.IndexAny(rest[1:], "<>\n"); {
		case i > 0 && rest[i] == '>':
			c.p += i + 1
			return Record{}, noRecord
		case i == 0 && !c.eof && !c.full:
			return Record{}, needMore
		}
	}
	return c.betweenEvents()
}

// isMarkup reports whether b may follow '<' in a tag, prolog or declaration.
func isMarkup(b byte) bool {
	return b == '?' || b == '!' || b == '/' || b == '_' || 'a' <= b|0x20 && b|0x20 <= 'z'
}

// betweenEvents handles bytes that begin no record. Looking for XML only, it
// passes over them up to the next '<'; else their line is a record, to be found
// bad by whoever decodes it.
func (c *cursor) betweenEvents() (Record, verdict) {
	if c.f.Format != EventXML {
		return c.line()
	}
	i := bytes.IndexByte(c.buf[c.p+1:], '<')
	if i < 0 {
		c.p = len(c.buf)
	} else {
		c.p += 1 + i
	}
	return Record{}, noRecord
}

// isTag reports whether b begins with the start tag name and not with a longer
// name. A name that the buffer cuts off is not taken.
func isTag(b, name []byte) bool {
	if len(b) <= len(name) || !bytes.HasPrefix(b, name) {
		return false
	}
	n := b[len(name)]
	return n == '>' || n == '/' || n == ' ' || n == '\t' || n == '\r' || n == '\n'
}

// eventTag returns the index of the first <Event tag in line, or -1.
func eventTag(line []byte) int {
	for at := 0; ; {
		i := bytes.Index(line[at:], tagEvent)
		if i < 0 {
			return -1
		}
		at += i
		if isTag(line[at:], tagEvent) {
			return at
		}
		at += len(tagEvent)
	}
}

// event takes the element that begins with the <Event at p.
func (c *cursor) event() (Record, verdict) {
	end := len(c.buf)
	if c.f.fails < maxFails {
		var res result
		end, res = c.eventEnd()
		switch {
		case res == found:
			return Record{Lo: c.p, Hi: end, Kind: XML}, isRecord
		case res == never: // another event begins at end
			return Record{Lo: c.p, Hi: end, Kind: Bad, Why: Unclosed}, isRecord
		case !c.eof && !c.full:
			return Record{}, needMore
		}
	}
	return c.giveUp(XML, end)
}

// eventEnd finds the end of the event at p. never means that another event
// begins at end before this one is closed.
func (c *cursor) eventEnd() (end int, res result) {
	i := c.p + len(tagEvent)
	if gt := bytes.IndexAny(c.buf[i:], "<>"); gt > 0 && c.buf[i+gt] == '>' && c.buf[i+gt-1] == '/' {
		return i + gt + 1, found // <Event …/>
	}
	for {
		j := bytes.IndexByte(c.buf[i:], '<')
		if j < 0 || i+j+1 == len(c.buf) {
			return len(c.buf), more
		}
		i += j
		rest, skip := c.buf[i:], 1
		// Most tags are none of these, which their second byte tells.
		switch rest[1] {
		case '/':
			if bytes.HasPrefix(rest, tagEventEnd) {
				if gt := closeOf(rest[len(tagEventEnd):]); gt > 0 {
					return i + len(tagEventEnd) + gt, found
				}
			}
		case '!':
			if bytes.HasPrefix(rest, cdataStart) {
				skip = after(rest, len(cdataStart), cdataEnd)
			} else if bytes.HasPrefix(rest, commentStart) {
				skip = after(rest, len(commentStart), commentEnd)
			}
		case 'E':
			if isTag(rest, tagEvent) && opensSystem(rest) {
				return i, never
			}
		}
		if skip < 0 {
			return len(c.buf), more
		}
		i += skip
	}
}

// after returns the index behind the first mark in b at or behind from, or -1.
func after(b []byte, from int, mark []byte) int {
	i := bytes.Index(b[from:], mark)
	if i < 0 {
		return -1
	}
	return from + i + len(mark)
}

// closeOf returns the length of "white space >" at the start of b, or 0.
func closeOf(b []byte) int {
	for i, x := range b {
		switch {
		case x == '>':
			return i + 1
		case !isBlank(x):
			return 0
		}
	}
	return 0
}

// opensSystem reports whether the tag at the start of b is followed by
// <System, as in every event; other elements may be called Event too.
func opensSystem(b []byte) bool {
	i := 1 + bytes.IndexAny(b[1:], "<>")
	if b[i] != '>' { // or there is neither, and i is 0
		return false
	}
	b = b[i+1:]
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	return bytes.HasPrefix(b, tagSystem)
}
