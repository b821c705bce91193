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
func (r *run) emit() {
	r.res.Groups = r.table.Rows()
	r.res.Rows, r.res.Cut = Finish(&r.cfg, r.res.Groups)
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
	for len(groups) > 0 {
		first := groups[0]
		to := slices.IndexFunc(groups, func(g *agg.Row) bool {
			return g.Rule != first.Rule || g.Overflow != first.Overflow || g.Window != first.Window || g.Late != first.Late
		})
		if to < 0 {
			to = len(groups)
		}
		t := tableOf(env, rules[first.Rule], groups[:to])
		command.Run(env, rules[first.Rule].After, t)
		rows := t.NamedRows(first.Rule)
		if windows != nil {
			span := spanOf(windows[first.Rule], first)
			for i := range rows {
				rows[i].Span = span
			}
		}
		out = append(out, rows...)
		groups = groups[to:]
	}
	return out
}

func spanOf(w window.Spec, g *agg.Row) row.Span {
	s := row.Span{Windowed: true, Late: g.Late}
	if g.Window != agg.NoWindow {
		s.Timed, s.Start, s.End = true, g.Window, w.End(g.Window)
		s.Ran = w.Ran(s.End)
	}
	return s
}

// tableOf returns the rows of groups, with times printed as the rule says.
func tableOf(env *command.Env, q *rule.Rule, groups []*agg.Row) *row.Table {
	t := &row.Table{Columns: slices.Clone(q.By)}
	for _, a := range q.Aggs {
		t.Columns = append(t.Columns, a.As)
	}
	for _, g := range groups {
		values, cut := command.RowOf(q.By, q.Aggs, g)
		if cut {
			env.Cut++
		}
		t.Rows = append(t.Rows, values)
	}
	for _, f := range q.Times {
		command.Convert{How: command.CTime, Name: f.Column, Layout: f.Layout}.Run(env, t)
	}
	return t
}

// Funcs returns which statistics the groups of each rule have.
func Funcs(rules []*rule.Rule) [][]agg.Func {
	funcs := make([][]agg.Func, len(rules))
	for i, q := range rules {
		funcs[i], _ = command.Funcs(q.Aggs)
	}
	return funcs
}
