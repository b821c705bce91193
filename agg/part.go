package agg

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sync/atomic"
	"unsafe"
)

// part is an open-addressing table. The slot where a group is looked for first rises
// with its hash, so groups stand in the order of their hashes, but for those that had
// to step aside.
type part struct {
	slots    []slot
	n        int      // slots in use
	chunks   [][]byte // of keys, each behind its length
	cur, off int      // the next key goes to chunks[cur][off:]
	stats    []*statRow
	epoch    uint64 // of the table that made slots and stats
}

type slot struct {
	hash        uint64
	ref         uint64 // where the key and the statistics are; 0 is a free slot
	count       int64
	first, last int64 // no hit had a time if first > last
}

// add adds the count and the times of o.
func (s *slot) add(o *slot) {
	s.count += o.count
	s.first, s.last = min(s.first, o.first), max(s.last, o.last)
}

// statRow is the statistics of a group.
type statRow struct {
	funcs []Func
	stats []Stat
	epoch uint64
}

const (
	slotBytes = int(unsafe.Sizeof(slot{}))
	statBytes = int(unsafe.Sizeof(Stat{}))
	// orderBytes is what a group takes while rows are put in order.
	orderBytes = int(unsafe.Sizeof(ordered{}))
	minSlots   = 8
	// smallSlots is up to how many slots a worker's table is half empty at least: most
	// groups then stand where they are looked for first.
	smallSlots = 4096
	// firstChunk and lastChunk are the sizes of chunks, which grow with what there
	// is; a key that is longer has one to itself.
	firstChunk = 256
	lastChunk  = 1 << offBits
)

// A ref is the number of the statistics, from 1 on, that of the chunk, and the offset in
// the chunk. Nothing is stored at the front of the first chunk, so no ref is 0.
const (
	offBits   = 16
	chunkBits = 24
	statBits  = 24
)

func statOf(ref uint64) int { return int(ref >> (offBits + chunkBits)) }

// epochs numbers those who may write to parts.
var epochs atomic.Uint64

// part returns the one of a hash.
func (t *Table) part(hash uint64) *part { return &t.parts[hash>>(64-t.bits)] }

// home returns the slot at which a group is looked for first.
func (p *part) home(hash uint64, skip uint) int {
	hi, _ := bits.Mul64(hash<<skip, uint64(len(p.slots)))
	return int(hi)
}

// stored returns the bytes from a key's length on.
func (p *part) stored(ref uint64) []byte {
	return p.chunks[ref>>offBits&(1<<chunkBits-1)][ref&(1<<offBits-1):]
}

// keyOf returns the key of a slot.
func (p *part) keyOf(ref uint64) []byte {
	b := p.stored(ref)
	if b[0] < 0x80 {
		return b[1 : 1+int(b[0])]
	}
	n, w := binary.Uvarint(b)
	return b[w : w+int(n)]
}

// find returns the slot of a key, or a free one for it. There must be a free one.
func (p *part) find(hash uint64, key []byte, skip uint) (s *slot, known bool) {
	slots := p.slots
	for i := p.home(hash, skip); ; {
		s = &slots[i]
		if s.ref == 0 {
			return s, false
		}
		if s.hash == hash {
			if b := p.stored(s.ref); len(key) < 0x80 {
				if int(b[0]) == len(key) && string(b[1:1+len(key)]) == string(key) {
					return s, true
				}
			} else if string(p.keyOf(s.ref)) == string(key) {
				return s, true
			}
		}
		if i++; i == len(slots) {
			i = 0
		}
	}
}

// known returns the slot of a hit with that head and without large values, or a free one
// for it, as find does; its key is not made for that. bench/agg at 1,000 groups defends
// the care that is taken here.
func (p *part) known(h *Hit, hash, head uint64, skip uint) *slot {
	slots := p.slots
	for i := p.home(hash, skip); ; {
		s := &slots[i]
		if s.hash == hash && s.ref != 0 {
			b := p.stored(s.ref)
			if n := int(b[0]); n < 0x80 {
				if h.is(b[1:1+n], head) {
					return s
				}
			} else if h.is(p.keyOf(s.ref), head) {
				return s
			}
		}
		if s.ref == 0 {
			return s
		}
		if i++; i == len(slots) {
			i = 0
		}
	}
}

// insert returns the slot of a hit, whose hash was made last, as at does.
func (t *Table) insert(h *Hit, hash uint64, stats int) (p *part, s *slot) {
	t.encode(h)
	if len(t.large) == 0 {
		return t.at(hash, t.key, stats)
	}
	if t.internLarge(h.Key) {
		p, s = t.at(hash, t.key, stats)
	}
	if s == nil {
		t.forget()
	}
	return p, s
}

