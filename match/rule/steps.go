package rule

import (
	"fmt"
	"slices"
)

// Command is a step of a search over rows. Package command has them; a rule only
// keeps and prints them.
type Command interface {
	fmt.Stringer
	// Reads returns the fields that the command reads by name.
	Reads() []string
	// Columns returns the columns of the rows behind the command, given those before
	// it. all is false if there may be others.
	Columns(in []string, all bool) (out []string, allOut bool)
}

// Func is an aggregate function.
type Func uint8

// The aggregate functions. Count without a field counts events, with a field its
// values. First is the newest value, Last the oldest.
const (
	Count Func = iota
	Min
	Max
	Range
	Sum
	SumSq
	Mean
	Stdev
	StdevP
	Var
	VarP
	Values
	List
	Distinct
	Mode
	First
	Last
	Earliest
	Latest
)

var funcNames = [...]string{
	"count", "min", "max", "range", "sum", "sumsq", "avg", "stdev", "stdevp", "var", "varp",
	"values", "list", "dc", "mode", "first", "last", "earliest", "latest",
}

func (f Func) String() string { return funcNames[f] }

// FuncNamed returns the function of a name in SPL.
func FuncNamed(name string) (Func, bool) {
	switch name {
	case "c":
		return Count, true
	case "mean":
		return Mean, true
	case "distinct_count":
		return Distinct, true
	}
	i := slices.Index(funcNames[:], name)
	return Func(max(i, 0)), i >= 0
}

// String prints the aggregate.
func (a Agg) String() string {
	field := a.Field
	if field != "" {
		field = QuoteName(field)
	}
	return a.Func.String() + "(" + field + ") as " + QuoteName(a.As)
}

// Plain reports whether the aggregate is one that every group has without a look at
// values: how many events, and the first and last time.
func (a Agg) Plain() bool {
	return a.Func == Count && a.Field == "" || a.Field == "_time" && (a.Func == Min || a.Func == Max)
}

// Plain reports whether an event needs no row: there are no commands before the
// grouping, and it reads nothing but BY fields and the time. Such rules count
// without allocating.
func (r *Rule) Plain() bool {
	return len(r.Before) == 0 && !slices.Contains(r.By, "_time") &&
		!slices.ContainsFunc(r.Aggs, func(a Agg) bool { return !a.Plain() })
}

// Inputs returns the fields that the commands before the grouping and the grouping
// read, each once: the columns that an event's row begins with. Which of them are the
// event's and which are written by a command before, the row tells: an event has no
// value under the name of the latter, or a value that is written over.
func (r *Rule) Inputs() []string {
	var names []string
	add := func(list ...string) {
		for _, name := range list {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, c := range r.Before {
		add(c.Reads()...)
	}
	add(r.By...)
	for _, a := range r.Aggs {
		add(a.Field)
	}
	return names
}

// Columns returns the names of the rows' columns in order. all is false if rows may
// have others, too.
func (r *Rule) Columns() (names []string, all bool) {
	names, all = slices.Clone(r.By), true
	for _, a := range r.Aggs {
		names = append(names, a.As)
	}
	for _, c := range r.After {
		names, all = c.Columns(names, all)
	}
	return names, all
}
