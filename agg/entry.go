package agg

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// entry is what a part holds of a group. It stands in a chunk of bytes, in the order in
// which groups came, so that to merge a table is to read it from front to back, and what
// a hit needs of its group stands in one line of the cache or two that lie side by side.
//
// At head begins twice the length of the key, plus one if there are statistics, as a varint;
// behind that stand the key and, in four bytes, the number of those.
//
// An entry is only ever written and read where Go allocated a chunk, and nothing in it but
// the key comes from events. Its place in the chunk is a multiple of entryAlign.
type entry struct {
	hash        uint64
	count       int64
	first, last int64 // no hit had a time if first > last
	head        byte
}

const (
	entryBytes = int(unsafe.Offsetof(entry{}.head))
	entryAlign = 8 // in bytes, on all processors
	// statNumber is what the number of statistics takes.
	statNumber = 4
	// firstChunk and lastChunk are the sizes of chunks in bytes. They grow by about a fifth
	// of what there is, in sizes of Go's allocator; a key that is longer has one to itself.
	firstChunk = 256
	lastChunk  = entryAlign << offBits
)

// A ref is where an entry stands in a part: the number of the chunk, and the offset in it
// in units of entryAlign.
const (
	offBits   = 16
	chunkBits = 24
	refBits   = offBits + chunkBits
)

// at returns the entry at a ref of p, of which it takes the low bits. That there is one is
// not looked at once more: refs come from reserve and from nowhere else.
func (p *part) at(ref slot) *entry {
	chunk := unsafe.SliceData(p.chunks[ref>>offBits&(1<<chunkBits-1)])
	return (*entry)(unsafe.Add(unsafe.Pointer(chunk), ref&(1<<offBits-1)*slot(entryAlign)))
}

// word returns the first eight bytes at head. All entries have as many.
func (e *entry) word() uint64 { return load64(unsafe.Pointer(&e.head), 0) }

func load8(p unsafe.Pointer, at int) byte { return *(*byte)(unsafe.Add(p, at)) }

func load64(p unsafe.Pointer, at int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(p, at))[:])
}

// byteAt returns the byte so far behind head.
func (e *entry) byteAt(i int) *byte {
	return (*byte)(unsafe.Add(unsafe.Pointer(e), entryBytes+i))
}

// key returns the key of e, which is as valid as e.
func (e *entry) key() []byte {
	if n := e.head; n&0x81 == 0 {
		return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(e), entryBytes+1)), n>>1)
	}
	return e.longKey()
}

func (e *entry) longKey() []byte {
	at, n, _ := e.layout()
	return unsafe.Slice(e.byteAt(at), n)
}

// layout returns where the key stands behind the fields, how long it is, and whether
// there are statistics.
func (e *entry) layout() (at, n int, stats bool) {
	head := 0
	for shift := 0; ; shift += 7 {
		b := *e.byteAt(at)
		at++
		head |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	return at, head >> 1, head&1 == 1
}

// size returns how many bytes there are from e to the next entry.
func (e *entry) size() int {
	if n := e.head; n&0x81 == 0 {
		return aligned(entryBytes + 1 + int(n>>1))
	}
	at, n, stats := e.layout()
	return aligned(entryBytes + at + n + bit(stats)*statNumber)
}

func aligned(n int) int { return (n + entryAlign - 1) &^ (entryAlign - 1) }

// number returns where the number of e's statistics stands, or nil if it has none.
func (e *entry) number() []byte {
	at, n, stats := e.layout()
	if !stats {
		return nil
	}
	return unsafe.Slice(e.byteAt(at+n), statNumber)
}

// stats returns the number of e's statistics, from 1 on, or 0.
func (e *entry) stats() int {
	if b := e.number(); b != nil {
		return int(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// add adds the count and the times of o.
func (e *entry) add(o *entry) {
	e.count += o.count
	e.first, e.last = min(e.first, o.first), max(e.last, o.last)
}

// store makes an entry that counts nothing yet, with a key of so many bytes that is to be
// written, and a number of statistics of 0 if it is to have some. It returns its ref, and
// nil if there is no room.
func (t *Table) store(p *part, hash uint64, key int, stats bool) (ref uint64, e *entry) {
	length := uint64(key)<<1 | uint64(bit(stats))
	ref, b := t.reserve(p, aligned(entryBytes+varintLen(length)+key+bit(stats)*statNumber))
	if b == nil {
		return 0, nil
	}
	e = (*entry)(unsafe.Pointer(unsafe.SliceData(b)))
	*e = entry{hash: hash, first: math.MaxInt64, last: math.MinInt64, head: byte(length)}
	if length >= 0x80 {
		binary.PutUvarint(b[entryBytes:], length)
	}
	if stats {
		clear(e.number())
	}
	return ref, e
}

// reserve returns so many bytes, a multiple of entryAlign, and their ref, or nil if there
// is no room.
func (t *Table) reserve(p *part, size int) (ref uint64, b []byte) {
	for {
		if p.cur == len(p.chunks) {
			room := max(chunkSize(p.cur), size)
			if !t.room(room) || p.cur == 1<<chunkBits {
				return 0, nil
			}
			t.bytes += room
			p.chunks = append(p.chunks, makeChunk(room))
		}
		c := p.chunks[p.cur]
		if n := len(c); n+size <= cap(c) && n < lastChunk {
			p.chunks[p.cur] = c[:n+size]
			return uint64(p.cur)<<offBits | uint64(n/entryAlign), c[n : n+size]
		}
		p.cur++
	}
}

// chunkSize returns the size of chunk i: four at a time have the steps from one power of
// two to the next.
func chunkSize(i int) int {
	if i/4 >= offBits {
		return lastChunk
	}
	return min(lastChunk, firstChunk/4*(4+i%4)<<(i/4))
}

// makeChunk returns an empty chunk for so many bytes, a multiple of entryAlign, at an
// address for an entry.
func makeChunk(size int) []byte {
	words := make([]uint64, size/entryAlign)
	advise(unsafe.Pointer(unsafe.SliceData(words)), size)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), size)[:0]
}

// cursor goes through the entries of a part.
type cursor struct {
	chunks [][]byte
	chunk  int
	off    int
}

func (p *part) cursor() cursor { return cursor{chunks: p.chunks} }

// next returns the next entry and its ref, or nil.
func (c *cursor) next() (ref uint64, e *entry) {
	for ; c.chunk < len(c.chunks); c.chunk, c.off = c.chunk+1, 0 {
		if b := c.chunks[c.chunk]; c.off < len(b) {
			e = (*entry)(unsafe.Pointer(&b[c.off]))
			ref = uint64(c.chunk)<<offBits | uint64(c.off/entryAlign)
			c.off += e.size()
			return ref, e
		}
	}
	return 0, nil
}
