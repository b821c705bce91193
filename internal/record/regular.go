package record

import "bytes"

// Regular says which records can be framed without a Framer: most are, and what
// is not is left to it. A Framer that is Fresh takes
//
//   - a line from { to }, behind which comes a line feed, perhaps with a carriage
//     return before it, and then another {, if it is no longer than longLine;
//   - an event from <Event to the first </Event>, if that is no longer than the
//     limit, no other <Event tag and no <! stands in it, its start tag is not
//     its end tag too, and only blanks stand before it,
//
// as a record. match.FuzzSweep compares.
type Regular struct {
	Lines, Events bool
}

// Regular tells which of the two f takes.
func (f *Framer) Regular() Regular {
	if f.Max > 0 && f.Max < longLine {
		return Regular{}
	}
	return Regular{Lines: f.Format != EventXML, Events: f.Format != NDJSON}
}

// Skip goes on behind n bytes that were framed without f, which must be Fresh.
func (f *Framer) Skip(n int) { f.base += int64(n) }

// LineStart returns where the line of text that at stands in begins, which is at
// or behind lo. It takes the line feed of a line as the start of the next one.
func LineStart(text []byte, lo, at int) int {
	const step = 1024 // forwards is faster than backwards
	for hi := min(at+1, len(text)); hi > lo; {
		b := text[max(lo, hi-step):hi]
		if bytes.IndexByte(b, '\n') >= 0 {
			return hi - len(b) + bytes.LastIndexByte(b, '\n') + 1
		}
		hi -= len(b)
	}
	return lo
}

// LineEnd returns where the line that begins at start ends, at being a place in
// it. ok is false if it is not regular.
func LineEnd(text []byte, start, at int) (end int, ok bool) {
	i := bytes.IndexByte(text[at:min(len(text), start+longLine+1)], '\n')
	if i < 0 {
		return 0, false
	}
	end = at + i
	last := end - 1
	if last > start && text[last] == '\r' {
		last--
	}
	return end, last > start && text[last] == '}' && end+1 < len(text) && text[end+1] == '{'
}

// EventStart returns where the <Event begins of which at is the second letter. ok
// is false if it is another tag or not regular behind done, where the event
// before it ended.
func EventStart(text []byte, done, at int) (start int, ok bool) {
	start = at - len("<E")
	if start < done || !isTag(text[start:], tagEvent) || !allBlank(text[done:start]) {
		return 0, false
	}
	rest := text[start+len(tagEvent):]
	rest = rest[:min(len(rest), maxTag)]
	i := bytes.IndexByte(rest, '>')
	if i >= 0 && (i == 0 || rest[i-1] != '/') {
		return start, true
	}
	return start, bytes.IndexByte(rest[:max(0, i)], '<') >= 0 // which ends the tag before that
}

// StartTag returns the start tag of the regular event that begins at start, or
// nothing where it does not end in time. Any event that begins so, behind blanks,
// is as regular.
func StartTag(text []byte, start int) []byte {
	i := bytes.IndexByte(text[start:min(len(text), start+maxTag)], '>')
	return text[start : start+i+1]
}

// LineFeed returns the place behind the line feed at i, if there is one, with or
// without a carriage return.
func LineFeed(text []byte, i int) int {
	for _, c := range "\r\n" {
		if i < len(text) && text[i] == byte(c) {
			i++
		}
	}
	return i
}

// maxTag is the longest start tag of a regular event.
const maxTag = 4 << 10

// EventEnd returns the place behind the </Event> of which at is the second
// letter, and which ends the event that begins at start.
func EventEnd(text []byte, start, at int) (end int, ok bool) {
	i := at - len("</E")
	end = i + len("</Event>")
	return end, start >= 0 && i > start && end-start <= longLine && bytes.HasPrefix(text[i:], []byte("</Event>"))
}

// OpensSection reports whether a comment, a CDATA section or a declaration may
// begin at i of an event, which then is not regular.
func OpensSection(text []byte, i int) bool {
	return text[i] == '<' && i+1 < len(text) && text[i+1] == '!'
}

// LastEvent returns where the last regular event of text[lo:hi] begins, which ends at hi,
// or -1 if there is none.
func LastEvent(text []byte, lo, hi int) int {
	for {
		i := bytes.LastIndex(text[lo:hi], tagEvent)
		if i < 0 {
			return -1
		}
		if isTag(text[lo+i:], tagEvent) {
			return lo + i
		}
		hi = lo + i
	}
}
