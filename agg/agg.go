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
	"math"
	"slices"
)

// Table counts hits per group. It is for one goroutine.
type Table struct {
	groups map[string]*Row
	key    []byte // scratch
	bytes  int    // of all keys
}

// NoWindow is the Window of groups whose rule counts all its hits together.
const NoWindow = math.MinInt64

// Row is one group.
type Row struct {
	Rule   int
	Window int64    // its start in Unix nanoseconds, or NoWindow
	Late   bool     // of hits that came when the window had been closed
	Key    [][]byte // values of the BY fields; nil means missing
	// Overflow marks the row of those hits of a rule for whose groups there was no
	// room, of any window. Its values are missing.
	Overflow bool
	Count    int64
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

// Hit is what is counted.
type Hit struct {
	Rule    int
	Window  int64 // see Row
	Key     [][]byte
	Nanos   int64 // if Timed
	Timed   bool
	Funcs   []Func     // the same for all hits of a rule; kept
	Samples [][]Sample // Samples[i] are those of Funcs[i]; their texts are kept
}

// Observe counts one hit. Its key is copied when it is new.
func (t *Table) Observe(h *Hit) {
	r := Row{Rule: h.Rule, Window: h.Window, Key: h.Key, Count: 1, First: h.Nanos, Last: h.Nanos, Timed: h.Timed}
	g := t.add(&r)
	if len(h.Funcs) == 0 {
		return
	}
	if g.Stats == nil {
		g.Stats, g.funcs = make([]Stat, len(h.Funcs)), h.Funcs
	}
	for i, f := range h.Funcs {
		for _, v := range h.Samples[i] {
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
	t.key = appendKey(t.key[:0], r)
	g := t.groups[string(t.key)]
	if g == nil {
		g = &Row{Rule: r.Rule, Window: r.Window, Late: r.Late, Overflow: r.Overflow, Key: make([][]byte, len(r.Key))}
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

// appendKey writes what tells the groups apart so that no two give the same bytes:
// each value behind its length plus one, a missing one as 0.
func appendKey(dst []byte, r *Row) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.Rule)<<2|uint64(bit(r.Overflow)<<1|bit(r.Late)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Window))
	for _, v := range r.Key {
		if v == nil {
			dst = append(dst, 0)
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(len(v))+1)
		dst = append(dst, v...)
	}
	return dst
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Rows returns the groups by rule, overflow rows behind others, window, late ones behind
// others, then by key: a missing value first, others by their bytes. The rows belong to
// the table.
func (t *Table) Rows() []*Row {
	rows := make([]*Row, 0, len(t.groups))
	for _, r := range t.groups {
		if r.Count > 0 {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b *Row) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(bit(a.Overflow), bit(b.Overflow)), cmp.Compare(a.Window, b.Window),
			cmp.Compare(bit(a.Late), bit(b.Late)), slices.CompareFunc(a.Key, b.Key, compareValue))
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
