package agg

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// weakHashes have keys collide: all, most, and those whose parts they choose.
var weakHashes = map[string]func([]byte) uint64{
	"seeded":   nil,
	"constant": func([]byte) uint64 { return 0 },
	"greatest": func([]byte) uint64 { return ^uint64(0) },
	"lengths":  func(b []byte) uint64 { return uint64(len(b)%3) << 62 },
	"low bits": func(b []byte) uint64 { return hashOf(b) & 3 },
	"two bits": func(b []byte) uint64 { return hashOf(b) & (3 << 62) },
}

var testFuncs = []Func{Values, Max, Latest, Sum}

// testHit makes a hit of few groups: with windows, late ones, missing, empty and, unless
// it is to be plain, large values, and statistics for rules of odd numbers.
func testHit(rng *rand.Rand, n int, plain bool) *Hit {
	bigA, bigB := bytes.Repeat([]byte("A"), largeValue), bytes.Repeat([]byte("B"), 700)
	values := [][]byte{nil, {}, []byte("a"), []byte("b"), bytes.Repeat([]byte("c"), 125), bytes.Repeat([]byte("c"), 126),
		bytes.Repeat([]byte("d"), largeValue-1), {missing}, {large}, {behind + 1, 'a'}}
	if !plain {
		values = slices.Insert(values, 5, bigA, append(bytes.Clone(bigA), 'x'), bigB)
	}
	h := &Hit{Rule: rng.IntN(4), Window: NoWindow, Late: rng.IntN(4) == 0, Nanos: rng.Int64N(100) - 50, Timed: rng.IntN(3) > 0}
	if rng.IntN(2) == 0 {
		h.Window = rng.Int64N(3) - 1
	}
	for range h.Rule {
		h.Key = append(h.Key, bytes.Clone(values[rng.IntN(min(n, len(values)))]))
	}
	if h.Key == nil && h.Rule > 0 {
		h.Key = [][]byte{}
	}
	if h.Rule%2 == 1 && !plain {
		h.Funcs = testFuncs
		for range testFuncs {
			num := rng.IntN(20)
			h.Samples = append(h.Samples, []Sample{{Text: fmt.Sprint(num), Num: float64(num), IsNum: true, Nanos: h.Nanos, Timed: h.Timed}})
		}
	}
	return h
}

// model is what a plain map makes of hits: a Table of one hit at a time per key would
// share code, so this shares none but Stat.
type model map[string]*Row

func (m model) observe(h *Hit) {
	k := name(h.Rule, h.Window, h.Key) + fmt.Sprint(h.Late)
	r := m[k]
	if r == nil {
		r = &Row{Rule: h.Rule, Stats: make([]Stat, len(h.Funcs))}
		m[k] = r
	}
	r.Count++
	if h.Timed {
		if !r.Timed || h.Nanos < r.First {
			r.First = h.Nanos
		}
		if !r.Timed || h.Nanos > r.Last {
			r.Last = h.Nanos
		}
		r.Timed = true
	}
	for i, f := range h.Funcs {
		for _, s := range h.Samples[i] {
			r.Stats[i].Add(f, s)
		}
	}
}

func (m model) add(o model) {
	for k, r := range o {
		if m[k] == nil {
			m[k] = &Row{Rule: r.Rule, Stats: make([]Stat, len(r.Stats))}
		}
		m[k].add(r)
		for i := range r.Stats {
			m[k].Stats[i].Merge(testFuncs[i], &r.Stats[i])
		}
	}
}

func show(r *Row) string {
	s := fmt.Sprint(r.Count, r.First, r.Last, r.Timed)
	for i := range r.Stats {
		s += fmt.Sprint(r.Stats[i].Result(testFuncs[i]), r.Stats[i].Cut())
	}
	return s
}

func (m model) String() string {
	out := map[string]string{}
	for k, r := range m {
		out[k] = show(r)
	}
	return fmt.Sprint(out)
}

