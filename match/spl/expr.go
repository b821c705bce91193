package spl

import (
	"strconv"
	"strings"

	"sluice/match/expr"
	"sluice/match/rule"
)

// The grammar of eval and where; AND binds tighter than OR here (Splunk, search manual,
// "Predicate expressions"):
//
//	or    = and { ("OR" | "XOR") and }
//	and   = not { "AND" not }
//	not   = "NOT" not | comparison
//	comparison = sum [ op sum | ["NOT"] "LIKE" sum | ["NOT"] "IN" "(" sum {"," sum} ")" ]
//	sum   = product { ("+" | "-" | ".") product }
//	product = unary { ("*" | "/" | "%") unary }
//	unary = ("-" | "+") unary | primary
//	primary = "(" or ")" | number | "text" | field | 'field' | function "(" … ")"

// condition reads an expression that must be a condition.
func (p *parser) condition() (expr.Cond, error) {
	p.space()
	start := p.pos
	n, err := p.exprOr()
	if err != nil {
		return nil, err
	}
	return p.asCond(n, start)
}

// expression reads an expression that must have a value.
func (p *parser) expression() (expr.Value, error) {
	p.space()
	start := p.pos
	n, err := p.exprOr()
	if err != nil {
		return nil, err
	}
	return p.asValue(n, start)
}

func (p *parser) asCond(n expr.Node, start int) (expr.Cond, error) {
	if c, ok := n.(expr.Cond); ok {
		return c, nil
	}
	return nil, p.errorf(start, "expected a condition, found a value")
}

func (p *parser) asValue(n expr.Node, start int) (expr.Value, error) {
	if v, ok := n.(expr.Value); ok {
		return v, nil
	}
	return nil, p.errorf(start, "expected a value, found a condition")
}

// operatorWord takes an operator word of any case.
func (p *parser) operatorWord(w string) bool {
	p.space()
	rest := p.text.s[p.pos:]
	if len(rest) < len(w) || !strings.EqualFold(rest[:len(w)], w) {
		return false
	}
	if len(rest) > len(w) && isName(rest[len(w)]) {
		return false
	}
	p.pos += len(w)
	return true
}

func isName(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func (p *parser) exprOr() (expr.Node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf(p.pos, "the expression nests deeper than %d here", maxDepth)
	}
	defer func() { p.depth-- }()
	p.space()
	start := p.pos
	left, err := p.exprAnd()
	for err == nil {
		isXor := p.operatorWord("XOR")
		if !isXor && !p.operatorWord("OR") {
			return left, nil
		}
		var l, r expr.Cond
		if l, err = p.asCond(left, start); err != nil {
			return nil, err
		}
		if r, err = p.condOf(p.exprAnd); err != nil {
			return nil, err
		}
		switch or, isOr := left.(expr.Or); {
		case isXor:
			left = expr.Xor{L: l, R: r}
		case isOr:
			left = append(or, r)
		default:
			left = expr.Or{l, r}
		}
	}
	return nil, err
}

// condOf reads what f reads, which must be a condition.
func (p *parser) condOf(f func() (expr.Node, error)) (expr.Cond, error) {
	p.space()
	start := p.pos
	n, err := f()
	if err != nil {
		return nil, err
	}
	return p.asCond(n, start)
}

// valueOf reads what f reads, which must have a value.
func (p *parser) valueOf(f func() (expr.Node, error)) (expr.Value, error) {
	p.space()
	start := p.pos
	n, err := f()
	if err != nil {
		return nil, err
	}
	return p.asValue(n, start)
}

func (p *parser) exprAnd() (expr.Node, error) {
	p.space()
	start := p.pos
	left, err := p.exprNot()
	for err == nil && p.operatorWord("AND") {
		var l, r expr.Cond
		if l, err = p.asCond(left, start); err != nil {
			return nil, err
		}
		if r, err = p.condOf(p.exprNot); err != nil {
			return nil, err
		}
		if and, ok := left.(expr.And); ok {
			left = append(and, r)
		} else {
			left = expr.And{l, r}
		}
	}
	return left, err
}

func (p *parser) exprNot() (expr.Node, error) {
	if !p.operatorWord("NOT") {
		return p.exprComparison()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf(p.pos, "the expression nests deeper than %d here", maxDepth)
	}
	defer func() { p.depth-- }()
	c, err := p.condOf(p.exprNot)
	if err != nil {
		return nil, err
	}
	return expr.Not{X: c}, nil
}

