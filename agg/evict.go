package agg

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// cold is a group of a closed window.
type cold struct {
	window, last int64
	place        uint64 // see ordered
}

// evict is Shared.Evict. What a group frees is known when what stays has been put together
// anew, so it may take more than one pass.
func (t *Table) evict(closed func(window int64) bool, want int, emit func(*Row)) (freed int) {
	before := t.bytes
	for gone := 1; gone > 0 && freed < want; freed = before - t.bytes {
		gone = t.evictOnce(closed, want-freed, emit)
	}
	return freed
}

// evictOnce frees groups that take about so many bytes, and returns how many groups.
func (t *Table) evictOnce(closed func(window int64) bool, want int, emit func(*Row)) (groups int) {
	known := map[int64]bool{NoWindow: false}
	var list []cold
	t.entries(func(place uint64, _ *part, e *entry) {
		w := headOf(e).window
		is, asked := known[w]
		if !asked {
			is = closed(w)
			known[w] = is
		}
		if is {
			list = append(list, cold{w, e.last, place})
		}
	})
	slices.SortFunc(list, func(a, b cold) int {
		return cmp.Or(cmp.Compare(a.window, b.window), cmp.Compare(a.last, b.last), cmp.Compare(a.place, b.place))
	})
	gone := make([]map[uint64]bool, len(t.parts))
	size := 0
	var r Row
	for _, c := range list {
		if size >= want {
			break
		}
		groups++
		p, e := t.of(ordered{place: c.place})
		t.row(&r, p, e)
		emit(&r)
		size += orderBytes + e.size()
		if n := e.stats(); n > 0 {
			size += p.stats[n-1].size()
		}
		i := c.place >> refBits
		if gone[i] == nil {
			gone[i] = map[uint64]bool{}
		}
		gone[i][c.place&(1<<refBits-1)] = true
	}
	for i, g := range gone {
		if len(g) > 0 {
			t.without(&t.parts[i], g)
		}
	}
	if size > 0 {
		t.dropValues()
	}
	return groups
}

// without makes p anew without the entries that are gone, by their refs.
func (t *Table) without(p *part, gone map[uint64]bool) {
	old := *p
	kept := old.n - len(gone)
	t.bytes -= len(old.slots)*slotBytes + len(gone)*orderBytes
	for _, c := range old.chunks {
		t.bytes -= cap(c)
	}
	*p = part{epoch: t.epoch, n: kept}
	t.groups -= len(gone)
	limit := t.limit
	t.limit = 0
	defer func() { t.limit = limit }()
	for c := old.cursor(); ; {
		ref, e := c.next()
		if e == nil {
			break
		}
		n := e.stats()
		if gone[ref] {
			if n > 0 {
				t.bytes -= old.stats[n-1].size()
			}
			continue
		}
		key := e.key()
		_, to := t.store(p, e.hash, len(key), n > 0)
		copy(to.key(), key)
		to.add(e)
		if n > 0 {
			p.stats = append(p.stats, old.stats[n-1])
			binary.LittleEndian.PutUint32(to.number(), uint32(len(p.stats)))
		}
	}
	if kept > 0 {
		size := kept + kept*3/4 + 1
		t.bytes += size * slotBytes
		t.resize(p, size)
	}
}

// dropValues frees the large values that no group has.
func (t *Table) dropValues() {
	vs := &t.values
	if len(vs.list) == 0 {
		return
	}
	used := make([]bool, len(vs.list))
	t.entries(func(_ uint64, _ *part, e *entry) {
		key := e.key()
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
