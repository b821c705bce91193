package agg

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var allFuncs = []Func{Occurrences, Values, List, Distinct, Mode, First, Last, Earliest, Latest, Min, Max, Range, Sum, SumSq, Mean, Stdev, StdevP, Var, VarP}

// plainStat computes a statistic from all samples at once.
func plainStat(f Func, all []Sample) Result {
	texts := make([]string, len(all))
	var nums []Sample
	for i, s := range all {
		texts[i] = s.Text
		if s.IsNum {
			nums = append(nums, s)
		}
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(texts)))
	newest := slices.SortedStableFunc(slices.Values(all), func(a, b Sample) int {
		if a.Timed != b.Timed {
			if a.Timed {
				return -1
			}
			return 1
		}
		if a.Timed && a.Nanos != b.Nanos {
			return -cmp.Compare(a.Nanos, b.Nanos)
		}
		return strings.Compare(a.Text, b.Text)
	})
	switch f {
	case Occurrences:
		return number(float64(len(all)))
	case Distinct:
		return number(float64(len(distinct)))
	case Values:
		return Result{Texts: distinct}
	case List:
		var out []string
		for _, s := range newest[:min(len(newest), 100)] {
			out = append(out, s.Text)
		}
		return Result{Texts: out}
	}
	if len(all) == 0 {
		return Result{}
	}
	switch f {
	case Mode:
		best, most := "", 0
		for _, d := range distinct {
			n := 0
			for _, t := range texts {
				if t == d {
					n++
				}
			}
			if n > most {
				best, most = d, n
			}
		}
		return Result{Texts: []string{best}}
	case First, Latest:
		return ofSample(newest[0])
	case Last:
		return ofSample(newest[len(newest)-1])
	case Earliest:
		timed := slices.DeleteFunc(slices.Clone(newest), func(s Sample) bool { return !s.Timed })
		if len(timed) == 0 {
			timed = newest
		}
		oldest := timed[0]
		for _, s := range timed {
			if s.Timed && s.Nanos < oldest.Nanos {
				oldest = s
			}
		}
		return ofSample(oldest)
	}
	return plainNumbers(f, all, nums, distinct)
}

func plainNumbers(f Func, all, nums []Sample, distinct []string) Result {
	slices.SortStableFunc(nums, func(a, b Sample) int {
		return cmp.Or(cmp.Compare(a.Num, b.Num), strings.Compare(a.Text, b.Text))
	})
	if (f == Min || f == Max) && len(nums) < len(all) {
		if f == Min {
			return Result{Texts: distinct[:1]}
		}
		return Result{Texts: distinct[len(distinct)-1:]}
	}
	if len(nums) == 0 {
		return Result{}
	}
	lo, hi := nums[0], nums[len(nums)-1]
	sum, sq := new(big.Rat), new(big.Rat)
	for _, s := range nums {
		x := new(big.Rat).SetFloat64(s.Num)
		sum.Add(sum, x)
		sq.Add(sq, new(big.Rat).Mul(x, x))
	}
	n := int64(len(nums))
	float := func(r *big.Rat) Result {
		x, _ := r.Float64()
		return number(x)
	}
	switch f {
	case Min:
		return ofSample(lo)
	case Max:
		return ofSample(hi)
	case Range:
		return number(hi.Num - lo.Num)
	case Sum:
		return float(sum)
	case SumSq:
		return float(sq)
	case Mean:
		return float(sum.Quo(sum, big.NewRat(n, 1)))
	}
	over := n
	if f == Stdev || f == Var {
		over = max(1, n-1)
	}
	square := new(big.Rat).Mul(sum, sum)
	sq.Sub(sq, square.Quo(square, big.NewRat(n, 1)))
	variance, _ := sq.Quo(sq, big.NewRat(over, 1)).Float64()
	if f == Stdev || f == StdevP {
		return number(math.Sqrt(variance))
	}
	return number(variance)
}

// closeTo tells whether results are equal: exactly, but for a square root's last digit,
// which the plain computation rounds twice.
func closeTo(f Func, a, b Result) bool {
	if f != Stdev && f != StdevP || !a.IsNum || !b.IsNum {
		return fmt.Sprint(a) == fmt.Sprint(b)
	}
	return math.Abs(a.Num-b.Num) <= 1e-14*math.Abs(b.Num)
}

