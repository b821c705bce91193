package agg

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync/atomic"
	"unsafe"
)

// part is entries, and an open-addressing table that says where they are.
type part struct {
	slots  []slot
	n      int // slots in use
	chunks [][]byte
	cur    int // chunks before that are full
	stats  []*statRow
	epoch  uint64 // of the table that made slots, chunks and stats
}

// slot is the ref of an entry in the low bits and a tag, bits of the hash that home does
// not look at, above it; 0 is a free slot. So eight stand in a line of the cache, and few
// entries are looked at but the one that is sought.
type slot uint64

const taken = 1 << 63 // in each tag

// tagOf returns what a slot of that hash has above its ref.
func tagOf(hash uint64) slot { return slot(taken | hash<<refBits) }

// statRow is the statistics of a group.
type statRow struct {
	funcs []Func
	stats []Stat
	epoch uint64
}

const (
	slotBytes = int(unsafe.Sizeof(slot(0)))
	statBytes = int(unsafe.Sizeof(Stat{}))
	// orderBytes is what a group takes while rows are put in order.
	orderBytes = int(unsafe.Sizeof(ordered{}))
	minSlots   = 8
	smallSlots = 512
	maxStats   = 1<<31 - 1
)

// epochs numbers those who may write to parts.
var epochs atomic.Uint64

// part returns the one of a hash, whose first bits choose it.
func (t *Table) part(hash uint64) *part {
	return &t.parts[bits.RotateLeft64(hash, int(t.bits))&uint64(len(t.parts)-1)]
}

// home returns the slot at which a group is looked for first.
func (p *part) home(hash uint64, skip uint) int {
	hi, _ := bits.Mul64(hash<<(skip&63), uint64(len(p.slots)))
	return int(hi)
}

// find returns the entry of a key, or nil and a slot that is free for it. There must be
// one that is free.
func (p *part) find(hash uint64, key []byte, skip uint) (e *entry, at int) {
	for at = p.home(hash, skip); ; at++ {
		if e, at = p.seek(at, tagOf(hash)); e == nil || string(e.key()) == string(key) {
			return e, at
		}
	}
}

// seek returns the first entry from slot i on whose slot has that tag, or nil and a slot that
// is free for it. The one that begins at home is the one that is sought but for once in
// millions of times. There must be a slot that is free.
func (p *part) seek(i int, tag slot) (e *entry, at int) {
	for slots := p.slots; ; i++ {
		if i == len(slots) {
			i = 0
		}
		s := slots[i]
		if (s^tag)>>refBits == 0 {
			return p.at(s), i
		}
		if s == 0 {
			return nil, i
		}
	}
}

// insert returns the entry of a hit whose ident was made last, as group does, and makes
// its key for that.
func (t *Table) insert(h *Hit, id ident) (p *part, e *entry) {
	t.key = h.appendKey(t.key[:0], id.head, t.sums)
	stats := len(h.Funcs) * statBytes
	if id.size > 0 {
		return t.group(id.hash, t.key, stats)
	}
	if t.internLarge(h.Key) {
		p, e = t.group(id.hash, t.key, stats)
	}
	if e == nil {
		t.forget()
	}
	return p, e
}

// group returns the entry of a key, to be written to, and its part. A group that is new,
// with so many bytes of statistics to come, is added; nil tells that there is no room.
func (t *Table) group(hash uint64, key []byte, stats int) (*part, *entry) {
	p := t.part(hash)
	if p.epoch != t.epoch {
		t.own(p)
	}
	free := 0
	if len(p.slots) > 0 {
		var e *entry
		if e, free = p.find(hash, key, t.bits); e != nil {
			return p, e
		}
	}
	e := t.add(p, free, hash, len(key), stats)
	if e != nil {
		copy(e.key(), key)
	}
	return p, e
}

// add adds a group with a key of so many bytes, which is to be written, in a slot that is
// free for it unless p grows. It returns nil if there is no room.
func (t *Table) add(p *part, free int, hash uint64, key, stats int) *entry {
	size := len(p.slots)
	if stats > 0 && len(p.stats) == maxStats || !t.room(stats+orderBytes) || !t.grow(p) {
		return nil
	}
	if len(p.slots) != size {
		free = p.free(hash, t.bits)
	}
	ref, e := t.store(p, hash, key, stats > 0)
	if e == nil {
		return nil
	}
	p.slots[free] = tagOf(hash) | slot(ref)
	p.n++
	t.groups++
	t.bytes += orderBytes
	return e
}

