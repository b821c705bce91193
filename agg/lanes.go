package agg

import (
	"slices"
	"sync/atomic"
)

// batch is tables that are merged by all who come by: the parts of the table they go to
// are dealt out in lanes, each of which one goroutine at a time writes to. It ends for
// all lanes at once, so nobody sees a table of which some lanes are there and some are not.
type batch struct {
	list  *given       // the oldest first
	begun atomic.Int32 // lanes that somebody took
	open  atomic.Int32 // lanes that are not done
}

// lane is some of a Shared's parts that lie side by side, while a batch is merged.
type lane struct {
	table Table    // which has those of its parts that the lane's hashes lead to
	rest  []left   // of the batch
	_     [64]byte // two lanes share no line of a cache
}

// left is a group for which a lane had no room. It had only its share of what was free.
type left struct {
	from  *Table
	part  *part
	entry *entry
}

// laneBits makes lanes that are more than there are processors by some times, so that
// who comes late finds one, and that have a thousand groups of each table nonetheless.
const laneBits = 4

// split makes the lanes of s ready for a batch.
func (s *Shared) split() {
	t := s.table
	share := 0
	if t.limit > 0 {
		share = max(1, (t.limit-t.bytes)/len(s.lanes))
	}
	for i := range s.lanes {
		s.lanes[i].table = Table{parts: t.parts, bits: t.bits, epoch: t.epoch, weak: t.weak, limit: share}
		s.lanes[i].rest = s.lanes[i].rest[:0]
	}
}

// mergeLane merges what is in lane i of all tables of a batch, which is their part i.
func (s *Shared) mergeLane(i int, list *given) {
	l := &s.lanes[i]
	for g := list; g != nil; g = g.next {
		if o := g.table; s.plain(o) {
			p := &o.parts[i]
			l.table.mergePart(o, p, func(e *entry) { l.rest = append(l.rest, left{o, p, e}) })
		}
	}
}

// plain reports whether the groups of t are independent of each other, so that lanes can
// merge them.
func (s *Shared) plain(t *Table) bool {
	return t.bits == s.laneBits && len(t.values.list) == 0 && !t.hasStats()
}

func (t *Table) hasStats() bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return len(p.stats) > 0 })
}

// finish merges what lanes cannot, when all of them are done.
func (s *Shared) finish(list *given) {
	for i := range s.lanes {
		l := &s.lanes[i]
		s.table.groups += l.table.groups
		s.table.bytes += l.table.bytes
	}
	for i := range s.lanes {
		rest := s.lanes[i].rest
		for _, r := range rest {
			if !s.table.mergeEntry(r.from, r.part, r.entry) {
				s.table.refuse(r.from, r.part, r.entry)
			}
		}
		clear(rest) // which would keep the memory of tables that are given up
	}
	for g := list; g != nil; {
		next := g.next
		if s.plain(g.table) {
			s.table.mergeOverflow(g.table)
		} else {
			s.table.Merge(g.table)
		}
		s.note(g)
		g = next
	}
	s.left.Store(s.table.Overflowed())
}
