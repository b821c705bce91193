package command

import (
	"fmt"
	"regexp"
	"strconv"

	"sluice/match/expr"
	"sluice/match/row"
	"sluice/match/rule"
)

// Rex sets fields to what the named groups of an expression find in a field. Where it
// is not found, they stay as they are.
type Rex struct {
	Field string
	Re    *regexp.Regexp
	Max   int // matches in each value; 0 means all
}

// Regex keeps the rows in which an expression is found in a value of a field, or with
// Not those in which it is not.
type Regex struct {
	same
	Field string
	Re    *regexp.Regexp
	Not   bool
}

// Sed replaces what an expression finds in a field: the first match or all of them.
type Sed struct {
	same
	Field, With string // With in the form of expr.Template
	Re          *regexp.Regexp
	All         bool
}

func (c Rex) String() string {
	return fmt.Sprintf("rex %s %q max %d", rule.QuoteName(c.Field), c.Re.String(), c.Max)
}

func (c Regex) String() string {
	op := "="
	if c.Not {
		op = "!="
	}
	return "regex " + rule.QuoteName(c.Field) + " " + op + " " + strconv.Quote(c.Re.String())
}

func (c Sed) String() string {
	return fmt.Sprintf("sed %s %q %q all %t", rule.QuoteName(c.Field), c.Re.String(), c.With, c.All)
}

// Reads returns Field, and the groups, which may stay as they are.
func (c Rex) Reads() []string { return append(c.groups(), c.Field) }

// Reads returns Field.
func (c Regex) Reads() []string { return []string{c.Field} }

// Reads returns Field.
func (c Sed) Reads() []string { return []string{c.Field} }

// groups returns the names of the groups.
func (c Rex) groups() (names []string) {
	for _, name := range c.Re.SubexpNames() {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Columns adds the groups.
func (c Rex) Columns(in []string, all bool) ([]string, bool) { return with(in, c.groups()...), all }

// maxFound bounds the values that a group gets from one row.
const maxFound = 10_000

// Run sets the groups' fields.
func (c Rex) Run(_ *Env, t *row.Table) {
	field := t.Index(c.Field)
	names := c.Re.SubexpNames()
	places := make([]int, len(names))
	for g, name := range names {
		if name != "" {
			places[g] = t.Need(name)
		}
	}
	limit := c.Max
	if limit <= 0 || limit > maxFound {
		limit = maxFound
	}
	for n, r := range t.Rows {
		found := make([][]string, len(names))
		for _, text := range row.Get(r, field).Texts() {
			for _, m := range c.Re.FindAllStringSubmatchIndex(text, limit) {
				for g, name := range names {
					if name != "" && m[2*g] >= 0 && len(found[g]) < maxFound {
						found[g] = append(found[g], text[m[2*g]:m[2*g+1]])
					}
				}
			}
		}
		for g, texts := range found {
			if len(texts) > 0 {
				t.Set(n, places[g], row.OfTexts(texts))
			}
		}
	}
}

// Run keeps rows.
func (c Regex) Run(_ *Env, t *row.Table) {
	field := t.Index(c.Field)
	t.Keep(func(r []row.Value) bool {
		for _, text := range row.Get(r, field).Texts() {
			if c.Re.MatchString(text) {
				return !c.Not
			}
		}
		return c.Not
	})
}

// Run replaces.
func (c Sed) Run(_ *Env, t *row.Table) {
	field := t.Index(c.Field)
	if field < 0 {
		return
	}
	for n, r := range t.Rows {
		texts := row.Get(r, field).Texts()
		if len(texts) == 0 {
			continue
		}
		out := make([]string, len(texts))
		for i, text := range texts {
			out[i] = c.replace(text)
		}
		t.Set(n, field, row.OfTexts(out))
	}
}

func (c Sed) replace(text string) string {
	if c.All {
		return expr.ReplaceAll(c.Re, text, c.With)
	}
	m := c.Re.FindStringSubmatchIndex(text)
	if m == nil {
		return text
	}
	out := c.Re.ExpandString([]byte(text[:m[0]]), c.With, text, m)
	return string(append(out, text[m[1]:]...))
}
