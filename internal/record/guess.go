package record

import "bytes"

// Guess returns a place of text, at or behind lo and before hi, where one record
// has probably ended and another may begin: an event's end or start in a text that
// begins with one, else a line's start. It looks at what stands there and not at
// what stands before, so it may be wrong; ok is false if there is no such place.
func Guess(text []byte, lo, hi int) (place int, ok bool) {
	if lo > 0 && startsWithEvent(text) {
		return guessEvent(text, lo, hi)
	}
	i := bytes.IndexByte(text[max(0, lo-1):hi], '\n')
	return lo + i, i >= 0
}

// startsWithEvent reports whether an event begins in the first bytes of text, and
// no JSON object before it.
func startsWithEvent(text []byte) bool {
	const prolog = 1 << 10
	head := text[:min(len(text), prolog)]
	i := eventTag(head)
	return i >= 0 && bytes.IndexByte(head[:i], '{') < 0
}

// guessEvent finds the first start tag from lo on, or the first end tag that ends
// behind lo. The line feeds of an event's text are no sign of anything.
func guessEvent(text []byte, lo, hi int) (place int, ok bool) {
	const name = "Event"
	for at := max(0, lo-len("</Event")); at < hi; {
		i := bytes.Index(text[at:hi], []byte(name))
		if i < 0 {
			return 0, false
		}
		at += i + len(name)
		switch start := at - len(name) - 1; {
		case start >= lo && isTag(text[start:], tagEvent):
			return start, true
		case start >= 1 && bytes.HasPrefix(text[start-1:], tagEventEnd):
			n := closeOf(text[at:min(len(text), at+maxTag)])
			if n > 0 && at+n > lo && at+n < hi {
				return at + n, true
			}
		}
	}
	return 0, false
}