func sampleOf(rng *rand.Rand) Sample {
	words := []string{"", "a", "B", "b", "10", "9", "-1.5", "1e3", "0.1", "0.2", "0.3", "10.0", "ä", "\xff", "123456789012345"}
	text := words[rng.IntN(len(words))]
	s := Sample{Text: text, Nanos: rng.Int64N(7) - 3, Timed: rng.IntN(4) > 0}
	if rng.IntN(3) == 0 {
		text = strconv.FormatFloat(rng.NormFloat64()*math.Pow(10, float64(rng.IntN(40)-20)), 'f', -1, 64)
		s.Text = text
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && !strings.Contains(text, "e") {
		s.Num, s.IsNum = f, true
	}
	return s
}

// Any split of the samples, merged in any order, gives what one pass over all gives.
func TestAnySplitOfSamples(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 8))
	for round := range 400 {
		f := allFuncs[round%len(allFuncs)]
		all := make([]Sample, rng.IntN(150))
		for i := range all {
			all[i] = sampleOf(rng)
			if round%3 == 0 { // numbers only
				for !all[i].IsNum {
					all[i] = sampleOf(rng)
				}
			}
		}
		stats := make([]Stat, 1+rng.IntN(5))
		for _, s := range all {
			stats[rng.IntN(len(stats))].Add(f, s)
		}
		for len(stats) > 1 {
			i := rng.IntN(len(stats) - 1)
			before := fmt.Sprint(stats[i+1].Result(f))
			stats[i].Merge(f, &stats[i+1])
			if after := fmt.Sprint(stats[i+1].Result(f)); after != before {
				t.Fatalf("%d: Merge changed its argument from %s to %s", f, before, after)
			}
			stats = slices.Delete(stats, i+1, i+2)
		}
		got, want := stats[0].Result(f), plainStat(f, all)
		if !closeTo(f, got, want) {
			t.Fatalf("%d of %v: %+v, want %+v", f, all, got, want)
		}
		if again := stats[0].Result(f); fmt.Sprint(again) != fmt.Sprint(got) {
			t.Fatalf("%d: asked twice: %v, %v", f, got, again)
		}
	}
}

// What is kept is bounded, and the same whatever the order: the first values.
func TestBagIsBounded(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(9, 10))
	for _, c := range []struct{ n, size int }{{3 * maxDistinct, 8}, {60, bagBytes / 7}, {3, 3 * bagBytes}, {200, bagBytes / 50}} {
		texts := make([]string, c.n)
		for i := range texts {
			texts[i] = fmt.Sprintf("%07d", rng.IntN(1e7)) + strings.Repeat("x", c.size/2+rng.IntN(c.size))
		}
		var results []string
		for range 3 {
			rng.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
			stats := make([]Stat, 3)
			for _, text := range texts {
				stats[rng.IntN(3)].Add(Values, Sample{Text: text})
			}
			stats[0].Merge(Values, &stats[2])
			stats[1].Merge(Values, &stats[0])
			got := stats[1].Result(Values).Texts
			size := 0
			for _, text := range got {
				size += len(text)
			}
			if len(got) > maxDistinct || size > bagBytes && len(got) > 1 || !stats[1].Cut() || len(got) == 0 {
				t.Errorf("%d texts: %d kept of %d bytes, cut %v", c.n, len(got), size, stats[1].Cut())
			}
			if stats[1].bag.bytes != size {
				t.Errorf("%d bytes counted, %d kept", stats[1].bag.bytes, size)
			}
			results = append(results, strings.Join(got, ","))
		}
		if results[0] != results[1] || results[0] != results[2] {
			t.Errorf("%d texts: the order decides what is kept", c.n)
		}
		sorted := slices.Compact(slices.Sorted(slices.Values(texts)))
		if !strings.HasPrefix(strings.Join(sorted, ","), results[0]) {
			t.Errorf("%d texts: what is kept are not the first ones", c.n)
		}
	}
}

// A table's statistics are merged with its rows, and forgotten with them.
func TestTableKeepsStats(t *testing.T) {
	t.Parallel()
	funcs := []Func{Values, Sum}
	add := func(tab *Table, key, text string, num float64) {
		s := Sample{Text: text, Num: num, IsNum: true}
		tab.Observe(&Hit{Key: [][]byte{[]byte(key)}, Funcs: funcs, Samples: [][]Sample{{s}, {s, s}}})
	}
	a, b := New(), New()
	add(a, "x", "1", 1)
	a.Reset()
	add(a, "x", "2", 2)
	add(b, "x", "3", 3)
	add(b, "y", "4", 4)
	a.Merge(b)
	add(a, "x", "5", 5)
	var got []string
	for _, tab := range []*Table{a, b} {
		for _, r := range tab.Rows() {
			got = append(got, fmt.Sprint(string(r.Key[0])+fmt.Sprint(r.Count), r.Stats[0].Result(Values).Texts, r.Stats[1].Result(Sum).Num))
		}
	}
	if want := []string{"x3[2 3 5] 20", "y1[4] 8", "x1[3] 6", "y1[4] 8"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Groups that were counted without statistics may get some.
func TestStatsComeLater(t *testing.T) {
	t.Parallel()
	tab := New()
	for i := range 100 {
		tab.Add(&Row{Key: [][]byte{{byte(i)}}, Window: NoWindow, Count: 1, First: int64(i), Last: int64(i), Timed: true}, nil)
	}
	shown := rowsOf(t, tab.fork())
	before := tab.fork()
	tab.Observe(&Hit{Key: [][]byte{{7}}, Window: NoWindow, Nanos: 500, Timed: true, Funcs: []Func{Max}, Samples: [][]Sample{{{Text: "3", Num: 3, IsNum: true}}}})
	r := tab.Get(&Row{Key: [][]byte{{7}}, Window: NoWindow})
	if tab.Len() != 100 || r.Count != 2 || r.First != 7 || r.Last != 500 || len(r.Stats) != 1 || r.Stats[0].Result(Max).Num != 3 {
		t.Errorf("%d groups, row %+v", tab.Len(), r)
	}
	checkBytes(t, tab)
	if got := rowsOf(t, before); got != shown {
		t.Errorf("the copy shows\n%s\nwant\n%s", got, shown)
	}
}
