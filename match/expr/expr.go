// Package expr is the eval language of searches: expressions over the fields of one
// row, as parsed by a front end.
//
// An expression has a value (Value) or is a condition (Cond); which of them stands
// where is decided when it is built, so that evaluation cannot fail: what has no
// answer (arithmetic on words, a missing field) is null. A comparison with null does
// not hold, and so its NOT does. An expression with several values holds in a
// comparison when one of them does. See docs/detections.md for the functions and for
// where this differs from Splunk.
package expr

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/match/row"
)

// Env is what expressions know besides their row.
type Env struct {
	Zone *time.Location // of strftime and strptime
	Now  time.Time      // the answer of now()
	Memo *Memo          // of one goroutine; may be nil
}

// Scope is one row that expressions are evaluated over.
type Scope struct {
	Table *row.Table
	Row   []row.Value
	Env   *Env
}

// Node is a Value or a Cond.
type Node interface {
	fmt.Stringer
	fields(add func(string))
}

// Value is an expression with a value. It is immutable and safe for concurrent use.
type Value interface {
	Node
	Value(*Scope) row.Value
}

// Cond is a condition, likewise.
type Cond interface {
	Node
	Holds(*Scope) bool
}

// Fields returns the fields that n reads, each once.
func Fields(n Node) (names []string) {
	n.fields(func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	})
	return names
}

// maxText bounds the length of a text that an expression makes; what is longer is
// cut, so that a rule cannot grow without bound what an event holds.
const maxText = 16 << 20

func ofText(s string) row.Value { return row.OfText(s[:min(len(s), maxText)]) }

type (
	// Field is the value of a field.
	Field struct{ Name string }
	// Text is a literal.
	Text struct{ S string }
	// Num is a literal number.
	Num struct{ F float64 }
	// Null is null().
	Null struct{}
	// Neg is -X.
	Neg struct{ X Value }
	// Arith is L Op R, where Op is one of + - * / % and . (which joins texts).
	Arith struct {
		Op   byte
		L, R Value
	}
	// If is if(Cond, Then, Else).
	If struct {
		Cond       Cond
		Then, Else Value
	}
	// Case is case(When[0], Then[0], …): the value of the first condition that holds.
	Case struct {
		When []Cond
		Then []Value
	}
)

// PrintField writes the name of a field so that it cannot be taken for anything
// else in a printed expression.
func PrintField(name string) string {
	for i, c := range name {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return "$" + strconv.Quote(name)
		}
	}
	if name == "" || name == "null" {
		return "$" + strconv.Quote(name)
	}
	return name
}

func (e Field) String() string { return PrintField(e.Name) }
func (e Text) String() string  { return strconv.Quote(e.S) }
func (e Num) String() string   { return string(row.AppendNumber(nil, e.F)) }
func (Null) String() string    { return "null" }
func (e Neg) String() string   { return "(- " + e.X.String() + ")" }
func (e Arith) String() string { return list(string(e.Op), e.L, e.R) }
func (e If) String() string    { return list[Node]("if", e.Cond, e.Then, e.Else) }
func (e Case) String() string {
	nodes := make([]Node, 0, 2*len(e.When))
	for i := range e.When {
		nodes = append(nodes, e.When[i], e.Then[i])
	}
	return list("case", nodes...)
}

func list[N Node](op string, nodes ...N) string {
	var b strings.Builder
	b.WriteString("(" + op)
	for _, n := range nodes {
		b.WriteString(" " + n.String())
	}
	return b.String() + ")"
}

func each[N Node](add func(string), nodes ...N) {
	for _, n := range nodes {
		n.fields(add)
	}
}

func (e Field) fields(add func(string)) { add(e.Name) }
func (Text) fields(func(string))        {}
func (Num) fields(func(string))         {}
func (Null) fields(func(string))        {}
func (e Neg) fields(add func(string))   { e.X.fields(add) }
func (e Arith) fields(add func(string)) { each(add, e.L, e.R) }
func (e If) fields(add func(string))    { each[Node](add, e.Cond, e.Then, e.Else) }
func (e Case) fields(add func(string)) {
	each(add, e.When...)
	each(add, e.Then...)
}

// Value returns the field's value.
func (e Field) Value(s *Scope) row.Value { return row.Get(s.Row, s.Table.Index(e.Name)) }

// Value returns the literal.
func (e Text) Value(*Scope) row.Value { return row.OfText(e.S) }

// Value returns the literal.
func (e Num) Value(*Scope) row.Value { return row.OfNumber(e.F) }

// Value returns null.
func (Null) Value(*Scope) row.Value { return row.Value{} }

// Value returns the negated number, or null.
func (e Neg) Value(s *Scope) row.Value {
	if f, ok := e.X.Value(s).Num(); ok {
		return row.OfNumber(-f)
	}
	return row.Value{}
}

// Value returns the result, or null if a side is null or no number. Two texts of
// which one is no number are joined by +.
func (e Arith) Value(s *Scope) row.Value {
	l, r := e.L.Value(s), e.R.Value(s)
	if l.IsNull() || r.IsNull() {
		return row.Value{}
	}
	if e.Op == '.' {
		return join(l, r)
	}
	a, okA := l.Num()
	b, okB := r.Num()
	switch {
	case (!okA || !okB) && e.Op == '+' && l.Kind() == row.Text && r.Kind() == row.Text:
		return join(l, r)
	case !okA || !okB:
		return row.Value{}
	}
	switch e.Op {
	case '+':
		return row.OfNumber(a + b)
	case '-':
		return row.OfNumber(a - b)
	case '*':
		return row.OfNumber(a * b)
	case '/':
		return row.OfNumber(a / b)
	}
	return row.OfNumber(math.Mod(a, b))
}

func join(l, r row.Value) row.Value {
	a, b := l.String(), r.String()
	if len(a)+len(b) > maxText {
		b = b[:max(0, maxText-len(a))]
	}
	return ofText(a + b)
}

// Value returns Then where Cond holds, else Else.
func (e If) Value(s *Scope) row.Value {
	if e.Cond.Holds(s) {
		return e.Then.Value(s)
	}
	return e.Else.Value(s)
}

// Value returns the value of the first condition that holds, or null.
func (e Case) Value(s *Scope) row.Value {
	for i, c := range e.When {
		if c.Holds(s) {
			return e.Then[i].Value(s)
		}
	}
	return row.Value{}
}
