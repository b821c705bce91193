package agg

import "sync/atomic"

// A worker's table can be a list: each hit gets an entry of its own behind the last one,
// and no slot says where it is. While hardly any group comes twice before the table is
// full, that takes less time, since what would be looked for is not there; the table that
// it is merged into finds the same groups either way.

// enlist counts a hit in a list, or returns false if it cannot: t is no list any more then.
func (t *Table) enlist(h *Hit, id ident) bool {
	// To settle, as much memory as the list takes may be needed once more.
	if id.size > 0 && len(h.Funcs) == 0 && (t.limit == 0 || t.bytes < t.limit/2) {
		p := t.part(id.hash)
		if p.epoch != t.epoch {
			t.own(p)
		}
		if _, e := t.store(p, id.hash, id.size, false); e != nil {
			h.appendKey(e.key()[:0], id.head, nil)
			if e.count = 1; h.Timed {
				e.first, e.last = h.Nanos, h.Nanos
			}
			t.groups++
			t.bytes += orderBytes
			return true
		}
	}
	t.settle()
	return false
}

// settle makes a table with slots of a list.
func (t *Table) settle() {
	if !t.list {
		return
	}
	t.list = false
	old := t.parts
	t.parts = make([]part, len(old))
	t.bytes -= t.groups * orderBytes
	t.groups = 0
	limit := t.limit
	t.limit = 0
	defer func() { t.limit = limit }()
	for i := range old {
		p := &old[i]
		t.parts[i] = part{slots: p.slots, epoch: p.epoch}
		for _, c := range p.chunks {
			t.bytes -= cap(c)
		}
		for c := p.cursor(); ; {
			_, e := c.next()
			if e == nil {
				break
			}
			_, to := t.group(e.hash, e.key(), 0)
			to.add(e)
		}
		p.chunks = nil
	}
}

// lists decides which tables are lists, by one that is none of so many.
type lists struct{ left atomic.Int32 }

const sampleEvery = 16

// next reports whether the next table is to be a list.
func (l *lists) next() bool { return l.left.Load() > 0 && l.left.Add(-1) >= 0 }

// learn looks at a table that is given.
func (l *lists) learn(t *Table) {
	if t.list || t.groups < fullGroups/2 {
		return
	}
	left := int32(0)
	if t.hits < t.groups+t.groups/2 {
		left = sampleEvery - 1
	}
	l.left.Store(left)
}