func rowsOf(t testing.TB, tab *Table) string {
	t.Helper()
	out := map[string]string{}
	var last *Row
	for _, r := range tab.Rows() {
		k := name(r.Rule, r.Window, r.Key) + fmt.Sprint(r.Late)
		if _, twice := out[k]; twice {
			t.Errorf("two rows for %.80s", k)
		}
		out[k] = show(r)
		if last != nil && last.Rule == r.Rule && last.Window == r.Window && last.Late == r.Late && before(last, r) >= 0 {
			t.Errorf("%q does not come before %q", last.Key, r.Key)
		}
		last = r
	}
	return fmt.Sprint(out)
}

// exercise runs operations that next chooses on a Shared with three workers: what a
// worker counted, what was given, and each snapshot equal plain maps at every time, and
// a snapshot keeps what it is.
func exercise(t testing.TB, hash func([]byte) uint64, bits uint, rng *rand.Rand, next func() (op int, ok bool)) {
	t.Helper()
	s := newShared(0, 1, bits, hash)
	plain := rng.IntN(2) == 0
	type worker struct {
		table *Table
		want  model
	}
	workers := make([]worker, 3)
	for i := range workers {
		workers[i] = worker{take(s, rng), model{}}
	}
	given := model{}
	type kept struct {
		snap Snapshot
		want string
	}
	var snaps []kept
	for op, ok := next(); ok; op, ok = next() {
		w := &workers[op%3]
		switch {
		case op < 200:
			h := testHit(rng, 2+op/8, plain)
			w.table.Observe(h)
			w.want.observe(h)
			for _, v := range h.Key { // the decoder uses its memory again
				clear(v)
			}
		case op < 236:
			s.Give(w.table)
			given.add(w.want)
			*w = worker{take(s, rng), model{}}
		case op < 245:
			snaps = append(snaps, kept{s.Snapshot(), fmt.Sprint(given)})
		case op < 250:
			// A copy may be written to as well.
			c := s.Snapshot()
			want := model{}
			want.add(given)
			want.add(w.want)
			c.Merge(w.table)
			snaps = append(snaps, kept{c, fmt.Sprint(want)})
		default:
			if got := rowsOf(t, w.table); got != fmt.Sprint(w.want) {
				t.Fatalf("a worker has %.3000s\nwant %.3000s", got, w.want)
			}
		}
	}
	snaps = append(snaps, kept{s.Snapshot(), fmt.Sprint(given)})
	for _, k := range snaps {
		if got := rowsOf(t, k.snap.Table); got != k.want {
			t.Fatalf("snapshot has %.3000s\nwant %.3000s", got, k.want)
		}
	}
}

func TestSharedEqualsMap(t *testing.T) {
	t.Parallel()
	for name, hash := range weakHashes {
		for seed := range uint64(24) {
			rng := rand.New(rand.NewPCG(seed, 1))
			n := rng.IntN(600)
			exercise(t, hash, uint(seed%4), rng, func() (int, bool) {
				n--
				return rng.IntN(256), n >= 0
			})
			if t.Failed() {
				t.Fatalf("%s, seed %d", name, seed)
			}
		}
	}
}

func FuzzShared(f *testing.F) {
	f.Add(uint64(1), []byte("\x00\x01\x02\xd0\xf0\x03\x04\xd1\xf6\x05\xd2\xfe"))
	f.Add(uint64(2), bytes.Repeat([]byte{150, 199, 210, 240, 7, 247}, 12))
	f.Fuzz(func(t *testing.T, seed uint64, ops []byte) {
		if len(ops) > 100 {
			t.Skip()
		}
		hashes := []func([]byte) uint64{nil, weakHashes["constant"], weakHashes["two bits"], weakHashes["low bits"]}
		exercise(t, hashes[seed%4], uint(seed/4%4), rand.New(rand.NewPCG(seed, 2)), func() (int, bool) {
			if len(ops) == 0 {
				return 0, false
			}
			op := int(ops[0])
			ops = ops[1:]
			return op, true
		})
	})
}

