// Package agg keeps count, first and last time and other statistics per detection
// and group key: any split of the hits over tables, merged in any order, equals one
// plain computation over all of them.
//
// Each worker fills a Table of its own, so that no record waits for another worker.
// What a table holds is handed over to a Shared one from time to time, as a whole, and
// merged there by all workers, each some lanes of it: who looks always sees what some
// whole tables add up to.
package agg

import (
	"math"
	"slices"
)

// NoWindow is the Window of groups whose rule counts all its hits together.
const NoWindow = math.MinInt64

// Row is one group.
type Row struct {
	Rule   int
	Window int64    // its start in Unix nanoseconds, or NoWindow
	Late   bool     // of hits that came when the window had been closed
	Key    [][]byte // values of the BY fields; nil means missing
	// Overflow marks the row of those hits of a rule for whose groups there was no
	// room, of any window. Its values are missing, and it has no Stats.
	Overflow bool
	Count    int64
	// First and Last are the least and the greatest time in Unix nanoseconds of
	// the hits that have one; Timed tells whether any has.
	First, Last int64
	Timed       bool
	// Stats are the other statistics, in the order in which Observe named them.
	Stats []Stat
}

// Hit is what is counted.
type Hit struct {
	Rule    int
	Window  int64 // see Row
	Late    bool
	Key     [][]byte
	Nanos   int64 // if Timed
	Timed   bool
	Funcs   []Func     // the same for all hits of a rule; kept
	Samples [][]Sample // Samples[i] are those of Funcs[i]; their texts are kept
}

// Table counts hits per group. It is for one goroutine.
//
// Groups stand in chunks of bytes in the order in which they came, and slots without
// pointers say where. So the garbage collector has nothing to look through, a table is
// merged in one pass over its memory from front to back, and a copy of it is the list of
// its parts; see fork.
type Table struct {
	parts  []part // by the first bits of the hash; as many as a power of two
	bits   uint   // how many bits those are
	epoch  uint64 // what was made in another epoch belongs to other tables, too
	values values // large ones
	over   map[int]*Row
	frozen bool // other tables hold its statistics
	list   bool // see enlist
	groups int
	hits   int                 // that Observe counted
	bytes  int                 // see Bytes
	limit  int                 // of bytes; 0 is none
	weak   func([]byte) uint64 // hashes keys for tests; else nil

	key   []byte   // scratch
	sums  []uint64 // scratch: hashes of large values
	ids   []uint32 // while another table is merged: by its numbers of values, t's plus one
	noted []uint32 // which of them are new with the group at hand
	touch uint64   // what reads that are for the cache came to, so that they are not left out
}

// New returns an empty Table without a limit.
func New() *Table { return newTable(0, nil) }

func newTable(bits uint, weak func([]byte) uint64) *Table {
	return &Table{parts: make([]part, 1<<bits), bits: bits, epoch: epochs.Add(1), weak: weak}
}

// Len is how many groups there are, overflow rows not among them. A table that Take
// returned may count some several times.
func (t *Table) Len() int { return t.groups }

// Bytes is how much memory the groups take, with what is needed to put them in order.
func (t *Table) Bytes() int { return t.bytes }

// Limit bounds Bytes: groups for which there is no room are counted in the overflow
// row of their rule. Statistics of groups that are there take no more texts then; see
// Stat.Cut.
func (t *Table) Limit(bytes int) { t.limit = bytes }

func (t *Table) room(n int) bool { return t.limit == 0 || t.bytes+n <= t.limit }

// Observe counts one hit. Its key is copied when it is new.
func (t *Table) Observe(h *Hit) {
	id := t.ident(h)
	t.hits++
	if t.list && t.enlist(h, id) {
		return
	}
	p := t.part(id.hash)
	var e *entry
	if id.size > 0 && p.epoch == t.epoch && len(p.slots) > 0 {
		free := 0
		if e, free = p.seek(p.home(id.hash, t.bits), tagOf(id.hash)); e == nil {
			e = t.addHit(p, free, h, id)
		} else if !h.is(e, id) {
			p, e = t.insert(h, id)
		}
	} else {
		p, e = t.insert(h, id)
	}
	if e == nil {
		t.overflowHit(h)
		return
	}
	e.count++
	if h.Timed {
		e.first, e.last = min(e.first, h.Nanos), max(e.last, h.Nanos)
	}
	if len(h.Funcs) > 0 {
		t.sample(p, e, h)
	}
}

