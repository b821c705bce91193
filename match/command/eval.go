package command

import (
	"slices"
	"strings"

	"sluice/match/expr"
	"sluice/match/row"
	"sluice/match/rule"
)

// Eval sets a field to the value of an expression; null removes it.
type Eval struct {
	Name string
	X    expr.Value
}

// Where keeps the rows for which a condition holds.
type Where struct {
	same
	Cond expr.Cond
}

func (c Eval) String() string  { return "eval " + rule.QuoteName(c.Name) + " = " + c.X.String() }
func (c Where) String() string { return "where " + c.Cond.String() }

// Reads returns the fields of the expression.
func (c Eval) Reads() []string { return expr.Fields(c.X) }

// Reads returns the fields of the condition.
func (c Where) Reads() []string { return expr.Fields(c.Cond) }

// Columns adds Name.
func (c Eval) Columns(in []string, all bool) ([]string, bool) { return with(in, c.Name), all }

// Run sets the field.
func (c Eval) Run(env *Env, t *row.Table) {
	i := t.Need(c.Name)
	for n, r := range t.Rows {
		t.Set(n, i, c.X.Value(&expr.Scope{Table: t, Row: r, Env: &env.Env}))
	}
}

// Run keeps rows.
func (c Where) Run(env *Env, t *row.Table) {
	s := expr.Scope{Table: t, Env: &env.Env}
	t.Keep(func(r []row.Value) bool {
		s.Row = r
		return c.Cond.Holds(&s)
	})
}

// Search keeps the rows that a condition of the search command accepts. See rule.Expr;
// Term looks at all columns.
type Search struct {
	same
	Cond rule.Expr
}

func (c Search) String() string { return "search " + c.Cond.String() }

// Reads returns the fields of the condition.
func (c Search) Reads() []string { return (&rule.Rule{Where: c.Cond}).Fields() }

// Run keeps rows.
func (c Search) Run(_ *Env, t *row.Table) {
	t.Keep(func(r []row.Value) bool { return accepts(c.Cond, t, r) })
}

func accepts(e rule.Expr, t *row.Table, r []row.Value) bool {
	texts := func(field string) []string { return row.Get(r, t.Index(field)).Texts() }
	switch e := e.(type) {
	case rule.And:
		return !slices.ContainsFunc(e, func(e rule.Expr) bool { return !accepts(e, t, r) })
	case rule.Or:
		return slices.ContainsFunc(e, func(e rule.Expr) bool { return accepts(e, t, r) })
	case rule.Not:
		return !accepts(e.X, t, r)
	case rule.Compare:
		return slices.ContainsFunc(texts(e.Field), func(v string) bool { return compare(e, v) })
	case rule.Matches:
		return slices.ContainsFunc(texts(e.Field), func(v string) bool { return e.Re.Find().Match([]byte(v)) })
	case rule.Term:
		return slices.ContainsFunc(r, func(v row.Value) bool {
			return slices.ContainsFunc(v.Texts(), func(v string) bool { return covers(e.Value, v) })
		})
	}
	return true // All; the front end makes no other
}

func covers(p rule.Pattern, v string) bool {
	if p.Cased() {
		return p.Match([]byte(v))
	}
	return p.Match(rule.Fold(nil, []byte(v)))
}

// compare compares a value as rule.Op says.
func compare(e rule.Compare, v string) bool {
	a, okA := row.OfText(v).Num()
	b, okB := row.OfText(e.Value.Text()).Num()
	numbers := okA && okB
	if e.Op == rule.Eq || e.Op == rule.Ne {
		return (covers(e.Value, v) || numbers && a == b) == (e.Op == rule.Eq)
	}
	order := 0
	switch {
	case !numbers:
		order = strings.Compare(rule.FoldString(v), rule.FoldString(e.Value.Text()))
	case a < b:
		order = -1
	case a > b:
		order = 1
	}
	return e.Op.Orders(order)
}
