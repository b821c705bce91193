package spl

import (
	"strconv"
	"strings"
	"time"

	"sluice/match/command"
	"sluice/match/expr"
	"sluice/match/rule"
)

func (p *parser) dedup(int) ([]rule.Command, error) {
	c := command.Dedup{N: 1}
	p.space()
	if '0' <= p.peek() && p.peek() <= '9' {
		at := p.pos
		n, err := p.count("a number of rows")
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, p.errorf(at, "dedup keeps one row at least")
		}
		c.N = n
	}
	p.space()
	at := p.pos
	names, err := p.someNames(false)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if strings.EqualFold(n, "sortby") {
			return nil, p.errorf(at, "sortby is not supported in dedup: sort before it")
		}
	}
	c.Fields = names
	return one(c)
}

// sort reads [N] and keys such as -count, + num(x).
func (p *parser) sort(int) ([]rule.Command, error) {
	var c command.Sort
	p.space()
	if _, ok := p.option("limit"); ok || '0' <= p.peek() && p.peek() <= '9' {
		n, err := p.count("a number of rows")
		if err != nil {
			return nil, err
		}
		c.Limit = n
	}
	for !p.atEnd() {
		if len(c.Keys) > 0 && (p.word0("desc") || p.word0("d")) {
			for i := range c.Keys {
				c.Keys[i].Descending = !c.Keys[i].Descending
			}
			continue
		}
		if p.accept(',') {
			continue
		}
		k, err := p.sortKey()
		if err != nil {
			return nil, err
		}
		c.Keys = append(c.Keys, k)
	}
	if len(c.Keys) == 0 {
		return nil, p.errorf(p.pos, "expected a field, found %s", p.found())
	}
	return one(c)
}

func (p *parser) sortKey() (k command.SortKey, err error) {
	k.Descending = p.accept('-')
	if !k.Descending {
		p.accept('+')
	}
	p.space()
	start := p.pos
	if k.Field, err = p.name("a field"); err != nil || p.peek() != '(' {
		return k, err
	}
	known := false
	for _, as := range []command.SortAs{command.Auto, command.Str, command.Num, command.IP} {
		if as.String() == strings.ToLower(k.Field) {
			k.As, known = as, true
		}
	}
	if !known {
		return k, p.errorf(start, "sort knows auto, str, num and ip, not %q", k.Field)
	}
	p.pos++
	if k.Field, err = p.name("a field"); err != nil {
		return k, err
	}
	return k, p.expect(')', "behind the field")
}

func (p *parser) head(fromEnd bool) ([]rule.Command, error) {
	c := command.Head{N: 10, FromEnd: fromEnd}
	if p.atEnd() {
		return one(c)
	}
	p.option("limit")
	n, err := p.count("a number of rows")
	if err != nil {
		return nil, err
	}
	c.N = n
	return one(c)
}

func (p *parser) mvexpand(int) ([]rule.Command, error) {
	name, err := p.name("a field")
	if err != nil {
		return nil, err
	}
	c := command.MvExpand{Field: name}
	if _, ok := p.option("limit"); ok {
		if c.Limit, err = p.count("a number of values"); err != nil {
			return nil, err
		}
	}
	return one(c)
}

func (p *parser) makemv(start int) ([]rule.Command, error) {
	c := command.MakeMv{Delim: " "}
	for !p.atEnd() {
		var err error
		if _, ok := p.option("delim"); ok {
			if c.Delim, err = p.value(); err != nil {
				return nil, err
			}
			continue
		}
		if c.Field != "" {
			return nil, p.errorf(p.pos, "makemv takes delim= and one field, found %s", p.found())
		}
		if c.Field, err = p.name("a field"); err != nil {
			return nil, err
		}
	}
	if c.Field == "" || c.Delim == "" {
		return nil, p.errorf(start, "makemv needs a field and a text that separates its values")
	}
	return one(c)
}

// bin reads [span=S] _time [as name] in any order.
func (p *parser) bin(start int) ([]rule.Command, error) {
	c := command.Bin{As: "_time"}
	field := ""
	for !p.atEnd() {
		at := p.pos
		if _, ok := p.option("span"); ok {
			span, err := p.span()
			if err != nil {
				return nil, err
			}
			c.Span = span
			continue
		}
		name, err := p.name("a field")
		if err != nil {
			return nil, err
		}
		switch {
		case field == "" && name == "_time":
			field = name
		case field != "" && strings.EqualFold(name, "as"):
			if c.As, err = p.name("a field"); err != nil {
				return nil, err
			}
		default:
			return nil, p.errorf(at, "only span= and _time are supported in bin, found %s", p.term(at))
		}
	}
	if field == "" || c.Span == 0 {
		return nil, p.errorf(start, "bin needs _time and span=")
	}
	return one(c)
}

var spans = map[string]time.Duration{
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

func (p *parser) span() (time.Duration, error) {
	start := p.pos
	text, err := p.value()
	if err != nil {
		return 0, err
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	n, err := strconv.Atoi("0" + text[:digits])
	if digits == 0 {
		n = 1
	}
	unit := spans[expr.Unit(text[digits:])]
	if text[digits:] == "" {
		unit = time.Second
	}
	if err != nil || n == 0 || unit == 0 || n > 100_000 {
		return 0, p.errorf(start, "span %q is not supported: it is a number of s, m, h, d or w", text)
	}
	return time.Duration(n) * unit, nil
}

func (p *parser) addtotals(int) ([]rule.Command, error) {
	c := command.AddTotals{As: "Total"}
	for !p.atEnd() {
		if p.accept(',') {
			continue
		}
		at := p.pos
		opt, isOption := p.option("fieldname", "row", "col", "labelfield", "label")
		if !isOption {
			name, err := p.name("a field")
			if err != nil {
				return nil, err
			}
			c.Names = append(c.Names, name)
			continue
		}
		v, err := p.value()
		switch {
		case err != nil:
			return nil, err
		case opt == "fieldname":
			c.As = v
		case opt == "row" && isTrue(v), opt == "col" && !isTrue(v):
		default:
			return nil, p.errorf(at, "addtotals is supported for rows only")
		}
	}
	return one(c)
}

func isTrue(v string) bool {
	return strings.EqualFold(v, "true") || v == "1" || strings.EqualFold(v, "t")
}

var conversions = map[string]command.How{
	"ctime": command.CTime, "mktime": command.MkTime, "num": command.ToNum, "rmcomma": command.RmComma,
}

// convert reads convert [timeformat="…"] function(field) [as name]…
func (p *parser) convert(int) (out []rule.Command, err error) {
	layout := "%m/%d/%Y %H:%M:%S" // Splunk's default
	for !p.atEnd() {
		if p.accept(',') {
			continue
		}
		if _, ok := p.option("timeformat"); ok {
			if layout, err = p.value(); err != nil {
				return nil, err
			}
			continue
		}
		start := p.pos
		how, known := conversions[strings.ToLower(p.word(nameStops))]
		if !known || !p.accept('(') {
			return nil, p.errorf(start, "only timeformat=, ctime(), mktime(), num() and rmcomma() are supported in convert, found %s", p.term(start))
		}
		c := command.Convert{How: how}
		if how <= command.MkTime {
			c.Layout = layout
		}
		if c.Name, err = p.name("a column"); err != nil {
			return nil, err
		}
		if err := p.expect(')', "to close "+how.String()); err != nil {
			return nil, err
		}
		if p.word0("as") {
			if c.As, err = p.name("a column name"); err != nil {
				return nil, err
			}
		}
		out = append(out, c)
	}
	return out, nil
}
