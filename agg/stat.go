package agg

import (
	"encoding/binary"
	"math/big"
)

// Func is a statistic over the values that a field has in the events of a group.
type Func uint8

// The statistics. Those of numbers pass over values that are none. First is the
// newest value and Last the oldest, since a search returns the newest event first;
// where times are equal or missing, the values' bytes decide.
const (
	Occurrences Func = iota // how many values
	Values                  // distinct values, by bytes
	List                    // the first hundred, newest first
	Distinct                // how many distinct values
	Mode                    // the most frequent value
	First
	Last
	Earliest // as Last, of the events that have a time, if any has
	Latest
	Min // of the numbers if all values are, else by bytes
	Max
	Range // Max - Min of the numbers
	Sum
	SumSq // of squares
	Mean
	Stdev // of a sample; 0 of one value
	StdevP
	Var
	VarP
)

// Sample is one value of one event.
type Sample struct {
	Text  string
	Num   float64 // if IsNum; finite
	IsNum bool
	Nanos int64 // the event's time, if Timed
	Timed bool
}

// Result is what a statistic came to. Null if neither IsNum nor Texts holds anything.
type Result struct {
	Texts []string // Texts[0] is the decimal form of a number that a value brought
	Num   float64  // if IsNum
	IsNum bool
}

// Stat accumulates one statistic: any split of the samples over Stats of one Func,
// merged in any order, gives the same Result, to the bit. What it keeps is bounded,
// see Cut. The zero Stat is empty.
type Stat struct {
	n       int64
	nums    int64
	lo, hi  Sample // of numbers
	textLo  string // of all values
	textHi  string
	sum, sq *big.Float
	bag     bag
	best    Sample // of First, Last, Earliest, Latest
}

// exact is a precision in which sums of the squares of any float64s are exact.
const exact = 4400

// Add adds a sample. Its text is kept.
func (s *Stat) Add(f Func, v Sample) {
	s.n++
	switch f {
	case Values, Distinct, Mode:
		s.bag.add(v.Text, 1, maxDistinct)
	case List:
		s.bag.add(newestFirst(v), 1, maxList)
	case First, Last, Earliest, Latest:
		if (s.n == 1 || f.before(v, s.best)) && s.admit(len(v.Text)) {
			s.best = v
		}
	case Min, Max, Range:
		if !s.admit(len(v.Text)) {
			return
		}
		s.extremes(v, v, v.Text, v.Text)
	case Sum, SumSq, Mean, Stdev, StdevP, Var, VarP:
		if v.IsNum {
			s.nums++
			x := new(big.Float).SetPrec(exact).SetFloat64(v.Num)
			s.addSums(x, new(big.Float).SetPrec(exact).Mul(x, x))
		}
	}
}

func (s *Stat) addSums(sum, sq *big.Float) {
	if s.sum == nil {
		s.sum, s.sq = new(big.Float).SetPrec(exact), new(big.Float).SetPrec(exact)
	}
	s.sum.Add(s.sum, sum)
	s.sq.Add(s.sq, sq)
}

// extremes adds values from lo to hi, which are numbers if IsNum, and s.n counts them.
func (s *Stat) extremes(lo, hi Sample, textLo, textHi string) {
	if lo.IsNum {
		if s.nums == 0 || less(lo, s.lo) {
			s.lo = lo
		}
		if s.nums == 0 || less(s.hi, hi) {
			s.hi = hi
		}
		s.nums++
	}
	if s.n == 1 || textLo < s.textLo {
		s.textLo = textLo
	}
	if s.n == 1 || textHi > s.textHi {
		s.textHi = textHi
	}
}

// less orders numbers; equal ones by their text.
func less(a, b Sample) bool { return a.Num < b.Num || a.Num == b.Num && a.Text < b.Text }

// before reports whether a is rather the result than b.
func (f Func) before(a, b Sample) bool {
	newest := f == First || f == Latest
	switch {
	case a.Timed != b.Timed && f == Last:
		return b.Timed // an event without a time is the oldest
	case a.Timed != b.Timed:
		return a.Timed
	case a.Timed && a.Nanos != b.Nanos:
		return (a.Nanos > b.Nanos) == newest
	case f == Last:
		return a.Text > b.Text
	}
	return a.Text < b.Text
}

// newestFirst is text that sorts by bytes as events do in a search's results.
func newestFirst(v Sample) string {
	at := ^uint64(0)
	if v.Timed {
		at = ^(uint64(v.Nanos) ^ 1<<63)
	}
	return string(binary.BigEndian.AppendUint64(nil, at)) + v.Text
}

