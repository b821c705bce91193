package command

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/match/expr"
	"sluice/match/row"
	"sluice/match/rule"
)

// Dedup keeps the first N rows of each combination of values; rows without one of the
// fields go.
type Dedup struct {
	same
	N      int
	Fields []string
}

// Sort orders rows by keys; equal rows keep their order. Without a limit all stay.
type Sort struct {
	same
	Keys  []SortKey
	Limit int // 0 means none
}

// SortKey is a field to sort by.
type SortKey struct {
	Field      string
	Descending bool
	As         SortAs
}

// SortAs says how values are compared.
type SortAs uint8

// Auto compares numbers as numbers, before texts, and texts by bytes; Str compares
// texts, Num numbers, IP addresses, each before what is none.
const (
	Auto SortAs = iota
	Str
	Num
	IP
)

func (a SortAs) String() string { return [...]string{"auto", "str", "num", "ip"}[a] }

// Head keeps the first N rows or, from the end, the last ones.
type Head struct {
	same
	N       int
	FromEnd bool
}

// Reverse turns the order of rows around.
type Reverse struct{ same }

// MvExpand makes a row for each value of a field, up to Limit for each row.
type MvExpand struct {
	same
	Field string
	Limit int // 0 means none
}

// MakeMv splits a field at a text.
type MakeMv struct {
	same
	Field, Delim string
}

func (c Dedup) String() string { return fmt.Sprintf("dedup %d %s", c.N, rule.QuoteNames(c.Fields)) }

func (c Sort) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "sort %d", c.Limit)
	for _, k := range c.Keys {
		fmt.Fprintf(&b, " (%s %s %c)", rule.QuoteName(k.Field), k.As, "+-"[toInt(k.Descending)])
	}
	return b.String()
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c Head) String() string {
	if c.FromEnd {
		return fmt.Sprintf("tail %d", c.N)
	}
	return fmt.Sprintf("head %d", c.N)
}

func (Reverse) String() string { return "reverse" }
func (c MvExpand) String() string {
	return fmt.Sprintf("mvexpand %s %d", rule.QuoteName(c.Field), c.Limit)
}
func (c MakeMv) String() string { return fmt.Sprintf("makemv %s %q", rule.QuoteName(c.Field), c.Delim) }

// Reads returns the fields.
func (c Dedup) Reads() []string { return c.Fields }

// Reads returns the keys' fields.
func (c Sort) Reads() (names []string) {
	for _, k := range c.Keys {
		names = append(names, k.Field)
	}
	return names
}

// Reads returns nothing.
func (Head) Reads() []string { return nil }

// Reads returns nothing.
func (Reverse) Reads() []string { return nil }

// Reads returns the field.
func (c MvExpand) Reads() []string { return []string{c.Field} }

// Reads returns the field.
func (c MakeMv) Reads() []string { return []string{c.Field} }

// Run keeps the first rows.
func (c Dedup) Run(_ *Env, t *row.Table) {
	seen := map[string]int{}
	places := make([]int, len(c.Fields))
	for i, f := range c.Fields {
		places[i] = t.Index(f)
	}
	t.Keep(func(r []row.Value) bool {
		key, missing := keyOf(r, places)
		if missing {
			return false
		}
		seen[key]++
		return seen[key] <= c.N
	})
}

// keyOf returns the same text for rows with the same values at the places, and tells
// whether one is missing.
func keyOf(r []row.Value, places []int) (key string, missing bool) {
	var b []byte
	for _, i := range places {
		v := row.Get(r, i)
		missing = missing || v.IsNull()
		b = fmt.Appendf(b, "%d", v.Len())
		for _, text := range v.Texts() {
			b = fmt.Appendf(b, ";%d:%s", len(text), text)
		}
	}
	return string(b), missing
}

// Run sorts.
func (c Sort) Run(_ *Env, t *row.Table) {
	places := make([]int, len(c.Keys))
	for i, k := range c.Keys {
		places[i] = t.Index(k.Field)
	}
	slices.SortStableFunc(t.Rows, func(a, b []row.Value) int {
		for i, k := range c.Keys {
			if o := k.compare(row.Get(a, places[i]), row.Get(b, places[i])); o != 0 {
				return o
			}
		}
		return 0
	})
	if c.Limit > 0 && len(t.Rows) > c.Limit {
		t.Rows = t.Rows[:c.Limit]
	}
}

// compare orders values; null is last both ways.
func (k SortKey) compare(a, b row.Value) int {
	if a.IsNull() || b.IsNull() {
		return cmp.Compare(toInt(a.IsNull()), toInt(b.IsNull()))
	}
	o := 0
	switch k.As {
	case Str:
		o = strings.Compare(a.String(), b.String())
	case IP:
		o = strings.Compare(expr.AddressKey(a.String()), expr.AddressKey(b.String()))
	default:
		o = expr.Order(a.At(0), b.At(0))
	}
	if k.Descending {
		return -o
	}
	return o
}

// Run cuts.
func (c Head) Run(_ *Env, t *row.Table) {
	switch {
	case len(t.Rows) <= c.N:
	case c.FromEnd:
		t.Rows = t.Rows[len(t.Rows)-c.N:]
		slices.Reverse(t.Rows) // as Splunk's tail does
	default:
		t.Rows = t.Rows[:c.N]
	}
}

// Run reverses.
func (Reverse) Run(_ *Env, t *row.Table) { slices.Reverse(t.Rows) }

// Run multiplies rows.
func (c MvExpand) Run(env *Env, t *row.Table) {
	i := t.Index(c.Field)
	if i < 0 {
		return
	}
	var out [][]row.Value
	for _, r := range t.Rows {
		v := row.Get(r, i)
		n := v.Len()
		if c.Limit > 0 {
			n = min(n, c.Limit)
		}
		if n <= 1 {
			if n == 1 {
				r[i] = v.At(0)
			}
			out = append(out, r)
			continue
		}
		for k := range n {
			if len(out) >= env.maxRows() {
				env.Cut += int64(n - k)
				break
			}
			one := slices.Clone(r)
			one[i] = v.At(k)
			out = append(out, one)
		}
	}
	t.Rows = out
}

// Run splits.
func (c MakeMv) Run(_ *Env, t *row.Table) {
	i := t.Index(c.Field)
	for n, r := range t.Rows {
		if v := row.Get(r, i); !v.IsNull() {
			parts := slices.DeleteFunc(strings.SplitN(v.String(), c.Delim, maxFound), func(s string) bool { return s == "" })
			t.Set(n, i, row.OfTexts(parts))
		}
	}
}
