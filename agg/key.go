package agg

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"unsafe"
)

// A key is what tells the groups apart, written so that no two give the same bytes:
// the rule with two flags, the window if there is one, then each value: missing, large
// and a number, or its length plus two and its bytes. A large value is stored once, in
// Table.values, and its number there stands for it.
//
// The hash of a key is made of its values as they are, see hash, so it is the same in all
// tables of the process, and another in the next process: nobody can make events whose
// keys collide.

const (
	missing = 0
	large   = 1
	behind  = 2 // added to the length of others
	// largeValue is from what length on a value is large.
	largeValue = 256
	numberSize = 8
	windowSize = 8
)

// varintLen returns how many bytes x takes as a varint.
func varintLen(x uint64) (n int) {
	for n = 1; x >= 0x80; x >>= 7 {
		n++
	}
	return n
}

// appendKey appends the key of a hit with that head; sums, the hashes of its large values,
// stand for their numbers.
func (h *Hit) appendKey(k []byte, head uint64, sums []uint64) []byte {
	k = binary.AppendUvarint(k, head)
	if head&windowed != 0 {
		k = binary.LittleEndian.AppendUint64(k, uint64(h.Window))
	}
	for _, v := range h.Key {
		switch {
		case v == nil:
			k = append(k, missing)
		case len(v) < 0x80-behind:
			k = append(append(k, byte(len(v)+behind)), v...)
		case len(v) < largeValue:
			k = append(binary.AppendUvarint(k, uint64(len(v)+behind)), v...)
		default:
			k = binary.LittleEndian.AppendUint64(append(k, large), sums[0])
			sums = sums[1:]
		}
	}
	return k
}

const (
	windowed = 1 // flags of a head
	wasLate  = 2
)

// head is what a key begins with.
func (h *Hit) head() uint64 {
	head := uint64(h.Rule) << 2
	if h.Late {
		head |= wasLate
	}
	if h.Window != NoWindow {
		head |= windowed
	}
	return head
}

// shortVarint returns the varint of x and how many bytes that has, or 0 of them if there
// would be more than two.
func shortVarint(x uint64) (word uint64, n uint) {
	switch {
	case x < 1<<7:
		return x, 1
	case x < 1<<14:
		return x&0x7f | 0x80 | x>>7<<8, 2
	}
	return 0, 0
}

// is reports whether e is the entry of a hit with that ident, whose key is not made for
// that. It may say no for a key of 8 KB or a rule beyond the 4,095th; their keys are to be
// looked for. Each load is of a place where the key of h has bytes, and that of e is
// equally long. There is no call in here: bench/agg at 1,000 groups defends that.
func (h *Hit) is(e *entry, id ident) bool {
	const stats = 1 // a hit may have some where the row of another run has none
	front, mask, at := uint64(id.size)<<1|id.head<<8, uint64(0xffff&^stats), 2
	if id.size >= 0x40 || id.head >= 0x80 {
		length, n := shortVarint(uint64(id.size) << 1)
		head, m := shortVarint(id.head)
		if n == 0 || m == 0 {
			return false
		}
		front, mask, at = length|head<<(8*n&63), (1<<(8*(n+m)&63)-1)&^stats, int(n+m)
	}
	if (e.word()^front)&mask != 0 {
		return false
	}
	key := unsafe.Pointer(&e.head)
	if id.head&windowed != 0 {
		if load64(key, at) != uint64(h.Window) {
			return false
		}
		at += windowSize
	}
	for _, v := range h.Key {
		n := len(v)
		switch {
		case n > 0 && n < 0x80-behind:
			if load8(key, at) != byte(n+behind) {
				return false
			}
			at++
		case n > 0:
			if load8(key, at) != byte(n+behind)|0x80 || load8(key, at+1) != byte((n+behind)>>7) {
				return false
			}
			at += 2
		case load8(key, at) != byte(behind*bit(v != nil)): // or missing
			return false
		default:
			at++
		}
		text := unsafe.Pointer(unsafe.SliceData(v))
		if n >= 8 {
			if load64(key, at) != load64(text, 0) || load64(key, at+n-8) != load64(text, n-8) {
				return false
			}
			for i := 8; i < n-8; i += 8 {
				if load64(key, at+i) != load64(text, i) {
					return false
				}
			}
		} else {
			for i := range v {
				if load8(key, at+i) != v[i] {
					return false
				}
			}
		}
		at += n
	}
	return true
}

// internLarge puts the numbers of the large values of a hit, in place of their hashes, into
// t.key, or returns false if there is no room for one that is new.
func (t *Table) internLarge(key [][]byte) bool {
	t.values.fresh, t.noted = t.values.fresh[:0], t.noted[:0]
	i := 0
	for at := range numbers(t.key) {
		for len(key[i]) < largeValue {
			i++
		}
		b := t.key[at:]
		id, ok := t.intern(idAt(b), key[i])
		if !ok {
			return false
		}
		binary.LittleEndian.PutUint64(b, uint64(id))
		i++
	}
	return true
}

