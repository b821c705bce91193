package spl

import (
	"slices"
	"strings"

	"sluice/match/command"
	"sluice/match/rule"
)

// step is a command of a search, in the order of the text.
type step struct {
	at       int // where it stands
	name     string
	commands []rule.Command
	stats    *command.Stats // instead of commands: a stats command
}

// maxSteps bounds the commands of a search.
const maxSteps = 1000

// pipeline reads the base search and the commands behind it.
func (p *parser) pipeline() (*rule.Rule, error) {
	r := &rule.Rule{}
	p.space()
	if p.peek() == '|' {
		return nil, p.generating()
	}
	p.keyword("search")
	where, err := p.and()
	if err != nil {
		return nil, err
	}
	r.Where = where
	p.rows = true
	var steps []step
	for p.accept('|') {
		s, err := p.step()
		if err != nil {
			return nil, err
		}
		if steps = append(steps, s...); len(steps) > maxSteps {
			return nil, p.errorf(p.pos, "more than %d commands", maxSteps)
		}
	}
	p.space()
	if p.pos < len(p.text.s) {
		return nil, p.errorf(p.pos, "expected a command or the end, found %s", p.found())
	}
	return r, p.assemble(r, steps)
}

// generating refuses a search that begins with a command.
func (p *parser) generating() error {
	p.pos++
	p.space()
	start := p.pos
	name := strings.ToLower(p.word(nameStops))
	if why := refused[name]; why != "" {
		return p.errorf(start, "command %q is not supported: %s", name, why)
	}
	return p.errorf(start, "a search that begins with a command (%q) is not supported: it must search events", name)
}

// assemble puts the steps around the first stats command, or around the first table
// whose rows are counted.
func (p *parser) assemble(r *rule.Rule, steps []step) error {
	first := slices.IndexFunc(steps, func(s step) bool { return s.stats != nil })
	if first < 0 {
		if first = slices.IndexFunc(steps, isTable); first < 0 {
			return p.errorf(0, "the search has no stats command and no table, so its rows have no columns")
		}
		steps[first].stats = countOf(steps[first].commands[0].(command.Table))
		r.Nulls = true
	}
	if err := p.before(r, steps[:first], *steps[first].stats); err != nil {
		return err
	}
	r.By, r.Aggs = steps[first].stats.By, steps[first].stats.Aggs
	for _, s := range steps[first].commands {
		if _, table := s.(command.Table); !table {
			r.Before = append(r.Before, s) // of stats count(eval(…))
		}
	}
	for i, c := range slices.Backward(r.Before) { // a rename may want what one behind it does
		if rename, ok := c.(command.Rename); ok {
			behind := rule.Rule{Before: r.Before[i+1:], By: r.By, Aggs: r.Aggs}
			r.Before[i] = rename.Want(behind.Inputs())
		}
	}
	for _, s := range steps[first+1:] {
		if s.stats != nil {
			r.After = append(r.After, s.commands...)
			r.After = append(r.After, *s.stats)
			continue
		}
		for _, c := range s.commands {
			behind(r, c)
		}
	}
	return nil
}

func isTable(s step) bool {
	if len(s.commands) != 1 {
		return false
	}
	t, ok := s.commands[0].(command.Table)
	return ok && !slices.ContainsFunc(t.Names, func(n string) bool { return strings.Contains(n, "*") })
}

// countOf is a table as a stats command: equal rows are one, with their number.
func countOf(t command.Table) *command.Stats {
	as := "count"
	for slices.Contains(t.Names, as) {
		as = "event_" + as
	}
	return &command.Stats{By: t.Names, Aggs: []rule.Agg{{Func: rule.Count, As: as}}}
}

// before adds the steps before the grouping. A search command and a regular
// expression that look at the events as they are become part of the base search, where
// the prefilter sees them.
func (p *parser) before(r *rule.Rule, steps []step, stats command.Stats) error {
	for i, s := range steps {
		for _, c := range s.commands {
			if !command.PerEvent(c) {
				return p.errorf(s.at, "%s before stats is not supported: it looks at more than one event", s.name)
			}
			if a, ok := c.(command.AddTotals); ok && (len(a.Names) == 0 || slices.ContainsFunc(a.Names, hasStar)) {
				return p.errorf(s.at, "addtotals before stats must name its fields: it would look at all that an event has")
			}
			if f, ok := c.(command.Fill); ok && i == len(steps)-1 && len(r.Before) == 0 && onlyPlain(stats) {
				r.Fill = &rule.Fill{Value: f.Value, Fields: f.Names}
				continue
			}
			e, ok := asWhere(c)
			if _, all := e.(rule.All); all {
				continue
			}
			if ok && len(r.Before) == 0 && !slices.Contains(c.Reads(), "_time") {
				r.Where = both(r.Where, e)
				continue
			}
			if ok && (&rule.Rule{Where: e}).ReadsAll() {
				return p.errorf(s.at, "a term without a field is supported only before commands that change fields")
			}
			r.Before = append(r.Before, c)
		}
	}
	return nil
}

func onlyPlain(s command.Stats) bool {
	return (&rule.Rule{By: s.By, Aggs: s.Aggs}).Plain()
}

// asWhere returns a command as a condition on the event.
func asWhere(c rule.Command) (rule.Expr, bool) {
	switch c := c.(type) {
	case command.Search:
		return c.Cond, true
	case command.Regex:
		re, err := rule.NewRegexp(c.Re.String())
		if err != nil {
			return nil, false // longer than a condition may be
		}
		var e rule.Expr = rule.Matches{Field: c.Field, Re: re}
		if c.Not {
			e = rule.Not{X: e}
		}
		return e, true
	}
	return nil, false
}

func both(l, r rule.Expr) rule.Expr {
	if _, all := r.(rule.All); all {
		return l
	}
	if _, all := l.(rule.All); all {
		return r
	}
	if and, ok := l.(rule.And); ok {
		return append(slices.Clip(and), r)
	}
	return rule.And{l, r}
}

// behind adds a command behind the grouping. A time is printed by the grouping itself
// as long as nothing else has changed the rows.
func behind(r *rule.Rule, c rule.Command) {
	if s, ok := c.(command.Search); ok {
		if _, all := s.Cond.(rule.All); all {
			return
		}
	}
	if conv, ok := c.(command.Convert); ok && len(r.After) == 0 && conv.How == command.CTime && conv.As == "" {
		if slices.ContainsFunc(r.Aggs, func(a rule.Agg) bool { return a.As == conv.Name && a.Plain() && a.Func != rule.Count }) {
			r.Times = append(r.Times, rule.TimeFormat{Column: conv.Name, Layout: conv.Layout})
			return
		}
	}
	r.After = append(r.After, c)
}

func hasStar(name string) bool { return strings.Contains(name, "*") }
