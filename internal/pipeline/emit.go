package pipeline

import (
	"slices"

	"sluice/agg"
	"sluice/agg/window"
	"sluice/match/command"
	"sluice/match/row"
	"sluice/match/rule"
)

// emit makes the rows of the groups.
func (r *run) emit() error {
	env := r.cfg.Set.Env()
	env.DropNulls = r.cfg.DropNulls
	e := newEmitter(&env, r.cfg.Rules, r.cfg.Windows, r.cfg.MaxMemory/4)
	keep := r.cfg.Row == nil
	e.out = func(n row.Named) error {
		r.res.Printed++
		if keep {
			r.res.Rows = append(r.res.Rows, n)
			return nil
		}
		return r.cfg.Row(n)
	}
	var err error
	r.table.Snapshot().Each(func(g *agg.Row) bool {
		if g.Overflow {
			r.res.Overflow += g.Count
			r.res.OverflowRules++
		}
		if r.cfg.Group != nil {
			r.res.Printed++
			err = r.cfg.Group(g)
			return err == nil
		}
		if keep {
			one := *g
			one.Key = slices.Clone(g.Key)
			r.res.Groups = append(r.res.Groups, &one)
		}
		err = e.add(g)
		return err == nil
	})
	if err == nil {
		err = e.flush()
	}
	r.res.Cut, r.res.LeftOut = env.Cut, e.leftOut
	return err
}

// Finish returns what the rules of a run make of groups, which are in the order of
// agg.Table, and what Result says of Cut.
func Finish(cfg *Config, groups []*agg.Row) (rows []row.Named, cut int64) {
	env := cfg.Set.Env()
	env.DropNulls = cfg.DropNulls
	rows = Rows(&env, cfg.Rules, cfg.Windows, groups)
	return rows, env.Cut
}

// Rows returns what rules make of their groups, which are in the order of agg.Table: for
// each rule a table of its groups, over which the commands behind the grouping run. With
// windows, by rule, there is a table for each window, and one for what came late to it:
// the scheduled search runs once a window.
func Rows(env *command.Env, rules []*rule.Rule, windows []window.Spec, groups []*agg.Row) (out []row.Named) {
	e := newEmitter(env, rules, windows, DefaultMemory)
	e.out = func(n row.Named) error {
		out = append(out, n)
		return nil
	}
	for _, g := range groups {
		_ = e.add(g) // out returns none
	}
	_ = e.flush()
	return out
}

// emitter makes rows of groups that come in the order of agg.Table: one by one, or all
// of a rule and window at once if commands are to run over them.
type emitter struct {
	env     *command.Env
	rules   []*rule.Rule
	windows []window.Spec // by rule; nil without
	out     func(row.Named) error
	room    int      // bytes that a table for commands may take
	of      *agg.Row // of whose rule and window columns and table are; nil at first
	columns []string
	table   *row.Table
	bytes   int // of table, about
	leftOut int64
}

func newEmitter(env *command.Env, rules []*rule.Rule, windows []window.Spec, room int) *emitter {
	return &emitter{env: env, rules: rules, windows: windows, room: room}
}

// add makes the row of g, now or at the end of its rule and window.
func (e *emitter) add(g *agg.Row) error {
	if e.of == nil || g.Rule != e.of.Rule || g.Window != e.of.Window || g.Late != e.of.Late || g.Overflow {
		if err := e.flush(); err != nil {
			return err
		}
		e.begin(g)
	}
	q := e.rules[g.Rule]
	if len(q.After) == 0 || g.Overflow {
		one := &row.Table{Columns: e.columns}
		e.append(one, q, g)
		n := one.NamedRows(g.Rule)[0]
		n.Span, n.Overflow = e.span(g), g.Overflow
		return e.out(n)
	}
	if e.bytes += sizeOf(e.columns, g); e.bytes > e.room {
		e.leftOut++
		return nil
	}
	e.append(e.table, q, g)
	return nil
}

// begin begins the table of a rule and window.
func (e *emitter) begin(g *agg.Row) {
	e.of = &agg.Row{Rule: g.Rule, Window: g.Window, Late: g.Late}
	q := e.rules[g.Rule]
	e.bytes, e.columns = 0, slices.Clone(q.By)
	for _, a := range q.Aggs {
		e.columns = append(e.columns, a.As)
	}
	e.table = &row.Table{Columns: slices.Clone(e.columns)}
}

// flush runs the commands of the rule over its table.
func (e *emitter) flush() error {
	t := e.table
	e.table = nil
	if t == nil || len(t.Rows) == 0 {
		return nil
	}
	command.Run(e.env, e.rules[e.of.Rule].After, t)
	span := e.span(e.of)
	for _, n := range t.NamedRows(e.of.Rule) {
		n.Span = span
		if err := e.out(n); err != nil {
			return err
		}
	}
	return nil
}

// span returns the window of a group.
func (e *emitter) span(g *agg.Row) row.Span {
	if e.windows == nil {
		return row.Span{}
	}
	s := row.Span{Windowed: true, Late: g.Late}
	if g.Window != agg.NoWindow {
		w := e.windows[g.Rule]
		s.Timed, s.Start, s.End = true, g.Window, w.End(g.Window)
		s.Ran = w.Ran(s.End)
	}
	return s
}

// append adds the row of g, with times printed as the rule says.
func (e *emitter) append(t *row.Table, q *rule.Rule, g *agg.Row) {
	values, cut := command.RowOf(q.By, q.Aggs, g)
	if cut {
		e.env.Cut++
	}
	one := row.Table{Columns: t.Columns, Rows: [][]row.Value{values}}
	for _, f := range q.Times {
		command.Convert{How: command.CTime, Name: f.Column, Layout: f.Layout}.Run(e.env, &one)
	}
	t.Columns, t.Rows = one.Columns, append(t.Rows, one.Rows...)
}

// sizeOf is about what the row of g takes in a table, with as much again for what
// commands make of it.
func sizeOf(columns []string, g *agg.Row) int {
	n := 64 + len(columns)*64
	for _, v := range g.Key {
		n += len(v)
	}
	for i := range g.Stats {
		n += g.Stats[i].Size()
	}
	return 2 * n
}

// Funcs returns which statistics the groups of each rule have.
func Funcs(rules []*rule.Rule) [][]agg.Func {
	funcs := make([][]agg.Func, len(rules))
	for i, q := range rules {
		funcs[i], _ = command.Funcs(q.Aggs)
	}
	return funcs
}