// translate turns the numbers of o in t.key into those of t, or returns false if there
// is no room for a value that is new.
func (t *Table) translate(o *Table) bool {
	for at := range numbers(t.key) {
		b := t.key[at:]
		from := idAt(b)
		if t.ids[from] == 0 {
			v := &o.values.list[from]
			id, ok := t.intern(v.hash, v.text)
			if !ok {
				return false
			}
			t.ids[from] = id + 1
			t.noted = append(t.noted, uint32(from))
		}
		binary.LittleEndian.PutUint64(b, uint64(t.ids[from]-1))
	}
	return true
}

// header splits a key.
func header(key []byte) (rule int, window int64, late bool, values []byte) {
	head, n := binary.Uvarint(key)
	window = NoWindow
	if head&windowed != 0 {
		window = int64(binary.LittleEndian.Uint64(key[n:]))
		n += windowSize
	}
	return int(head >> 2), window, head&wasLate != 0, key[n:]
}

// next returns the first value of the rest of a key, and what is behind it.
func (vs *values) next(b []byte) (v, rest []byte) {
	n, w := binary.Uvarint(b)
	b = b[w:]
	switch n {
	case missing:
		return nil, b
	case large:
		return vs.list[idAt(b)].text, b[numberSize:]
	}
	n -= behind
	return b[:n:n], b[n:]
}

// numbers yields where the numbers of large values stand in a key.
func numbers(key []byte) func(yield func(at int) bool) {
	return func(yield func(at int) bool) {
		_, _, _, b := header(key)
		for len(b) > 0 {
			n, w := binary.Uvarint(b)
			b = b[w:]
			switch n {
			case missing:
			case large:
				if !yield(len(key) - len(b)) {
					return
				}
				b = b[numberSize:]
			default:
				b = b[n-behind:]
			}
		}
	}
}

// values are texts, each once, by number.
type values struct {
	list  []value
	first map[uint64]uint32 // by hash: the newest value, plus one
	free  []uint32          // numbers that no text has
	fresh []uint32          // of texts that are new with the hit or group at hand
	bytes int
}

type value struct {
	text []byte
	hash uint64
	next uint32 // the one before of the same hash, plus one
}

// valueBytes is what a value takes beside its text, in list and map.
const valueBytes = 40 + 2*24

// intern returns the number of a text, whose hash is given.
func (t *Table) intern(hash uint64, text []byte) (uint32, bool) {
	vs := &t.values
	if vs.first == nil {
		vs.index()
	}
	for i := vs.first[hash]; i != 0; i = vs.list[i-1].next {
		if bytes.Equal(vs.list[i-1].text, text) {
			return i - 1, true
		}
	}
	size := len(text) + valueBytes
	if !t.room(size) || len(vs.list) == math.MaxInt32 {
		return 0, false
	}
	if len(vs.free) == 0 {
		vs.free = append(vs.free, uint32(len(vs.list)))
		vs.list = append(vs.list, value{})
	}
	id := vs.free[len(vs.free)-1]
	vs.free = vs.free[:len(vs.free)-1]
	vs.list[id] = value{text: bytes.Clone(text), hash: hash, next: vs.first[hash]}
	vs.first[hash] = id + 1
	vs.fresh = append(vs.fresh, id)
	vs.bytes += size
	t.bytes += size
	return id, true
}

// forget takes back the values that are new with a hit or a group for which there was
// no room after all.
func (t *Table) forget() {
	vs := &t.values
	for _, id := range slices.Backward(vs.fresh) {
		v := &vs.list[id]
		if v.next == 0 {
			delete(vs.first, v.hash)
		} else {
			vs.first[v.hash] = v.next
		}
		t.drop(id)
	}
	for _, from := range t.noted {
		t.ids[from] = 0
	}
}

// drop frees a number that is not in the map.
func (t *Table) drop(id uint32) {
	vs := &t.values
	size := len(vs.list[id].text) + valueBytes
	vs.list[id] = value{}
	vs.free = append(vs.free, id)
	vs.bytes -= size
	t.bytes -= size
}

// index makes the map, and a list that no other table has.
func (vs *values) index() {
	vs.list = slices.Clone(vs.list)
	vs.first = make(map[uint64]uint32, len(vs.list))
	for i := range vs.list {
		if v := &vs.list[i]; v.text != nil {
			v.next = vs.first[v.hash]
			vs.first[v.hash] = uint32(i + 1)
		}
	}
}

// fork returns the same values; neither shows what is added to the other.
func (vs *values) fork() values {
	c := values{list: slices.Clip(vs.list), bytes: vs.bytes}
	if len(vs.free) > 0 { // elements of vs.list will be written to
		vs.list = slices.Clone(vs.list)
		c.free = slices.Clone(vs.free)
	}
	return c
}

func idAt(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
