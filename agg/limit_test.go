package agg

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Past the limit every hit is still counted: in its row, or in the overflow row of its
// rule. Rows that are there are never too large, and the first groups have whole ones.
func TestLimit(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]func([]byte) uint64{"seeded": nil, "two bits": weakHashes["two bits"]} {
		for _, long := range []int{10, 200, 2000} {
			rng := rand.New(rand.NewPCG(5, uint64(long)))
			limit := 1 << 20
			if long == 10 {
				limit = 1 << 18
			}
			s := newShared(limit, 8, 3, hash)
			want, rules := map[string]int64{}, map[int]int64{}
			d := take(s, rng)
			text := strings.Repeat("x", long)
			for i := range 12_000 {
				n := min(rng.IntN(6000), rng.IntN(6000))
				h := &Hit{Rule: n % 2, Window: NoWindow, Key: [][]byte{fmt.Append(nil, n), fmt.Append(nil, n, text)}, Nanos: int64(i), Timed: true}
				d.Observe(h)
				want[string(h.Key[0])]++
				rules[h.Rule]++
				if d.Bytes() > s.Delta() {
					t.Fatalf("a table has %d bytes, more than %d", d.Bytes(), s.Delta())
				}
				if s.Full(d) || rng.IntN(500) == 0 {
					s.Give(d)
					d = take(s, rng)
				}
			}
			s.Give(d)
			snap := s.Snapshot()
			if snap.Bytes() > limit*3/4 || snap.Bytes() < limit/3 {
				t.Errorf("%s, %d: %d bytes of %d", name, long, snap.Bytes(), limit*3/4)
			}
			over := int64(0)
			for i, r := range snap.Rows() {
				rules[r.Rule] -= r.Count
				if !r.Overflow && r.Count > want[string(r.Key[0])] {
					t.Errorf("%s, %d: %d hits of %s, want %d", name, long, r.Count, r.Key[0], want[string(r.Key[0])])
				}
				if r.Overflow {
					over += r.Count
					if len(r.Key) != 2 || r.Key[0] != nil || r.Key[1] != nil || !r.Timed || r.First > r.Last || i == 0 {
						t.Errorf("%s, %d: overflow row %+v", name, long, r)
					}
				}
			}
			if rules[0] != 0 || rules[1] != 0 || over == 0 || over != snap.Overflowed() || over != s.Overflowed() {
				t.Errorf("%s, %d: hits that are in no row: %v; %d overflowed", name, long, rules, over)
			}
		}
	}
}

// Statistics do not grow past the limit either, and say that they are cut.
func TestLimitOfStatistics(t *testing.T) {
	t.Parallel()
	tab := New()
	tab.Limit(200_000)
	for i := range 20_000 {
		text := fmt.Sprint(i, strings.Repeat("y", 100))
		sample := []Sample{{Text: text}}
		tab.Observe(&Hit{Window: NoWindow, Key: [][]byte{[]byte("k")}, Funcs: []Func{Values, Max, Occurrences}, Samples: [][]Sample{sample, sample, sample}})
		if tab.Bytes() > 201_000 {
			t.Fatalf("%d bytes", tab.Bytes())
		}
	}
	r := tab.Rows()[0]
	if r.Count != 20_000 || !r.Stats[0].Cut() || r.Stats[2].Result(Occurrences).Num != 20_000 {
		t.Errorf("row %d, cut %v, %v", r.Count, r.Stats[0].Cut(), r.Stats[2].Result(Occurrences))
	}
}

