package main

import (
	"bytes"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"

	"sluice/agg"
)

var designs = []design{
	{"agg", 2, func(l load) store { return &shared{s: agg.NewShared(0, 1), keys: l.keys} }},
	{"atomic slots", 2, func(l load) store { return newSlots(l.keys) }},
	{"xsync.Map", 2, func(load) store { return xsyncMap{xsync.NewMap[string, *cells]()} }},
	{"sync.Map", 2, func(load) store { return &syncMap{} }},
	{"plain map", 1, func(load) store { return plainMap{} }},
}

// shared is what ships.
type shared struct {
	s    *agg.Shared
	keys int
}

func (s *shared) observe(o observations) {
	d := s.s.Take()
	h := agg.Hit{Window: agg.NoWindow, Timed: true}
	var values [2][]byte
	h.Key = values[:1]
	for i := range o.len() {
		key, text, nanos := o.at(i)
		if text != nil {
			values[1], h.Key = text, values[:2]
		}
		values[0], h.Nanos = key, nanos
		d.Observe(&h)
		if s.s.Full(d) {
			s.s.Give(d)
			d = s.s.Take()
		}
	}
	s.s.Give(d)
}

func (s *shared) each(f func([]byte, group)) {
	snap := s.s.Snapshot()
	snap.Each(func(r *agg.Row) bool {
		f(r.Key[0], group{r.Count, r.First, r.Last})
		return true
	})
}

// cells is a group that several threads write to. Its three numbers are not of one
// moment: these designs cannot show a row while it is written to.
type cells struct{ count, first, last atomic.Int64 }

func newCells(nanos int64) *cells {
	c := &cells{}
	c.first.Store(nanos)
	c.last.Store(nanos)
	return c
}

func (c *cells) add(nanos int64) {
	c.count.Add(1)
	for v := c.first.Load(); nanos < v && !c.first.CompareAndSwap(v, nanos); v = c.first.Load() {
	}
	for v := c.last.Load(); nanos > v && !c.last.CompareAndSwap(v, nanos); v = c.last.Load() {
	}
}

func (c *cells) group() group { return group{c.count.Load(), c.first.Load(), c.last.Load()} }

// join is a key as the maps take it.
func join(buf, key, text []byte) []byte { return append(append(buf[:0], key...), text...) }

type syncMap struct{ m sync.Map }

func (s *syncMap) observe(o observations) {
	var buf []byte
	for i := range o.len() {
		key, text, nanos := o.at(i)
		buf = join(buf, key, text)
		v, ok := s.m.Load(string(buf))
		if !ok {
			v, _ = s.m.LoadOrStore(string(buf), newCells(nanos))
		}
		v.(*cells).add(nanos)
	}
}

func (s *syncMap) each(f func([]byte, group)) {
	s.m.Range(func(k, v any) bool {
		f([]byte(k.(string)), v.(*cells).group())
		return true
	})
}

type xsyncMap struct{ m *xsync.Map[string, *cells] }

func (s xsyncMap) observe(o observations) {
	var buf []byte
	for i := range o.len() {
		key, text, nanos := o.at(i)
		buf = join(buf, key, text)
		v, ok := s.m.Load(string(buf))
		if !ok {
			v, _ = s.m.LoadOrStore(string(buf), newCells(nanos))
		}
		v.add(nanos)
	}
}

func (s xsyncMap) each(f func([]byte, group)) {
	for k, v := range s.m.All() {
		f([]byte(k), v.group())
	}
}

type plainMap map[string]*group

func (m plainMap) observe(o observations) {
	var buf []byte
	groups := 0
	for i := range o.len() {
		key, text, nanos := o.at(i)
		buf = join(buf, key, text)
		g := m[string(buf)]
		if g == nil {
			g = &group{}
			m[string(buf)] = g
		}
		g.add(nanos, &groups)
	}
}

func (m plainMap) each(f func([]byte, group)) {
	for k, g := range m {
		f([]byte(k), *g)
	}
}

// slots is a table of open addressing: who finds a free slot takes it by setting the
// pointer to its key, then all add to its numbers. It is made as large as it has to be,
// since nobody may write to it while it grows: that is in its favour.
type slots struct {
	seed maphash.Seed
	mask uint64
	all  []atomicSlot
}

type atomicSlot struct {
	key  atomic.Pointer[slotKey]
	cell cells
}

type slotKey struct {
	hash uint64
	text []byte
}

func newSlots(keys int) *slots {
	size := 16
	for size*7/10 < keys {
		size *= 2
	}
	s := &slots{seed: maphash.MakeSeed(), mask: uint64(size - 1), all: make([]atomicSlot, size)}
	for i := range s.all {
		s.all[i].cell.first.Store(math.MaxInt64)
		s.all[i].cell.last.Store(math.MinInt64)
	}
	return s
}

func (s *slots) observe(o observations) {
	var buf []byte
	for i := range o.len() {
		key, text, nanos := o.at(i)
		buf = join(buf, key, text)
		s.find(buf).add(nanos)
	}
}

func (s *slots) find(key []byte) *cells {
	hash := maphash.Bytes(s.seed, key)
	var fresh *slotKey
	for i := hash & s.mask; ; i = (i + 1) & s.mask {
		slot := &s.all[i]
		k := slot.key.Load()
		if k == nil {
			if fresh == nil {
				fresh = &slotKey{hash, bytes.Clone(key)}
			}
			if !slot.key.CompareAndSwap(nil, fresh) {
				k = slot.key.Load()
			} else {
				k = fresh
			}
		}
		if k.hash == hash && bytes.Equal(k.text, key) {
			return &slot.cell
		}
	}
}

func (s *slots) each(f func([]byte, group)) {
	for i := range s.all {
		if k := s.all[i].key.Load(); k != nil {
			f(k.text, s.all[i].cell.group())
		}
	}
}
