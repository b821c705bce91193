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
//	primary = "(" and ")" | field op value | field ["NOT"] "IN" "(" value {"," value} ")" | "*" | term
//
// A field may stand in double quotes. A term is looked for in all values of the event.

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
			if parts = flat(parts); len(parts) == 1 {
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
		p.negated = !p.negated
		e, err := p.not()
		p.negated = !p.negated
		if err != nil {
			return nil, err
		}
		if either, ok := e.(either); ok {
			e = either.Or
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
	field, isQuoted, err := p.fieldOrTerm()
	if err != nil {
		return nil, err
	}
	end := p.pos
	p.space()
	op, found := p.operator()
	switch {
	case found && field == "":
		return nil, p.errorf(start, "expected a field before %q", op.String())
	case found:
		return p.compare(field, op, start)
	case field == "" && !isQuoted:
		return nil, p.errorf(start, "expected a comparison, found %s", p.found())
	}
	if not := p.keyword("NOT"); p.keyword("IN") {
		e, err := p.in(field, start)
		if err == nil && not {
			e = rule.Not{X: e}
		}
		return e, err
	}
	p.pos = end
	return p.bareTerm(field, isQuoted, start)
}

// fieldOrTerm takes what a comparison begins with, or a term.
func (p *parser) fieldOrTerm() (text string, isQuoted bool, err error) {
	if p.peek() == '"' {
		text, err = p.quoted()
		return text, true, err
	}
	return p.unquoted(fieldStops), false, nil
}

// bareTerm returns the condition of a term without a field.
func (p *parser) bareTerm(text string, isQuoted bool, start int) (rule.Expr, error) {
	if isQuoted {
		return term(text), nil
	}
	switch rule.FoldString(text) { // to which \u0131n is no in
	case "*":
		return rule.All{}, nil
	case "and", "or", "not", "in":
		return nil, p.errorf(start, "a term without a field (%q) that is an operator: write operators in upper case and between conditions", text)
	case "case", "term":
		if p.peek() == '(' {
			v, err := p.directive(text)
			if err != nil {
				return nil, err
			}
			return rule.Term{Value: around(v)}, nil
		}
	}
	return term(text), nil
}

// term looks for text anywhere in a value; Splunk looks for whole words in the raw event.
func term(text string) rule.Expr { return rule.Term{Value: around(rule.NewPattern(text))} }

// around returns a pattern for what contains p.
func around(p rule.Pattern) rule.Pattern {
	parts := append([]rule.Part{{Kind: rule.Any}}, p.Parts()...)
	return rule.Glob(append(parts, rule.Part{Kind: rule.Any}), p.Cased())
}

// directive reads (text) behind CASE, which makes letter case count, or TERM.
func (p *parser) directive(name string) (rule.Pattern, error) {
	p.pos++
	v, err := p.value()
	if err != nil {
		return rule.Pattern{}, err
	}
	return rule.Glob(rule.NewPattern(v).Parts(), name == "CASE"), p.expect(')', "to close "+name)
}

// pattern reads the value of a comparison.
func (p *parser) pattern() (rule.Pattern, error) {
	p.space()
	for _, name := range []string{"CASE", "TERM"} {
		if rest := p.text.s[p.pos:]; strings.HasPrefix(rest, name+"(") {
			p.pos += len(name)
			return p.directive(name)
		}
	}
	v, err := p.value()
	return rule.NewPattern(v), err
}

func (p *parser) compare(field string, op rule.Op, start int) (rule.Expr, error) {
	if err := p.checkField(field, start); err != nil {
		return nil, err
	}
	value, err := p.pattern()
	if err != nil {
		return nil, err
	}
	return p.meta(field, op, value, start)
}

// checkField refuses names that would silently never have a value.
func (p *parser) checkField(name string, at int) error {
	switch name {
	case "earliest", "latest", "_index_earliest", "_index_latest":
		return p.errorf(at, "time modifier %q is not supported: every event of the input is searched", name)
	case "_raw", "_indextime":
		return p.errorf(at, "field %q is not supported here", name)
	case "_time":
		if !p.rows {
			return p.errorf(at, "field %q is not supported here", name)
		}
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

func (p *parser) value() (string, error) {
	p.space()
	if p.peek() == '"' {
		return p.quoted()
	}
	start := p.pos
	if v := p.unquoted(valueStops); v != "" {
		return v, nil
	}
	return "", p.errorf(start, "expected a value, found %s", p.found())
}

// in reads the list of field IN (…). Published detections hold stray commas;
// Splunk passes over them, and so does this.
func (p *parser) in(field string, at int) (rule.Expr, error) {
	if err := p.checkField(field, at); err != nil {
		return nil, err
	}
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
		v, err := p.pattern()
		if err != nil {
			return nil, err
		}
		e, err := p.meta(field, rule.Eq, v, at)
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	if len(parts) == 0 {
		return nil, p.errorf(start, "the list of IN is empty")
	}
	return flat(parts), nil
}

// eventTypes are the event types of the Splunk Add-on for Microsoft Windows that
// searches name, with the channel that each stands for.
var eventTypes = map[string]string{
	"wineventlog_security":    "Security",
	"wineventlog_system":      "System",
	"wineventlog_application": "Application",
	"wineventlog-security":    "Security",
	"wineventlog-system":      "System",
	"wineventlog-application": "Application",
	"ms-sysmon-operational":   "Microsoft-Windows-Sysmon/Operational",
}

// meta returns a comparison. An index is what is searched, whatever its name; an event
// type is a search of its own, and those that are known become one here.
func (p *parser) meta(field string, op rule.Op, value rule.Pattern, at int) (rule.Expr, error) {
	switch field {
	case "index", "splunk_server":
		if p.negated || op != rule.Eq {
			return nil, p.errorf(at, "%s can only be named, not excluded: the input is searched whatever its %s", field, field)
		}
		return rule.All{}, nil
	case "eventtype":
		channel, known := eventTypes[rule.FoldString(value.Text())]
		if !known || op != rule.Eq {
			return nil, p.errorf(at, "event type %q is not known: name its channel or event ids", value.Text())
		}
		return rule.Compare{Field: "Channel", Op: rule.Eq, Value: rule.NewPattern(channel)}, nil
	case "tag":
		return nil, p.errorf(at, "tags are not supported: name the channel or event ids")
	}
	c := rule.Compare{Field: field, Op: op, Value: value}
	if other, ok := renamed(c); ok && !p.negated { // excluding more than asked for misses events
		return either{rule.Or{c, other}}, nil
	}
	return c, nil
}

// either is a comparison in two spellings, which flat takes apart.
type either struct{ rule.Or }

// renamed returns the spelling that the events here have of a source or source type
// of the Splunk Add-on for Microsoft Windows: WinEventLog is what it calls events that
// are not XML, and its older versions made the channel part of the source type.
func renamed(c rule.Compare) (other rule.Compare, ok bool) {
	text := c.Value.Text()
	name, channel, hasChannel := strings.Cut(text, ":")
	if c.Op != rule.Eq || c.Value.Cased() || c.Field != "source" && c.Field != "sourcetype" {
		return c, false
	}
	before, isXML := c, false
	switch rule.FoldString(strings.TrimRight(name, "*")) {
	case "xmlwineventlog":
		isXML = true
	case "wineventlog":
	default:
		return c, false
	}
	switch {
	case hasChannel:
		c.Field, c.Value = "source", rule.NewPattern("XmlWinEventLog:"+channel)
	case !isXML:
		c.Value = rule.NewPattern("Xml" + text)
	}
	return c, rule.FoldString(c.String()) != rule.FoldString(before.String())
}

// flat returns parts with both spellings of a comparison side by side, each once.
func flat(parts rule.Or) (out rule.Or) {
	seen := map[string]bool{}
	for _, part := range parts {
		if e, ok := part.(either); ok {
			seen[e.Or[0].String()] = true
			continue
		}
		seen[part.String()] = true
	}
	for _, part := range parts {
		e, ok := part.(either)
		if !ok {
			out = append(out, part)
			continue
		}
		out = append(out, e.Or[0])
		if name := e.Or[1].String(); !seen[name] {
			seen[name] = true
			out = append(out, e.Or[1])
		}
	}
	return out
}
