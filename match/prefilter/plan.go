package prefilter

import (
	"encoding/binary"
	"slices"
	"strings"

	"sluice/match/prefilter/internal/anchor"
	"sluice/match/prefilter/internal/scan"
	"sluice/match/rule"
)

// A plan is a choice of literals such that each rule of the set needs one of
// them. A record in which none of them stands, and nothing that may hide one, is
// no candidate (step 6 of the proof): so a whole block is searched for a window
// of each, and only the records around what is found are looked at.
type plan struct {
	parts  []part
	heads  [1 << headBits]uint16 // the first part by head, plus one
	plain  *scan.Tables
	tagged *scan.Tables // which also find the tags of XML events; nil where that does not matter
}

// part is a literal of a plan. The kernel looks for its window; the rest is
// compared where that is found.
type part struct {
	number int    // its index in the plan
	lit    string // folded; see stretches
	window int    // where its window begins
	head   int    // where its first headLen inert bytes begin, in the window: 0 or 1
	rules  []int  // that need it, unless they need another one of the plan
	next   uint16 // the next part of the same head, plus one
	word   uint64 // eight bytes of lit from the window on, where mask is set: those that are inert
	mask   uint64
}

// headLen is how many bytes of a window choose the parts to compare: no literal
// is shorter.
const (
	headLen  = minLiteral
	headBits = 12
)

// head hashes the first bytes of word, folded.
func head(word uint64) uint32 {
	return uint32(word&(1<<(8*headLen)-1)) * 0x9E3779B1 >> (32 - headBits)
}

// escapes are the beginnings of what hides says may hide an inert byte: \u00hh
// and references to one, by a hexadecimal or decimal number of two digits or more
// and perhaps with zeros before it, but not the most frequent ones that hide
// nothing, such as those of line ends. The backslash is left to be compared, so
// that the two digits are seen.
var escapes = [][]scan.Mark{
	{{"u", "0", "0", "34567"}},
	{{"u", "0", "0", "2", "012345689abcdefABCDEF"}},
	{{"&", "#", "xX", "0234567"}, {"&", "#", "03456789", "0123456789"}},
	{{"<", "!"}},
	{{"<", "?"}}, // apart, as AVX2 would take </ too
}

// hundreds are references to decimal numbers from 100 on, which need a bucket
// without the others: together they would take those to 10 and 13.
var hundreds = scan.Mark{"&", "#", "1", "012", "0123456789"}

// tagMark finds <Event> and </Event> as record.Framer knows them.
var tagMark = scan.Mark{"v", "e", "n", "t", behindTag}

// behindTag is what may follow the name of a tag.
const behindTag = "> \t\r\n/"

// at returns the bytes that may stand at offset i of the literal.
func (x *part) at(i int) string {
	switch c := x.lit[i]; {
	case inert[c] && 'a' <= c && c <= 'z':
		return string([]byte{c, c - 'a' + 'A'})
	case inert[c]:
		return string([]byte{c})
	case i == 0:
		return spelled[c].ends
	default:
		return spelled[c].begins
	}
}

// mark is what the kernel looks for to find the part.
func (x *part) mark() (m scan.Mark) {
	for i := x.window; i < min(x.window+scan.Width, len(x.lit)); i++ {
		m = append(m, x.at(i))
	}
	return m
}

// newPlan makes the plan of parts. deal is anchor.Buckets or anchor.Neighbours; own
// are the buckets of what else it finds, which for whole blocks are escapeBuckets.
func newPlan(parts []part, deal func(windows []string, n int) []int, own [][]scan.Mark, kernel scan.Kernel) *plan {
	p := &plan{parts: slices.Clone(parts)}
	windows := make([]string, len(parts))
	for i := range p.parts {
		x := &p.parts[i]
		x.number = i
		x.window, _ = anchor.Rarest(x.lit)
		w := x.lit[x.window:]
		windows[i] = w[:min(len(w), scan.Width)]
		if !inert[w[0]] {
			x.head = 1
		}
		for k := range min(8, len(w)) {
			if inert[w[k]] {
				x.word |= uint64(w[k]) << (8 * k)
				x.mask |= 0xff << (8 * k)
			}
		}
		h := head(x.word >> (8 * x.head))
		x.next = p.heads[h]
		p.heads[h] = uint16(i + 1)
	}
	n := bucketsFor(len(parts), len(own))
	shared := make([][]scan.Mark, n)
	for i, b := range deal(windows, n) {
		shared[b] = append(shared[b], p.parts[i].mark())
	}
	buckets := append(own, shared...)
	p.plain = scan.Compile(buckets, kernel)
	if len(own) > 0 {
		buckets[0] = append(buckets[0], tagMark)
		p.tagged = scan.Compile(buckets, kernel)
	}
	return p
}

