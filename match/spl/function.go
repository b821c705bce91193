package spl

import (
	"regexp"
	"slices"

	"sluice/match/expr"
)

// function reads the arguments of a function; the current byte is "(". start is where
// its name begins.
func (p *parser) function(name string, start int) (expr.Node, error) {
	switch name {
	case "if":
		return p.functionIf()
	case "case":
		return p.functionCase()
	case "mvfilter":
		return p.functionFilter(start)
	case "mvmap":
		return p.functionMap(start)
	case "searchmatch", "validate", "random", "printf", "lookup":
		return nil, p.errorf(start, "function %q is not supported", name)
	}
	lo, hi, known := expr.Arity(name)
	condition, isCond := conditions[name]
	if isCond {
		lo, hi = condition.lo, condition.hi
	}
	if !known && !isCond {
		return nil, p.errorf(start, "function %q is not known", name)
	}
	var at []int
	var args []expr.Value
	p.pos++
	for !p.accept(')') {
		if len(args) > 0 {
			if err := p.expect(',', "between the arguments of "+name); err != nil {
				return nil, err
			}
		}
		p.space()
		at = append(at, p.pos)
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	if len(args) < lo || len(args) > hi {
		return nil, p.errorf(start, "function %q takes %s, not %d", name, argumentCount(lo, hi), len(args))
	}
	if isCond {
		return condition.make(p, args, at)
	}
	if name == "mvfind" { // a literal that cannot be compiled would find nothing
		if _, err := p.regex(args[1], at[1], expr.CompileTest); err != nil {
			return nil, err
		}
	}
	return expr.NewCall(name, args), nil
}

// conditions are the functions that are conditions, and replace, which has a regular
// expression to compile.
var conditions = map[string]struct {
	lo, hi int
	make   func(p *parser, args []expr.Value, at []int) (expr.Node, error)
}{
	"true":  {0, 0, constant(expr.Const(true))},
	"false": {0, 0, constant(expr.Const(false))},
	"null":  {0, 0, constant(expr.Null{})},
	"like": {2, 2, func(_ *parser, a []expr.Value, _ []int) (expr.Node, error) {
		return expr.Like{X: a[0], Pattern: a[1]}, nil
	}},
	"cidrmatch": {2, 2, func(_ *parser, a []expr.Value, _ []int) (expr.Node, error) {
		return expr.CIDR{Net: a[0], X: a[1]}, nil
	}},
	"in": {2, 1000, func(_ *parser, a []expr.Value, _ []int) (expr.Node, error) {
		return expr.In{X: a[0], List: a[1:]}, nil
	}},
	"match": {2, 2, func(p *parser, a []expr.Value, at []int) (expr.Node, error) {
		re, err := p.regex(a[1], at[1], expr.CompileTest)
		return expr.Match{X: a[0], Re: re}, err
	}},
	"replace": {3, 3, func(p *parser, a []expr.Value, at []int) (expr.Node, error) {
		re, err := p.regex(a[1], at[1], expr.Compile)
		return expr.Replace{X: a[0], Re: re, With: a[2]}, err
	}},
	"isnull":    {1, 1, test("isnull")},
	"isnotnull": {1, 1, test("isnotnull")},
	"isnum":     {1, 1, test("isnum")},
	"isint":     {1, 1, test("isint")},
	"isstr":     {1, 1, test("isstr")},
}

func constant(n expr.Node) func(*parser, []expr.Value, []int) (expr.Node, error) {
	return func(*parser, []expr.Value, []int) (expr.Node, error) { return n, nil }
}

func test(name string) func(*parser, []expr.Value, []int) (expr.Node, error) {
	return func(_ *parser, a []expr.Value, _ []int) (expr.Node, error) {
		return expr.Test{Name: name, X: a[0]}, nil
	}
}

func (p *parser) regex(pattern expr.Value, at int, compile func(string) (*regexp.Regexp, error)) (expr.Regex, error) {
	re, err := expr.NewRegex(pattern, compile)
	if err != nil {
		return re, p.errorf(at, "%s", err)
	}
	return re, nil
}

func argumentCount(lo, hi int) string {
	switch {
	case hi == 0:
		return "no arguments"
	case lo == hi && lo == 1:
		return "one argument"
	case lo == hi:
		return "exactly " + itoa(lo) + " arguments"
	case hi >= 1000:
		return "at least " + itoa(lo) + " arguments"
	}
	return "from " + itoa(lo) + " to " + itoa(hi) + " arguments"
}

func (p *parser) functionIf() (expr.Node, error) {
	p.pos++
	c, err := p.condition()
	if err != nil {
		return nil, err
	}
	var parts [2]expr.Value
	for i := range parts {
		if err := p.expect(',', "between the arguments of if"); err != nil {
			return nil, err
		}
		if parts[i], err = p.expression(); err != nil {
			return nil, err
		}
	}
	return expr.If{Cond: c, Then: parts[0], Else: parts[1]}, p.expect(')', "to close if")
}

func (p *parser) functionCase() (expr.Node, error) {
	p.pos++
	var e expr.Case
	for {
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		if err := p.expect(',', "behind a condition of case"); err != nil {
			return nil, err
		}
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		e.When, e.Then = append(e.When, c), append(e.Then, v)
		if !p.accept(',') {
			return e, p.expect(')', "to close case")
		}
	}
}

func (p *parser) functionFilter(start int) (expr.Node, error) {
	p.pos++
	c, err := p.condition()
	if err != nil {
		return nil, err
	}
	names := expr.Fields(c)
	if len(names) != 1 {
		return nil, p.errorf(start, "mvfilter takes a condition on one field, this one has %d", len(names))
	}
	return expr.Filter{Field: names[0], Cond: c}, p.expect(')', "to close mvfilter")
}

func (p *parser) functionMap(start int) (expr.Node, error) {
	args, err := p.arguments("mvmap")
	if err != nil {
		return nil, err
	}
	if len(args) == 2 {
		if f, ok := args[0].(expr.Field); ok && slices.Contains(expr.Fields(args[1]), f.Name) {
			return expr.Map{Field: f.Name, Expr: args[1]}, nil
		}
	}
	return nil, p.errorf(start, "mvmap takes a field and an expression of it")
}
