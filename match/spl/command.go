package spl

import (
	"slices"
	"strings"

	"sluice/match/rule"
)

// pipeline reads the base search and the commands behind it.
func (p *parser) pipeline() (*rule.Rule, error) {
	r := &rule.Rule{}
	p.keyword("search")
	where, err := p.and()
	if err != nil {
		return nil, err
	}
	r.Where = where
	for p.accept('|') {
		if err := p.command(r); err != nil {
			return nil, err
		}
	}
	p.space()
	if p.pos < len(p.text.s) {
		return nil, p.errorf(p.pos, "expected a command or the end, found %s", p.found())
	}
	if r.Aggs == nil {
		return nil, p.errorf(0, "the search has no stats command, so it has no rows to count")
	}
	return r, nil
}

const nameStops = `(),|"=`

func (p *parser) command(r *rule.Rule) error {
	p.space()
	start := p.pos
	name := p.word(nameStops)
	afterStats := r.Aggs != nil
	switch strings.ToLower(name) {
	case "search":
		e, err := p.and()
		if err != nil {
			return err
		}
		if _, all := e.(rule.All); !all {
			return p.errorf(start, "a second search is supported only as `search *`")
		}
		return nil
	case "fillnull":
		if afterStats {
			return p.errorf(start, "fillnull behind stats is not supported")
		}
		if r.Fill != nil {
			return p.errorf(start, "a second fillnull is not supported")
		}
		return p.fillnull(r)
	case "stats":
		if afterStats {
			return p.errorf(start, "a second stats is not supported")
		}
		return p.stats(r)
	case "convert":
		if !afterStats {
			return p.errorf(start, "convert before stats is not supported")
		}
		return p.convert(r)
	case "":
		return p.errorf(start, "expected a command, found %s", p.found())
	}
	return p.errorf(start, "command %q is not supported", name)
}

// name takes a field name, quoted or bare.
func (p *parser) name(what string) (string, error) {
	p.space()
	if p.peek() == '"' {
		return p.quoted()
	}
	start := p.pos
	if n := p.word(nameStops); n != "" {
		return n, nil
	}
	return "", p.errorf(start, "expected %s, found %s", what, p.found())
}

// atEnd reports whether the command ends here.
func (p *parser) atEnd() bool {
	p.space()
	return p.pos == len(p.text.s) || p.peek() == '|'
}

func (p *parser) fillnull(r *rule.Rule) error {
	fill := &rule.Fill{Value: "0"}
	for !p.atEnd() {
		if p.accept(',') {
			continue
		}
		at := p.pos
		name, err := p.name("a field")
		if err != nil {
			return err
		}
		if strings.EqualFold(name, "value") && p.accept('=') {
			if fill.Value, err = p.value(); err != nil {
				return err
			}
			continue
		}
		if err := p.checkField(name, at); err != nil {
			return err
		}
		fill.Fields = append(fill.Fields, name)
	}
	r.Fill = fill
	return nil
}

func (p *parser) stats(r *rule.Rule) error {
	by := false
	for {
		if p.accept(',') {
			continue
		}
		at := p.pos
		if by = p.word0("by"); by || p.atEnd() {
			if r.Aggs == nil {
				return p.errorf(at, "expected an aggregate such as count, found %s", p.term(at))
			}
			break
		}
		a, err := p.aggregate()
		if err != nil {
			return err
		}
		if slices.ContainsFunc(r.Aggs, func(b rule.Agg) bool { return a.As == b.As }) {
			return p.errorf(at, "two aggregates have the name %q", a.As)
		}
		r.Aggs = append(r.Aggs, a)
	}
	for !p.atEnd() {
		if p.accept(',') {
			continue
		}
		at := p.pos
		name, err := p.name("a BY field")
		if err != nil {
			return err
		}
		if err := p.checkField(name, at); err != nil {
			return err
		}
		switch {
		case slices.Contains(r.By, name):
			return p.errorf(at, "field %q stands twice in the BY clause", name)
		case slices.ContainsFunc(r.Aggs, func(a rule.Agg) bool { return a.As == name }):
			return p.errorf(at, "BY field %q has the name of an aggregate", name)
		}
		r.By = append(r.By, name)
	}
	if by && r.By == nil {
		return p.errorf(p.pos, "expected a BY field, found %s", p.found())
	}
	return nil
}

// word0 takes a keyword that may be of any case, if it is next.
func (p *parser) word0(w string) bool {
	p.space()
	start := p.pos
	if strings.EqualFold(p.word(nameStops), w) {
		return true
	}
	p.pos = start
	return false
}

func (p *parser) aggregate() (rule.Agg, error) {
	p.space()
	start := p.pos
	fn := p.word(nameStops)
	a := rule.Agg{As: fn}
	if p.accept('(') {
		field, err := p.name("a field")
		if err != nil {
			return a, err
		}
		if err := p.expect(')', "to close the function"); err != nil {
			return a, err
		}
		a.Field = field
		a.As = fn + "(" + field + ")"
	}
	switch f := strings.ToLower(fn); {
	case f == "count" && a.Field == "":
		a.Func = rule.Count
	case f == "min" && a.Field == "_time":
		a.Func = rule.Min
	case f == "max" && a.Field == "_time":
		a.Func = rule.Max
	default:
		return a, p.errorf(start, "aggregate %q is not supported (supported: count, min(_time), max(_time))", a.As)
	}
	if p.word0("as") {
		as, err := p.name("a column name")
		if err != nil {
			return a, err
		}
		a.As = as
	}
	return a, nil
}

// convert reads convert [timeformat="…"] ctime(column)…
func (p *parser) convert(r *rule.Rule) error {
	layout := "%m/%d/%Y %H:%M:%S" // Splunk's default
	for !p.atEnd() {
		if p.accept(',') {
			continue
		}
		p.space()
		start := p.pos
		name := p.word(nameStops)
		switch {
		case strings.EqualFold(name, "timeformat") && p.accept('='):
			v, err := p.value()
			if err != nil {
				return err
			}
			layout = v
		case strings.EqualFold(name, "ctime") && p.accept('('):
			col, err := p.name("a column")
			if err != nil {
				return err
			}
			if err := p.expect(')', "to close ctime"); err != nil {
				return err
			}
			if !slices.ContainsFunc(r.Aggs, func(a rule.Agg) bool { return a.As == col && a.Func != rule.Count }) {
				return p.errorf(start, "column %q is not a time that stats computes", col)
			}
			r.Times = append(r.Times, rule.TimeFormat{Column: col, Layout: layout})
		default:
			return p.errorf(start, "only timeformat= and ctime() are supported in convert, found %s", p.term(start))
		}
	}
	return nil
}