// escapeBuckets are the buckets of what may hide a literal.
func escapeBuckets() [][]scan.Mark { return append([][]scan.Mark{{hundreds}}, escapes...) }

// bucketsFor returns into how many buckets n windows go: with the plan's own ones
// they fill one to four sets. A set more costs the kernel
// time, a bucket shared by many windows costs false hits.
func bucketsFor(n, own int) int {
	sets := 1
	for _, most := range []int{4, 60, 240} {
		if n > most {
			sets++
		}
	}
	return 8*sets - own
}

// around calls f with each part that stands around a window at i of b, until f
// returns false.
func (p *plan) around(b []byte, i int, f func(*part) bool) {
	word := rule.FoldWord(wordAt(b, i))
	for at := range 2 {
		for n := p.heads[head(word>>(8*at))]; n != 0; {
			x := &p.parts[n-1]
			// The word tells for nearly all parts of a large plan that they do not stand.
			if word&x.mask == x.word && x.head == at && x.stands(b, i) && !f(x) {
				return
			}
			n = x.next
		}
	}
}

// wordAt returns the eight bytes at i, of which those behind b are zero.
func wordAt(b []byte, i int) uint64 {
	if i+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[i:])
	}
	var padded [8]byte
	copy(padded[:], b[i:])
	return binary.LittleEndian.Uint64(padded[:])
}

// stands reports whether the literal stands in b, its window at i.
func (x *part) stands(b []byte, i int) bool {
	lo := i - x.window
	if lo < 0 || lo+len(x.lit) > len(b) {
		return false
	}
	for k, c := range b[lo : lo+len(x.lit)] {
		if rule.FoldByte(c) != x.lit[k] && (inert[x.lit[k]] || strings.IndexByte(x.at(k), c) < 0) {
			return false
		}
	}
	return true
}

// anchors returns literals of which one must stand where n is met, such that they
// are rare together, and how often they are to be expected. ok is false if n may
// be met without any.
func (n *Need) anchors(cost func(lit string) float64) (lits []string, sum float64, ok bool) {
	switch n.op {
	case literal:
		return []string{n.lit}, cost(n.lit), true
	case all:
		for i := range n.parts {
			if l, c, k := n.parts[i].anchors(cost); k && (!ok || c < sum) {
				lits, sum, ok = l, c, true
			}
		}
		return lits, sum, ok
	case any:
		for i := range n.parts {
			l, c, k := n.parts[i].anchors(cost)
			if !k {
				return nil, 0, false
			}
			lits, sum = append(lits, l...), sum+c
		}
		return lits, sum, true
	}
	return nil, 0, false
}

// anchorParts returns the parts of the anchors of all needs, or nil if some rule
// has none.
func anchorParts(needs []Need) (parts []part) {
	rules := make([]int, len(needs))
	for i := range rules {
		rules[i] = i
	}
	return partsOf(rules, needs)
}

// partsOf is anchorParts for some of the rules.
func partsOf(rules []int, needs []Need) (parts []part) {
	costs := map[string]float64{}
	cost := func(lit string) float64 {
		c, ok := costs[lit]
		if !ok {
			_, c = anchor.Rarest(lit)
			costs[lit] = c
		}
		return c
	}
	byLit := map[string]int{}
	for _, rule := range rules {
		lits, _, ok := needs[rule].anchors(cost)
		if !ok {
			return nil
		}
		for _, lit := range lits {
			i, ok := byLit[lit]
			if !ok {
				i = len(parts)
				byLit[lit] = i
				parts = append(parts, part{lit: lit})
			}
			if r := parts[i].rules; len(r) == 0 || r[len(r)-1] != rule {
				parts[i].rules = append(r, rule)
			}
		}
	}
	if len(parts) > maxParts {
		return nil
	}
	return parts
}

// maxParts bounds a plan: its parts are numbered by 16 bits.
const maxParts = 1<<16 - 2

// gateLiteral returns a literal that each of needs requires, or "". It holds no
// letter, such as the digits of an event id: so it is rare in text.
func gateLiteral(needs []Need) string {
	if len(needs) == 0 {
		return ""
	}
	for _, lit := range needs[0].required(nil) {
		if !isGate(lit) {
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

func isGate(lit string) bool { return len(lit) >= minGate && !hasLetter(lit) && core(lit) == lit }

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
