package agg

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
)

// A hit is that of a key where the key that it would make is the same, and its hash is
// the same where that is.
func TestHitIsKey(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	tab := New()
	var hits []*Hit
	var keys [][]byte
	var hashes []uint64
	for range 600 {
		h := testHit(rng, 20, true)
		if rng.IntN(3) == 0 {
			h.Rule += rng.IntN(3) * 40 // heads of several bytes
		}
		if len(h.Key) > 0 && rng.IntN(2) == 0 { // values that differ in one byte, of each length
			v := bytes.Repeat([]byte{7}, rng.IntN(20))
			if len(v) > 0 {
				v[rng.IntN(len(v))] += byte(rng.IntN(2))
			}
			h.Key[0] = v
		}
		hash, plain := tab.hash(h, h.head())
		tab.key = h.appendKey(tab.key[:0], h.head(), tab.sums)
		if n := h.keySize(h.head()); n != len(tab.key) {
			t.Fatalf("a key of %d bytes is said to have %d: %+v", len(tab.key), n, h)
		}
		if !plain {
			t.Fatal("a large value")
		}
		hits, keys, hashes = append(hits, h), append(keys, bytes.Clone(tab.key)), append(hashes, hash)
	}
	same := 0
	for i, h := range hits {
		for j, key := range keys {
			want := bytes.Equal(keys[i], key)
			if got := h.is(key, h.head()); got != want {
				t.Fatalf("%+v is %x: %v", h, key, got)
			}
			if (hashes[i] == hashes[j]) != want {
				t.Fatalf("hashes of %x and %x: %x and %x", keys[i], key, hashes[i], hashes[j])
			}
			if want && i != j {
				same++
			}
		}
	}
	if same < 100 {
		t.Errorf("only %d pairs are the same", same)
	}
}

// Hashes of keys that differ little are spread over the table at least as those of
// chance are.
func TestHashesAreSpread(t *testing.T) {
	t.Parallel()
	const n = 1 << 16
	for name, hit := range map[string]func(i int) *Hit{
		"numbers in front": func(i int) *Hit { return &Hit{Window: NoWindow, Key: [][]byte{numbered(i, 0)}} },
		"numbers behind":   func(i int) *Hit { return &Hit{Window: NoWindow, Key: [][]byte{numbered(i, 8)}} },
		"decimals":         func(i int) *Hit { return &Hit{Window: NoWindow, Key: [][]byte{fmt.Append(nil, i)}} },
		"windows":          func(i int) *Hit { return &Hit{Window: int64(i) * 3600e9} },
		"rules":            func(i int) *Hit { return &Hit{Rule: i, Window: NoWindow} },
		"two values":       func(i int) *Hit { return &Hit{Key: [][]byte{fmt.Append(nil, i%256), fmt.Append(nil, i/256)}} },
		"lengths":          func(i int) *Hit { return &Hit{Key: [][]byte{make([]byte, i%256), make([]byte, i/256)}} },
	} {
		tab := New()
		first, last := make([]int, n), make([]int, n)
		for i := range n {
			h := hit(i)
			hash, _ := tab.hash(h, h.head())
			first[hash>>48]++
			last[hash&0xffff]++
		}
		for _, counts := range [][]int{first, last} {
			empty, most := 0, 0
			for _, c := range counts {
				most = max(most, c)
				if c == 0 {
					empty++
				}
			}
			// Of as many places as keys, 1/e stays empty: 24,109, give or take 100.
			if empty > 24_700 || most > 14 {
				t.Errorf("%s: %d of %d places are empty, one has %d", name, empty, n, most)
			}
		}
	}
}

func numbered(i, at int) []byte {
	b := make([]byte, 12)
	binary.LittleEndian.PutUint32(b[at:], uint32(i))
	return b
}
