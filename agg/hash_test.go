package agg

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// A hit is that of an entry where the key that it would make is the same, and its hash is
// the same where that is.
func TestHitIsEntry(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	c := newIsCheck()
	for range 600 {
		h := testHit(rng, 20, true)
		if rng.IntN(3) == 0 {
			h.Rule += rng.IntN(3) * []int{40, 5000}[rng.IntN(2)] // heads of several bytes
		}
		if len(h.Key) > 0 && rng.IntN(2) == 0 { // values that differ in one byte, of each length
			v := bytes.Repeat([]byte{7}, rng.IntN(20))
			if rng.IntN(4) == 0 {
				v = bytes.Repeat([]byte{7}, 120+rng.IntN(10))
			}
			if len(v) > 0 {
				v[rng.IntN(len(v))] += byte(rng.IntN(2))
			}
			h.Key[0] = v
		}
		if rng.IntN(30) == 0 { // more than 8 KB
			h.Key = slices.Repeat([][]byte{make([]byte, largeValue-1)}, 32+rng.IntN(3))
		}
		c.add(t, h)
	}
	same := 0
	for i := range c.hits {
		for j := range c.hits {
			if c.compare(t, i, j) && i != j {
				same++
			}
		}
	}
	if same < 100 {
		t.Errorf("only %d pairs are the same", same)
	}
	c.count(t)
}

// One byte that is another is seen wherever it is, and so is a length.
func TestHitDiffersInOneByte(t *testing.T) {
	t.Parallel()
	for n := range largeValue {
		v := bytes.Repeat([]byte{7}, n)
		h := &Hit{Window: NoWindow, Key: [][]byte{v}}
		c := newIsCheck()
		c.add(t, h)
		for i := range v {
			v[i]++
			if h.is(c.entries[0][0], c.tab.ident(h)) {
				t.Fatalf("%d bytes: byte %d may be any", n, i)
			}
			v[i]--
		}
		if !h.is(c.entries[0][0], c.ids[0]) {
			t.Fatalf("%d bytes are not themselves", n)
		}
	}
}

// Keys that differ in one byte only, which is of the length of their first value, are not
// the same: it makes other values of the same bytes.
func TestHitDiffersInOneLength(t *testing.T) {
	t.Parallel()
	for _, lengths := range [][2]int{{3, 10}, {130, 140}, {126, 254}} {
		n, m := lengths[0], lengths[1]
		front := func(n int) []byte { return binary.AppendUvarint(nil, uint64(n+behind)) }
		x := m - n - len(front(m))
		a, b := bytes.Repeat([]byte{7}, n), bytes.Repeat([]byte{7}, m)
		copy(b[x:], front(n))
		c := newIsCheck()
		c.add(t, &Hit{Window: NoWindow, Key: [][]byte{a, b}})
		c.add(t, &Hit{Window: NoWindow, Key: [][]byte{slices.Concat(a, front(m), b[:x]), b[x+len(front(n)):]}})
		differ := 0
		for i := range c.keys[0] {
			differ += bit(c.keys[0][i] != c.keys[1][i])
		}
		if differ != 1 || len(c.keys[0]) != len(c.keys[1]) {
			t.Fatalf("keys differ in %d bytes: %x, %x", differ, c.keys[0], c.keys[1])
		}
		c.compare(t, 0, 1)
		c.compare(t, 1, 0)
	}
}

func FuzzHitIsEntry(f *testing.F) {
	f.Add([]byte("\x05\x00\x03host\x81"), []byte("\x05\x00\x03hosu\x81"))
	f.Add([]byte("\x07\xff\x01\x00\x8212345678"), []byte("\x06\x00\x02"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		c := newIsCheck()
		c.add(t, hitOf(a))
		c.add(t, hitOf(b))
		for i := range c.hits {
			for j := range c.hits {
				c.compare(t, i, j)
			}
		}
		c.count(t)
	})
}

// hitOf makes a hit of any bytes: flags, the rule, and values behind their lengths.
func hitOf(b []byte) *Hit {
	h := &Hit{Window: NoWindow}
	if len(b) < 2 {
		return h
	}
	h.Late, h.Rule = b[0]&1 == 1, int(b[1])<<(b[0]>>1&7)
	if b[0]&16 != 0 {
		h.Window = int64(b[1]) - 100
	}
	for b = b[2:]; len(b) > 0; {
		n := int(b[0])
		if b = b[1:]; n == largeValue-1 {
			h.Key = append(h.Key, nil)
			continue
		}
		v := make([]byte, n)
		b = b[copy(v, b):]
		h.Key = append(h.Key, v)
	}
	return h
}

// isCheck has hits, and an entry for the key of each, without statistics and with some.
type isCheck struct {
	tab     *Table
	hits    []*Hit
	ids     []ident
	keys    [][]byte
	entries [][2]*entry
}

func newIsCheck() *isCheck { return &isCheck{tab: New()} }

func (c *isCheck) add(t *testing.T, h *Hit) {
	id := c.tab.ident(h)
	key := h.appendKey(nil, id.head, nil)
	if id.size != len(key) {
		t.Fatalf("a key of %d bytes is said to have %d: %+v", len(key), id.size, h)
	}
	var es [2]*entry
	for i := range es {
		_, es[i] = c.tab.store(&c.tab.parts[0], id.hash, len(key), i == 1)
		copy(es[i].key(), key)
	}
	c.hits, c.ids, c.keys, c.entries = append(c.hits, h), append(c.ids, id), append(c.keys, key), append(c.entries, es)
}

// compare reports whether keys i and j are the same.
func (c *isCheck) compare(t *testing.T, i, j int) bool {
	same := bytes.Equal(c.keys[i], c.keys[j])
	want := same && len(c.keys[i]) < 8<<10 && c.hits[i].Rule < 4096
	for stats, e := range c.entries[j] {
		if got := c.hits[i].is(e, c.ids[i]); got != want {
			t.Fatalf("%+v is %x, statistics %d: %v", c.hits[i], c.keys[j], stats, got)
		}
	}
	if (c.ids[i].hash == c.ids[j].hash) != same {
		t.Fatalf("hashes of %x and %x: %x and %x", c.keys[i], c.keys[j], c.ids[i].hash, c.ids[j].hash)
	}
	return same
}

// count counts all hits twice, and compares the groups with the keys.
func (c *isCheck) count(t *testing.T) {
	tab, counts := New(), map[string]int64{}
	for range 2 {
		for i, h := range c.hits {
			tab.Observe(h)
			counts[string(c.keys[i])]++
		}
	}
	tab.entries(func(_ uint64, _ *part, e *entry) {
		if want := counts[string(e.key())]; e.count != want {
			t.Errorf("%x counts %d, want %d", e.key(), e.count, want)
		}
		delete(counts, string(e.key()))
	})
	if len(counts) > 0 {
		t.Errorf("%d groups are missing", len(counts))
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
			hash := tab.ident(h).hash
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
