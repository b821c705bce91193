package match

import "sluice/match/rule"

// A value is compared with hundreds of patterns when a set has many rules, most of
// which hold two neighbouring bytes that the value does not. So once a value has been
// asked about a few times, which pairs it holds is noted, by a hash of twelve bits;
// what a pattern then costs is a look at a few of them. The row of all Sigma rules in
// bench/versus defends it.

const (
	gramBits = 12
	// fewAsked is how many patterns a value is compared with before its pairs are
	// noted.
	fewAsked = 4
	// maxGrams is how long a value may be, in bytes: longer ones hold too many pairs
	// to tell much.
	maxGrams = 2048
	// manyGrams is at how many pairs of a pattern are looked.
	manyGrams = 4
)

// grams are the pairs of bytes of the one value of a slot.
type grams struct {
	asked int
	set   [1 << gramBits / 64]uint64
}

func gram(a, b byte) uint16 {
	return uint16((uint32(a)<<8|uint32(b))*0x9E3779B1>>(32-gramBits)) & (1<<gramBits - 1)
}

// gramsOf returns pairs that stand in each value, folded, that the pattern covers.
func gramsOf(p rule.Pattern) (list []uint16) {
	if p.Cased() {
		return nil // its values are not folded
	}
	for _, piece := range p.Pieces() {
		step := max(1, (len(piece)-1)/manyGrams)
		for i := 0; i+1 < len(piece) && len(list) < manyGrams; i += step {
			list = append(list, gram(piece[i], piece[i+1]))
		}
	}
	return list
}

// lacks reports whether the only value of the slot, folded, is known not to hold all
// pairs of list.
func (v *values) lacks(slot int, value []byte, list []uint16) bool {
	if len(list) == 0 || len(v.folded[slot]) != 1 || len(value) > maxGrams {
		return false
	}
	g := v.grams[slot]
	if g == nil {
		g = new(grams)
		v.grams[slot] = g
	}
	if g.asked++; g.asked < fewAsked {
		return false
	}
	if g.asked == fewAsked {
		clear(g.set[:])
		for i := 0; i+1 < len(value); i++ {
			k := gram(value[i], value[i+1])
			g.set[k/64] |= 1 << (k % 64)
		}
	}
	for _, k := range list {
		if g.set[k/64]&(1<<(k%64)) == 0 {
			return true
		}
	}
	return false
}
