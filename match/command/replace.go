package command

import (
	"fmt"
	"strings"

	"sluice/match/row"
	"sluice/match/rule"
)

// Replace puts other texts in the place of whole values of fields: those named, or
// without names all.
type Replace struct {
	same
	Pairs []ReplacePair
	Names []string
}

// ReplacePair is what is replaced, a pattern, and by what.
type ReplacePair struct {
	Old rule.Pattern
	New string
}

func (c Replace) String() string {
	var b strings.Builder
	b.WriteString("replace")
	for _, p := range c.Pairs {
		fmt.Fprintf(&b, " %s %q", p.Old, p.New)
	}
	return b.String() + " in " + rule.QuoteNames(c.Names)
}

// Reads returns the names.
func (c Replace) Reads() []string { return c.Names }

// Run replaces. Of several patterns that cover a value, the last one counts.
func (c Replace) Run(_ *Env, t *row.Table) {
	names := c.Names
	if names == nil {
		names = t.Columns
	}
	for _, name := range names {
		i := t.Index(name)
		for n, r := range t.Rows {
			v := row.Get(r, i)
			if v.IsNull() {
				continue
			}
			out := make([]string, v.Len())
			changed := false
			for k, text := range v.Texts() {
				out[k] = text
				for _, p := range c.Pairs {
					if covers(p.Old, text) {
						out[k], changed = p.New, true
					}
				}
			}
			if changed {
				t.Set(n, i, row.OfTexts(out))
			}
		}
	}
}
