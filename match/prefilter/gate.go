package prefilter

import (
	"bytes"

	"sluice/match/rule"
)

// The gate looks at a whole block at once, before any record in it is looked
// at: for one literal that every rule of the set needs, and for what may hide
// it. Where neither stands, no rule is a candidate (step 6 of the proof).
//
// A literal qualifies if it holds no letter, so that it is searched for as it
// is. Detections of one event id have it in the digits of the id.

// minGate is the shortest literal that makes a gate: shorter ones stand in
// nearly every block.
const minGate = 4

// gateLiteral returns a literal that each of needs requires, or "".
func gateLiteral(needs []Need) string {
	if len(needs) == 0 {
		return ""
	}
	for _, lit := range needs[0].required(nil) {
		if len(lit) < minGate || hasLetter(lit) {
			continue
		}
		common := true
		for _, n := range needs[1:] {
			common = common && contains(n.required(nil), lit)
		}
		if common {
			return lit
		}
	}
	return ""
}

// required appends the literals without which n is not met.
func (n Need) required(dst []string) []string {
	switch n.op {
	case literal:
		return append(dst, n.lit)
	case all:
		for _, p := range n.parts {
			dst = p.required(dst)
		}
	}
	return dst
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func hasLetter(s string) bool {
	for i := range len(s) {
		if c := rule.FoldByte(s[i]); 'a' <= c && c <= 'z' {
			return true
		}
	}
	return false
}

// sights are what the gate looks for, besides its literal: the beginnings of
// other spellings, each with the test that tells whether it may hide anything.
var sights = []struct {
	mark  []byte
	hides func(raw []byte, i int) bool
}{
	{[]byte(`\u00`), escapeHides},
	{[]byte(`&#`), referenceHides},
	{[]byte(`<!`), markupHides},
	{[]byte(`<?`), markupHides},
}

// Gated reports whether the set has a gate, so that Start and Next may be used.
func (s *Scanner) Gated() bool { return s.f.gate != nil }

// Start makes data the block that Next looks at.
func (s *Scanner) Start(data []byte) {
	s.block = data
	for i := range s.next {
		s.next[i] = -1
	}
}

// Next returns the first offset at or behind from whose record may satisfy a
// rule, or -1. Calls must not go back in the block. A record in which it stops
// nowhere has no candidates.
func (s *Scanner) Next(from int) int {
	best := len(s.block)
	for i := range s.next {
		if s.next[i] < from {
			s.next[i] = s.find(i, from)
		}
		best = min(best, s.next[i])
	}
	if best == len(s.block) {
		return -1
	}
	return best
}

// find returns the offset of sight i at or behind from, or len(s.block). The
// last sight is the gate's literal.
func (s *Scanner) find(i, from int) int {
	mark := s.f.gate
	if i < len(sights) {
		mark = sights[i].mark
	}
	for from < len(s.block) {
		k := bytes.Index(s.block[from:], mark)
		if k < 0 {
			break
		}
		if at := from + k; i == len(sights) || sights[i].hides(s.block, at) {
			return at
		}
		from += k + len(mark)
	}
	return len(s.block)
}
