package spl

import (
	"slices"
	"strings"

	"sluice/match/command"
	"sluice/match/expr"
	"sluice/match/rule"
)

// statsStep reads a stats command. What its aggregates evaluate first becomes eval
// commands before it.
func (p *parser) statsStep(start int) ([]step, error) {
	aggs, by, evals, err := p.aggregates()
	if err != nil {
		return nil, err
	}
	return []step{{at: start, name: "stats", commands: evals, stats: &command.Stats{By: by, Aggs: aggs}}}, nil
}

func (p *parser) eventstats(int) ([]rule.Command, error) {
	aggs, by, evals, err := p.aggregates()
	if err != nil {
		return nil, err
	}
	if len(evals) == 0 {
		return one(command.EventStats{By: by, Aggs: aggs})
	}
	var names []string
	for _, e := range evals {
		names = append(names, e.(command.Eval).Name)
	}
	return append(evals, command.EventStats{By: by, Aggs: aggs}, command.Fields{Names: names, Remove: true}), nil
}

// aggregates reads functions and a BY clause, up to the end of the command.
func (p *parser) aggregates() (aggs []rule.Agg, by []string, evals []rule.Command, err error) {
	hasBy := false
	for {
		if p.accept(',') {
			continue
		}
		at := p.pos
		if hasBy = p.word0("by"); hasBy || p.atEnd() {
			if aggs == nil {
				return nil, nil, nil, p.errorf(at, "expected an aggregate such as count, found %s", p.term(at))
			}
			break
		}
		a, e, err := p.aggregate()
		if err != nil {
			return nil, nil, nil, err
		}
		if slices.ContainsFunc(aggs, func(b rule.Agg) bool { return a.As == b.As }) {
			return nil, nil, nil, p.errorf(at, "two aggregates have the name %q", a.As)
		}
		if aggs = append(aggs, a); len(aggs) > maxSteps {
			return nil, nil, nil, p.errorf(at, "more than %d aggregates", maxSteps)
		}
		if e != nil {
			evals = append(evals, e)
		}
	}
	by, err = p.byClause(aggs, hasBy)
	return aggs, by, evals, err
}

func (p *parser) byClause(aggs []rule.Agg, hasBy bool) (by []string, err error) {
	for !p.atEnd() {
		if p.accept(',') {
			continue
		}
		at := p.pos
		name, err := p.name("a BY field")
		if err != nil {
			return nil, err
		}
		switch {
		case name == "_raw":
			return nil, p.errorf(at, "field %q is not supported here", name)
		case strings.Contains(name, "*"):
			return nil, p.errorf(at, "wildcards in field names are not supported (%q)", name)
		case slices.Contains(by, name):
			return nil, p.errorf(at, "field %q stands twice in the BY clause", name)
		case slices.ContainsFunc(aggs, func(a rule.Agg) bool { return a.As == name }):
			return nil, p.errorf(at, "BY field %q has the name of an aggregate", name)
		}
		by = append(by, name)
	}
	if hasBy && by == nil {
		return nil, p.errorf(p.pos, "expected a BY field, found %s", p.found())
	}
	return by, nil
}

// aggregate reads function[(field)] [AS name] or function(eval(…)).
func (p *parser) aggregate() (a rule.Agg, e rule.Command, err error) {
	p.space()
	start := p.pos
	fn := p.word(nameStops)
	a.As = fn
	if p.accept('(') {
		if e, err = p.aggregateField(&a, start); err != nil {
			return a, nil, err
		}
	}
	f, known := rule.FuncNamed(strings.ToLower(fn))
	switch {
	case !known:
		return a, nil, p.errorf(start, "aggregate %q is not supported", a.As)
	case a.Field == "" && f != rule.Count:
		return a, nil, p.errorf(start, "aggregate %q needs a field", fn)
	case strings.Contains(a.Field, "*"):
		return a, nil, p.errorf(start, "wildcards in field names are not supported (%q)", a.As)
	}
	a.Func = f
	if p.word0("as") {
		a.As, err = p.columnName()
	}
	return a, e, err
}

// aggregateField reads the argument of a function, behind its parenthesis.
func (p *parser) aggregateField(a *rule.Agg, start int) (e rule.Command, err error) {
	if p.isEval() {
		at := p.pos
		p.pos++ // its parenthesis
		n, err := p.exprOr()
		if err != nil {
			return nil, err
		}
		if err := p.expect(')', "to close eval"); err != nil {
			return nil, err
		}
		if c, ok := n.(expr.Cond); ok { // counts where it holds
			n = expr.If{Cond: c, Then: expr.Num{F: 1}, Else: expr.Null{}}
		}
		x, _ := n.(expr.Value)
		a.Field = "eval" + strings.Join(strings.Fields(p.text.s[at:p.pos]), " ")
		e = command.Eval{Name: a.Field, X: x}
	} else if a.Field, err = p.name("a field"); err != nil {
		return nil, err
	}
	if err := p.expect(')', "to close the function"); err != nil {
		return nil, err
	}
	a.As += "(" + a.Field + ")"
	if a.Field == "_raw" {
		return nil, p.errorf(start, "field %q is not supported here", a.Field)
	}
	return e, nil
}

// isEval takes the word eval if a parenthesis follows, which is then next.
func (p *parser) isEval() bool {
	p.space()
	start := p.pos
	if strings.EqualFold(p.word(nameStops), "eval") {
		if p.space(); p.peek() == '(' {
			return true
		}
	}
	p.pos = start
	return false
}

// columnName takes the name behind AS, in which parentheses may stand.
func (p *parser) columnName() (string, error) {
	p.space()
	if p.peek() == '"' {
		return p.quoted()
	}
	start := p.pos
	if n := p.word(`,|"`); n != "" {
		return n, nil
	}
	return "", p.errorf(start, "expected a column name, found %s", p.found())
}
