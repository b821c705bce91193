package prefilter

import (
	"bytes"

	"sluice/match/prefilter/internal/scan"
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
const minGate = scan.LitLen

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

// Gated reports whether the set has a gate, so that Start and Next may be used.
func (s *Scanner) Gated() bool { return s.finder != nil }

// Start makes block the one that Next looks at.
func (s *Scanner) Start(block []byte) {
	s.block = block
	s.finder.Start(block)
}

// Next returns the first offset at or behind from whose record may satisfy a
// rule, or -1. Calls must not go back in the block. A record in which it stops
// nowhere has no candidates.
func (s *Scanner) Next(from int) int {
	for {
		at := s.finder.Next(from)
		if at < 0 || s.opens(at) {
			return at
		}
		from = at + 1
	}
}

// opens reports whether the place that the kernel found has the gate's literal
// or may hide it.
func (s *Scanner) opens(at int) bool {
	switch s.block[at] {
	case '\\':
		return escapeHides(s.block, at)
	case '&':
		return referenceHides(s.block, at)
	case '<':
		return true // a comment, CDATA section or processing instruction
	}
	return bytes.HasPrefix(s.block[at:], s.f.gate)
}