// free returns a slot for a group of that hash that is new.
func (p *part) free(hash uint64, skip uint) int {
	i := p.home(hash, skip)
	for p.slots[i] != 0 {
		if i++; i == len(p.slots) {
			i = 0
		}
	}
	return i
}

// own makes what p holds that of t alone, but for statistics; see statsOf.
func (t *Table) own(p *part) {
	slots := makeSlots(len(p.slots))
	copy(slots, p.slots)
	chunks := make([][]byte, len(p.chunks))
	for i, c := range p.chunks {
		chunks[i] = append(makeChunk(cap(c)), c...)
	}
	p.slots, p.chunks, p.stats = slots, chunks, slices.Clone(p.stats)
	p.epoch = t.epoch
}

// usable is how many of so many slots may be in use. Most groups then stand where they are
// looked for first, and while slots take little of a cache, nearly all: a processor that
// guesses wrong that the next slot need not be looked at loses more than what a cache line
// costs that is near. bench/agg at 1,000 groups defends the quarter.
func usable(size int) int {
	if size < smallSlots {
		return size / 4
	}
	return size * 2 / 3
}

// grow makes room for one more group.
func (t *Table) grow(p *part) bool {
	size := len(p.slots)
	if p.n < usable(size) {
		return true
	}
	more := max(minSlots, size*3/4)
	if !t.room(more * slotBytes) {
		return (p.n+1)*8 <= size*7
	}
	t.bytes += more * slotBytes
	t.resize(p, size+more)
	return true
}

// resize makes so many slots for the groups.
func (t *Table) resize(p *part, size int) {
	p.slots = makeSlots(size)
	for c := p.cursor(); ; {
		ref, e := c.next()
		if e == nil {
			return
		}
		p.slots[p.free(e.hash, t.bits)] = tagOf(e.hash) | slot(ref)
	}
}

// makeSlots returns so many free slots.
func makeSlots(n int) []slot {
	slots := make([]slot, n)
	advise(unsafe.Pointer(unsafe.SliceData(slots)), n*slotBytes)
	return slots
}

// statsOf returns the statistics of a group of t, to be written to. e is not valid any
// more then.
func (t *Table) statsOf(p *part, e *entry, funcs []Func) *statRow {
	number := e.number()
	if number == nil {
		number = t.widen(p, e).number()
	}
	n := binary.LittleEndian.Uint32(number)
	if n == 0 {
		g := &statRow{funcs: funcs, stats: make([]Stat, len(funcs)), epoch: t.epoch}
		p.stats = append(p.stats, g)
		binary.LittleEndian.PutUint32(number, uint32(len(p.stats)))
		t.bytes += g.size()
		return g
	}
	g := p.stats[n-1]
	if g.epoch != t.epoch {
		mine := &statRow{funcs: g.funcs, stats: g.copy(), epoch: t.epoch}
		t.bytes += mine.size() - g.size()
		p.stats[n-1], g = mine, mine
	}
	return g
}

// widen puts an entry that has a number of statistics in the place of one that has none.
// Hits of a rule have the same statistics, so this is for rows of other runs, which may be
// of an older detection.
func (t *Table) widen(p *part, e *entry) *entry {
	old := *e
	key := slices.Clone(e.key())
	for c := p.cursor(); ; {
		if ref, other := c.next(); other == e {
			t.without(p, map[uint64]bool{ref: true})
			break
		}
	}
	limit := t.limit
	t.limit = 0
	defer func() { t.limit = limit }()
	_, e = t.group(old.hash, key, statNumber)
	e.add(&old)
	return e
}

// copy returns statistics of the same samples.
func (g *statRow) copy() []Stat {
	out := make([]Stat, len(g.stats))
	for i, f := range g.funcs {
		out[i].Merge(f, &g.stats[i])
	}
	return out
}

func (g *statRow) size() (n int) {
	for i := range g.stats {
		n += statBytes + g.stats[i].Size()
	}
	return n
}

// fork returns a table with the same groups, in time that does not grow with them. From
// here on each of the two copies a part before it writes to it for the first time, so
// neither sees what is added to the other, and two goroutines may use them.
func (t *Table) fork() *Table {
	t.settle()
	c := *t
	c.parts = slices.Clone(t.parts)
	c.values = t.values.fork()
	c.over = map[int]*Row{}
	for rule, r := range t.over {
		one := *r
		c.over[rule] = &one
	}
	c.key, c.sums, c.ids, c.noted = nil, nil, nil, nil
	c.frozen, t.frozen = true, true
	c.epoch, t.epoch = epochs.Add(1), epochs.Add(1)
	return &c
}
