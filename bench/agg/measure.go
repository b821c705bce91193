package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"
)

// load is what is observed.
type load struct {
	keys int
	zipf bool // else uniform
	long bool // each key has a text of 20 KB, which is one of 16, as well
	n    int  // observations of a round; 0 is as many as the numbers of groups want
}

const (
	textSize = 20 << 10
	texts    = 16
	shortKey = 12 // bytes
)

// source yields the numbers of the groups that one thread observes: a fixed sequence
// for each thread and round, so that the counts can be computed again.
type source struct {
	x    uint64
	keys uint64
	zipf bool
}

func newSource(l load, thread, round int) *source {
	return &source{x: uint64(thread+1)*0x9e3779b97f4a7c15 ^ uint64(round+1)*0xd1342543de82ef95, keys: uint64(l.keys), zipf: l.zipf}
}

// next returns the number of a group. For Zipf, keys to the power of a uniform number:
// the k-th group then comes with a frequency of about 1/k.
func (s *source) next() uint64 {
	s.x ^= s.x << 13
	s.x ^= s.x >> 7
	s.x ^= s.x << 17
	if !s.zipf {
		return (s.x >> 32 * s.keys) >> 32
	}
	// Where between two powers of two, by its exponent: no call of a function that
	// would cost more than what is measured.
	e := float64(s.x>>32) / (1 << 32) * math.Log2(float64(s.keys))
	whole := math.Floor(e)
	n := (1 + (e - whole)) * float64(uint64(1)<<uint(whole))
	return min(uint64(n)-1, s.keys-1)
}

// fill writes short keys of the next groups.
func (s *source) fill(keys []byte) {
	for ; len(keys) > 0; keys = keys[shortKey:] {
		copy(keys, "host")
		binary.BigEndian.PutUint64(keys[4:], s.next())
	}
}

// groupOf returns the number of the group of a short key.
func groupOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[4:]) }

// text is the long value of a group: texts that differ at their ends.
var text = func() (all [texts][]byte) {
	for i := range all {
		all[i] = make([]byte, textSize)
		for k := range all[i] {
			all[i][k] = byte('a' + k%23)
		}
		all[i][textSize-1] = byte(i)
	}
	return all
}()

func textOf(n uint64) []byte { return text[n%texts] }

// nanosOf is the time of an observation.
func nanosOf(n uint64, i int) int64 { return int64(n)<<20 + int64(i) }

// group is what a design knows of a group.
type group struct{ count, first, last int64 }

// store is a design at work.
type store interface {
	// observe counts what one thread observes. Several threads call it at once.
	observe(o observations)
	// each yields the groups, each once.
	each(f func(key []byte, g group))
}

type design struct {
	name string
	most int // threads
	make func(l load) store
}

// measure runs a load twice on a design: the first time finds most of the groups, the
// second, which is timed, adds to them and finds others. Both are verified against plain
// arrays.
func measure(d design, threads int, l load) (r result, err error) {
	n := l.n
	switch {
	case n > 0:
	case l.long:
		n = 200_000
	default:
		n = max(10_000_000, l.keys)
	}
	n -= n % threads
	keys := make([][]byte, threads)
	for thread := range keys {
		keys[thread] = make([]byte, n/threads*shortKey)
	}
	before := heap()
	s := d.make(l)
	for round := range 2 {
		for thread, k := range keys {
			newSource(l, thread, round).fill(k)
		}
		start := time.Now()
		var wait sync.WaitGroup
		for _, k := range keys {
			wait.Go(func() { s.observe(observations{k, l.long}) })
		}
		wait.Wait()
		r.nanos = float64(time.Since(start).Nanoseconds()) / float64(n)
	}
	after := heap()
	runtime.KeepAlive(keys)
	want, groups := make([]group, l.keys), 0
	for round := range 2 {
		for thread := range threads {
			src := newSource(l, thread, round)
			for i := range n / threads {
				k := src.next()
				want[k].add(nanosOf(k, i), &groups)
			}
		}
	}
	text := 0
	if l.long {
		text = min(groups, texts) * textSize
	}
	r.bytes = float64(after-before-int64(text))/float64(groups) - shortKey
	s.each(func(key []byte, g group) {
		w := &want[groupOf(key)]
		if *w != g && err == nil {
			err = fmt.Errorf("group %x has %v, want %v", key, g, *w)
		}
		*w = group{}
		groups--
	})
	if err == nil && groups != 0 {
		err = fmt.Errorf("%d groups are missing", groups)
	}
	return r, err
}

// observations are what one thread observes. Their keys were made before the clock
// started, as those of a record were made by its decoder: what it takes to choose a group
// is in none of the figures, and no key has only just been stored.
type observations struct {
	keys []byte
	long bool
}

func (o *observations) len() int { return len(o.keys) / shortKey }

// at returns observation i: a short key, its text, if it has one, and its time.
func (o *observations) at(i int) (key, text []byte, nanos int64) {
	key = o.keys[i*shortKey : (i+1)*shortKey : (i+1)*shortKey]
	n := groupOf(key)
	if o.long {
		text = textOf(n)
	}
	return key, text, nanosOf(n, i)
}

func (g *group) add(nanos int64, groups *int) {
	if g.count++; g.count == 1 {
		g.first, g.last = nanos, nanos
		*groups++
		return
	}
	g.first, g.last = min(g.first, nanos), max(g.last, nanos)
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
