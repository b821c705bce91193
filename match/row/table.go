package row

import "slices"

// Table is rows under common columns. A row may be shorter than Columns: what it
// lacks is null.
type Table struct {
	Columns []string
	Rows    [][]Value
}

// Index returns the place of a column, or -1.
func (t *Table) Index(name string) int { return slices.Index(t.Columns, name) }

// Need returns the place of a column, which it adds behind the others if there is
// none of that name.
func (t *Table) Need(name string) int {
	if i := t.Index(name); i >= 0 {
		return i
	}
	t.Columns = append(t.Columns, name)
	return len(t.Columns) - 1
}

// Get returns what stands in column i of a row; -1 gives null.
func Get(r []Value, i int) Value {
	if i < 0 || i >= len(r) {
		return Value{}
	}
	return r[i]
}

// Set puts v in column i of row n.
func (t *Table) Set(n, i int, v Value) {
	r := t.Rows[n]
	for len(r) <= i {
		r = append(r, Value{})
	}
	r[i] = v
	t.Rows[n] = r
}

// Keep leaves only the rows that f accepts.
func (t *Table) Keep(f func(r []Value) bool) {
	kept := t.Rows[:0]
	for _, r := range t.Rows {
		if f(r) {
			kept = append(kept, r)
		}
	}
	clear(t.Rows[len(kept):])
	t.Rows = kept
}

// Select leaves only the columns at the given places, in that order; -1 is a column
// of nulls, whose name is that of names.
func (t *Table) Select(places []int, names []string) {
	for n, r := range t.Rows {
		out := make([]Value, len(places))
		for k, i := range places {
			out[k] = Get(r, i)
		}
		t.Rows[n] = out
	}
	t.Columns = slices.Clone(names)
}

// Named is one row with the names of its columns, as it is printed.
type Named struct {
	Rule    int      // index of the rule that it is of
	Columns []string // shared by the rows of the rule
	Values  []Value  // as long as Columns
	Span    Span
	Follow  Follow
	// Overflow marks the row of those events of a rule for whose groups there was no
	// room; see agg.Row.
	Overflow bool
}

// Follow says of a row of a run that follows its inputs which one it is, and whether it
// will change any more. The zero value is that of a run that ends.
type Follow struct {
	ID    string // of detection, window and group: the same in every run
	Final bool   // the window is closed
}

// Span is the window whose events a row comes from. The zero value is that of a run
// without windows.
type Span struct {
	Windowed   bool  // the run has windows
	Timed      bool  // the row has one, which is what follows: its events have times
	Start, End int64 // Unix nanoseconds; End is behind it
	Ran        int64 // when the scheduled search of the window runs
	Late       bool  // of events that came when the window was closed
}

// Get returns the value of a column; one that is not there is null.
func (n Named) Get(name string) Value { return Get(n.Values, slices.Index(n.Columns, name)) }

// NamedRows returns the rows of the table as those of a rule.
func (t *Table) NamedRows(rule int) []Named {
	out := make([]Named, len(t.Rows))
	for i, r := range t.Rows {
		for len(r) < len(t.Columns) {
			r = append(r, Value{})
		}
		out[i] = Named{Rule: rule, Columns: t.Columns, Values: r[:len(t.Columns)]}
	}
	return out
}
