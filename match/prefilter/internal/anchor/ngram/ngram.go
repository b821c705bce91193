// Package ngram says how often short stretches of bytes stand in the text of
// Windows events, from counts that ship with it.
//
// Bytes are seen as 64 symbols, which fold A-Z to a-z: bits 0 to 4 of the byte
// and bit 6. That is the index of the tables that vector kernels look up, so a
// rate counts what such a kernel finds. Among letters, digits and most
// punctuation no two bytes share a symbol; [ and { do, as do \ and |.
//
// The counts are those of all pairs of symbols and of the most frequent fours.
// Pairs alone underestimate the words of which event text is made by orders of
// magnitude, and a single literal that is taken for a rare one costs more than
// all others together; a list of fours rather than a hashed table gives the
// count of a class of them, of [ab][cd]ef say, without hits of other fours.
package ngram

import (
	_ "embed"
	"math"
	"math/bits"
	"sync"
)

// Width is how many symbols Rate looks at.
const Width = 5

const symbols = 64

// Class is a set of symbols, one bit each.
type Class uint64

// Any is the class of all symbols.
const Any = ^Class(0)

// Symbol returns the symbol of a byte, 0 to 63.
func Symbol(c byte) int { return int(c&0x1f | c>>1&0x20) }

// Only returns the class of one byte.
func Only(c byte) Class { return 1 << Symbol(c) }

// Table holds rates: occurrences per million bytes. It is immutable.
type Table struct {
	single [symbols]float64
	behind [symbols * symbols]float64 // of a pair ab: the share of a that b stands behind

	// The listed fours abcd are a tree: pairs[ab] leads to the abc of threes,
	// and these to the abcd of fours.
	pairs  [symbols * symbols]node
	threes []node
	fours  []byte // their levels
}

// node is a stretch and the symbols that go on from it.
type node struct {
	on    Class
	first int // where the longer stretches begin, in the order of their symbols
}

// at returns where the stretch that goes on with s is.
func (n *node) at(s int) int {
	return n.first + bits.OnesCount64(uint64(n.on&(1<<s-1)))
}

// unlisted is how much of what the pairs foretell is added to what the listed
// fours do, since some of it stands in fours that are not listed. Which windows
// are the rarest hardly depends on it, from 1/256 to 1/2.
const unlisted = 1.0 / 8

//go:generate go run ../gen -o events.table $SLUICE_DATA/windows-events.ndjson.gz

//go:embed events.table
var events []byte

// Events returns the table of Windows events; ../gen says of which ones.
var Events = sync.OnceValue(func() *Table {
	t, err := Load(events)
	if err != nil {
		panic(err)
	}
	return t
})

// Rate returns at how many places of a million a byte of each class is to be
// expected, one of the first class at the place itself. It never falls when a
// class grows.
func (t *Table) Rate(w *[Width]Class) float64 { return t.RateUpTo(w, math.Inf(1)) }

// RateUpTo returns the Rate, or if that is above limit anything above limit.
func (t *Table) RateUpTo(w *[Width]Class, limit float64) float64 {
	rate := t.byPairs(w)
	if w[2] == Any && w[3] == Any && w[4] == Any {
		return rate
	}
	return t.byFours(w, unlisted*rate, limit)
}

// byPairs takes each byte to depend on the one before only.
func (t *Table) byPairs(w *[Width]Class) float64 {
	var now [symbols]float64 // the rate of what ends in each symbol
	for ss := w[0]; ss != 0; ss &= ss - 1 {
		s := ss.lowest()
		now[s] = t.single[s]
	}
	last := Width - 1
	for last > 0 && w[last] == Any {
		last--
	}
	for i := 1; i <= last; i++ {
		var then [symbols]float64
		for as := w[i-1]; as != 0; as &= as - 1 {
			a := as.lowest()
			if now[a] == 0 {
				continue
			}
			for bs := w[i]; bs != 0; bs &= bs - 1 {
				b := bs.lowest()
				then[b] += now[a] * t.behind[a*symbols+b]
			}
		}
		now = then
	}
	sum := 0.0
	for ss := w[last]; ss != 0; ss &= ss - 1 {
		s := ss.lowest()
		sum += now[s]
	}
	return sum
}

// byFours adds to sum the listed fours of the first classes, each at most as
// often as those that go on from it to the last class. It stops above limit.
func (t *Table) byFours(w *[Width]Class, sum, limit float64) float64 {
	for as := w[0]; as != 0; as &= as - 1 {
		a := as.lowest()
		for bs := w[1]; bs != 0 && sum <= limit; bs &= bs - 1 {
			b := bs.lowest()
			ab := &t.pairs[a*symbols+b]
			for cs := ab.on & w[2]; cs != 0; cs &= cs - 1 {
				c := cs.lowest()
				abc := &t.threes[ab.at(c)]
				for ds := abc.on & w[3]; ds != 0; ds &= ds - 1 {
					d := ds.lowest()
					rate := rates[t.fours[abc.at(d)]]
					if w[4] != Any {
						rate = min(rate, t.endings(b, c, d, w[4]))
					}
					sum += rate
				}
			}
		}
	}
	return sum
}

// endings sums the listed fours bcde with e of last.
func (t *Table) endings(b, c, d int, last Class) float64 {
	bc := &t.pairs[b*symbols+c]
	if bc.on>>d&1 == 0 {
		return 0
	}
	bcd := &t.threes[bc.at(d)]
	sum := 0.0
	for es := bcd.on & last; es != 0; es &= es - 1 {
		e := es.lowest()
		sum += rates[t.fours[bcd.at(e)]]
	}
	return sum
}

// lowest returns the first symbol of c, which is not empty.
func (c Class) lowest() int { return bits.TrailingZeros64(uint64(c)) & (symbols - 1) }
