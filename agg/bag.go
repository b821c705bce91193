package agg

import (
	"maps"
	"slices"
)

// bag counts texts. It keeps those that come first by bytes: as many as a limit
// allows, and no more than bagBytes of them, but always one. Which ones that are
// depends on the set of all texts alone and not on the order in which they came: a
// text behind one that was left out is left out, too.
type bag struct {
	n     map[string]int64
	bytes int
	cut   string // the least text that was left out
	full  bool   // whether there is one
	// closed says that there is no room for texts that are new, lost that some came.
	closed, lost bool
}

const (
	// maxDistinct is how many distinct values a column of values() or dc() keeps.
	maxDistinct = 10_000
	// maxList is how many values list() keeps (limits.conf, list_maxsize).
	maxList = 100
	// bagBytes bounds the text of one column of one group.
	bagBytes = 4 << 20
)

func (b *bag) add(text string, n int64, limit int) {
	if b.full && text >= b.cut {
		return
	}
	if _, known := b.n[text]; !known {
		if b.closed {
			b.lost = true
			return
		}
		b.bytes += len(text)
	}
	if b.n == nil {
		b.n = map[string]int64{}
	}
	b.n[text] += n
	if len(b.n) >= 2*limit || b.bytes >= 2*bagBytes {
		b.trim(limit)
	}
}

// trim leaves out what is too much.
func (b *bag) trim(limit int) {
	if len(b.n) <= limit && b.bytes <= bagBytes {
		return
	}
	texts := slices.Sorted(maps.Keys(b.n))
	size := 0
	for i, t := range texts {
		size += len(t)
		if i > 0 && (i >= limit || size > bagBytes) {
			b.cut, b.full = t, true
			for _, t := range texts[i:] {
				delete(b.n, t)
				b.bytes -= len(t)
			}
			return
		}
	}
}

func (b *bag) merge(o *bag, limit int) {
	if o.full && (!b.full || o.cut < b.cut) {
		b.cut, b.full = o.cut, true
		for t := range b.n {
			if t >= b.cut {
				delete(b.n, t)
				b.bytes -= len(t)
			}
		}
	}
	b.lost = b.lost || o.lost
	for t, n := range o.n {
		b.add(t, n, limit)
	}
}

// sorted returns the texts in order.
func (b *bag) sorted(limit int) []string {
	b.trim(limit)
	return slices.Sorted(maps.Keys(b.n))
}
