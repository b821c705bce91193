package ngram

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// A table is stored as the level of each pair, one byte, and for each listed
// four the varint of its distance from the one before, or from -1, and its level.

// level is the logarithm of a rate in steps of 9 %: rates up to one in 2^28
// bytes, which is as good as never, have level 0.
func level(rate float64) byte {
	return byte(max(0, min(255, math.Round(8*(math.Log2(rate)+8)))))
}

// rates are those of the levels.
var rates = func() (t [256]float64) {
	for level := range t {
		t[level] = math.Exp2(float64(level)/8 - 8)
	}
	return t
}()

// Listed is how many fours a table lists, so that it takes less than 96 KiB.
const Listed = 1 << 15

// Encode stores rates of pairs ab, at a*64+b, and of fours abcd, at
// ((a*64+b)*64+c)*64+d, of which it lists the most frequent.
func Encode(pairs, fours []float64) []byte {
	var data []byte
	for _, r := range pairs {
		data = append(data, level(r))
	}
	last := -1
	for _, f := range mostFrequent(fours) {
		data = binary.AppendUvarint(data, uint64(f-last))
		data = append(data, level(fours[f]))
		last = f
	}
	return data
}

// mostFrequent returns which fours to list, in ascending order.
func mostFrequent(fours []float64) (list []int) {
	for f, r := range fours {
		if r > 0 {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(f, g int) int { return cmp.Compare(fours[g], fours[f]) })
	list = list[:min(len(list), Listed)]
	slices.Sort(list)
	return list
}

var errDamaged = errors.New("cannot read table of fours: it is damaged")

// Load reads what Encode stored.
func Load(data []byte) (*Table, error) {
	t := &Table{}
	if len(data) < len(t.behind) {
		return nil, errDamaged
	}
	t.loadPairs(data[:len(t.behind)])
	data = data[len(t.behind):]
	t.threes, t.fours = make([]node, 0, len(data)/4), make([]byte, 0, len(data)/2)
	for f := -1; len(data) > 0; {
		step, n := binary.Uvarint(data)
		if n <= 0 || n == len(data) || step == 0 || step >= uint64(symbols*symbols*symbols*symbols-f) {
			return nil, errDamaged
		}
		f += int(step)
		t.list(f, data[n])
		data = data[n+1:]
	}
	return t, nil
}

func (t *Table) loadPairs(levels []byte) {
	for ab, l := range levels {
		t.behind[ab] = rates[l]
		t.single[ab/symbols] += t.behind[ab]
	}
	for ab := range t.behind {
		t.behind[ab] /= t.single[ab/symbols]
	}
}

// list adds a four that comes behind those before it.
func (t *Table) list(four int, level byte) {
	ab := &t.pairs[four>>12]
	if ab.on == 0 {
		ab.first = len(t.threes)
	}
	if c := Class(1) << (four >> 6 & 63); ab.on&c == 0 {
		ab.on |= c
		t.threes = append(t.threes, node{first: len(t.fours)})
	}
	t.threes[len(t.threes)-1].on |= 1 << (four & 63)
	t.fours = append(t.fours, level)
}
