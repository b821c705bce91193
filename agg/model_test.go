package agg

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A model check of the hand-over: the steps of several visits to one Shared are run in
// every order there is. What runs is visit.step itself; states that have been seen are
// not looked at twice, so the search ends.

// actor makes visits one after another.
type actor struct {
	gives  int  // how many tables it gives
	looks  int  // or how many snapshots it takes
	skip   bool // a mistake: it does not look at the stack again after leaving
	hasty  bool // a mistake: it ends a batch when it is done with a lane of its own
	visit  *visit
	begun  int
	ended  int
	before []bool   // when the visit began: whose tables had been given
	seen   []string // by its snapshots
}

type world struct {
	shared *Shared
	actors []*actor
	nodes  map[*given]string
}

func newWorld(make func() []*actor) *world {
	return &world{shared: newShared(0, 1, 1, func(b []byte) uint64 { return uint64(b[len(b)-1]) << 62 }),
		actors: make(), nodes: map[*given]string{nil: "-"}}
}

// returned lists, in one order, whether each actor's each give has returned.
func (w *world) returned() (out []bool) {
	for _, a := range w.actors {
		for i := range a.gives {
			out = append(out, i < a.ended)
		}
	}
	return out
}

// step runs one step of an actor.
func (w *world) step(i int) progress {
	a := w.actors[i]
	if a.visit == nil {
		a.visit = &visit{s: w.shared}
		a.before = w.returned()
		if a.gives > 0 {
			t := newTable(0, w.shared.table.weak)
			name := fmt.Sprint(i, ".", a.begun)
			for _, key := range []string{"both", name} {
				t.Observe(&Hit{Window: NoWindow, Key: [][]byte{[]byte(key)}, Nanos: int64(i*10 + a.begun), Timed: true})
			}
			g := &given{table: t, bytes: 1, marks: []Mark{{Input: i, Offset: int64(a.begun + 1)}}}
			w.nodes[g] = name
			a.visit.given, a.visit.state = g, pushing
		} else {
			a.visit.state = entering
			a.visit.act = func() { a.seen = append(a.seen, content(w.shared.table.fork(), w.shared.offsets)) }
		}
		a.begun++
	}
	was := a.visit.state
	p := a.visit.step()
	if a.skip && was == leaving {
		a.visit.state, p = done, over
	}
	if a.hasty && was == ending {
		a.visit.state = finishing
	}
	if p == over {
		a.visit = nil
		a.ended++
	}
	return p
}

func (a *actor) done() bool { return a.visit == nil && a.begun == a.gives+a.looks }

func content(t *Table, offsets map[int]int64) string {
	var b strings.Builder
	for _, r := range t.Rows() {
		fmt.Fprintf(&b, "%s %d %d %d;", r.Key[0], r.Count, r.First, r.Last)
	}
	fmt.Fprint(&b, offsets)
	return b.String()
}

func (w *world) chain(g *given) (s string) {
	for ; g != nil; g = g.next {
		s += w.nodes[g] + ","
	}
	return s
}

// rows shows the table while lanes write to it, when its number of groups is an older one.
func (w *world) rows() string {
	t := *w.shared.table
	t.groups = 0
	for i := range t.parts {
		t.groups += t.parts[i].n
	}
	return content(&t, w.shared.offsets)
}

func (w *world) batch(b *batch) string {
	if b == nil {
		return "-"
	}
	return fmt.Sprint(w.chain(b.list), min(int(b.begun.Load()), len(w.shared.lanes)), b.open.Load())
}

// key is the whole state, but for what no step to come looks at.
func (w *world) key() string {
	var b strings.Builder
	fmt.Fprint(&b, w.chain(w.shared.head.Load()), "|", w.shared.owner.Load(), w.rows(), w.shared.waiting.Load(), w.batch(w.shared.batch.Load()))
	for _, a := range w.actors {
		fmt.Fprint(&b, "|", a.begun, a.ended, a.seen)
		if a.looks > 0 {
			fmt.Fprint(&b, a.before)
		}
		v := a.visit
		if v == nil {
			continue
		}
		fmt.Fprint(&b, v.state, v.act != nil)
		switch v.state {
		case pushing, linking:
			fmt.Fprint(&b, w.nodes[v.given], ">", w.nodes[v.given.next])
		case alone, publishing:
			fmt.Fprint(&b, w.chain(v.list))
		case claiming, ending:
			fmt.Fprint(&b, w.batch(v.batch))
		case merging:
			fmt.Fprint(&b, v.lane)
		}
	}
	return b.String()
}

