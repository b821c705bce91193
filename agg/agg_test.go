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
	rule   int
	window int64
	key    [][]byte
	nanos  int64
	timed  bool
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
		k := name(h.rule, h.window, h.key)
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
func name(rule int, window int64, key [][]byte) string {
	s := fmt.Sprint(rule, window)
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
		k := name(r.Rule, r.Window, r.Key)
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
			h := hit{rule: rng.IntN(len(width)), window: rng.Int64N(2), nanos: rng.Int64N(9) - 4, timed: rng.IntN(4) > 0}
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
					tables[i].Observe(&Hit{Rule: rng.IntN(4), Key: values[:rng.IntN(4)], Nanos: rng.Int64N(9) - 4, Timed: true})
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
			tables[rng.IntN(len(tables))].Observe(&Hit{Rule: h.rule, Window: h.window, Key: scratch, Nanos: h.nanos, Timed: h.timed})
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
	if a.Window != b.Window {
		return int(a.Window - b.Window)
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
	b.Observe(&Hit{Key: [][]byte{[]byte("k")}, Nanos: 5, Timed: true})
	a.Merge(b)
	a.Observe(&Hit{Key: [][]byte{[]byte("k")}, Nanos: 7, Timed: true})
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
		tab.Observe(&Hit{Rule: 1, Key: [][]byte{[]byte(k)}})
	}
	tab.Observe(&Hit{Rule: 1, Key: [][]byte{nil}})
	tab.Observe(&Hit{Rule: 1, Window: 7, Key: [][]byte{[]byte("0")}})
	tab.Observe(&Hit{Rule: 1, Window: NoWindow, Key: [][]byte{[]byte("z")}})
	tab.Observe(&Hit{Key: [][]byte{[]byte("z")}})
	var got []string
	for _, r := range tab.Rows() {
		got = append(got, name(r.Rule, r.Window, r.Key))
	}
	want := []string{`0 0 "z"`, `1 -9223372036854775808 "z"`, `1 0 nil`, `1 0 ""`, `1 0 "10"`, `1 0 "9"`, `1 0 "B"`,
		`1 0 "a"`, `1 0 "ab"`, `1 0 "b"`, `1 0 "\xff"`, `1 7 "0"`}
	if !slices.Equal(got, want) {
		t.Errorf("rows %q\nwant %q", got, want)
	}
}

// A table that has grown gives its memory back.
func TestResetOfLargeTable(t *testing.T) {
	table := New()
	big := bytes.Repeat([]byte("x"), keptBytes/100)
	for i := range 101 {
		table.Observe(&Hit{Rule: i, Key: [][]byte{big}})
	}
	if table.Reset(); table.Bytes() > keptBytes || len(table.Rows()) > 0 {
		t.Errorf("%d bytes kept", table.Bytes())
	}
}

// A group is found by what tells it from others, and what is not there is not.
func TestGet(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("x"), 3*largeValue)
	tab := New()
	for i, key := range [][][]byte{{nil}, {{}}, {[]byte("a")}, {long}, {[]byte("a"), long}} {
		for n := range i + 1 {
			tab.Observe(&Hit{Rule: len(key), Window: 5, Key: key, Nanos: int64(n), Timed: true})
		}
		r := tab.Get(&Row{Rule: len(key), Window: 5, Key: key})
		if r == nil || r.Count != int64(i+1) || r.Last != int64(i) || name(r.Rule, r.Window, r.Key) != name(len(key), 5, key) {
			t.Errorf("%.40q: %+v", key, r)
		}
		before := tab.Bytes()
		for _, other := range []*Row{{Rule: 7, Window: 5, Key: key}, {Rule: len(key), Window: 6, Key: key}, {Rule: len(key), Window: 5, Late: true, Key: key}, {Rule: len(key), Window: 5, Key: [][]byte{append([]byte("y"), long...)}}} {
			if r := tab.Get(other); r != nil {
				t.Errorf("%+v is there", r)
			}
		}
		if tab.Bytes() != before {
			t.Errorf("looking took %d bytes", tab.Bytes()-before)
		}
	}
	if r := New().Get(&Row{Key: [][]byte{long}}); r != nil {
		t.Errorf("an empty table has %+v", r)
	}
}
