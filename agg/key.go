package agg

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
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
)

// keySize returns how long the key of a hit with that head is.
func (h *Hit) keySize(head uint64) int {
	n := 1
	for rest := head; rest >= 0x80; rest >>= 7 {
		n++
	}
	if head&windowed != 0 {
		n += 8
	}
	for _, v := range h.Key {
		n++
		switch {
		case len(v) >= largeValue:
			n += numberSize
		case len(v) >= 0x80-behind:
			n += 1 + len(v)
		default:
			n += len(v)
		}
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

// is reports whether key is that of a hit without large values, and with that head.
func (h *Hit) is(key []byte, head uint64) bool {
	i := 1
	if head >= 0x80 || head&windowed != 0 {
		if i = h.headLen(key, head); i == 0 {
			return false
		}
	} else if key[0] != byte(head) {
		return false
	}
	for _, v := range h.Key {
		n := len(v)
		if n == 0 || n >= 0x80-behind {
			if i = valueEnd(key, i, v); i == 0 {
				return false
			}
			continue
		}
		if i+n >= len(key) || key[i] != byte(n+behind) {
			return false
		}
		k := key[i+1 : i+1+n]
		switch {
		case n > 16 || n < 8:
			if string(k) != string(v) {
				return false
			}
		case binary.LittleEndian.Uint64(k) != binary.LittleEndian.Uint64(v),
			binary.LittleEndian.Uint64(k[n-8:]) != binary.LittleEndian.Uint64(v[n-8:]):
			return false
		}
		i += 1 + n
	}
	return i == len(key)
}

// headLen returns how long the head and the window of h in key are, or 0 if they are
// others.
func (h *Hit) headLen(key []byte, head uint64) int {
	got, n := binary.Uvarint(key)
	switch {
	case got != head:
		return 0
	case head&windowed == 0:
		return n
	case binary.LittleEndian.Uint64(key[n:]) != uint64(h.Window):
		return 0
	}
	return n + 8
}

// valueEnd returns where v, which is not large, ends in key if it stands at i, or 0.
func valueEnd(key []byte, i int, v []byte) int {
	if i >= len(key) {
		return 0
	}
	n, w := binary.Uvarint(key[i:])
	i += w
	switch {
	case v == nil && n == missing:
		return i
	case v == nil || n != uint64(len(v)+behind) || len(key)-i < len(v) || string(key[i:i+len(v)]) != string(v):
		return 0
	}
	return i + len(v)
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
		n += 8
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
