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
// agg.Table, and what Result says of Cut and LeftOut.
func Finish(cfg *Config, groups []*agg.Row) (rows []row.Named, cut, leftOut int64) {
	env := cfg.Set.Env()
	env.DropNulls = cfg.DropNulls
	rows, leftOut = Rows(&env, cfg.Rules, cfg.Windows, groups)
	return rows, env.Cut, leftOut
}

// Rows returns what rules make of their groups, which are in the order of agg.Table: for
// each rule a table of its groups, over which the commands behind the grouping run. With
// windows, by rule, there is a table for each window, and one for what came late to it:
// the scheduled search runs once a window. leftOut is what Result says of LeftOut.
func Rows(env *command.Env, rules []*rule.Rule, windows []window.Spec, groups []*agg.Row) (out []row.Named, leftOut int64) {
	e := newEmitter(env, rules, windows, DefaultMemory)
	e.out = func(n row.Named) error {
		out = append(out, n)
		return nil
	}
	for _, g := range groups {
		_ = e.add(g) // out returns none
	}
	_ = e.flush()
	return out, e.leftOut
}

// emitter makes rows of groups that come in the order of agg.Table. The commands behind
// the grouping run on some rows at a time, up to the first that looks at more than one
// row: for that, what is left of the rows is kept until all of a rule and window are
// there, as far as there is room.
type emitter struct {
	env     *command.Env
	rules   []*rule.Rule
	windows []window.Spec // by rule; nil without
	out     func(row.Named) error
	room    int      // bytes that a table for commands may take
	of      *agg.Row // of whose rule and window all that follows is; nil at first
	columns []string // of the groups
	lead    lead
	rest    []rule.Command // those behind lead
	some    row.Table      // rows that lead has not seen
	size    int            // of some, in bytes, about
	behind  []string       // columns behind lead; nil before it ran
	kept    *row.Table     // for rest
	bytes   int            // of kept, about
	leftOut int64
}

// someBytes bounds the rows that lead gets at a time, so that they are nothing beside the
// groups.
const someBytes = 1 << 20

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
	e.append(&e.some, q, g)
	if e.size += sizeOf(e.columns, g); e.size < someBytes && len(e.some.Rows) < e.lead.most {
		return nil
	}
	return e.pass()
}

// begin begins the table of a rule and window.
func (e *emitter) begin(g *agg.Row) {
	e.of = &agg.Row{Rule: g.Rule, Window: g.Window, Late: g.Late}
	q := e.rules[g.Rule]
	e.size, e.bytes, e.columns = 0, 0, slices.Clone(q.By)
	for _, a := range q.Aggs {
		e.columns = append(e.columns, a.As)
	}
	e.lead, e.rest = newLead(q.After)
	e.some = row.Table{Columns: slices.Clone(e.columns)}
	e.behind, e.kept = nil, nil
}

// pass runs lead on the rows that it has not seen. They are printed then, or kept.
func (e *emitter) pass() error {
	t := e.some
	e.some, e.size = row.Table{Columns: slices.Clone(e.columns)}, 0
	e.lead.run(e.env, &t)
	if e.behind == nil {
		e.behind = t.Columns
	}
	t.Columns = e.behind // the same, but shared by all rows
	if len(e.rest) == 0 {
		return e.print(&t)
	}
	if e.kept == nil {
		e.kept = &row.Table{Columns: slices.Clone(e.behind)}
	}
	for _, r := range t.Rows {
		if e.bytes += sizeOfRow(r); e.bytes > e.room {
			e.leftOut++
			continue
		}
		e.kept.Rows = append(e.kept.Rows, r)
	}
	return nil
}

// flush ends the table of a rule and window.
func (e *emitter) flush() error {
	if len(e.some.Rows) > 0 {
		if err := e.pass(); err != nil {
			return err
		}
	}
	t := e.kept
	e.kept = nil
	if t == nil {
		return nil
	}
	command.Run(e.env, e.rest, t)
	return e.print(t)
}

func (e *emitter) print(t *row.Table) error {
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

// sizeOfRow is the same of a row that is there.
func sizeOfRow(r []row.Value) int {
	n := 64 + len(r)*64
	for _, v := range r {
		n += v.Size()
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
