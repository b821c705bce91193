package agg

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"math"
	"slices"
)

// Rows returns the groups in the order of Each. They are not to be written to, and
// valid until the next use of the table.
func (t *Table) Rows() []*Row {
	t.settle()
	rows := make([]*Row, 0, t.groups)
	t.Each(func(r *Row) bool {
		one := *r
		one.Key = slices.Clone(r.Key)
		rows = append(rows, &one)
		return true
	})
	return rows
}

// Each calls f for the groups until it returns false: by rule, window, late ones behind
// others, then by key: a missing value first, others by their bytes; the overflow row
// of a rule comes behind its others. The row is valid during the call. It is all the
// memory that this takes beside Bytes.
func (t *Table) Each(f func(*Row) bool) {
	t.settle()
	var row Row
	rules := slices.Sorted(maps.Keys(t.over))
	overflows := func(until int) bool {
		for len(rules) > 0 && rules[0] < until {
			row = *t.over[rules[0]]
			rules = rules[1:]
			if !f(&row) {
				return false
			}
		}
		return true
	}
	for _, s := range t.sections() {
		if !overflows(s.rule) {
			return
		}
		row = Row{}
		t.sort(s.rows)
		for _, o := range s.rows {
			p, e := t.of(o)
			t.row(&row, p, e)
			if !f(&row) {
				return
			}
		}
	}
	overflows(math.MaxInt)
}

// ordered is a group on its way into the order of rows.
type ordered struct {
	prefix uint64 // bytes that tell it from the others of its section, if they differ
	place  uint64 // the number of its part above its ref
}

// section is the groups of a rule, window and Late.
type section struct {
	head
	rows []ordered
}

type head struct {
	rule   int
	window int64
	late   bool
}

func (t *Table) of(o ordered) (*part, *entry) {
	p := &t.parts[o.place>>refBits]
	return p, p.at(slot(o.place))
}

// sections returns the groups by their heads, in order.
func (t *Table) sections() []section {
	counts := map[head]int{}
	t.entries(func(_ uint64, _ *part, e *entry) {
		counts[headOf(e)]++
	})
	heads := slices.SortedFunc(maps.Keys(counts), func(a, b head) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.window, b.window), cmp.Compare(bit(a.late), bit(b.late)))
	})
	list := make([]section, len(heads))
	all := make([]ordered, t.groups)
	for i, h := range heads {
		n := counts[h]
		list[i] = section{head: h, rows: all[:0:n]}
		all = all[n:]
		counts[h] = i
	}
	t.entries(func(place uint64, _ *part, e *entry) {
		rows := &list[counts[headOf(e)]].rows
		*rows = append(*rows, ordered{place: place})
	})
	return list
}

// entries calls f for all groups; see ordered.
func (t *Table) entries(f func(place uint64, p *part, e *entry)) {
	for i := range t.parts {
		p := &t.parts[i]
		for c := p.cursor(); ; {
			ref, e := c.next()
			if e == nil {
				break
			}
			f(uint64(i)<<refBits|ref, p, e)
		}
	}
}

func headOf(e *entry) (h head) {
	h.rule, h.window, h.late, _ = header(e.key())
	return h
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sort orders rows of one section by their values. Most comparisons need eight bytes
// only: those behind what the values of the first field that is not the same everywhere
// have in common.
func (t *Table) sort(rows []ordered) {
	if len(rows) < 2 {
		return
	}
	skip, common := t.common(rows)
	for i := range rows {
		v, _ := t.values.next(t.valuesOf(rows[i], skip))
		rows[i].prefix = 0
		if v != nil {
			var b [8]byte
			copy(b[:], v[common:])
			rows[i].prefix = binary.BigEndian.Uint64(b[:])
		}
	}
	slices.SortFunc(rows, func(a, b ordered) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return t.compare(t.valuesOf(a, skip), t.valuesOf(b, skip))
	})
}

// common returns how many values at the front are the same in all rows, of which there
// are two at least, and how many bytes at the front of the next one. No two rows of a
// section are equal, so there is a next one, in the first row at least.
func (t *Table) common(rows []ordered) (skip, n int) {
	for {
		first, _ := t.values.next(t.valuesOf(rows[0], skip))
		n = len(first)
		same := true
		for _, r := range rows[1:] {
			b := t.valuesOf(r, skip)
			if len(b) == 0 {
				return skip, 0
			}
			v, _ := t.values.next(b)
			if (v == nil) != (first == nil) {
				return skip, 0
			}
			same = same && len(v) == len(first)
			n = min(n, len(v))
			for i := range n {
				if v[i] != first[i] {
					n, same = i, false
					break
				}
			}
		}
		if !same {
			return skip, n
		}
		if skip++; len(t.valuesOf(rows[0], skip)) == 0 {
			return skip, 0
		}
	}
}

// valuesOf returns the values of a group from number skip on.
func (t *Table) valuesOf(o ordered, skip int) []byte {
	_, e := t.of(o)
	_, _, _, b := header(e.key())
	for range skip {
		if len(b) == 0 {
			break
		}
		_, b = t.values.next(b)
	}
	return b
}

func (t *Table) compare(a, b []byte) int {
	for len(a) > 0 && len(b) > 0 {
		var v, w []byte
		v, a = t.values.next(a)
		w, b = t.values.next(b)
		if c := compareValue(v, w); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
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

// row makes r the row of a group; it uses the memory of r.Key again.
func (t *Table) row(r *Row, p *part, e *entry) {
	key := r.Key[:0]
	var b []byte
	*r = Row{Count: e.count}
	r.Rule, r.Window, r.Late, b = header(e.key())
	for len(b) > 0 {
		var v []byte
		v, b = t.values.next(b)
		key = append(key, v)
	}
	r.Key = key
	if e.first <= e.last {
		r.First, r.Last, r.Timed = e.first, e.last, true
	}
	if n := e.stats(); n > 0 {
		g := p.stats[n-1]
		r.Stats = g.stats
		if t.frozen { // reading a result may trim it
			r.Stats = g.copy()
		}
	}
}
