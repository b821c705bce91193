package tailer

import (
	"math/bits"
	"path/filepath"
)

// maxHeads is how many marks stand in the first markerSize bytes.
var maxHeads = bits.Len(markerSize / firstMark)

// headsOf returns the marks in the first bytes of c, as far as it goes.
func headsOf(c contents) (heads []uint64) {
	var buf [markerSize]byte
	n, _ := c.ReadAt(buf[:], 0)
	for at := firstMark; at <= n; at *= 2 {
		heads = append(heads, hash(buf[:at]))
	}
	return heads
}

// heads returns the marks in the first bytes of what s reads, as far as they are
// known.
func (s *source) heads() []uint64 {
	if len(s.pos.Marks) > len(s.first) {
		return s.pos.Marks[:min(len(s.pos.Marks), maxHeads)]
	}
	return s.first
}

// relatives finds the sources that a candidate may have to do with, without
// comparing each with each: a folder may hold thousands of numbered files.
type relatives struct {
	all  map[string][]*source // of a family
	odd  map[string][]*source // those of which no mark tells
	any  map[head][]*source   // by each of their marks
	last map[head][]*source   // by the last of them
}

type head struct {
	family string
	n      int // which mark
	hash   uint64
}

// family is what the names of rotated files have in common with the name that they
// had before.
func family(path string) string {
	return filepath.Join(filepath.Dir(path), stem(filepath.Base(path)))
}

func newRelatives() *relatives {
	return &relatives{map[string][]*source{}, map[string][]*source{}, map[head][]*source{}, map[head][]*source{}}
}

func (r *relatives) add(s *source) {
	if s.final || s.pos.Skip {
		return
	}
	k, heads := family(s.path), s.heads()
	r.all[k] = append(r.all[k], s)
	if len(heads) == 0 || s.absent && !s.lost && !s.caught {
		r.odd[k] = append(r.odd[k], s)
		return
	}
	for i, h := range heads {
		r.any[head{k, i, h}] = append(r.any[head{k, i, h}], s)
	}
	i := len(heads) - 1
	r.last[head{k, i, heads[i]}] = append(r.last[head{k, i, heads[i]}], s)
}

// of returns the sources that may have read what c holds.
func (r *relatives) of(c *candidate) (found []*source) {
	k := family(c.path)
	if len(c.heads) == 0 {
		return r.all[k]
	}
	found = append(found, r.odd[k]...)
	for i, h := range c.heads[:len(c.heads)-1] {
		found = append(found, r.last[head{k, i, h}]...)
	}
	i := len(c.heads) - 1
	return append(found, r.any[head{k, i, c.heads[i]}]...)
}
