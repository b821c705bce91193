package agg

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

type hit struct {
	rule  int
	key   [][]byte
	nanos int64
	timed bool
}

// plain is the obvious map that the tables must equal.
func plain(hits []hit) map[string]string {
	type group struct {
		count       int64
		first, last int64
		timed       bool
	}
	groups := map[string]*group{}
	for _, h := range hits {
		k := name(h.rule, h.key)
		g := groups[k]
		if g == nil {
			g = &group{}
			groups[k] = g
		}
		g.count++
		if h.timed {
			if !g.timed {
				g.first, g.last = math.MaxInt64, math.MinInt64
			}
			g.first, g.last, g.timed = min(g.first, h.nanos), max(g.last, h.nanos), true
		}
	}
	out := map[string]string{}
	for k, g := range groups {
		out[k] = fmt.Sprint(g.count, g.first, g.last, g.timed)
	}
	return out
}

// name writes a key so that missing, empty and anything with separators differ.
func name(rule int, key [][]byte) string {
	s := fmt.Sprint(rule)
	for _, v := range key {
		if v == nil {
			s += " nil"
		} else {
			s += fmt.Sprintf(" %q", v)
		}
	}
	return s
}

func shown(t *testing.T, rows []*Row) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, r := range rows {
		k := name(r.Rule, r.Key)
		if _, twice := out[k]; twice {
			t.Errorf("two rows for %s", k)
		}
		out[k] = fmt.Sprint(r.Count, r.First, r.Last, r.Timed)
	}
	return out
}

func TestAnySplitAndOrderEqualsMap(t *testing.T) {
	t.Parallel()
	values := [][]byte{nil, {}, []byte("a"), []byte("aa"), []byte("A"), {0}, {1}, {2, 'a'}, []byte("\x00a"),
		[]byte("a\x00"), []byte("nil"), []byte(`" "`), []byte("\xff"), bytes.Repeat([]byte("x"), 127), bytes.Repeat([]byte("x"), 128)}
	rng := rand.New(rand.NewPCG(3, 4))
	width := []int{0, 1, 2, 3} // BY fields of each rule
	for range 60 {
		hits := make([]hit, rng.IntN(300))
		for i := range hits {
			h := hit{rule: rng.IntN(len(width)), nanos: rng.Int64N(9) - 4, timed: rng.IntN(4) > 0}
			for range width[h.rule] {
				h.key = append(h.key, values[rng.IntN(len(values))])
			}
			hits[i] = h
		}
		tables := make([]*Table, 1+rng.IntN(5))
		for i := range tables {
			tables[i] = New()
			if i%2 == 1 { // as good as new
				for range rng.IntN(20) {
					tables[i].Observe(rng.IntN(4), values[:rng.IntN(4)], rng.Int64N(9)-4, true)
				}
				if tables[i].Reset(); len(tables[i].Rows()) > 0 {
					t.Fatal("Reset left rows")
				}
			}
		}
		scratch := make([][]byte, 0, 3)
		for _, h := range hits {
			// As from a decoder: the key's memory is used again for the next hit.
			scratch = scratch[:0]
			for _, v := range h.key {
				scratch = append(scratch, bytes.Clone(v))
			}
			tables[rng.IntN(len(tables))].Observe(h.rule, scratch, h.nanos, h.timed)
			for _, v := range scratch {
				for i := range v {
					v[i] = '!'
				}
			}
		}
		rng.Shuffle(len(tables), func(i, j int) { tables[i], tables[j] = tables[j], tables[i] })
		// Merge neighbours at random places until one table is left.
		for len(tables) > 1 {
			i := rng.IntN(len(tables) - 1)
			before := shown(t, tables[i+1].Rows())
			tables[i].Merge(tables[i+1])
			if after := shown(t, tables[i+1].Rows()); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Fatalf("Merge changed its argument from %v to %v", before, after)
			}
			tables = slices.Delete(tables, i+1, i+2)
		}
		rows := tables[0].Rows()
		if got, want := shown(t, rows), plain(hits); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("rows %v\nwant %v", got, want)
		}
		if !slices.IsSortedFunc(rows, before) {
			t.Fatal("rows are not in order")
		}
	}
}

// before is the order that Rows promises, written out.
func before(a, b *Row) int {
	if a.Rule != b.Rule {
		return a.Rule - b.Rule
	}
	for i := range a.Key {
		switch {
		case (a.Key[i] == nil) != (b.Key[i] == nil):
			if a.Key[i] == nil {
				return -1
			}
			return 1
		case !bytes.Equal(a.Key[i], b.Key[i]):
			return bytes.Compare(a.Key[i], b.Key[i])
		}
	}
	return 0
}

// A row that is merged into a table stays its own: later hits on one do not
// show in the other.
func TestMergeCopies(t *testing.T) {
	t.Parallel()
	a, b := New(), New()
	b.Observe(0, [][]byte{[]byte("k")}, 5, true)
	a.Merge(b)
	a.Observe(0, [][]byte{[]byte("k")}, 7, true)
	if r := b.Rows()[0]; r.Count != 1 || r.Last != 5 {
		t.Errorf("the merged table shows %d hits up to %d", r.Count, r.Last)
	}
	if r := a.Rows()[0]; r.Count != 2 || r.First != 5 || r.Last != 7 {
		t.Errorf("row = %+v", *r)
	}
}

func TestRowsOrder(t *testing.T) {
	t.Parallel()
	tab := New()
	for _, k := range []string{"b", "a", "ab", "B", "", "\xff", "10", "9"} {
		tab.Observe(1, [][]byte{[]byte(k)}, 0, false)
	}
	tab.Observe(1, [][]byte{nil}, 0, false)
	tab.Observe(0, [][]byte{[]byte("z")}, 0, false)
	var got []string
	for _, r := range tab.Rows() {
		got = append(got, name(r.Rule, r.Key))
	}
	want := []string{`0 "z"`, `1 nil`, `1 ""`, `1 "10"`, `1 "9"`, `1 "B"`, `1 "a"`, `1 "ab"`, `1 "b"`, `1 "\xff"`}
	if !slices.Equal(got, want) {
		t.Errorf("rows %q\nwant %q", got, want)
	}
}

// A table that has grown gives its memory back.
func TestResetOfLargeTable(t *testing.T) {
	table := New()
	big := bytes.Repeat([]byte("x"), keptBytes/100)
	for i := range 101 {
		table.Observe(i, [][]byte{big}, 0, false)
	}
	if table.Reset(); len(table.groups) > 0 {
		t.Errorf("%d groups kept", len(table.groups))
	}
}