// check returns what is wrong with the state.
func (w *world) check() string {
	inside, lanes, ended := 0, map[int]bool{}, true
	for _, a := range w.actors {
		ended = ended && a.done()
		if a.visit == nil {
			continue
		}
		switch v := a.visit; v.state {
		case taking, alone, publishing, finishing, leaving:
			inside++
		case merging:
			if lanes[v.lane] {
				return "two are at a lane"
			}
			lanes[v.lane] = true
		}
	}
	if inside > 1 || inside > 0 && len(lanes) > 0 {
		return "two are at the table"
	}
	for _, a := range w.actors {
		if len(a.seen) == 0 || len(a.seen) < a.begun {
			continue
		}
		if msg := wholeTables(a.seen[len(a.seen)-1], w, a.before); msg != "" {
			return msg
		}
	}
	if ended {
		if w.shared.head.Load() != nil || w.shared.owner.Load() || w.shared.batch.Load() != nil || w.shared.waiting.Load() != 0 {
			return "something is left behind"
		}
		all := slices.Repeat([]bool{true}, len(w.returned()))
		return wholeTables(content(w.shared.table, w.shared.offsets), w, all)
	}
	return ""
}

// wholeTables says what is wrong with rows that should add up to whole tables, among
// them those that must be there.
func wholeTables(got string, w *world, must []bool) string {
	want := New()
	offsets := map[int]int64{}
	n := 0
	for i, a := range w.actors {
		for k := range a.gives {
			name := fmt.Sprint(i, ".", k)
			in := strings.Contains(got, name+" ")
			if !in && must[n] {
				return fmt.Sprintf("%s lacks %s", got, name)
			}
			n++
			if in {
				for _, key := range []string{"both", name} {
					want.Observe(&Hit{Window: NoWindow, Key: [][]byte{[]byte(key)}, Nanos: int64(i*10 + k), Timed: true})
				}
				offsets[i] = max(offsets[i], int64(k+1))
			}
		}
	}
	if all := content(want, offsets); got != all {
		return fmt.Sprintf("%s is not %s", got, all)
	}
	return ""
}

// explore runs all orders and returns the first mistake with its schedule.
func explore(start func() []*actor) (states int, mistake string) {
	replay := func(schedule []byte) *world {
		w := newWorld(start)
		for _, i := range schedule {
			w.step(int(i))
		}
		return w
	}
	seen := map[string]bool{}
	queue := [][]byte{nil}
	for len(queue) > 0 {
		path := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		moved, ended := false, true
		for i := range start() {
			w := replay(path)
			if w.actors[i].done() {
				continue
			}
			ended = false
			if w.step(i) == wait {
				continue
			}
			moved = true
			next := append(slices.Clone(path), byte(i))
			if msg := w.check(); msg != "" {
				return len(seen), fmt.Sprintf("%v: %s", next, msg)
			}
			if k := w.key(); !seen[k] {
				seen[k] = true
				queue = append(queue, next)
			}
		}
		if !moved && !ended {
			return len(seen), fmt.Sprintf("%v: nobody can go on", path)
		}
	}
	return len(seen), ""
}

func TestHandOverInEveryOrder(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func() []*actor{
		"three writers":             func() []*actor { return []*actor{{gives: 1}, {gives: 1}, {gives: 1}} },
		"two writers and a reader":  func() []*actor { return []*actor{{gives: 1}, {gives: 1}, {looks: 1}} },
		"a writer twice, a reader":  func() []*actor { return []*actor{{gives: 2}, {gives: 1}, {looks: 1}} },
		"a writer and two readers":  func() []*actor { return []*actor{{gives: 2}, {looks: 1}, {looks: 1}} },
		"a writer, a reader, twice": func() []*actor { return []*actor{{gives: 2}, {looks: 2}} },
	} {
		if testing.Short() && len(start()) > 2 { // the race detector sees only one goroutine here
			continue
		}
		n, mistake := explore(start)
		if mistake != "" {
			t.Errorf("%s: %s", name, mistake)
		}
		if n < 100 {
			t.Errorf("%s: %d states only", name, n)
		}
		t.Logf("%s: %d states", name, n)
	}
}

// The search finds mistakes where there are some.
func TestHandOverSearchFindsMistakes(t *testing.T) {
	t.Parallel()
	_, mistake := explore(func() []*actor { return []*actor{{gives: 1, skip: true}, {gives: 1, skip: true}} })
	if !strings.Contains(mistake, "left behind") {
		t.Errorf("found %q", mistake)
	}
	_, mistake = explore(func() []*actor { return []*actor{{gives: 1, hasty: true}, {gives: 1}} })
	if !strings.Contains(mistake, "two are at the table") {
		t.Errorf("found %q", mistake)
	}
}
