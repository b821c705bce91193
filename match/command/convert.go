package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/match/expr"
	"sluice/match/row"
	"sluice/match/rule"
)

// Convert changes the form of fields.
type Convert struct {
	How    How
	Name   string // with stars
	As     string // or empty, for the field itself
	Layout string // strftime, of CTime and MkTime
}

// How is what a Convert does.
type How uint8

// CTime prints Unix seconds, MkTime reads what CTime prints, ToNum reads a number and
// drops what is none, RmComma takes out commas.
const (
	CTime How = iota
	MkTime
	ToNum
	RmComma
)

func (h How) String() string { return [...]string{"ctime", "mktime", "num", "rmcomma"}[h] }

func (c Convert) String() string {
	s := fmt.Sprintf("convert %s %s", c.How, rule.QuoteName(c.Name))
	if c.How <= MkTime {
		s += " " + strconv.Quote(c.Layout)
	}
	if c.As != "" {
		s += " as " + rule.QuoteName(c.As)
	}
	return s
}

// Reads returns the field.
func (c Convert) Reads() []string { return plain([]string{c.Name}) }

// Columns adds As.
func (c Convert) Columns(in []string, all bool) ([]string, bool) {
	if c.As == "" {
		return in, all
	}
	return with(in, c.As), all
}

// Run converts.
func (c Convert) Run(env *Env, t *row.Table) {
	for _, name := range expand([]string{c.Name}, t.Columns) {
		from := t.Index(name)
		if from < 0 {
			continue
		}
		to := from
		if c.As != "" {
			to = t.Need(c.As)
		}
		for n, r := range t.Rows {
			if v := row.Get(r, from); !v.IsNull() {
				t.Set(n, to, c.of(env, v))
			}
		}
	}
}

func (c Convert) of(env *Env, v row.Value) row.Value {
	zone := env.Zone
	if zone == nil {
		zone = time.UTC
	}
	var out []string
	for i := range v.Len() {
		one := v.At(i)
		switch c.How {
		case CTime:
			if nanos, ok := one.Nanos(); ok {
				out = append(out, string(row.AppendTime(nil, time.Unix(0, nanos).In(zone), c.Layout)))
			} else {
				out = append(out, one.String())
			}
		case MkTime:
			if at, ok := expr.ParseTime(one.String(), c.Layout, zone); ok {
				out = append(out, row.OfTime(at).Texts()...)
			}
		case ToNum:
			if _, ok := one.Num(); ok {
				out = append(out, one.String())
			}
		case RmComma:
			out = append(out, strings.ReplaceAll(one.String(), ",", ""))
		}
	}
	if len(out) == 1 && (c.How == MkTime || c.How == ToNum) {
		return decimal(out[0])
	}
	return row.OfTexts(out)
}
