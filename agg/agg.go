// Package agg keeps count, first and last time and other statistics per detection
// and group key: any split of the hits over tables, merged in any order, equals one
// plain computation over all of them.
//
// Each worker fills a Table of its own, so there is nothing to lock; the tables
// are merged when the rows are read.
package agg

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// Table counts hits per group. It is for one goroutine.
type Table struct {
	groups map[string]*Row
	key    []byte // scratch
	bytes  int    // of all keys
}

// Row is one group.
type Row struct {
	Rule  int
	Key   [][]byte // values of the BY fields; nil means missing
	Count int64
	// First and Last are the least and the greatest time in Unix nanoseconds of
	// the hits that have one; Timed tells whether any has.
	First, Last int64
	Timed       bool
	// Stats are the other statistics, in the order in which Observe named them.
	Stats []Stat
	funcs []Func
}

// New returns an empty Table.
func New() *Table { return &Table{groups: map[string]*Row{}} }

// Observe counts one hit. key is copied when it is new.
func (t *Table) Observe(rule int, key [][]byte, nanos int64, timed bool) {
	hit := Row{Rule: rule, Key: key, Count: 1, First: nanos, Last: nanos, Timed: timed}
	t.add(&hit)
}

// ObserveStats counts one hit whose values have statistics: samples[i] are those of
// funcs[i], which is the same for all hits of a rule and is kept.
func (t *Table) ObserveStats(rule int, key [][]byte, nanos int64, timed bool, funcs []Func, samples [][]Sample) {
	hit := Row{Rule: rule, Key: key, Count: 1, First: nanos, Last: nanos, Timed: timed}
	g := t.add(&hit)
	if g.Stats == nil {
		g.Stats, g.funcs = make([]Stat, len(funcs)), funcs
	}
	for i, f := range funcs {
		for _, v := range samples[i] {
			g.Stats[i].Add(f, v)
		}
	}
}

// Merge adds the rows of o. o stays as it is.
func (t *Table) Merge(o *Table) {
	for _, r := range o.groups {
		if r.Count > 0 {
			t.add(r).merge(r)
		}
	}
}

func (r *Row) merge(o *Row) {
	if r.Stats == nil && o.Stats != nil {
		r.Stats, r.funcs = make([]Stat, len(o.Stats)), o.funcs
	}
	for i := range o.Stats {
		r.Stats[i].Merge(o.funcs[i], &o.Stats[i])
	}
}

// keptBytes is up to how much text of keys Reset keeps.
const keptBytes = 2 << 20

// Reset forgets all hits. It keeps the keys of a small table, of which one may be
// a script of 64 KiB: the next hits are often of the same groups.
func (t *Table) Reset() {
	if t.bytes > keptBytes {
		*t = *New()
		return
	}
	for _, r := range t.groups {
		r.Count, r.First, r.Last, r.Timed, r.Stats = 0, 0, 0, false, nil
	}
}

func (t *Table) add(r *Row) *Row {
	t.key = appendKey(t.key[:0], r.Rule, r.Key)
	g := t.groups[string(t.key)]
	if g == nil {
		g = &Row{Rule: r.Rule, Key: make([][]byte, len(r.Key))}
		for i, v := range r.Key {
			g.Key[i] = bytes.Clone(v)
		}
		t.groups[string(t.key)] = g
		t.bytes += len(t.key)
	}
	g.Count += r.Count
	switch {
	case !r.Timed:
	case !g.Timed:
		g.First, g.Last, g.Timed = r.First, r.Last, true
	default:
		g.First, g.Last = min(g.First, r.First), max(g.Last, r.Last)
	}
	return g
}

// appendKey writes rule and values so that no two keys give the same bytes:
// each value behind its length plus one, a missing one as 0.
func appendKey(dst []byte, rule int, key [][]byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(rule))
	for _, v := range key {
		if v == nil {
			dst = append(dst, 0)
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(len(v))+1)
		dst = append(dst, v...)
	}
	return dst
}

// Rows returns the groups by rule, then by key: a missing value first, others
// by their bytes. The rows belong to the table.
func (t *Table) Rows() []*Row {
	rows := make([]*Row, 0, len(t.groups))
	for _, r := range t.groups {
		if r.Count > 0 {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b *Row) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), slices.CompareFunc(a.Key, b.Key, compareValue))
	})
	return rows
}

func compareValue(a, b []byte) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return bytes.Compare(a, b)
}
