package agg

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
)

var seed = maphash.MakeSeed()

// secrets are what a hash is mixed with: three words that nobody outside can know.
var secrets = [3]uint64{hashOf([]byte{0}), hashOf([]byte{1}), hashOf([]byte{2})}

func hashOf(b []byte) uint64 { return maphash.Bytes(seed, b) }

// ident is what is known of a hit's key before it is made.
type ident struct {
	hash uint64
	head uint64
	size int // of the key, in bytes; not positive if it has large values
}

// ident returns that of a hit, and leaves the hashes of its large values in t.sums.
//
// It takes the values from where they are: the bytes of a key that has just been put
// together would have to be waited for, as a processor cannot load in one what it is
// still storing in pieces. Words of 8 bytes are mixed as in wyhash, the way in which Go
// hashes where there are no instructions for AES; what is longer goes through maphash.
func (t *Table) ident(h *Hit) ident {
	head := h.head()
	if t.weak != nil {
		return t.weakIdent(h, head)
	}
	size := varintLen(head)
	x := mix(head^secrets[0], secrets[1])
	if head&windowed != 0 {
		x = mix(uint64(h.Window)^secrets[0], x)
		size += windowSize
	}
	for _, v := range h.Key {
		var lo, hi uint64
		n := len(v)
		size += 1 + n
		switch {
		case n > 16:
			lo = hashOf(v)
			if n >= 0x80-behind {
				size++
			}
			if n >= largeValue {
				if size > 0 {
					size, t.sums = math.MinInt, t.sums[:0]
				}
				t.sums = append(t.sums, lo)
			}
		case n >= 8:
			lo, hi = binary.LittleEndian.Uint64(v), binary.LittleEndian.Uint64(v[n-8:])
		case n >= 4:
			lo, hi = uint64(binary.LittleEndian.Uint32(v)), uint64(binary.LittleEndian.Uint32(v[n-4:]))
		case n > 0:
			lo = uint64(v[0]) | uint64(v[n/2])<<8 | uint64(v[n-1])<<16
		case v == nil:
			n = -1
		}
		x = mix(lo^secrets[0]^uint64(n)*secrets[2], hi^x)
	}
	return ident{mix(x, secrets[1]), head, size}
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// weakIdent is ident for tests, with a hash of the bytes of the key.
func (t *Table) weakIdent(h *Hit, head uint64) ident {
	t.sums = t.sums[:0]
	for _, v := range h.Key {
		if len(v) >= largeValue {
			t.sums = append(t.sums, t.weak(v))
		}
	}
	t.key = h.appendKey(t.key[:0], head, t.sums)
	id := ident{t.weak(t.key), head, len(t.key)}
	if len(t.sums) > 0 {
		id.size = 0
	}
	return id
}
