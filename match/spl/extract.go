package spl

import (
	"slices"
	"strings"

	"sluice/match/command"
	"sluice/match/expr"
	"sluice/match/lookup"
	"sluice/match/rule"
)

const noRaw = "%s reads the raw event unless it names a field: name one"

// rex reads [field=f] [max_match=N] [mode=sed] "…" in any order.
func (p *parser) rex(start int) ([]rule.Command, error) {
	field, text, sed, at := "", "", false, -1
	most := 1
	for !p.atEnd() {
		optAt := p.pos
		opt, ok := p.option("field", "max_match", "mode", "offset_field")
		var err error
		switch {
		case !ok && at >= 0:
			return nil, p.errorf(p.pos, "expected the end of rex, found %s", p.found())
		case !ok:
			at = p.pos
			text, err = p.value()
		case opt == "field":
			field, err = p.name("a field")
		case opt == "max_match":
			most, err = p.count("a number of matches")
		case opt == "mode" && p.word0("sed"):
			sed = true
		default:
			return nil, p.errorf(optAt, "option %s of rex is not supported", opt)
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case at < 0:
		return nil, p.errorf(p.pos, "expected a regular expression, found %s", p.found())
	case field == "" || field == "_raw":
		return nil, p.errorf(start, noRaw, "rex")
	case sed:
		return p.sed(field, text, at)
	}
	re, err := expr.Compile(text)
	if err != nil {
		return nil, p.errorf(at, "%s", err)
	}
	c := command.Rex{Field: field, Re: re, Max: most}
	if !slices.ContainsFunc(re.SubexpNames(), func(n string) bool { return n != "" }) {
		return nil, p.errorf(at, "the regular expression of rex has no named group")
	}
	return one(c)
}

// sed reads s/re/text/flags.
func (p *parser) sed(field, text string, at int) ([]rule.Command, error) {
	if len(text) < 4 || text[0] != 's' {
		return nil, p.errorf(at, "only s/…/…/ is supported in mode=sed")
	}
	parts := []string{""}
	for i := 2; i < len(text); i++ {
		last := &parts[len(parts)-1]
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == text[1]:
			i++
			*last += text[i : i+1]
		case text[i] == '\\' && i+1 < len(text):
			*last += text[i : i+2]
			i++
		case text[i] == text[1]:
			parts = append(parts, "")
		default:
			*last += text[i : i+1]
		}
	}
	if len(parts) != 3 || strings.Trim(parts[2], "gi") != "" {
		return nil, p.errorf(at, "only s/…/…/ with the flags g and i is supported in mode=sed")
	}
	if strings.Contains(parts[2], "i") {
		parts[0] = "(?i)" + parts[0]
	}
	re, err := expr.Compile(parts[0])
	if err != nil {
		return nil, p.errorf(at, "%s", err)
	}
	return one(command.Sed{Field: field, Re: re, With: expr.Template(parts[1]), All: strings.Contains(parts[2], "g")})
}

// regexCommand reads field="…" or field!="…".
func (p *parser) regexCommand(start int) ([]rule.Command, error) {
	p.space()
	field := p.word(nameStops + "!<>")
	p.space()
	op, ok := p.operator()
	if field == "" || !ok || field == "_raw" {
		return nil, p.errorf(start, noRaw, "regex")
	}
	if op != rule.Eq && op != rule.Ne {
		return nil, p.errorf(start, "regex knows = and !=, not %s", op)
	}
	p.space()
	at := p.pos
	text, err := p.value()
	if err != nil {
		return nil, err
	}
	re, err := expr.CompileTest(text)
	if err != nil {
		return nil, p.errorf(at, "%s", err)
	}
	return one(command.Regex{Field: field, Re: re, Not: op == rule.Ne})
}