// addHit adds the group of a hit without large values, as add does.
func (t *Table) addHit(p *part, free int, h *Hit, id ident) *entry {
	e := t.add(p, free, id.hash, id.size, len(h.Funcs)*statBytes)
	if e != nil {
		h.appendKey(e.key()[:0], id.head, nil)
	}
	return e
}

// overflowHit counts a hit for whose group there is no room.
func (t *Table) overflowHit(h *Hit) {
	t.overflow(h.Rule, len(h.Key)).add(&Row{Count: 1, First: h.Nanos, Last: h.Nanos, Timed: h.Timed})
}

// sample adds the samples of a hit to the statistics of its group.
func (t *Table) sample(p *part, e *entry, h *Hit) {
	g := t.statsOf(p, e, h.Funcs)
	before := g.size()
	full := !t.room(0)
	for i, f := range h.Funcs {
		g.stats[i].bag.closed = full
		for _, v := range h.Samples[i] {
			g.stats[i].Add(f, v)
		}
	}
	t.bytes += g.size() - before
}

// overflow returns the overflow row of a rule with so many BY fields.
func (t *Table) overflow(rule, fields int) *Row {
	r := t.over[rule]
	if r == nil {
		if t.over == nil {
			t.over = map[int]*Row{}
		}
		r = &Row{Rule: rule, Window: NoWindow, Key: make([][]byte, fields), Overflow: true}
		t.over[rule] = r
	}
	return r
}

// Overflowed is how many hits the overflow rows count.
func (t *Table) Overflowed() (n int64) {
	for _, r := range t.over {
		n += r.Count
	}
	return n
}

// add adds the count and the times of o.
func (r *Row) add(o *Row) {
	r.Count += o.Count
	switch {
	case !o.Timed:
	case !r.Timed:
		r.First, r.Last, r.Timed = o.First, o.Last, true
	default:
		r.First, r.Last = min(r.First, o.First), max(r.Last, o.Last)
	}
}

// Merge adds the rows of o, of which another goroutine may read. o stays as it is.
func (t *Table) Merge(o *Table) {
	t.settle()
	t.ids = slices.Grow(t.ids[:0], len(o.values.list))[:len(o.values.list)]
	clear(t.ids)
	for i := range o.parts {
		t.mergePart(o, &o.parts[i], func(e *entry) { t.refuse(o, &o.parts[i], e) })
	}
	t.mergeOverflow(o)
}

// refuse counts a group of part from of o, for which there is no room, as overflow.
func (t *Table) refuse(o *Table, from *part, e *entry) {
	var r Row
	o.row(&r, from, e)
	t.overflow(r.Rule, len(r.Key)).add(&r)
}

// mergeOverflow adds the overflow rows of o.
func (t *Table) mergeOverflow(o *Table) {
	for _, r := range o.over {
		t.overflow(r.Rule, len(r.Key)).add(r)
	}
}

const batchSize = 64

// mergePart adds the groups of a part of o, and calls refused for each for which there is
// no room.
func (t *Table) mergePart(o *Table, from *part, refused func(*entry)) {
	var all [batchSize]*entry
	plain := len(o.values.list) == 0
	for c := from.cursor(); ; {
		n := 0
		for n < len(all) {
			_, e := c.next()
			if e == nil {
				break
			}
			all[n] = e
			n++
		}
		if n == 0 {
			return
		}
		batch := all[:n]
		if plain {
			batch = t.mergeBatch(batch)
		}
		for _, e := range batch {
			if !t.mergeEntry(o, from, e) {
				refused(e)
			}
		}
	}
}

