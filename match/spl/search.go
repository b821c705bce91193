package spl

import (
	"strings"

	"sluice/match/rule"
)

// The search command's grammar; OR binds tighter than AND (Splunk, search
// manual, "Boolean expressions"):
//
//	and     = or { ["AND"] or }
//	or      = not { "OR" not }
//	not     = "NOT" not | primary
//	primary = "(" and ")" | field op value | field "IN" "(" value {"," value} ")" | "*"

func (p *parser) and() (rule.Expr, error) {
	var parts rule.And
	for {
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
		and := p.keyword("AND")
		p.space()
		if !and && (p.pos == len(p.text.s) || p.peek() == '|' || p.peek() == ')') {
			if len(parts) == 1 {
				return parts[0], nil
			}
			return parts, nil
		}
	}
}

func (p *parser) or() (rule.Expr, error) {
	var parts rule.Or
	for {
		e, err := p.not()
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
		if !p.keyword("OR") {
			if len(parts) == 1 {
				return parts[0], nil
			}
			return parts, nil
		}
	}
}

func (p *parser) not() (rule.Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf(p.pos, "the expression nests deeper than %d here", maxDepth)
	}
	defer func() { p.depth-- }()
	if p.keyword("NOT") {
		e, err := p.not()
		if err != nil {
			return nil, err
		}
		return rule.Not{X: e}, nil
	}
	if p.accept('(') {
		e, err := p.and()
		if err != nil {
			return nil, err
		}
		return e, p.expect(')', "to close the group")
	}
	return p.comparison()
}

// keyword takes an operator word, which must be upper case and stand alone.
func (p *parser) keyword(w string) bool {
	p.space()
	rest := p.text.s[p.pos:]
	if !strings.HasPrefix(rest, w) {
		return false
	}
	if len(rest) > len(w) && !isSpace(rest[len(w)]) && !contains(`("|)`, rest[len(w)]) {
		return false
	}
	p.pos += len(w)
	return true
}

const (
	fieldStops = `=!<>()|,"[`
	valueStops = `()|,"[`
)

func (p *parser) comparison() (rule.Expr, error) {
	p.space()
	start := p.pos
	if p.peek() == '[' {
		return nil, p.errorf(start, "subsearches are not supported")
	}
	field := p.word(fieldStops)
	end := p.pos
	p.space()
	op, found := p.operator()
	switch {
	case found && field == "":
		return nil, p.errorf(start, "expected a field before %q", op.String())
	case found:
		if err := p.checkField(field, start); err != nil {
			return nil, err
		}
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		return rule.Compare{Field: field, Op: op, Value: rule.NewPattern(value)}, nil
	case field != "" && p.keyword("IN"):
		if err := p.checkField(field, start); err != nil {
			return nil, err
		}
		return p.in(field)
	case field == "*":
		p.pos = end
		return rule.All{}, nil
	case field == "" && p.peek() != '"':
		return nil, p.errorf(start, "expected a comparison, found %s", p.found())
	}
	return nil, p.errorf(start, "a term without a field (%s) would search the raw event: not supported", p.term(start))
}

// checkField refuses names that would silently never have a value.
func (p *parser) checkField(name string, at int) error {
	switch name {
	case "earliest", "latest", "_index_earliest", "_index_latest":
		return p.errorf(at, "time modifier %q is not supported: every event of the input is searched", name)
	case "_time", "_raw", "_indextime":
		return p.errorf(at, "field %q is not supported here", name)
	}
	if strings.Contains(name, "*") {
		return p.errorf(at, "wildcards in field names are not supported (%q)", name)
	}
	return nil
}

// term is the text of a bare term, for messages.
func (p *parser) term(start int) string {
	p.pos = start
	return p.found()
}

func (p *parser) operator() (rule.Op, bool) {
	for _, op := range []rule.Op{rule.Le, rule.Ge, rule.Ne, rule.Eq, rule.Lt, rule.Gt} {
		if strings.HasPrefix(p.text.s[p.pos:], op.String()) {
			p.pos += len(op.String())
			return op, true
		}
	}
	return 0, false
}

func (p *parser) value() (string, error) {
	p.space()
	if p.peek() == '"' {
		return p.quoted()
	}
	start := p.pos
	if v := p.word(valueStops); v != "" {
		return v, nil
	}
	return "", p.errorf(start, "expected a value, found %s", p.found())
}

// in reads the list of field IN (…). Published detections hold stray commas;
// Splunk passes over them, and so does this.
func (p *parser) in(field string) (rule.Expr, error) {
	p.space()
	start := p.pos
	if err := p.expect('(', "after IN"); err != nil {
		return nil, err
	}
	var parts rule.Or
	for !p.accept(')') {
		if p.accept(',') {
			continue
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		parts = append(parts, rule.Compare{Field: field, Op: rule.Eq, Value: rule.NewPattern(v)})
	}
	if len(parts) == 0 {
		return nil, p.errorf(start, "the list of IN is empty")
	}
	return parts, nil
}