func (p *parser) spath(start int) ([]rule.Command, error) {
	var c command.Spath
	for !p.atEnd() {
		if p.accept(',') {
			continue
		}
		opt, ok := p.option("input", "output", "path")
		v, err := p.value()
		switch {
		case err != nil:
			return nil, err
		case opt == "input":
			c.Input = v
		case opt == "output":
			c.As = v
		case opt == "path" || !ok && c.Path == "":
			c.Path = v
		default:
			return nil, p.errorf(start, "spath takes input=, output= and one path")
		}
	}
	if c.Input == "" || c.Input == "_raw" {
		return nil, p.errorf(start, noRaw, "spath")
	}
	if c.As == "" {
		c.As = c.Path
	}
	return one(c)
}

func (p *parser) xmlkv(start int) ([]rule.Command, error) {
	names, err := p.names(false)
	switch {
	case err != nil:
		return nil, err
	case len(names) != 1 || names[0] == "_raw":
		return nil, p.errorf(start, noRaw, "xmlkv")
	}
	return one(command.XMLKv{Input: names[0]})
}

// replace reads "old" with "new", … in fields.
func (p *parser) replace(int) ([]rule.Command, error) {
	var c command.Replace
	for !p.atEnd() && !p.word0("in") {
		if len(c.Pairs) > 0 && p.accept(',') {
			continue
		}
		old, err := p.value()
		if err != nil {
			return nil, err
		}
		if !p.word0("with") {
			return nil, p.errorf(p.pos, "expected WITH behind %q, found %s", old, p.found())
		}
		p.space()
		at := p.pos
		text, err := p.value()
		if err != nil {
			return nil, err
		}
		if strings.Contains(text, "*") {
			return nil, p.errorf(at, "wildcards in what replaces a value are not supported (%q)", text)
		}
		c.Pairs = append(c.Pairs, command.ReplacePair{Old: rule.NewPattern(old), New: text})
	}
	if len(c.Pairs) == 0 {
		return nil, p.errorf(p.pos, "expected a value, found %s", p.found())
	}
	var err error
	c.Names, err = p.names(false)
	if err != nil {
		return nil, err
	}
	return one(c)
}

// lookup reads [options] NAME column [AS field]… [OUTPUT|OUTPUTNEW column [AS field]…].
func (p *parser) lookup(int) ([]rule.Command, error) {
	for {
		if _, ok := p.option("local", "update"); !ok {
			break
		}
		if _, err := p.value(); err != nil {
			return nil, err
		}
	}
	p.space()
	at := p.pos
	name, err := p.name("a lookup")
	if err != nil {
		return nil, err
	}
	t, err := p.lookups.Find(name)
	if err != nil {
		return nil, p.errorf(at, "%s", err)
	}
	in, err := p.lookupFields(t, "output", "outputnew")
	if err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return nil, p.errorf(p.pos, "expected a column of lookup %q, found %s", name, p.found())
	}
	isNew := p.word0("outputnew")
	explicit := isNew || p.word0("output")
	out, err := p.lookupFields(t)
	if err != nil {
		return nil, err
	}
	if !explicit {
		for _, column := range t.Columns {
			if !slices.ContainsFunc(in, func(f command.LookupField) bool { return f.Column == column }) {
				out = append(out, command.LookupField{Column: column, Field: column})
			}
		}
	}
	if len(out) == 0 {
		return nil, p.errorf(p.pos, "expected a column of lookup %q to output, found %s", name, p.found())
	}
	return one(command.NewLookup(t, in, out, isNew))
}

// lookupFields reads column [AS field]… up to one of the words.
func (p *parser) lookupFields(t *lookup.Table, until ...string) (out []command.LookupField, err error) {
	for !p.atEnd() {
		if p.accept(',') {
			continue
		}
		at := p.pos
		name, err := p.name("a column")
		if err != nil {
			return nil, err
		}
		if slices.Contains(until, strings.ToLower(name)) {
			p.pos = at
			return out, nil
		}
		if !t.Has(name) {
			return nil, p.errorf(at, "lookup %q has no column %q", t.Name, name)
		}
		f := command.LookupField{Column: name, Field: name}
		if p.word0("as") {
			if f.Field, err = p.name("a field"); err != nil {
				return nil, err
			}
		}
		out = append(out, f)
	}
	return out, nil
}