// Merge adds the samples of o, which stays as it is.
func (s *Stat) Merge(f Func, o *Stat) {
	if o.n == 0 {
		return
	}
	if (s.n == 0 || f.before(o.best, s.best)) && s.admit(len(o.best.Text)) {
		s.best = o.best
	}
	first := s.n == 0
	s.n += o.n
	limit := maxDistinct
	if f == List {
		limit = maxList
	}
	s.bag.merge(&o.bag, limit)
	if !s.admit(len(o.lo.Text) + len(o.hi.Text) + len(o.textLo) + len(o.textHi)) {
		return
	}
	if o.nums > 0 && o.sum == nil {
		if s.nums == 0 || less(o.lo, s.lo) {
			s.lo = o.lo
		}
		if s.nums == 0 || less(s.hi, o.hi) {
			s.hi = o.hi
		}
	}
	if first || o.textLo < s.textLo {
		s.textLo = o.textLo
	}
	if first || o.textHi > s.textHi {
		s.textHi = o.textHi
	}
	s.nums += o.nums
	if o.sum != nil {
		s.addSums(o.sum, o.sq)
	}
}

// Cut reports whether distinct values were left out of values(), list(), dc() or
// mode(): what is behind the first 10,000 (list: 100) or 4 MiB of them by order.
// Where a table had no room, any may be left out, and so may long texts of first(),
// min() and the like.
func (s *Stat) Cut() bool { return s.bag.full || s.bag.lost }

// Size is about how many bytes s takes beside itself.
func (s *Stat) Size() int {
	n := len(s.lo.Text) + len(s.hi.Text) + len(s.textLo) + len(s.textHi) + len(s.best.Text)
	if s.sum != nil {
		n += 2 * (64 + exact/8)
	}
	return n + s.bag.bytes + len(s.bag.n)*textBytes
}

const (
	// textBytes is what a text takes in a bag beside its bytes.
	textBytes = 64
	// longText is from what length on a text is not kept where there is no room.
	longText = 64
)

// admit reports whether there is room for what takes so many bytes.
func (s *Stat) admit(bytes int) bool {
	if s.bag.closed && bytes > longText {
		s.bag.lost = true
		return false
	}
	return true
}

// Result returns what the samples so far come to.
func (s *Stat) Result(f Func) Result {
	switch f {
	case Occurrences:
		return number(float64(s.n))
	case Distinct:
		s.bag.trim(maxDistinct)
		return number(float64(len(s.bag.n)))
	case Values:
		return Result{Texts: s.bag.sorted(maxDistinct)}
	case List:
		return Result{Texts: s.list()}
	case Mode:
		return s.mode()
	}
	if s.n == 0 {
		return Result{}
	}
	switch f {
	case First, Last, Earliest, Latest:
		return ofSample(s.best)
	case Min:
		return s.extreme(s.lo, s.textLo)
	case Max:
		return s.extreme(s.hi, s.textHi)
	}
	if s.nums == 0 {
		return Result{}
	}
	return s.moment(f)
}

func number(f float64) Result { return Result{Num: f, IsNum: true} }

func ofSample(v Sample) Result { return Result{Texts: []string{v.Text}, Num: v.Num, IsNum: v.IsNum} }

func (s *Stat) extreme(num Sample, text string) Result {
	if s.nums == s.n {
		return ofSample(num)
	}
	return Result{Texts: []string{text}}
}

func (s *Stat) list() (out []string) {
	for _, key := range s.bag.sorted(maxList) {
		for range s.bag.n[key] {
			if len(out) == maxList {
				return out
			}
			out = append(out, key[8:])
		}
	}
	return out
}

// mode is the most frequent value; of several, the least by bytes.
func (s *Stat) mode() Result {
	best, most := "", int64(0)
	for _, t := range s.bag.sorted(maxDistinct) {
		if s.bag.n[t] > most {
			best, most = t, s.bag.n[t]
		}
	}
	if most == 0 {
		return Result{}
	}
	return Result{Texts: []string{best}}
}

// moment is a statistic of the sums of numbers, of which there is one at least.
func (s *Stat) moment(f Func) Result {
	if f == Range {
		return number(s.hi.Num - s.lo.Num)
	}
	n := new(big.Float).SetPrec(exact).SetInt64(s.nums)
	quo := func(a, b *big.Float) float64 {
		q, _ := new(big.Float).SetPrec(200).Quo(a, b).Float64()
		return q
	}
	switch f {
	case Sum:
		x, _ := s.sum.Float64()
		return number(x)
	case SumSq:
		x, _ := s.sq.Float64()
		return number(x)
	case Mean:
		return number(quo(s.sum, n))
	}
	// The sum of squares of differences from the mean is (n·sq − sum²)/n, exactly.
	wide := func() *big.Float { return new(big.Float).SetPrec(2*exact + 64) }
	squares := wide().Sub(wide().Mul(n, s.sq), wide().Mul(s.sum, s.sum))
	over := n
	if f == Stdev || f == Var {
		over = new(big.Float).SetInt64(max(1, s.nums-1))
	}
	variance := new(big.Float).SetPrec(200).Quo(squares, wide().Mul(n, over))
	if variance.Sign() < 0 {
		variance.SetInt64(0) // only where counts of partial rows have overflowed
	}
	if f == Stdev || f == StdevP {
		variance.Sqrt(variance)
	}
	x, _ := variance.Float64()
	return number(x)
}
