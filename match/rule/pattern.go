package rule

import "strings"

// Pattern is a value of a search: literal text in which each * stands for any
// run of characters, line ends included, and which must cover the whole value.
// Letter case does not count (see Fold). There is no other wildcard and no way
// to write a literal star, as in Splunk's search command.
type Pattern struct {
	text   string
	pieces []string // folded text between the stars; one piece means no star
	inner  []piece  // of pieces, all but the first and the last
}

// NewPattern compiles text.
func NewPattern(text string) Pattern {
	p := Pattern{text: text, pieces: strings.Split(FoldString(text), "*")}
	for i := 1; i < len(p.pieces)-1; i++ {
		p.inner = append(p.inner, newPiece(p.pieces[i]))
	}
	return p
}

// Text returns the pattern as it was written.
func (p Pattern) Text() string { return p.text }

// Exact reports whether the pattern has no star.
func (p Pattern) Exact() bool { return len(p.pieces) == 1 }

// Pieces returns the folded literals that every matching value contains, in
// order. The caller must not change them.
func (p Pattern) Pieces() []string { return p.pieces }

// Match reports whether the pattern covers value, which the caller has folded
// with Fold.
func (p Pattern) Match(folded []byte) bool {
	first, last := p.pieces[0], p.pieces[len(p.pieces)-1]
	if p.Exact() {
		return string(folded) == first
	}
	if len(folded) < len(first)+len(last) ||
		string(folded[:len(first)]) != first ||
		string(folded[len(folded)-len(last):]) != last {
		return false
	}
	rest := folded[len(first) : len(folded)-len(last)]
	// The leftmost place for each piece leaves the most room for those behind it.
	for _, piece := range p.inner {
		i := piece.index(rest)
		if i < 0 {
			return false
		}
		rest = rest[i+len(piece.text):]
	}
	return true
}