// Writers give while readers look: each table has one hit of two groups each at the
// same time, so a snapshot in which they differ was torn.
func TestSnapshotsAreWhole(t *testing.T) {
	t.Parallel()
	t.Run("lanes", func(t *testing.T) { snapshotsAreWhole(t, nil) })
	t.Run("statistics", func(t *testing.T) { snapshotsAreWhole(t, testFuncs[:1]) })
}

func snapshotsAreWhole(t *testing.T, funcs []Func) {
	t.Parallel()
	const writers, tables, hits = 3, 60, 50
	s := NewShared(64<<20, 16)
	var writing, reading sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range tables {
				d := s.Take()
				for k := range hits {
					for _, side := range []string{"left", "right"} {
						d.Observe(&Hit{Window: NoWindow, Nanos: int64(i), Timed: true, Key: [][]byte{[]byte(side), fmt.Append(nil, k)},
							Funcs: funcs, Samples: [][]Sample{{{Text: fmt.Sprint(w, i)}}}})
					}
				}
				s.Give(d, Mark{w, int64(i + 1)})
			}
		})
	}
	stop := make(chan struct{})
	for range 2 {
		reading.Go(func() {
			last := int64(0)
			for {
				snap := s.Snapshot()
				total := int64(0)
				for _, o := range snap.Offsets {
					total += o
				}
				sides := map[string]map[string]string{"left": {}, "right": {}}
				snap.Each(func(r *Row) bool {
					if r.Count != total {
						t.Errorf("a row counts %d hits of %d tables", r.Count, total)
					}
					sides[string(r.Key[0])][string(r.Key[1])] = show(r)
					return true
				})
				if !maps.Equal(sides["left"], sides["right"]) {
					t.Error("a snapshot is torn")
				}
				if total < last {
					t.Errorf("%d tables after %d", total, last)
				}
				last = total
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	if n := s.Snapshot().Rows()[0].Count; n != writers*tables {
		t.Errorf("%d tables, want %d", n, writers*tables)
	}
}

// A large value is stored once, in however many groups it stands.
func TestLargeValuesAreStoredOnce(t *testing.T) {
	t.Parallel()
	s := NewShared(0, 1)
	script := bytes.Repeat([]byte("Invoke "), 3000)
	for range 10 {
		d := s.Take()
		for i := range 1000 {
			d.Observe(&Hit{Window: NoWindow, Key: [][]byte{fmt.Append(nil, i), script}})
		}
		if d.Bytes() > 300_000 {
			t.Fatalf("a table of 1,000 groups takes %d bytes", d.Bytes())
		}
		s.Give(d)
	}
	snap := s.Snapshot()
	if n := len(snap.values.list); n != 1 || snap.Len() != 1000 || snap.Bytes() > 300_000 {
		t.Errorf("%d values, %d groups, %d bytes", n, snap.Len(), snap.Bytes())
	}
	for _, r := range snap.Rows() {
		if !bytes.Equal(r.Key[1], script) || r.Count != 10 {
			t.Fatalf("%d hits of %.20s", r.Count, r.Key[1])
		}
	}
}

// Several goroutines give at the same time, large tables and small ones: nothing is lost
// or counted twice, with room for all groups and without.
func TestManyGive(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]func([]byte) uint64{"seeded": nil, "two bits": weakHashes["two bits"]} {
		for _, limit := range []int{0, 3 << 20} {
			s := newShared(limit, 16, 5, hash)
			const workers, keys = 4, 20_000
			var want [workers]map[string]group
			var wait sync.WaitGroup
			for w := range workers {
				want[w] = map[string]group{}
				wait.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(w), 9))
					d := take(s, rng)
					n := 40_000
					if hash != nil {
						n = 2000 // each looks at a quarter of all groups
					}
					for range n {
						k := fmt.Append(nil, min(rng.IntN(keys), rng.IntN(keys)))
						nanos := rng.Int64N(1e9)
						d.Observe(&Hit{Rule: w % 2, Window: NoWindow, Key: [][]byte{k}, Nanos: nanos, Timed: true})
						id := fmt.Sprintf("%d %s", w%2, k)
						want[w][id] = want[w][id].with(group{1, nanos, nanos})
						if s.Full(d) || rng.IntN(1000) == 0 {
							s.Give(d)
							d = take(s, rng)
						}
					}
					s.Give(d)
				})
			}
			wait.Wait()
			all := map[string]group{}
			for _, m := range want {
				for k, g := range m {
					all[k] = all[k].with(g)
				}
			}
			checkMany(t, name, s, limit, all)
		}
	}
}

