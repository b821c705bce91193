package sigma

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/match/rule"
)

// test is one member of a search: a field, modifiers and values.
type test struct {
	at        *yaml.Node
	field     string // empty for keywords
	modifiers []string
	values    []*yaml.Node

	// What the modifiers say.
	all, cased, neq bool
	kind            kind
	order           rule.Op  // of orders
	flags           string   // of expressions
	steps           []string // that change the text of a value, in order
}

// kind is what a value is compared with.
type kind uint8

const (
	patterns kind = iota
	expressions
	networks
	orders
	existence
	references
)

var orderOps = map[string]rule.Op{"gt": rule.Gt, "gte": rule.Ge, "lt": rule.Lt, "lte": rule.Le}

// kinds are the modifiers that say what a value is.
var kinds = map[string]kind{
	"re": expressions, "cidr": networks, "exists": existence, "fieldref": references,
	"gt": orders, "gte": orders, "lt": orders, "lte": orders,
}

// steps are the modifiers that change the text of a value.
var steps = strings.Fields("contains startswith endswith windash base64 base64offset wide utf16 utf16le utf16be")

// test compiles t.
func (d *detectionReader) test(t *test) rule.Expr {
	if !d.modifiers(t) {
		return rule.All{}
	}
	var parts []rule.Expr
	for _, v := range t.values {
		if v.Kind != yaml.ScalarNode {
			d.errorf(v, "a value must be text, a number, a boolean or null")
			continue
		}
		if !d.spend(v, 1) {
			return rule.All{}
		}
		if e := d.value(t, v); e != nil {
			parts = append(parts, e)
		}
	}
	switch {
	case len(parts) == 0 && !d.failed:
		d.errorf(t.at, "there is no value to compare with")
		fallthrough
	case len(parts) == 0:
		return rule.All{}
	case t.all && !t.neq:
		return and(parts...)
	case t.neq:
		return rule.Not{X: or(parts...)}
	}
	return or(parts...)
}

// modifiers reads the modifiers of t. It returns false if they cannot be.
func (d *detectionReader) modifiers(t *test) bool {
	for _, m := range t.modifiers {
		k, isKind := kinds[m]
		switch {
		case m == "all":
			t.all = true
		case m == "cased":
			t.cased = true
		case m == "neq":
			t.neq = true
		case isKind && t.kind != patterns:
			d.errorf(t.at, "modifier %q does not go with another that says what the value is", m)
		case isKind:
			t.kind, t.order = k, orderOps[m]
		case len(m) == 1 && strings.Contains("ims", m) && t.kind == expressions:
			t.flags += m
		case slices.Contains(steps, m):
			t.steps = append(t.steps, m)
		case m == "expand":
			d.errorf(t.at, "modifier \"expand\" needs values for placeholders, and there are none")
		case slices.Contains([]string{"minute", "hour", "day", "week", "month", "year"}, m):
			d.errorf(t.at, "modifier %q is not supported: parts of times are not", m)
		default:
			d.errorf(t.at, "unknown modifier %q", m)
		}
		if d.failed {
			return false
		}
	}
	return d.combination(t)
}

// combination checks that the modifiers go together.
func (d *detectionReader) combination(t *test) bool {
	switch {
	case t.field == "" && t.kind != patterns:
		d.errorf(t.at, "modifier %q needs a field", t.modifiers[slices.IndexFunc(t.modifiers, func(m string) bool { _, is := kinds[m]; return is })])
	case t.kind == references && (len(t.steps) > 1 || len(t.steps) == 1 && relations[t.steps[0]] == rule.Equals):
		d.errorf(t.at, "only one of contains, startswith and endswith goes with fieldref")
	case t.kind != patterns && t.kind != references && len(t.steps) > 0:
		d.errorf(t.at, "modifier %q goes only with text", t.steps[0])
	case t.kind != patterns && t.kind != references && t.cased:
		d.errorf(t.at, "modifier \"cased\" goes only with text")
	case isHash(t.field) && (t.kind == expressions || t.kind == references || len(t.steps) > 0):
		d.errorf(t.at, "%s is looked for in Hashes, where only whole values can be compared; compare Hashes itself", t.field)
	}
	return !d.failed
}

// value returns the condition of one value of t, or nil after an error.
func (d *detectionReader) value(t *test, v *yaml.Node) rule.Expr {
	switch {
	case v.ShortTag() == "!!null":
		if t.field == "" || t.kind != patterns || len(t.steps) > 0 {
			d.errorf(v, "null does not go with keywords and modifiers")
			return nil
		}
		return rule.Not{X: d.exists(t.field)}
	case t.kind == expressions:
		return d.expression(t, v)
	case t.kind == networks:
		return d.network(t, v)
	case t.kind == orders:
		return d.compared(t, v)
	case t.kind == existence:
		return d.existence(t, v)
	case t.kind == references:
		return d.reference(t, v)
	}
	return d.pattern(t, v)
}

