package agg

import "sync/atomic"

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
	from *Table
	slot *slot
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

// mergeLane merges what is in lane i of all tables of a batch.
func (s *Shared) mergeLane(i int, list *given) {
	l := &s.lanes[i]
	for g := list; g != nil; g = g.next {
		if g.table.plain() {
			l.merge(g.table, i, s.laneBits)
		}
	}
}

// plain reports whether the groups of t are independent of each other, so that lanes can
// merge them.
func (t *Table) plain() bool {
	return t.bits == 0 && len(t.values.list) == 0 && len(t.parts[0].stats) == 0
}

// merge merges the groups of o, which is plain, whose hashes begin with the bits of i.
func (l *lane) merge(o *Table, i int, bits uint) {
	p := &o.parts[0]
	if p.n == 0 {
		return
	}
	begin, end := p.home(uint64(i)<<(64-bits), 0), len(p.slots)
	if i+1 < 1<<bits {
		end = p.home(uint64(i+1)<<(64-bits), 0)
	}
	var all [batchSize]*slot
	n := 0
	// Those that had to step aside stand behind the end, up to the first free slot.
	for j, at := begin, begin; j < begin+len(p.slots); j++ {
		s := &p.slots[at]
		if at++; at == len(p.slots) {
			at = 0
		}
		if s.ref == 0 {
			if j >= end {
				break
			}
			continue
		}
		if s.hash>>(64-bits) != uint64(i) {
			continue
		}
		all[n] = s
		if n++; n == len(all) {
			l.mergeBatch(o, p, all[:])
			n = 0
		}
	}
	l.mergeBatch(o, p, all[:n])
}

func (l *lane) mergeBatch(o *Table, from *part, all []*slot) {
	for _, s := range l.table.mergeBatch(o, from, all) {
		l.rest = append(l.rest, left{o, s})
	}
}

// finish merges what lanes cannot, when all of them are done.
func (s *Shared) finish(list *given) {
	for i := range s.lanes {
		l := &s.lanes[i]
		s.table.groups += l.table.groups
		s.table.bytes += l.table.bytes
	}
	for i := range s.lanes {
		for _, r := range s.lanes[i].rest {
			s.table.mergeSlots(r.from, &r.from.parts[0], []*slot{r.slot})
		}
	}
	for g := list; g != nil; {
		next := g.next
		if g.table.plain() {
			s.table.mergeOverflow(g.table)
		} else {
			s.table.Merge(g.table)
		}
		s.note(g)
		g = next
	}
	s.left.Store(s.table.Overflowed())
}
