package pipeline

import (
	"slices"

	"sluice/agg"
	"sluice/match/command"
	"sluice/match/row"
	"sluice/match/rule"
)

// emit makes the rows of the groups.
func (r *run) emit() error {
	env := r.cfg.Set.Env()
	env.DropNulls = r.cfg.DropNulls
	e := &emitter{env: &env, rules: r.cfg.Rules, room: r.cfg.MaxMemory / 4, rule: -1}
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

// Rows returns what rules make of their groups, which are in the order of the rules:
// for each rule a table of its groups, over which the commands behind the grouping run.
func Rows(env *command.Env, rules []*rule.Rule, groups []*agg.Row) (out []row.Named) {
	e := &emitter{env: env, rules: rules, room: DefaultMemory, rule: -1}
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

// emitter makes rows of groups that come in the order of the rules: one by one, or all
// of a rule at once if commands are to run over them.
type emitter struct {
	env     *command.Env
	rules   []*rule.Rule
	out     func(row.Named) error
	room    int // bytes that a table for commands may take
	rule    int // whose columns and table those are; -1 at first
	columns []string
	table   *row.Table
	bytes   int // of table, about
	leftOut int64
}

// add makes the row of g, now or at the end of its rule.
func (e *emitter) add(g *agg.Row) error {
	if g.Rule != e.rule {
		if err := e.flush(); err != nil {
			return err
		}
		e.begin(g.Rule)
	}
	q := e.rules[g.Rule]
	if len(q.After) == 0 || g.Overflow {
		one := &row.Table{Columns: e.columns}
		e.append(one, q, g)
		n := one.NamedRows(g.Rule)[0]
		n.Overflow = g.Overflow
		if g.Overflow { // its rule's other rows come first
			if err := e.flush(); err != nil {
				return err
			}
		}
		return e.out(n)
	}
	if e.bytes += sizeOf(e.columns, g); e.bytes > e.room {
		e.leftOut++
		return nil
	}
	e.append(e.table, q, g)
	return nil
}

// begin begins the table of a rule.
func (e *emitter) begin(rule int) {
	q := e.rules[rule]
	e.rule, e.bytes, e.columns = rule, 0, slices.Clone(q.By)
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
	command.Run(e.env, e.rules[e.rule].After, t)
	for _, n := range t.NamedRows(e.rule) {
		if err := e.out(n); err != nil {
			return err
		}
	}
	return nil
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
