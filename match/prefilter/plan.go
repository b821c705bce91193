package prefilter

import (
	"sluice/match/prefilter/internal/scan"
	"sluice/match/rule"
)

// A plan is a choice of literals such that each rule of the set needs one of
// them. A record in which none of them stands, and nothing that may hide one, is
// no candidate (step 6 of the proof): so a whole block is searched for a window
// of each, and only the records around what is found are looked at.
type plan struct {
	parts   []part
	buckets [][]scan.Mark
	heads   [1 << headBits]uint16 // the first part by head, plus one
}

// part is a literal of a plan. The kernel looks for its window; the rest is
// compared where that is found.
type part struct {
	lit    string // folded
	window int    // where its window begins
	next   uint16 // the next part of the same head, plus one
}

// headLen is how many bytes of a window choose the parts to compare: no literal
// is shorter.
const (
	headLen  = minLiteral
	headBits = 10
)

// head hashes the first bytes of a window, folded.
func head(a, b, c byte) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 0x9E3779B1 >> (32 - headBits)
}

// escapes are the beginnings of what hides says may hide an inert byte: \u00hh,
// but not for the most frequent ones that hide nothing, &#, <! and <?. The
// backslash is left to be compared, so that the two digits are seen.
var escapes = [][]scan.Mark{
	{{"u", "0", "0", "34567"}},
	{{"u", "0", "0", "2", "012345689abcdefABCDEF"}},
	{{"&", "#"}, {"<", "!?"}},
}

// tagMarks find <Event> and </Event> as record.Framer knows them.
var tagMarks = []scan.Mark{{"v", "e", "n", "t", behindTag}}

// behindTag is what may follow the name of a tag.
const behindTag = "> \t\r\n/"

// mark is what the kernel looks for to find the part.
func (p *part) mark() (m scan.Mark) {
	w := p.lit[p.window:]
	for i := range min(len(w), scan.Width) {
		c := w[i]
		if 'a' <= c && c <= 'z' {
			m = append(m, string([]byte{c, c - 'a' + 'A'}))
		} else {
			m = append(m, string([]byte{c}))
		}
	}
	return m
}

// newPlan returns the plan of parts, whose windows share buckets as given.
func newPlan(parts []part, bucket []int, n int) *plan {
	p := &plan{parts: parts, buckets: append([][]scan.Mark(nil), escapes...)}
	windows := make([][]scan.Mark, n)
	for i := range parts {
		windows[bucket[i]] = append(windows[bucket[i]], parts[i].mark())
		w := parts[i].lit[parts[i].window:]
		h := head(w[0], w[1], w[2])
		parts[i].next = p.heads[h]
		p.heads[h] = uint16(i + 1)
	}
	p.buckets = append(p.buckets, windows...)
	return p
}

// at calls found for each part that stands around the window at i of b.
func (p *plan) at(b []byte, i int, found func(*part) bool) bool {
	if i+headLen > len(b) {
		return false
	}
	h := head(rule.FoldByte(b[i]), rule.FoldByte(b[i+1]), rule.FoldByte(b[i+2]))
	for k := p.heads[h]; k != 0; k = p.parts[k-1].next {
		x := &p.parts[k-1]
		if x.stands(b, i) && found(x) {
			return true
		}
	}
	return false
}

// stands reports whether the literal stands in b, its window at i.
func (x *part) stands(b []byte, i int) bool {
	lo := i - x.window
	if lo < 0 || lo+len(x.lit) > len(b) {
		return false
	}
	for k, c := range b[lo : lo+len(x.lit)] {
		if rule.FoldByte(c) != x.lit[k] {
			return false
		}
	}
	return true
}

// gateLiteral returns a literal that each of needs requires, or "". It holds no
// letter, such as the digits of an event id: so it is rare in text.
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

// minGate is the shortest literal that makes a gate: shorter ones stand in
// nearly every block.
const minGate = 4

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
