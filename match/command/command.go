// Package command has the commands of searches over rows of named values: what stands
// behind the base search. Engine and reference share it; its own tests say what each
// command does, and docs/detections.md has them as a table.
package command

import (
	"slices"
	"strings"

	"sluice/match/expr"
	"sluice/match/row"
	"sluice/match/rule"
)

// Command is a step over a table of rows. It is immutable and safe for concurrent use.
type Command interface {
	rule.Command
	Run(env *Env, t *row.Table)
}

// Env is what commands know besides their rows.
type Env struct {
	expr.Env
	// DropNulls leaves out of a stats command rows in which a BY field is null.
	DropNulls bool
	// MaxRows bounds the rows of a table that commands multiply; 0 means a million.
	MaxRows int
	// Cut counts the rows that were left out for that, and the groups whose values() or
	// the like lost values.
	Cut int64
}

func (e *Env) maxRows() int {
	if e.MaxRows == 0 {
		return 1_000_000
	}
	return e.MaxRows
}

// Run runs commands, which are all of this package, one after another.
func Run(env *Env, commands []rule.Command, t *row.Table) {
	for _, c := range commands {
		c.(Command).Run(env, t)
	}
}

// PerEvent reports whether a command can run on each event by itself: it looks at no
// other row.
func PerEvent(c rule.Command) bool {
	switch c.(type) {
	case Dedup, Sort, Head, Reverse, Stats, EventStats:
		return false
	}
	return true
}

// PerRow reports whether a command can run on a few rows of a table at a time, as they
// come, and leaves what it would have left of all at once: neither what it makes of a row
// nor which columns there are behind it depends on another row. So spath and xmlkv, whose
// columns are those that some row has a value for, are not; nor is a rename with stars,
// which passes over columns without a value.
func PerRow(c rule.Command) bool {
	switch c := c.(type) {
	case Rename:
		return !slices.ContainsFunc(c.From, wild)
	case AddTotals, Bin, Convert, Eval, Fields, Fill, Lookup, MakeMv, MvExpand, Regex, Replace, Rex, Search, Sed, Table, Where:
		return true
	}
	return false
}

func wild(name string) bool { return strings.Contains(name, "*") }

// with returns columns and name, behind the others if it is new.
func with(columns []string, names ...string) []string {
	columns = slices.Clone(columns)
	for _, n := range names {
		if !slices.Contains(columns, n) {
			columns = append(columns, n)
		}
	}
	return columns
}

// same is embedded by commands that leave the columns as they are.
type same struct{}

// Columns returns in.
func (same) Columns(in []string, all bool) ([]string, bool) { return in, all }

// glob matches a name with stars, case and all.
type glob struct{ parts []string }

func newGlob(pattern string) glob { return glob{strings.Split(pattern, "*")} }

// match returns what the stars stand for.
func (g glob) match(name string) (stars []string, ok bool) {
	first, last := g.parts[0], g.parts[len(g.parts)-1]
	if len(g.parts) == 1 {
		return nil, name == first
	}
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return nil, false
	}
	rest := name[len(first) : len(name)-len(last)]
	for _, p := range g.parts[1 : len(g.parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return nil, false
		}
		stars = append(stars, rest[:i])
		rest = rest[i+len(p):]
	}
	return append(stars, rest), true
}

// fill puts stars in the places of those of pattern.
func fill(pattern string, stars []string) string {
	for _, s := range stars {
		pattern = strings.Replace(pattern, "*", s, 1)
	}
	return pattern
}

// expand returns the columns that the patterns name, each once, in the order of the
// patterns. A name without a star is itself, whether or not there is such a column.
func expand(patterns, columns []string) (names []string) {
	for _, p := range patterns {
		if !wild(p) {
			names = with(names, p)
			continue
		}
		g := newGlob(p)
		for _, c := range columns {
			if _, ok := g.match(c); ok {
				names = with(names, c)
			}
		}
	}
	return names
}

// plain returns the patterns without a star: the fields that are read by name.
func plain(patterns []string) (names []string) {
	for _, p := range patterns {
		if !wild(p) {
			names = append(names, p)
		}
	}
	return names
}
