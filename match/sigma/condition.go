package sigma

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/match/rule"
)

const (
	// maxCondition bounds the text of a condition, in bytes, and maxNesting its
	// parentheses and nots.
	maxCondition = 16 << 10
	maxNesting   = 100
)

// conditionReader reads one condition, by recursive descent: or binds weaker than
// and, and weaker than not.
type conditionReader struct {
	*detectionReader
	node   *yaml.Node
	text   string
	tokens []token
	depth  int
}

// token is a parenthesis, a name or a keyword.
type token struct {
	text string
	at   int // in the condition
}

// condition returns what a condition means.
func (d *detectionReader) condition(n *yaml.Node) rule.Expr {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.errorf(n, "a condition must be text")
		return rule.All{}
	case len(n.Value) > maxCondition:
		d.errorf(n, "a condition is longer than %d bytes", maxCondition)
		return rule.All{}
	}
	r := &conditionReader{detectionReader: d, node: n, text: n.Value}
	r.split()
	e := r.or()
	if len(r.tokens) > 0 && !d.failed {
		r.unexpected()
	}
	return e
}

func isName(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("_-.*?$%+", c) >= 0 || c >= 0x80
}

// split cuts the text into tokens; a byte that begins none is one.
func (r *conditionReader) split() {
	for i := 0; i < len(r.text); {
		at := i
		switch {
		case strings.IndexByte(" \t\r\n", r.text[i]) >= 0:
			i++
			continue
		case isName(r.text[i]):
			for i < len(r.text) && isName(r.text[i]) {
				i++
			}
		default:
			i++
		}
		r.tokens = append(r.tokens, token{r.text[at:i], at})
	}
}

// fail reports a mistake at the next token.
func (r *conditionReader) fail(format string, args ...any) rule.Expr {
	if !r.failed {
		at := len(r.text)
		if len(r.tokens) > 0 {
			at = r.tokens[0].at
		}
		r.errorf(r.node, "%s, at character %d of the condition", fmt.Sprintf(format, args...), at+1)
	}
	return rule.All{}
}

func (r *conditionReader) unexpected() rule.Expr {
	switch {
	case len(r.tokens) == 0:
		return r.fail("the condition ends too soon")
	case r.tokens[0].text == "|":
		return r.fail("aggregations (| count() …, | near …) are not supported")
	}
	return r.fail("%q is not expected", r.tokens[0].text)
}

// is reports whether the next token is a keyword, and takes it.
func (r *conditionReader) is(keyword string) bool {
	if len(r.tokens) > 0 && strings.EqualFold(r.tokens[0].text, keyword) {
		r.tokens = r.tokens[1:]
		return true
	}
	return false
}

func (r *conditionReader) or() rule.Expr {
	parts := []rule.Expr{r.and()}
	for !r.failed && r.is("or") {
		parts = append(parts, r.and())
	}
	return or(parts...)
}

func (r *conditionReader) and() rule.Expr {
	parts := []rule.Expr{r.not()}
	for !r.failed && r.is("and") {
		parts = append(parts, r.not())
	}
	return and(parts...)
}

func (r *conditionReader) not() rule.Expr {
	if r.depth++; r.depth > maxNesting {
		return r.fail("the condition nests deeper than %d", maxNesting)
	}
	defer func() { r.depth-- }()
	switch {
	case r.is("not"):
		return rule.Not{X: r.not()}
	case r.is("("):
		e := r.or()
		if !r.failed && !r.is(")") {
			return r.unexpected()
		}
		return e
	}
	return r.operand()
}

// operand reads a name, or how many of some names.
func (r *conditionReader) operand() rule.Expr {
	if len(r.tokens) == 0 || !isName(r.tokens[0].text[0]) {
		return r.unexpected()
	}
	if len(r.tokens) > 1 && strings.EqualFold(r.tokens[1].text, "of") {
		return r.quantified()
	}
	if s := r.searches[r.tokens[0].text]; s != nil {
		r.tokens = r.tokens[1:]
		return r.use(s)
	}
	return r.fail("there is no %q in the detection", r.tokens[0].text)
}

// use returns what a name stands for.
func (r *conditionReader) use(s *search) rule.Expr {
	s.used = true
	if !r.spend(r.node, s.size) {
		return rule.All{}
	}
	return s.expr
}

// quantified reads "1 of", "any of", "all of" or a number of, and of which.
func (r *conditionReader) quantified() rule.Expr {
	some := r.tokens[0].text
	least, err := strconv.Atoi(some)
	every := strings.EqualFold(some, "all")
	if strings.EqualFold(some, "any") {
		least, err = 1, nil
	}
	if !every && (err != nil || least < 1) {
		return r.fail("%q is no number of searches", some)
	}
	if r.tokens = r.tokens[2:]; len(r.tokens) == 0 || !isName(r.tokens[0].text[0]) {
		return r.unexpected()
	}
	of := r.tokens[0].text
	names := r.matching(of)
	if len(names) < max(least, 1) {
		return r.fail("the detection has %d searches %q", len(names), of)
	}
	r.tokens = r.tokens[1:]
	var parts []rule.Expr
	size := 0
	for _, name := range names {
		parts = append(parts, r.use(r.searches[name]))
		size += r.searches[name].size
	}
	if every {
		return and(parts...)
	}
	return r.atLeast(least, size, parts)
}

// matching returns the names of searches that "them" or a name with stars means.
// Those that begin with an underscore must be meant by a name that does.
func (r *conditionReader) matching(of string) (names []string) {
	p := rule.NewPattern(of)
	for _, name := range r.names {
		hidden := strings.HasPrefix(name, "_") && !strings.HasPrefix(of, "_")
		if !hidden && (strings.EqualFold(of, "them") || p.Match(rule.Fold(nil, []byte(name)))) {
			names = append(names, name)
		}
	}
	return names
}

// atLeast returns a condition that n of parts satisfy: the first and n-1 of the
// others, or n of the others. size is that of all parts.
func (r *conditionReader) atLeast(n, size int, parts []rule.Expr) rule.Expr {
	switch {
	case n == 1:
		return or(parts...)
	case n == len(parts):
		return and(parts...)
	case r.failed || !r.spend(r.node, size):
		return rule.All{}
	}
	return or(and(parts[0], r.atLeast(n-1, size, parts[1:])), r.atLeast(n, size, parts[1:]))
}