// each returns the condition that f makes for one of the names under which events
// have a field.
func (d *detectionReader) each(field string, f func(name string) rule.Expr) rule.Expr {
	if slices.Contains(preferData, field) && d.source.fields[field] == nil {
		d.size += 2
		data := eventData + field
		return rule.Or{f(data), and(rule.Not{X: rule.Compare{Field: data, Value: anything}}, f(field))}
	}
	var parts []rule.Expr
	for _, name := range d.source.namesOf(field) {
		parts = append(parts, f(name))
	}
	d.size += len(parts) - 1
	return or(parts...)
}

var anything = rule.NewPattern("*")

// exists holds if the field has a value, which may be empty.
func (d *detectionReader) exists(field string) rule.Expr {
	e := d.each(field, func(name string) rule.Expr { return rule.Compare{Field: name, Value: anything} })
	if isHash(field) {
		return or(e, hashed(field, []rule.Part{{Kind: rule.Any}}, false))
	}
	return e
}

// pattern compares with text or a number.
func (d *detectionReader) pattern(t *test, v *yaml.Node) rule.Expr {
	var parts []rule.Expr
	for _, text := range d.spellings(t, v) {
		if t.field == "" {
			parts = append(parts, rule.Term{Value: rule.Glob(wrap(text, "contains"), t.cased)})
			continue
		}
		parts = append(parts, d.each(t.field, func(name string) rule.Expr {
			return d.source.compare(name, rule.Glob(text, t.cased))
		}))
		if isHash(t.field) {
			parts = append(parts, hashed(t.field, text, t.cased))
		}
	}
	if len(parts) == 0 || !d.spend(v, len(parts)-1) {
		return nil
	}
	return or(parts...)
}

// spellings returns the texts that the steps of t make of a value.
func (d *detectionReader) spellings(t *test, v *yaml.Node) [][]rule.Part {
	texts := [][]rule.Part{rule.ParseGlob(v.Value)}
	if n, err := strconv.ParseInt(v.Value, 0, 64); err == nil && v.ShortTag() == "!!int" && strconv.FormatInt(n, 10) != v.Value {
		// YAML takes 0x10 for 16. An event may have either.
		texts = append(texts, rule.ParseGlob(strconv.FormatInt(n, 10)))
	}
	var err string
	for i, step := range t.steps {
		next := ""
		if i+1 < len(t.steps) {
			next = t.steps[i+1]
		}
		if texts, err = transform(texts, step, next); err != "" {
			d.errorf(v, "%s", err)
			return nil
		}
	}
	return texts
}

func (d *detectionReader) expression(t *test, v *yaml.Node) rule.Expr {
	src, err := rule.PCRE{Flags: t.flags, Test: true, Padded: true}.Translate(v.Value)
	if err == nil {
		var re rule.Regexp
		if re, err = rule.NewRegexp(src); err == nil {
			return d.each(t.field, func(name string) rule.Expr { return rule.Matches{Field: name, Re: re} })
		}
	}
	d.errorf(v, "cannot use the regular expression: %v", err)
	return nil
}

func (d *detectionReader) network(t *test, v *yaml.Node) rule.Expr {
	p, err := netip.ParsePrefix(v.Value)
	if a, aerr := netip.ParseAddr(v.Value); aerr == nil && a.Zone() == "" {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	if err != nil {
		d.errorf(v, "%q is no network such as 10.0.0.0/8 or fe80::/10", v.Value)
		return nil
	}
	return d.each(t.field, func(name string) rule.Expr { return rule.InNet{Field: name, Net: rule.Network(p)} })
}

// decimal holds for what rule.Number may read, and blanks behind it. Values that are
// none would be compared as text.
var decimal = func() rule.Regexp {
	re, err := rule.NewRegexp(`^[-+]?(\d+\.?\d*|\.\d+)[\t-\r ]*$`)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return re
}()

func (d *detectionReader) compared(t *test, v *yaml.Node) rule.Expr {
	if _, ok := rule.Number([]byte(v.Value)); !ok {
		d.errorf(v, "%q is no decimal number of up to 15 digits", v.Value)
		return nil
	}
	return d.each(t.field, func(name string) rule.Expr {
		return and(rule.Matches{Field: name, Re: decimal}, rule.Compare{Field: name, Op: t.order, Value: rule.NewPattern(v.Value)})
	})
}

func (d *detectionReader) existence(t *test, v *yaml.Node) rule.Expr {
	yes, err := strconv.ParseBool(strings.ToLower(v.Value))
	if err != nil {
		d.errorf(v, "exists takes true or false")
		return nil
	}
	e := d.exists(t.field)
	if !yes {
		return rule.Not{X: e}
	}
	return e
}

var relations = map[string]rule.Relation{"contains": rule.Contains, "startswith": rule.StartsWith, "endswith": rule.EndsWith}

func (d *detectionReader) reference(t *test, v *yaml.Node) rule.Expr {
	if v.Value == "" || isHash(v.Value) {
		d.errorf(v, "fieldref takes the name of a field of the event")
		return nil
	}
	how := rule.Equals
	if len(t.steps) > 0 {
		how = relations[t.steps[0]]
	}
	return d.each(t.field, func(name string) rule.Expr {
		return d.each(v.Value, func(other string) rule.Expr {
			return rule.SameField{Field: name, Other: other, How: how, Cased: t.cased}
		})
	})
}
