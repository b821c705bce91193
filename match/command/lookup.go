package command

import (
	"fmt"
	"slices"
	"strings"

	"sluice/match/lookup"
	"sluice/match/row"
	"sluice/match/rule"
)

// Lookup sets fields to what a table has in the rows that match fields. Where none
// matches, the fields stay as they are, unless the table has a default.
type Lookup struct {
	table *lookup.Table
	index *lookup.Index
	in    []LookupField
	out   []LookupField
	isNew bool
}

// LookupField is a column of the table and the field that goes with it.
type LookupField struct{ Column, Field string }

// NewLookup returns a lookup of a table that has the columns. isNew sets only fields
// that have no value (OUTPUTNEW).
func NewLookup(t *lookup.Table, in, out []LookupField, isNew bool) Lookup {
	var names []string
	for _, f := range in {
		names = append(names, f.Column)
	}
	return Lookup{t, t.Index(names), in, out, isNew}
}

// Table returns the table.
func (c Lookup) Table() *lookup.Table { return c.table }

// Pairs returns the columns and fields that are searched by and those that are set. The
// caller must not change them.
func (c Lookup) Pairs() (in, out []LookupField) { return c.in, c.out }

func (c Lookup) String() string {
	var b strings.Builder
	b.WriteString("lookup " + rule.QuoteName(c.table.Name))
	pair := func(f LookupField) { fmt.Fprintf(&b, " (%s %s)", rule.QuoteName(f.Column), rule.QuoteName(f.Field)) }
	for _, f := range c.in {
		pair(f)
	}
	b.WriteString([]string{" output", " outputnew"}[toInt(c.isNew)])
	for _, f := range c.out {
		pair(f)
	}
	return b.String()
}

// Reads returns all fields: those that are set keep their value where nothing matches.
func (c Lookup) Reads() (names []string) {
	for _, f := range slices.Concat(c.in, c.out) {
		names = append(names, f.Field)
	}
	return names
}

// Columns adds the fields that are set.
func (c Lookup) Columns(in []string, all bool) ([]string, bool) {
	for _, f := range c.out {
		in = with(in, f.Field)
	}
	return in, all
}

// Run looks up.
func (c Lookup) Run(_ *Env, t *row.Table) {
	from := make([]int, len(c.in))
	for i, f := range c.in {
		from[i] = t.Index(f.Field)
	}
	columns, to := make([]int, len(c.out)), make([]int, len(c.out))
	for i, f := range c.out {
		columns[i], to[i] = slices.Index(c.table.Columns, f.Column), t.Need(f.Field)
	}
	for n, r := range t.Rows {
		found := make([][]string, len(c.out))
		c.find(r, from, func(cells []string) {
			for i, k := range columns {
				if k >= 0 && cells[k] != "" && len(found[i]) < maxFound {
					found[i] = append(found[i], cells[k])
				}
			}
		}, func(text string) {
			for i := range found {
				found[i] = append(found[i], text)
			}
		})
		for i, texts := range found {
			if len(texts) > 0 && (!c.isNew || row.Get(r, to[i]).IsNull()) {
				t.Set(n, to[i], row.OfTexts(texts))
			}
		}
	}
}

// find calls emit for the rows of the table that match, for each value of several, and
// fallback for the table's default. A missing field matches nothing.
func (c Lookup) find(r []row.Value, from []int, emit func([]string), fallback func(string)) {
	values := make([]string, len(from))
	tried := 0
	var try func(i int)
	try = func(i int) {
		if i < len(from) {
			for _, text := range row.Get(r, from[i]).Texts() {
				values[i] = text
				if try(i + 1); tried >= maxTries {
					return
				}
			}
			return
		}
		tried++
		if text, ok := c.table.Fallback(c.index.Find(values, emit)); ok {
			fallback(text)
		}
	}
	try(0)
}

// maxTries bounds the combinations of values that are looked up for one row.
const maxTries = 100
