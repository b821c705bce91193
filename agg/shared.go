package agg

import (
	"maps"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// Shared is a table to which any number of goroutines hand over what they counted into
// tables of their own. None waits for another while it counts: it leaves its table on a
// stack, and whoever finds nobody at it takes what is there, a batch. All who come by then
// merge it, each some lanes of it, and who is done last ends it. Since batches are of whole
// tables, what is in a Shared between two of them is always what some of those add up to.
type Shared struct {
	head    atomic.Pointer[given] // the newest one that waits
	owner   atomic.Bool           // somebody is at what follows, or a batch is merged
	batch   atomic.Pointer[batch] // nil if none is merged
	table   *Table
	offsets map[int]int64

	lanes    []lane
	laneBits uint // how many of a hash choose one

	lists   lists
	waiting atomic.Int64 // bytes of the tables on the stack or taken from it
	slack   int64        // of waiting
	delta   int
	spare   [4]atomic.Pointer[Table]
	left    atomic.Int64 // Overflowed of table
}

// sharedBits makes parts that are few beside what is merged at once, and small beside
// the whole, since a part is copied when it grows, and when it is written to for the
// first time after a snapshot.
const sharedBits = 6

// maxSlack is how many bytes may wait to be merged: tables of a few are used again, and
// are in the cache.
const maxSlack = 4 << 20

// Mark says that the tables handed over so far, and that one, hold all hits of an input
// before an offset.
type Mark struct {
	Input  int
	Offset int64
}

// given is a table on the stack. It is not used again, so that the same pointer is the
// same table.
type given struct {
	table *Table
	marks []Mark
	bytes int64
	next  *given
}

// NewShared returns an empty Shared. limit bounds in bytes what it holds and so many
// tables: those that Take returned, those that wait, and a few that are spare; 0 is no
// limit.
func NewShared(limit, tables int) *Shared { return newShared(limit, tables, sharedBits, nil) }

func newShared(limit, tables int, bits uint, weak func([]byte) uint64) *Shared {
	s := &Shared{table: newTable(bits, weak), offsets: map[int]int64{}, slack: maxSlack, laneBits: min(bits, laneBits)}
	s.lanes = make([]lane, 1<<s.laneBits)
	if limit > 0 {
		s.delta = max(1, limit/4/tables)
		// What waits to be merged may be as large as two tables.
		s.slack = min(maxSlack, int64(limit/4-(tables-2)*s.delta))
		s.table.Limit(limit - limit/4)
	}
	return s
}

// Delta is how large a table from Take may get, in bytes; 0 is no limit.
func (s *Shared) Delta() int { return s.delta }

// fullGroups is how many groups still lie in a second-level cache.
const fullGroups = 12_000

// Full says that it is time to give t: more groups would make it slow, or be too many
// for it.
func (s *Shared) Full(t *Table) bool {
	return t.Len() >= fullGroups || s.delta > 0 && t.Bytes() > s.delta/2
}

// Take returns an empty table to be filled and given.
func (s *Shared) Take() *Table {
	for i := range s.spare {
		if t := s.spare[i].Swap(nil); t != nil {
			t.Reset()
			t.list = s.lists.next()
			return t
		}
	}
	t := newTable(s.laneBits, s.table.weak)
	t.Limit(s.delta)
	t.list = s.lists.next()
	return t
}

// Give hands over a table, which the caller must not use any more; marks says up to
// where its inputs are counted. It waits only where what has been given and not yet
// merged is more than a few tables.
func (s *Shared) Give(t *Table, marks ...Mark) {
	s.lists.learn(t)
	g := &given{table: t, marks: slices.Clone(marks), bytes: int64(t.Bytes())}
	s.run(&visit{s: s, state: pushing, given: g})
	for s.waiting.Load() > s.slack {
		s.run(&visit{s: s, state: looking})
		if s.waiting.Load() > s.slack {
			time.Sleep(20 * time.Microsecond)
		}
	}
}

// Snapshot is a Shared at some moment: exactly what the tables add up to that had been
// merged then, among them each one whose Give had returned before.
type Snapshot struct {
	*Table
	Offsets map[int]int64 // by input, the greatest of their marks
}

// Snapshot returns what s holds, in time that does not grow with it; it waits for at
// most the merging at hand, and nobody waits for who reads it. The memory of a
// part is needed twice once something is merged into it while the snapshot is in use.
func (s *Shared) Snapshot() (out Snapshot) {
	s.do(func() { out = Snapshot{s.table.fork(), maps.Clone(s.offsets)} })
	return out
}

// Evict frees groups of closed windows, the coldest first: by window, then by their
// last time. It stops when want bytes are free, or there are no more, and returns how
// many it freed. Each group goes to emit, whose row is valid during the call. A hit of
// such a group that comes later makes a new one.
func (s *Shared) Evict(closed func(window int64) bool, want int, emit func(*Row)) (freed int) {
	s.do(func() { freed = s.table.evict(closed, want, emit) })
	return freed
}

// Overflowed is how many hits had been merged into overflow rows lately.
func (s *Shared) Overflowed() int64 { return s.left.Load() }

// do merges what waits and calls f, while nobody else is at the table.
func (s *Shared) do(f func()) { s.run(&visit{s: s, state: entering, act: f}) }

func (s *Shared) run(v *visit) {
	for {
		switch v.step() {
		case over:
			return
		case wait:
			runtime.Gosched()
		}
	}
}

// visit is one goroutine's way through a Shared, a step at a time: each step reads or
// writes what others see once, so that a test can walk all ways in which several of
// them interleave.
type visit struct {
	s     *Shared
	state state
	given *given // to be left on the stack
	list  *given // taken from it, the oldest first
	batch *batch // to be helped with
	lane  int    // of it
	act   func() // to be done where nobody else is
}

type state uint8

const (
	pushing    state = iota // a table is to be given
	linking                 // likewise; given.next is what was the newest
	looking                 // is there anything to merge?
	entering                // is nobody there?
	taking                  // what is there to merge?
	alone                   // merge it, and act
	publishing              // let others help to merge it
	helping                 // is there a batch?
	claiming                // has it a lane that nobody took?
	merging                 // that lane
	ending                  // was it the last one?
	finishing               // what lanes cannot do
	leaving
	done
)

type progress uint8

const (
	more progress = iota
	wait          // another one must go on first
	over
)

func (v *visit) step() progress {
	s := v.s
	switch v.state {
	case pushing:
		v.given.next = s.head.Load()
		v.state = linking
	case linking:
		v.state = pushing
		if s.head.CompareAndSwap(v.given.next, v.given) {
			s.waiting.Add(v.given.bytes)
			v.state = looking
		}
	case looking:
		v.state = entering
		if s.head.Load() == nil {
			v.state = helping
		}
	case entering:
		return v.enter()
	case taking:
		v.list = reverse(s.head.Swap(nil))
		v.state = publishing
		if v.act != nil {
			v.state = alone
		}
	case alone:
		v.mergeAlone()
	case leaving:
		s.owner.Store(false)
		// What was given since then: who gave it saw that somebody was here.
		v.state = looking
	default:
		return v.help()
	}
	return more
}

// enter tries to be alone with the table. A visit that comes to give need not: who ends
// the batch at hand looks at the stack once more after leaving.
func (v *visit) enter() progress {
	if v.s.owner.CompareAndSwap(false, true) {
		v.state = taking
		return more
	}
	if v.act != nil {
		return wait
	}
	v.state = helping
	return more
}

// help is the steps of those who merge a batch.
func (v *visit) help() progress {
	s, b := v.s, v.batch
	switch v.state {
	case publishing:
		s.split()
		v.batch = &batch{list: v.list}
		v.batch.open.Store(int32(len(s.lanes)))
		v.state = claiming
		s.batch.Store(v.batch)
	case helping:
		v.batch = s.batch.Load()
		v.state = claiming
		if v.batch == nil {
			v.state = done
			return over
		}
	case claiming:
		v.lane = int(b.begun.Add(1)) - 1
		v.state = merging
		if v.lane >= len(s.lanes) {
			v.state = done
			return over
		}
	case merging:
		s.mergeLane(v.lane, b.list)
		v.state = ending
	case ending:
		v.state = claiming
		if b.open.Add(-1) == 0 {
			v.state = finishing
		}
	case finishing:
		s.batch.Store(nil)
		s.finish(b.list)
		v.state = leaving
	}
	return more
}

// mergeAlone merges what was taken, and acts.
func (v *visit) mergeAlone() {
	s := v.s
	for g := v.list; g != nil; {
		next := g.next
		s.table.Merge(g.table)
		s.note(g)
		g = next
	}
	v.act()
	v.act = nil
	s.left.Store(s.table.Overflowed())
	v.state = leaving
}

// note is what is to be done when g has been merged. From here on its table may be used
// again.
func (s *Shared) note(g *given) {
	for _, m := range g.marks {
		s.offsets[m.Input] = max(s.offsets[m.Input], m.Offset)
	}
	s.waiting.Add(-g.bytes)
	for i := range s.spare {
		if s.spare[i].CompareAndSwap(nil, g.table) {
			break
		}
	}
}

// reverse turns a list around.
func reverse(g *given) (list *given) {
	for g != nil {
		next := g.next
		g.next = list
		list, g = g, next
	}
	return list
}