type group struct{ count, first, last int64 }

func (g group) with(o group) group {
	if g.count == 0 {
		return o
	}
	return group{g.count + o.count, min(g.first, o.first), max(g.last, o.last)}
}

func checkMany(t *testing.T, name string, s *Shared, limit int, want map[string]group) {
	t.Helper()
	left := map[int]group{}
	for k, g := range want {
		left[int(k[0]-'0')] = left[int(k[0]-'0')].with(g)
	}
	snap := s.Snapshot()
	for _, r := range snap.Rows() {
		got := group{r.Count, r.First, r.Last}
		l := left[r.Rule]
		l.count -= r.Count
		left[r.Rule] = l
		w := want[fmt.Sprintf("%d %s", r.Rule, r.Key[0])]
		switch {
		case r.Overflow:
		case limit == 0 && got != w, got.count > w.count, got.first < w.first, got.last > w.last:
			t.Fatalf("%s: rule %d, %s: %v, want %v", name, r.Rule, r.Key[0], got, w)
		}
	}
	if limit == 0 && (snap.Len() != len(want) || snap.Overflowed() != 0) || left[0].count != 0 || left[1].count != 0 {
		t.Errorf("%s, limit %d: %d groups, want %d; %d hits overflow; hits in no row: %v", name, limit, snap.Len(), len(want), snap.Overflowed(), left)
	}
	if limit > 0 && (snap.Bytes() > limit*3/4 || name == "seeded" && snap.Overflowed() == 0) {
		t.Errorf("%s: %d bytes of %d, %d hits overflow", name, snap.Bytes(), limit, snap.Overflowed())
	}
}

// take returns an empty table, which is a list every other time.
func take(s *Shared, rng *rand.Rand) *Table {
	d := s.Take()
	d.list = rng.IntN(2) == 0
	return d
}

// Tables become lists while hardly any group comes twice, one of sampleEvery excepted, and
// no longer; the sum is the same.
func TestListsAreLearned(t *testing.T) {
	t.Parallel()
	s := NewShared(0, 1)
	total, lists := 0, [2]int{}
	for phase, keys := range []int{1 << 30, 100, 1 << 30} {
		for range 3 * sampleEvery {
			d := s.Take()
			if d.list {
				lists[min(phase, 1)]++
			}
			for i := range fullGroups {
				k := fmt.Append(nil, phase, (total+i)%keys)
				d.Observe(&Hit{Window: NoWindow, Key: [][]byte{k}})
			}
			if phase == 1 { // enough groups to be looked at
				for i := range fullGroups / 2 {
					for range 3 {
						d.Observe(&Hit{Window: NoWindow, Key: [][]byte{fmt.Append(nil, "many", i)}})
					}
				}
				total += 3 * (fullGroups / 2)
			}
			total += fullGroups
			s.Give(d)
		}
	}
	snap := s.Snapshot()
	sum := 0
	for _, r := range snap.Rows() {
		sum += int(r.Count)
	}
	if sum != total {
		t.Errorf("rows count %d hits of %d", sum, total)
	}
	if want := 3*(sampleEvery-1) + sampleEvery/2; lists[0] != 3*(sampleEvery-1) || lists[1] < 2*(sampleEvery-1) || lists[1] > want+sampleEvery {
		t.Errorf("%d lists of %d tables, then %d of %d", lists[0], 3*sampleEvery, lists[1], 6*sampleEvery)
	}
}
