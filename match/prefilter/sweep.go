package prefilter

import (
	"bytes"
	"strings"

	"sluice/match/prefilter/internal/scan"
)

// Layout says how the records of a block lie in it, and what else than places
// that open a record Next stops at.
type Layout uint8

const (
	// Records are known already: Next stops at nothing else.
	Records Layout = iota
	// Lines are one record each: Next also stops at the first line feed that
	// does not stand between } and {, a carriage return before it apart.
	Lines
	// Events are XML elements: Next also stops at their tags.
	Events
)

// Stop says what Next stops at.
type Stop uint8

const (
	// End means that no place is left to look at.
	End Stop = iota
	// Opens is a place whose record may satisfy a rule.
	Opens
	// Breaks is a line feed behind which Lines is no longer sure, or a place
	// behind a long stretch without one.
	Breaks
	// Tag is the second letter of an <Event or </Event, or of a word like that.
	Tag
)

const (
	// minChunk and maxChunk bound how much a kernel looks at before what it found
	// is used, in bytes: little at first, as there may soon be a stop for good.
	minChunk = 4 << 10
	maxChunk = 128 << 10
	// maxLine is how far Lines goes on without a line feed, to within a chunk.
	maxLine = 512 << 10
)

// search is one goroutine's use of a plan.
type search struct {
	plan          *plan
	plain, tagged *scan.Finder

	finder *scan.Finder // one of these
	block  []byte
	to     int
	layout Layout
	hits   []scan.Hit
	chunk  int // how much the next call looks at
	call   int // where the last call of the kernel began
	next   int // where it ended
	ends   int // line ends before call
	called int // line ends in call
	lineAt int // where the last call that found a line end began
}

func newSearch(p *plan) *search {
	s := &search{plan: p, plain: p.plain.NewFinder()}
	if p.tagged != nil {
		s.tagged = p.tagged.NewFinder()
	}
	return s
}

func (s *search) start(block []byte, lo, hi int, layout Layout) {
	s.finder = s.plain
	if layout == Events {
		s.finder = s.tagged
	}
	s.block, s.to, s.layout = block, hi, layout
	s.hits, s.call, s.next, s.ends, s.called, s.lineAt = nil, lo, lo, 0, 0, lo
	s.chunk = minChunk
}

// stop returns the first stop at or behind from. At End it returns the place up
// to which it has looked.
func (s *search) stop(from int) (int, Stop) {
	for {
		i, ok := s.place(from)
		switch {
		case !ok:
			return s.next, End
		case i < 0:
			return s.next, Breaks
		case s.layout == Lines && s.block[i+1] == '\n' && s.irregular(i):
			return i + 1, Breaks
		case s.layout == Events && isTag(s.block, i):
			return i, Tag
		case hidesAt(s.block, i) || s.plan.standsAt(s.block, i):
			return i, Opens
		}
	}
}

// place returns the next place, at or behind from, of which the kernel tells, or
// a negative one where Lines has found no line end for long.
func (s *search) place(from int) (i int, ok bool) {
	for {
		for len(s.hits) > 0 {
			if i, ok := s.hits[0].First(from); ok {
				return i, true
			}
			s.hits = s.hits[1:]
		}
		if s.layout == Lines && s.next-s.lineAt > maxLine {
			return -1, true
		}
		if !s.refill() {
			return 0, false
		}
	}
}

// refill calls the kernel; it returns false if no place is left.
func (s *search) refill() bool {
	if s.next >= s.to {
		return false
	}
	s.ends += s.called
	s.call = s.next
	s.hits, s.next, s.called = s.finder.Sweep(s.block, s.call, min(s.to, s.call+s.chunk), s.layout == Lines)
	s.chunk = min(2*s.chunk, maxChunk)
	if s.called > 0 {
		s.lineAt = s.call
	}
	if s.next > s.call {
		return true
	}
	if s.layout != Records {
		return false
	}
	s.hits, s.next = s.finder.Rest(s.block, s.call), s.to
	return true
}

// irregular reports whether the line feed behind i breaks Lines.
func (s *search) irregular(i int) bool {
	b := s.block
	if i+2 >= len(b) || b[i+2] != '{' {
		return true
	}
	return b[i] != '}' && (b[i] != '\r' || i == 0 || b[i-1] != '}')
}

// lines returns how many line feeds stand behind the start and before at.
func (s *search) lines(at int) int {
	if at <= s.call {
		return s.ends - bytes.Count(s.block[at:s.call+1], []byte{'\n'})
	}
	return s.ends + bytes.Count(s.block[s.call+1:at], []byte{'\n'})
}

// isTag reports whether the place has the second letter of <Event or </Event.
func isTag(b []byte, i int) bool {
	return i >= 2 && b[i-1] == 'E' && (b[i-2] == '<' || b[i-2] == '/') &&
		i+len("vent") < len(b) && string(b[i:i+len("vent")]) == "vent" && strings.IndexByte(behindTag, b[i+len("vent")]) >= 0
}

// standsAt reports whether a literal of the plan stands around its window at i.
func (p *plan) standsAt(b []byte, i int) (yes bool) {
	p.around(b, i, func(*part) bool {
		yes = true
		return false
	})
	return yes
}

// parts calls found with the parts of the plan that stand in raw, some several
// times. hidden tells that there is something that may hide others, where anything
// hides.
func (s *search) parts(raw []byte, found func(*part) bool, hides bool) (hidden bool) {
	s.start(raw, 0, len(raw), Records)
	for {
		i, ok := s.place(0)
		switch {
		case !ok:
			return false
		case hides && hidesAt(raw, i):
			return true
		}
		s.plan.around(raw, i, found)
	}
}

// hidesAt reports whether i is a place of the escapes and hides something.
func hidesAt(b []byte, i int) bool {
	switch b[i] {
	case 'u':
		return i > 0 && b[i-1] == '\\' && bytes.HasPrefix(b[i:], []byte("u00")) && escapeHides(b, i-1)
	case '&':
		return i+1 < len(b) && b[i+1] == '#' && referenceHides(b, i)
	case '<': // a comment, CDATA section or processing instruction
		return i+1 < len(b) && (b[i+1] == '!' || b[i+1] == '?')
	}
	return false
}
