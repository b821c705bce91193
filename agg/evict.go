package agg

import (
	"cmp"
	"slices"
)

// cold is a group of a closed window.
type cold struct {
	window, last int64
	ordered
}

// evict is Shared.Evict.
func (t *Table) evict(closed func(window int64) bool, want int, emit func(*Row)) (freed int) {
	before := t.bytes
	known := map[int64]bool{NoWindow: false}
	var list []cold
	t.slots(func(o ordered, p *part, s *slot) {
		w := headOf(p, s).window
		is, asked := known[w]
		if !asked {
			is = closed(w)
			known[w] = is
		}
		if is {
			list = append(list, cold{w, s.last, o})
		}
	})
	slices.SortFunc(list, func(a, b cold) int {
		return cmp.Or(cmp.Compare(a.window, b.window), cmp.Compare(a.last, b.last),
			cmp.Compare(a.part, b.part), cmp.Compare(a.slot, b.slot))
	})
	gone := make([]map[uint32]bool, len(t.parts))
	size := 0
	var r Row
	for _, c := range list {
		if size >= want {
			break
		}
		p, s := t.of(c.ordered)
		t.row(&r, p, s)
		emit(&r)
		size += slotBytes + orderBytes + len(p.keyOf(s.ref))
		if n := statOf(s.ref); n > 0 {
			size += p.stats[n-1].size()
		}
		if gone[c.part] == nil {
			gone[c.part] = map[uint32]bool{}
		}
		gone[c.part][c.slot] = true
	}
	for i, g := range gone {
		if len(g) > 0 {
			t.without(&t.parts[i], g)
		}
	}
	if size > 0 {
		t.dropValues()
	}
	return before - t.bytes
}

// without makes p anew without the slots that are gone.
func (t *Table) without(p *part, gone map[uint32]bool) {
	old := *p
	kept := old.n - len(gone)
	t.bytes -= len(old.slots)*slotBytes + len(gone)*orderBytes
	for _, c := range old.chunks {
		t.bytes -= len(c)
	}
	*p = part{epoch: t.epoch, n: kept}
	t.groups -= len(gone)
	limit := t.limit
	t.limit = 0
	defer func() { t.limit = limit }()
	if kept == 0 {
		for _, g := range old.stats {
			t.bytes -= g.size()
		}
		return
	}
	size := kept + kept/2 + 1
	t.bytes += size * slotBytes
	p.slots = make([]slot, size)
	for i := range old.slots {
		s := old.slots[i]
		if s.ref == 0 {
			continue
		}
		n := statOf(s.ref)
		if gone[uint32(i)] {
			if n > 0 {
				t.bytes -= old.stats[n-1].size()
			}
			continue
		}
		key := old.keyOf(s.ref)
		s.ref = t.store(p, key)
		if n > 0 {
			p.stats = append(p.stats, old.stats[n-1])
			s.ref |= uint64(len(p.stats)) << (offBits + chunkBits)
		}
		to, _ := p.find(s.hash, key, t.bits)
		*to = s
	}
}

// dropValues frees the large values that no group has.
func (t *Table) dropValues() {
	vs := &t.values
	if len(vs.list) == 0 {
		return
	}
	used := make([]bool, len(vs.list))
	t.slots(func(_ ordered, p *part, s *slot) {
		key := p.keyOf(s.ref)
		for at := range numbers(key) {
			used[idAt(key[at:])] = true
		}
	})
	vs.list = slices.Clone(vs.list) // snapshots read the other one
	for id := range vs.list {
		if !used[id] && vs.list[id].text != nil {
			t.drop(uint32(id))
		}
	}
	vs.first = nil
}
