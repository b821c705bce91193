package pipeline

import (
	"slices"

	"sluice/agg"
	"sluice/match/command"
	"sluice/match/row"
	"sluice/match/rule"
)

// emit makes the rows of the groups.
func (r *run) emit() {
	r.res.Groups = r.table.Rows()
	env := r.cfg.Set.Env()
	env.DropNulls = r.cfg.DropNulls
	r.res.Rows = Rows(&env, r.cfg.Rules, r.res.Groups)
	r.res.Cut = env.Cut
}

// Rows returns what rules make of their groups, which are in the order of the rules:
// for each rule a table of its groups, over which the commands behind the grouping run.
func Rows(env *command.Env, rules []*rule.Rule, groups []*agg.Row) (out []row.Named) {
	for len(groups) > 0 {
		n := groups[0].Rule
		to := slices.IndexFunc(groups, func(g *agg.Row) bool { return g.Rule != n })
		if to < 0 {
			to = len(groups)
		}
		t := tableOf(env, rules[n], groups[:to])
		command.Run(env, rules[n].After, t)
		out = append(out, t.NamedRows(n)...)
		groups = groups[to:]
	}
	return out
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
