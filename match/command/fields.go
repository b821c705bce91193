package command

import (
	"slices"
	"strconv"
	"strings"

	"sluice/match/row"
	"sluice/match/rule"
)

// Rename gives columns other names, one pair after another. A column of the new name
// goes, also where there is none of the old name. Stars in a pair of names stand for
// the same text; such a pair passes over columns without a value.
type Rename struct {
	From, To []string
	// Wanted names fields that a pair with stars may rename: of an event, only what is
	// asked for is there.
	Wanted []string
}

// Fields keeps the named columns and those that begin with _, or with Remove all but
// the named ones.
type Fields struct {
	Names  []string // with stars
	Remove bool
}

// Table keeps the named columns, in that order; one that is not there is null.
type Table struct{ Names []string } // with stars

// Fill gives missing fields a value: those named, which are columns then, or without
// names every column but _time.
type Fill struct {
	Value string
	Names []string
}

func (c Rename) String() string {
	var b strings.Builder
	b.WriteString("rename")
	for i := range c.From {
		b.WriteString(" " + rule.QuoteName(c.From[i]) + " as " + rule.QuoteName(c.To[i]))
	}
	return b.String()
}

func (c Fields) String() string {
	if c.Remove {
		return "fields - " + rule.QuoteNames(c.Names)
	}
	return "fields " + rule.QuoteNames(c.Names)
}

func (c Table) String() string { return "table " + rule.QuoteNames(c.Names) }
func (c Fill) String() string {
	return "fillnull " + strconv.Quote(c.Value) + " in " + rule.QuoteNames(c.Names)
}

// Reads returns the names without stars, the new ones too: they lose what they held.
func (c Rename) Reads() []string { return slices.Concat(plain(c.From), plain(c.To), c.Wanted) }

// Want returns c with Wanted set for rows of which the given names are read behind it.
func (c Rename) Want(names []string) Rename {
	c.Wanted = nil
	for i, to := range c.To {
		if !wild(to) {
			continue
		}
		g := newGlob(to)
		for _, name := range names {
			if stars, ok := g.match(name); ok {
				c.Wanted = with(c.Wanted, fill(c.From[i], stars))
			}
		}
	}
	return c
}

// Reads returns nothing: the fields are only kept.
func (c Fields) Reads() []string { return nil }

// Reads returns the names without stars.
func (c Table) Reads() []string { return plain(c.Names) }

// Reads returns the names.
func (c Fill) Reads() []string { return c.Names }

// Columns renames columns.
func (c Rename) Columns(in []string, all bool) ([]string, bool) {
	t := row.Table{Columns: slices.Clone(in)}
	c.Run(nil, &t)
	return t.Columns, all
}

// Columns keeps columns.
func (c Fields) Columns(in []string, all bool) ([]string, bool) {
	if !all && !c.Remove {
		return with(c.keep(in), plain(c.Names)...), !slices.ContainsFunc(c.Names, wild)
	}
	return c.keep(in), all
}

// Columns is what the table has.
func (c Table) Columns(in []string, all bool) ([]string, bool) {
	return expand(c.Names, in), all || !slices.ContainsFunc(c.Names, wild)
}

// Columns adds the names.
func (c Fill) Columns(in []string, all bool) ([]string, bool) { return with(in, c.Names...), all }

// Run renames columns.
func (c Rename) Run(_ *Env, t *row.Table) {
	for i, from := range c.From {
		if !wild(from) {
			renameOne(t, from, c.To[i])
			continue
		}
		g := newGlob(from)
		// Those that are there before the first is renamed. A star begins no internal name.
		names := slices.DeleteFunc(slices.Clone(t.Columns), func(name string) bool {
			return len(t.Rows) > 0 && !hasValue(t, t.Index(name)) || strings.HasPrefix(name, "_") && strings.HasPrefix(from, "*")
		})
		for _, name := range names {
			if stars, ok := g.match(name); ok {
				renameOne(t, name, fill(c.To[i], stars))
			}
		}
	}
}

func hasValue(t *row.Table, i int) bool {
	return slices.ContainsFunc(t.Rows, func(r []row.Value) bool { return !row.Get(r, i).IsNull() })
}

func renameOne(t *row.Table, from, to string) {
	i, k := t.Index(from), t.Index(to)
	switch {
	case from == to:
	case i < 0 && k >= 0:
		for n := range t.Rows {
			t.Set(n, k, row.Value{})
		}
	case i >= 0:
		t.Columns[i] = to
		if k >= 0 {
			drop(t, k)
		}
	}
}

// drop takes out column k.
func drop(t *row.Table, k int) {
	t.Columns = slices.Delete(t.Columns, k, k+1)
	for n, r := range t.Rows {
		if k < len(r) {
			t.Rows[n] = slices.Delete(r, k, k+1)
		}
	}
}

// keep returns the columns that remain, in the order of the names.
func (c Fields) keep(columns []string) []string {
	named := expand(c.Names, columns)
	if c.Remove {
		return slices.DeleteFunc(slices.Clone(columns), func(n string) bool { return slices.Contains(named, n) })
	}
	var out []string
	for _, n := range columns {
		if strings.HasPrefix(n, "_") && !slices.Contains(named, n) {
			out = append(out, n)
		}
	}
	for _, n := range named {
		if slices.Contains(columns, n) {
			out = append(out, n)
		}
	}
	return out
}

// Run takes out columns.
func (c Fields) Run(_ *Env, t *row.Table) { selectNamed(t, c.keep(t.Columns)) }

// Run takes out columns and orders the others.
func (c Table) Run(_ *Env, t *row.Table) { selectNamed(t, expand(c.Names, t.Columns)) }

func selectNamed(t *row.Table, names []string) {
	places := make([]int, len(names))
	for i, n := range names {
		places[i] = t.Index(n)
	}
	t.Select(places, names)
}

// Run fills.
func (c Fill) Run(_ *Env, t *row.Table) {
	names := c.Names
	if names == nil {
		names = slices.DeleteFunc(slices.Clone(t.Columns), func(n string) bool { return n == "_time" })
	}
	for _, name := range names {
		i := t.Need(name)
		for n, r := range t.Rows {
			if row.Get(r, i).IsNull() {
				t.Set(n, i, row.OfText(c.Value))
			}
		}
	}
}
