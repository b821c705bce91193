package find

import (
	"slices"
	"unicode/utf8"
)

// Most of the expressions and patterns with which a text is compared hold three
// neighbouring bytes that it does not. So once a text has been asked about a few times,
// which triples it holds is noted, by a hash of fifteen bits, or of twelve for a short
// text; what a comparison then costs is a look at a few of them. The rows of the
// published detections in bench/versus defend it.
//
// Letters of ASCII are folded here as rule.Fold folds them, others are not: their other
// cases are other bytes, often of another length. So only triples of ASCII are looked for.
// Three bytes of ASCII stand side by side in a folded text exactly where they do in the
// text, but for their case, since rule.Fold maps ASCII to ASCII, nothing else to ASCII,
// and nothing to nothing. Of other bytes all that counts is whether there are any, which
// is noted as one more triple, beyondASCII.

const (
	gramBits  = 15
	shortBits = 12
	// short is up to how many bytes a text is short.
	short = 512
	// fewAsked is with how much a text is compared before its triples are noted.
	fewAsked = 3
	// manyGrams is at how many triples of a text are looked.
	manyGrams = 6
	// beyondASCII stands for all triples of other bytes.
	beyondASCII = 0x808080
)

// Grams is what is known of one text. The zero Grams is that of the empty text. It is
// for one goroutine.
type Grams struct {
	text  []byte
	asked int
	other bool // than ASCII: letters may have cases that are not in a triple
	shift uint8
	set   *[1 << gramBits / 64]uint64
}

// Reset makes g ready for text, which must stay as it is until the next Reset.
func (g *Grams) Reset(text []byte) { g.text, g.asked, g.other = text, 0, false }

// ResetString is Reset for a string.
func (g *Grams) ResetString(text string) { g.Reset(bytesOf(text)) }

func gram(last uint32) uint16 { return uint16(last * 0x9E3779B1 >> (32 - gramBits)) }

// fold is the lower case of ASCII.
var fold = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()

// note notes the triples of the text, folded.
func (g *Grams) note() {
	if g.set == nil {
		g.set = new([1 << gramBits / 64]uint64)
	}
	g.shift = 0
	if len(g.text) <= short {
		g.shift = gramBits - shortBits
	}
	clear(g.set[:1<<(gramBits-g.shift)/64])
	var last uint32 // three bytes
	var high byte
	for i, b := range g.text {
		high |= b
		last = last<<8&0xFFFFFF | uint32(fold[b])
		if i >= 2 {
			k := gram(last) >> g.shift
			g.set[k/64] |= 1 << (k % 64)
		}
	}
	if g.other = high >= utf8.RuneSelf; g.other {
		k := gram(beyondASCII) >> g.shift
		g.set[k/64] |= 1 << (k % 64)
	}
}

// Lacks reports whether the text, folded, is known not to hold n. It may be nil, which
// every text holds.
func (g *Grams) Lacks(n *Need) bool {
	if n == nil {
		return false
	}
	if g.asked++; g.asked < fewAsked {
		return false
	}
	if g.asked == fewAsked {
		g.note()
	}
	return !(g.other && n.ascii) && g.without(n)
}

func (g *Grams) without(n *Need) bool {
	for _, k := range n.grams[:n.many] {
		k >>= g.shift
		if g.set[k/64]&(1<<(k%64)) == 0 {
			return true
		}
	}
	for i := range n.all {
		if g.without(&n.all[i]) {
			return true
		}
	}
	for i := range n.any {
		if !g.without(&n.any[i]) {
			return false
		}
	}
	return len(n.any) > 0
}

// Need is a Held as triples: a text must hold the first many of grams, and all of all,
// and one of any. It is immutable.
type Need struct {
	grams    [manyGrams]uint16
	many     uint8
	ascii    bool // it is no need of a text that is not ASCII
	all, any []Need
}

// NewNeed returns nil if h asks for nothing that triples tell.
func NewNeed(h Held) *Need {
	n := &Need{}
	n.look(h.Text, manyGrams)
	for i, part := range h.All {
		if part.Text != "" { // each gets its share of what is left
			n.look(part.Text, max(1, (manyGrams-int(n.many))/(len(h.All)-i)))
		} else if p := NewNeed(part); p != nil {
			n.all = append(n.all, *p)
		}
	}
	for _, part := range h.Any {
		p := NewNeed(part)
		if p == nil {
			n.any = nil // one that asks for nothing is enough
			break
		}
		n.any = append(n.any, *p)
	}
	if n.many == 0 && len(n.all) == 0 && len(n.any) == 0 {
		return nil
	}
	return n
}

// look adds up to most triples of text, from all over it, of bytes of ASCII.
func (n *Need) look(text string, most int) {
	var ends []int // of triples
	run, other := 0, false
	for i := range len(text) {
		if run++; text[i] >= utf8.RuneSelf {
			run, other = 0, true
		}
		if run >= 3 {
			ends = append(ends, i)
		}
	}
	if k := gram(beyondASCII); other && n.many < manyGrams && !slices.Contains(n.grams[:n.many], k) {
		n.grams[n.many] = k
		n.many++
	}
	most = min(most, len(ends), manyGrams-int(n.many))
	for k := range most {
		i := ends[k*len(ends)/most]
		n.grams[n.many] = gram(uint32(fold[text[i-2]])<<16 | uint32(fold[text[i-1]])<<8 | uint32(fold[text[i]]))
		n.many++
	}
}