// What is evicted and what stays add up to what there was; closed windows go in their
// order, the coldest groups first; a snapshot does not change; memory comes back.
func TestEvict(t *testing.T) {
	t.Parallel()
	s := newShared(0, 1, 2, nil)
	big := bytes.Repeat([]byte("z"), 3000)
	want := model{}
	d := s.Take()
	rng := rand.New(rand.NewPCG(6, 7))
	for range 6000 {
		h := &Hit{Rule: rng.IntN(2), Window: int64(rng.IntN(4)), Key: [][]byte{fmt.Append(nil, rng.IntN(300)), nil}, Nanos: rng.Int64N(1e6), Timed: true}
		if h.Window == 3 {
			h.Window = NoWindow
		}
		if rng.IntN(3) == 0 {
			h.Key[1] = fmt.Append(bytes.Clone(big), h.Window)
		}
		if h.Rule == 1 {
			h.Funcs, h.Samples = testFuncs[:1], [][]Sample{{{Text: fmt.Sprint(h.Nanos % 5)}}}
		}
		d.Observe(h)
		want.observe(h)
	}
	s.Give(d)
	full := s.Snapshot()
	shown := rowsOf(t, full.Table)
	closed := func(w int64) bool {
		if w == NoWindow {
			t.Error("asked for no window")
		}
		return w < 2
	}
	got := model{}
	take := func(r *Row) {
		k := name(r.Rule, r.Window, r.Key) + fmt.Sprint(r.Late)
		if got[k] != nil {
			t.Errorf("%.60s goes twice", k)
		}
		one := *r
		got[k] = &one
	}
	var order [][2]int64
	bytesBefore := full.Bytes()
	freed := s.Evict(closed, bytesBefore/10, func(r *Row) { take(r); order = append(order, [2]int64{r.Window, r.Last}) })
	if freed < bytesBefore/10 || freed > bytesBefore/2 || len(order) == 0 {
		t.Errorf("%d of %d bytes freed by %d rows", freed, bytesBefore, len(order))
	}
	if !slices.IsSortedFunc(order, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) }) {
		t.Error("not the coldest first")
	}
	s.Evict(closed, bytesBefore, func(r *Row) { take(r) })
	rest := s.Snapshot()
	for _, r := range rest.Rows() {
		if r.Window >= 0 && r.Window < 2 {
			t.Fatalf("window %d is still there", r.Window)
		}
		take(r)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("what went and what stayed differ from what there was")
	}
	for _, v := range rest.values.list {
		if v.text != nil && (bytes.HasSuffix(v.text, []byte("z0")) || bytes.HasSuffix(v.text, []byte("z1"))) {
			t.Error("a value that no group has is still there")
		}
	}
	if again := rowsOf(t, full.Table); again != shown {
		t.Error("a snapshot has changed")
	}
	// The numbers of values that went are used again.
	d = s.Take()
	d.Observe(&Hit{Window: 0, Key: [][]byte{nil, append(bytes.Clone(big), "new"...)}})
	s.Give(d)
	if len(s.table.values.list) != len(rest.values.list) || !slices.ContainsFunc(s.Snapshot().Rows(), func(r *Row) bool { return bytes.HasSuffix(r.Key[1], []byte("znew")) }) {
		t.Errorf("%d values, were %d", len(s.table.values.list), len(rest.values.list))
	}
	if again := rowsOf(t, full.Table); again != shown {
		t.Error("a snapshot has changed")
	}
	checkBytes(t, s.table)
}

// checkBytes counts the bytes of a table anew.
func checkBytes(t *testing.T, tab *Table) {
	t.Helper()
	n := tab.groups * orderBytes
	groups := 0
	for i := range tab.parts {
		p := &tab.parts[i]
		n += len(p.slots) * slotBytes
		for _, c := range p.chunks {
			n += cap(c)
		}
		for _, g := range p.stats {
			n += g.size()
		}
		if !tab.list {
			groups += p.n
			continue
		}
		for c := p.cursor(); ; groups++ {
			if _, e := c.next(); e == nil {
				break
			}
		}
	}
	for _, v := range tab.values.list {
		if v.text != nil {
			n += len(v.text) + valueBytes
		}
	}
	if n != tab.bytes || groups != tab.groups {
		t.Errorf("%d bytes and %d groups, counted as %d and %d", n, groups, tab.bytes, tab.groups)
	}
}

func TestBytesAreCounted(t *testing.T) {
	t.Parallel()
	s := newShared(1<<20, 8, 2, nil)
	rng := rand.New(rand.NewPCG(8, 9))
	for range 30 {
		d := take(s, rng)
		for range 300 {
			h := testHit(rng, 20, false)
			if len(h.Key) > 0 {
				h.Key[0] = fmt.Append(nil, rng.IntN(5000), strings.Repeat("w", rng.IntN(600)))
			}
			d.Observe(h)
		}
		checkBytes(t, d)
		s.Snapshot()
		s.Give(d)
		checkBytes(t, s.table)
	}
	if s.Overflowed() == 0 {
		t.Error("the limit was not reached")
	}
}
