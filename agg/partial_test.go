package agg

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// States that went through bytes merge to what one pass over all samples gives, and equal
// states are equal bytes, however they came about.
func TestStateRoundTrips(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(21, 22))
	extreme := []float64{0, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 1, -0.5}
	for round := range 600 {
		f := allFuncs[round%len(allFuncs)]
		all := make([]Sample, rng.IntN(60))
		for i := range all {
			all[i] = sampleOf(rng)
			if rng.IntN(9) == 0 {
				x := extreme[rng.IntN(len(extreme))]
				all[i] = Sample{Text: fmt.Sprint(x), Num: x, IsNum: true}
			}
		}
		stats := make([]Stat, 1+rng.IntN(4))
		for _, s := range all {
			stats[rng.IntN(len(stats))].Add(f, s)
		}
		var whole, merged Stat
		for _, s := range all {
			whole.Add(f, s)
		}
		for _, i := range rng.Perm(len(stats)) {
			back, err := DecodeState(f, stats[i].AppendState(nil, f))
			if err != nil {
				t.Fatalf("%d of %v: %v", f, all, err)
			}
			merged.Merge(f, &back)
		}
		if got, want := merged.AppendState(nil, f), whole.AppendState(nil, f); !bytes.Equal(got, want) {
			t.Fatalf("%d of %v: state %x, want %x", f, all, got, want)
		}
		if got, want := fmt.Sprint(merged.Result(f), merged.Cut()), fmt.Sprint(whole.Result(f), whole.Cut()); got != want {
			t.Fatalf("%d of %v: %s, want %s", f, all, got, want)
		}
	}
}

// What was left out stays left out.
func TestStateOfFullBag(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(23, 24))
	for _, c := range []struct{ n, size int }{{3 * maxDistinct, 8}, {60, bagBytes / 7}, {3, 3 * bagBytes}} {
		for _, f := range []Func{Values, List} {
			var whole Stat
			parts := make([]Stat, 3)
			for range c.n {
				s := Sample{Text: fmt.Sprintf("%07d", rng.IntN(1e7)) + strings.Repeat("x", c.size)}
				whole.Add(f, s)
				parts[rng.IntN(3)].Add(f, s)
			}
			var merged Stat
			for i := range parts {
				back, err := DecodeState(f, parts[i].AppendState(nil, f))
				if err != nil {
					t.Fatal(err)
				}
				merged.Merge(f, &back)
			}
			if got, want := merged.AppendState(nil, f), whole.AppendState(nil, f); !bytes.Equal(got, want) {
				t.Errorf("%d texts of %d bytes: %d bytes of state, want %d", c.n, c.size, len(got), len(want))
			}
		}
	}
}

// Added rows make the table that the hits themselves would have made.
func TestAddRows(t *testing.T) {
	t.Parallel()
	funcs := []Func{Sum, Values}
	rng := rand.New(rand.NewPCG(25, 26))
	whole, parts, sum := New(), []*Table{New(), New(), New()}, New()
	for range 500 {
		v := sampleOf(rng)
		h := &Hit{Window: rng.Int64N(3), Key: [][]byte{{byte('a' + rng.IntN(4))}}, Nanos: rng.Int64N(99), Timed: rng.IntN(5) > 0,
			Funcs: funcs, Samples: [][]Sample{{v}, {v}}}
		whole.Observe(h)
		parts[rng.IntN(3)].Observe(h)
	}
	for _, p := range parts {
		for _, r := range p.Rows() {
			sum.Add(r, funcs)
		}
	}
	print := func(tab *Table) (out []string) {
		for _, r := range tab.Rows() {
			out = append(out, fmt.Sprint(r.Window, string(r.Key[0]), r.Count, r.First, r.Last, r.Timed, r.Stats[0].Result(Sum), r.Stats[1].Result(Values)))
		}
		return out
	}
	if got, want := print(sum), print(whole); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	over := Row{Rule: 1, Window: NoWindow, Key: [][]byte{nil}, Count: 5, Overflow: true}
	plain := over
	plain.Overflow = false
	tab := New()
	tab.Add(&over, nil)
	tab.Add(&plain, nil)
	tab.Add(&over, nil)
	if rows := tab.Rows(); len(rows) != 2 || rows[0].Overflow || !rows[1].Overflow || rows[1].Count != 10 {
		t.Errorf("%d rows: overflow is no part of the identity", len(rows))
	}
}

// A damaged state is an error or another sound state: no crash, and no result that
// crashes.
func FuzzState(f *testing.F) {
	rng := rand.New(rand.NewPCG(27, 28))
	for _, fn := range allFuncs {
		var s Stat
		for range 5 {
			s.Add(fn, sampleOf(rng))
		}
		f.Add(uint8(fn), s.AppendState(nil, fn))
	}
	f.Fuzz(func(t *testing.T, fn uint8, state []byte) {
		fun := allFuncs[int(fn)%len(allFuncs)]
		s, err := DecodeState(fun, state)
		if err != nil {
			return
		}
		if again := s.AppendState(nil, fun); !bytes.Equal(again, state) {
			t.Fatalf("%x is written as %x", state, again)
		}
		var sum Stat
		sum.Merge(fun, &s)
		sum.Merge(fun, &s)
		sum.Add(fun, Sample{Text: "1", Num: 1, IsNum: true})
		sum.Result(fun)
		s.Result(fun)
	})
}

// That texts were left out for want of room is part of a state.
func TestStateOfLost(t *testing.T) {
	t.Parallel()
	for _, fn := range allFuncs {
		var s Stat
		s.Add(fn, Sample{Text: "kept"})
		s.bag.closed = true
		s.Add(fn, Sample{Text: strings.Repeat("z", 2*longText)})
		back, err := DecodeState(fn, s.AppendState(nil, fn))
		if err != nil || back.Cut() != s.Cut() {
			t.Errorf("statistic %d: cut %v, was %v (%v)", fn, back.Cut(), s.Cut(), err)
		}
		var empty Stat // of which nothing was kept
		empty.bag.closed = true
		empty.Add(fn, Sample{Text: strings.Repeat("z", 2*longText)})
		if back, err = DecodeState(fn, empty.AppendState(nil, fn)); err != nil || back.Cut() != empty.Cut() {
			t.Errorf("statistic %d of nothing: cut %v, was %v (%v)", fn, back.Cut(), empty.Cut(), err)
		}
	}
}