func (p *parser) exprComparison() (expr.Node, error) {
	p.space()
	start := p.pos
	left, err := p.exprSum()
	if err != nil {
		return nil, err
	}
	behind := p.pos
	p.space()
	op, found := p.operator()
	negated := !found && p.operatorWord("NOT")
	isLike := !found && p.operatorWord("LIKE")
	isIn := !found && !isLike && p.operatorWord("IN")
	if !found && !isLike && !isIn {
		p.pos = behind // a NOT that belongs to no operator is not ours
		return left, nil
	}
	l, err := p.asValue(left, start)
	if err != nil {
		return nil, err
	}
	var c expr.Cond
	switch {
	case isIn:
		list, err := p.arguments("in")
		if err != nil {
			return nil, err
		}
		c = expr.In{X: l, List: list}
	default:
		r, err := p.valueOf(p.exprSum)
		if err != nil {
			return nil, err
		}
		c = expr.Compare{Op: op, L: l, R: r}
		if isLike {
			c = expr.Like{X: l, Pattern: r}
		}
	}
	if negated {
		c = expr.Not{X: c}
	}
	return c, nil
}

// arguments reads "(" value {"," value} ")".
func (p *parser) arguments(of string) (list []expr.Value, err error) {
	if err := p.expect('(', "after "+of); err != nil {
		return nil, err
	}
	for !p.accept(')') {
		if len(list) > 0 {
			if err := p.expect(',', "between the arguments of "+of); err != nil {
				return nil, err
			}
		}
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// maxChain bounds the operators of one rank in a row, which nest to the left.
const maxChain = 1000

// chain reads operands with operators of one rank between them.
func (p *parser) chain(operators string, operand func() (expr.Node, error)) (expr.Node, error) {
	p.space()
	start := p.pos
	left, err := operand()
	for n := 0; err == nil; n++ {
		p.space()
		if n == maxChain {
			return nil, p.errorf(p.pos, "more than %d operators in a row", maxChain)
		}
		op := p.peek()
		if op == 0 || !contains(operators, op) {
			return left, nil
		}
		var l, r expr.Value
		if l, err = p.asValue(left, start); err != nil {
			return nil, err
		}
		p.pos++
		if r, err = p.valueOf(operand); err != nil {
			return nil, err
		}
		left = expr.Arith{Op: op, L: l, R: r}
	}
	return nil, err
}

func (p *parser) exprSum() (expr.Node, error) { return p.chain("+-.", p.exprProduct) }

func (p *parser) exprProduct() (expr.Node, error) { return p.chain("*/%", p.exprUnary) }

func (p *parser) exprUnary() (expr.Node, error) {
	p.space()
	c := p.peek()
	if c != '-' && c != '+' {
		return p.exprPrimary()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf(p.pos, "the expression nests deeper than %d here", maxDepth)
	}
	defer func() { p.depth-- }()
	p.pos++
	v, err := p.valueOf(p.exprUnary)
	if err != nil || c == '+' {
		return v, err
	}
	return expr.Neg{X: v}, nil
}

func (p *parser) exprPrimary() (expr.Node, error) {
	p.space()
	start := p.pos
	switch c := p.peek(); {
	case c == '(':
		p.pos++
		n, err := p.exprOr()
		if err != nil {
			return nil, err
		}
		return n, p.expect(')', "to close the group")
	case c == '"':
		s, err := p.quoted()
		return expr.Text{S: s}, err
	case c == '\'':
		name, err := p.singleQuoted()
		return expr.Field{Name: name}, err
	case '0' <= c && c <= '9':
		return p.number()
	case c == '[':
		return nil, p.errorf(start, "subsearches are not supported")
	case !isName(c):
		return nil, p.errorf(start, "expected an expression, found %s", p.found())
	}
	for p.pos < len(p.text.s) && isName(p.text.s[p.pos]) {
		p.pos++
	}
	name := p.text.s[start:p.pos]
	p.space()
	if p.peek() == '(' {
		return p.function(strings.ToLower(name), start)
	}
	return expr.Field{Name: name}, nil
}

// singleQuoted takes a field name in single quotes; the current byte is the first.
func (p *parser) singleQuoted() (string, error) {
	start := p.pos
	n := strings.IndexByte(p.text.s[start+1:], '\'')
	if n < 0 {
		return "", p.errorf(start, "this quote is not closed")
	}
	p.pos = start + n + 2
	return p.text.s[start+1 : start+1+n], nil
}

func (p *parser) number() (expr.Node, error) {
	start := p.pos
	digits := func() {
		for c := p.peek(); '0' <= c && c <= '9'; c = p.peek() {
			p.pos++
		}
	}
	digits()
	if rest := p.text.s[p.pos:]; len(rest) > 1 && rest[0] == '.' && '0' <= rest[1] && rest[1] <= '9' {
		p.pos++
		digits()
	}
	text := p.text.s[start:p.pos]
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || isName(p.peek()) {
		return nil, p.errorf(start, "expected a number, found %s", p.term(start))
	}
	return expr.Num{F: f}, nil
}

// operator takes a comparison operator; == is =.
func (p *parser) operator() (rule.Op, bool) {
	for _, op := range []rule.Op{rule.Le, rule.Ge, rule.Ne, rule.Eq, rule.Lt, rule.Gt} {
		if strings.HasPrefix(p.text.s[p.pos:], op.String()) {
			p.pos += len(op.String())
			if op == rule.Eq && p.peek() == '=' {
				p.pos++
			}
			return op, true
		}
	}
	return 0, false
}
