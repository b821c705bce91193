package agg

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

var seed = maphash.MakeSeed()

// secrets are what a hash is mixed with: three words that nobody outside can know.
var secrets = [3]uint64{hashOf([]byte{0}), hashOf([]byte{1}), hashOf([]byte{2})}

func hashOf(b []byte) uint64 { return maphash.Bytes(seed, b) }

// hash returns the hash of the key of a hit with that head. If it has large values, which
// plain tells, it leaves their hashes in t.sums.
//
// It takes the values from where they are: the bytes of a key that has just been put
// together would have to be waited for, as a processor cannot load in one what it is
// still storing in pieces. Words of 8 bytes are mixed as in wyhash, the way in which Go
// hashes where there are no instructions for AES; what is longer goes through maphash.
func (t *Table) hash(h *Hit, head uint64) (hash uint64, plain bool) {
	if t.weak != nil {
		return t.weakHash(h)
	}
	plain = true
	x := mix(head^secrets[0], secrets[1])
	if head&windowed != 0 {
		x = mix(uint64(h.Window)^secrets[0], x)
	}
	for _, v := range h.Key {
		var lo, hi uint64
		n := len(v)
		switch {
		case n > 16:
			lo = hashOf(v)
			if n >= largeValue {
				if plain {
					t.sums = t.sums[:0]
				}
				t.sums, plain = append(t.sums, lo), false
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
	return mix(x, secrets[1]), plain
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// weakHash is hash for tests: of the bytes of the key.
func (t *Table) weakHash(h *Hit) (hash uint64, plain bool) {
	t.sums = t.sums[:0]
	for _, v := range h.Key {
		if len(v) >= largeValue {
			t.sums = append(t.sums, t.weak(v))
		}
	}
	t.key = h.appendKey(t.key[:0], h.head(), t.sums)
	return t.weak(t.key), len(t.sums) == 0
}