// at returns the slot of a key, to be written to, and its part. A group that is new,
// with so many bytes of statistics to come, is added; nil tells that there is no room.
func (t *Table) at(hash uint64, key []byte, stats int) (*part, *slot) {
	p := t.part(hash)
	if p.epoch != t.epoch {
		t.own(p)
	}
	var free *slot
	if len(p.slots) > 0 {
		s, known := p.find(hash, key, t.bits)
		if known {
			return p, s
		}
		free = s
	}
	return p, t.add(p, free, hash, key, stats)
}

// add adds a group, in a slot that is free for it unless p grows.
func (t *Table) add(p *part, free *slot, hash uint64, key []byte, stats int) *slot {
	size := len(p.slots)
	if stats > 0 && len(p.stats) == 1<<statBits-1 || !t.room(stats+orderBytes) || !t.grow(p) {
		return nil
	}
	if len(p.slots) != size {
		free, _ = p.find(hash, key, t.bits)
	}
	ref := t.store(p, key)
	if ref == 0 {
		return nil
	}
	*free = slot{hash: hash, ref: ref, first: math.MaxInt64, last: math.MinInt64}
	p.n++
	t.groups++
	t.bytes += orderBytes
	return free
}

// own makes the slots and the list of statistics of p those of t alone.
func (t *Table) own(p *part) {
	p.slots, p.stats = slices.Clone(p.slots), slices.Clone(p.stats)
	p.epoch = t.epoch
}

// grow makes room for one more group.
func (t *Table) grow(p *part) bool {
	size := len(p.slots)
	if (p.n+1)*5 <= size*4 && (t.bits > 0 || size >= smallSlots || (p.n+1)*2 <= size) {
		return true
	}
	more := max(minSlots, size/2)
	if !t.room(more * slotBytes) {
		return (p.n+1)*8 <= size*7
	}
	t.bytes += more * slotBytes
	t.resize(p, size+more)
	return true
}

// resize moves the groups to so many new slots.
func (t *Table) resize(p *part, size int) {
	old := p.slots
	p.slots = makeSlots(size)
	for i := range old {
		if old[i].ref == 0 {
			continue
		}
		j := p.home(old[i].hash, t.bits)
		for p.slots[j].ref != 0 {
			if j++; j == size {
				j = 0
			}
		}
		p.slots[j] = old[i]
	}
}

// makeSlots returns so many free slots.
func makeSlots(n int) []slot {
	slots := make([]slot, n)
	advise(unsafe.Pointer(unsafe.SliceData(slots)), n*slotBytes)
	return slots
}

// store keeps a key and returns its ref, or 0 if there is no room.
func (t *Table) store(p *part, key []byte) uint64 {
	need := len(key) + 1
	if len(key) >= 0x80 {
		need = len(key) + binary.MaxVarintLen32
	}
	if p.cur == 0 {
		p.off = max(p.off, 1)
	}
	for p.cur < len(p.chunks) && p.off+need > len(p.chunks[p.cur]) {
		p.cur++
		p.off = 0
	}
	if p.cur == len(p.chunks) {
		size := min(lastChunk, firstChunk<<min(p.cur, offBits))
		size = max(size, p.off+need)
		if !t.room(size) || p.cur == 1<<chunkBits {
			return 0
		}
		t.bytes += size
		p.chunks = append(p.chunks, make([]byte, size))
	}
	ref := uint64(p.cur)<<offBits | uint64(p.off)
	b := p.chunks[p.cur][p.off:]
	n := binary.PutUvarint(b, uint64(len(key)))
	copy(b[n:], key)
	p.off += n + len(key)
	if p.off >= lastChunk {
		p.cur++
		p.off = 0
	}
	return ref
}

// statsOf returns the statistics of a group of t, to be written to.
func (t *Table) statsOf(p *part, s *slot, funcs []Func) *statRow {
	n := statOf(s.ref)
	if n == 0 {
		g := &statRow{funcs: funcs, stats: make([]Stat, len(funcs)), epoch: t.epoch}
		p.stats = append(p.stats, g)
		s.ref |= uint64(len(p.stats)) << (offBits + chunkBits)
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
	c := *t
	c.parts = slices.Clone(t.parts)
	for i := range c.parts {
		p := &c.parts[i]
		p.chunks = slices.Clip(p.chunks)
		p.cur, p.off = len(p.chunks), 0 // t goes on where it was
	}
	c.values = t.values.fork()
	c.over = map[int]*Row{}
	for rule, r := range t.over {
		one := *r
		c.over[rule] = &one
	}
	c.key, c.sums, c.large, c.place, c.ids, c.noted = nil, nil, nil, nil, nil, nil
	c.frozen, t.frozen = true, true
	c.epoch, t.epoch = epochs.Add(1), epochs.Add(1)
	return &c
}