// mergeBatch adds groups of a table without large values, and returns those, in batch,
// that need more than adding to what there is.
//
// Entries that are far apart in memory are asked for a batch at a time: the processor then
// waits for all of them at once. The loops that ask for memory decide nothing and are
// short: a branch that waits for memory, and is guessed wrong, would make the rest of the
// batch wait, too.
func (t *Table) mergeBatch(batch []*entry) (rest []*entry) {
	var homes [batchSize]*slot
	var ours [batchSize]*entry
	for i, e := range batch {
		homes[i], ours[i] = &noSlot, &noEntry
		if p := t.part(e.hash); p.n > 0 {
			homes[i] = &p.slots[p.home(e.hash, t.bits)]
		}
	}
	touch := uint64(0)
	for i := range homes[:len(batch)] {
		touch += uint64(*homes[i])
	}
	for i, e := range batch {
		if p := t.part(e.hash); p.n > 0 {
			if to, _ := p.seek(p.home(e.hash, t.bits), tagOf(e.hash)); to != nil {
				ours[i] = to
			}
		}
	}
	for i := range ours[:len(batch)] {
		touch += ours[i].hash + uint64(ours[i].head)
	}
	t.touch += touch
	rest = batch[:0]
	for i, e := range batch {
		to := ours[i]
		if t.part(e.hash).epoch == t.epoch && to.hash == e.hash && string(to.key()) == string(e.key()) && e.head&1 == 0 {
			to.add(e)
			continue
		}
		rest = append(rest, e)
	}
	return rest
}

var (
	noSlot  slot
	noEntry entry
)

// mergeEntry adds a group of part from of o, or returns false if there is no room for it.
func (t *Table) mergeEntry(o *Table, from *part, e *entry) bool {
	key := e.key()
	t.values.fresh, t.noted = t.values.fresh[:0], t.noted[:0]
	ok := true
	if len(o.values.list) > 0 {
		t.key = append(t.key[:0], key...)
		key = t.key
		ok = t.translate(o)
	}
	var stats *statRow
	need := 0
	if i := e.stats(); i > 0 {
		stats = from.stats[i-1]
		need = len(stats.funcs) * statBytes
	}
	var p *part
	var to *entry
	if ok {
		p, to = t.group(e.hash, key, need)
	}
	if to == nil {
		t.forget()
		return false
	}
	to.add(e)
	if stats != nil {
		t.mergeStats(p, to, stats)
	}
	return true
}

func (t *Table) mergeStats(p *part, to *entry, stats *statRow) {
	g := t.statsOf(p, to, stats.funcs)
	before := g.size()
	full := !t.room(0)
	for i, f := range stats.funcs {
		g.stats[i].bag.closed = full
		g.stats[i].Merge(f, &stats.stats[i])
	}
	t.bytes += g.size() - before
}

// keptBytes is up to how much memory Reset keeps.
const keptBytes = 8 << 20

// Reset forgets all hits. It keeps the memory of a table that is small, and small
// beside its limit.
func (t *Table) Reset() {
	keep := keptBytes
	if t.limit > 0 {
		keep = min(keep, t.limit/4)
	}
	slots, shared := 0, false
	for i := range t.parts {
		slots += len(t.parts[i].slots)
		shared = shared || t.parts[i].epoch != t.epoch
	}
	if shared || t.bytes > keep || !t.list && slots > 1024 && t.groups < slots/8 {
		fresh := newTable(t.bits, t.weak)
		fresh.limit, fresh.key = t.limit, t.key
		*t = *fresh
		return
	}
	for i := range t.parts {
		p := &t.parts[i]
		for _, s := range p.stats {
			t.bytes -= s.size()
		}
		clear(p.slots)
		clear(p.stats)
		for j := range p.chunks {
			p.chunks[j] = p.chunks[j][:0]
		}
		p.n, p.cur, p.stats = 0, 0, p.stats[:0]
	}
	t.bytes -= t.groups*orderBytes + t.values.bytes
	t.list, t.groups, t.hits, t.values, t.over = false, 0, 0, values{}, nil
}
