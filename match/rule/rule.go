// Package rule is the logical form of a detection: what every front end
// compiles to, what every engine evaluates, and nothing else.
//
// A Rule keeps the events that Where accepts and counts them per group. The
// String methods print a rule unambiguously; tests and `sluice rules` use that
// form. Case folding (Fold) and wildcards (Pattern) are defined here, once.
package rule

import (
	"fmt"
	"strconv"
	"strings"
)

// Rule is one compiled detection search. Each event that Where accepts becomes a row
// of its fields, which Before transforms; the rows are grouped by By and counted in
// Aggs, and After transforms the rows of the groups. Most rules need no row of an
// event, see Plain.
type Rule struct {
	Where  Expr
	Values Reading // of Where
	Before []Command
	Fill   *Fill // nil when missing BY fields stay missing
	// Nulls says that events with missing BY fields count even where a run leaves
	// them out as Splunk's stats does: the front end's language knows no stats.
	Nulls bool
	By    []string
	Aggs  []Agg
	Times []TimeFormat
	After []Command
}

// Reading is what conditions take for the values of a field.
type Reading uint8

const (
	// AsSplunk takes an empty value for none, and each other one as it stands.
	AsSplunk Reading = iota
	// AsSigma takes an empty value for one. A comparison holds for a value if it does
	// for the value without some or all of the blanks at its end, a comparison of order
	// without all: Windows pads values, and authors of rules do not see it.
	AsSigma
)

// Fill gives missing fields a value before grouping (SPL's fillnull).
type Fill struct {
	Value  string
	Fields []string // nil means every BY field
}

// Agg is one aggregate column of the rows.
type Agg struct {
	Func  Func
	Field string // empty for the Count of events
	As    string // column name
}

// TimeFormat prints an epoch column as text.
type TimeFormat struct {
	Column string
	Layout string // strftime, such as %Y-%m-%dT%H:%M:%S
}

// Expr is a condition on one event: All, And, Or, Not, Compare, Matches, InNet,
// SameField or Term.
type Expr interface {
	fmt.Stringer
	expr()
}

type (
	// All accepts every event.
	All struct{}
	// And accepts what each of its parts accepts.
	And []Expr
	// Or accepts what any of its parts accepts.
	Or []Expr
	// Not accepts what X does not.
	Not struct{ X Expr }
	// Compare tests the values of one field; see Reading for what these are. A
	// field without a value satisfies no comparison, Ne included. A field with several values satisfies it when
	// one of them does.
	Compare struct {
		Field string // case-sensitive
		Op    Op
		Value Pattern
	}
)

func (All) expr()     {}
func (And) expr()     {}
func (Or) expr()      {}
func (Not) expr()     {}
func (Compare) expr() {}

// Op is a comparison operator.
type Op int

// The operators. Eq and Ne match the pattern; when both sides are decimal
// numbers, equal numbers are equal too. The others compare numbers when both
// sides are, else folded text by bytes.
const (
	Eq Op = iota
	Ne
	Lt
	Le
	Gt
	Ge
)

// Orders reports whether an operator of order, one of the last four, holds where the
// left side is less than the right one (order below 0), equal or greater.
func (o Op) Orders(order int) bool {
	switch o {
	case Lt:
		return order < 0
	case Le:
		return order <= 0
	case Gt:
		return order > 0
	}
	return order >= 0
}

func (o Op) String() string { return [...]string{"=", "!=", "<", "<=", ">", ">="}[o] }

func (All) String() string   { return "all" }
func (e And) String() string { return list("and", e) }
func (e Or) String() string  { return list("or", e) }
func (e Not) String() string { return "(not " + e.X.String() + ")" }
func (e Compare) String() string {
	return "(" + e.Op.String() + " " + QuoteName(e.Field) + " " + e.Value.String() + ")"
}

// QuoteName prints a name so that it can be told from what stands around it.
func QuoteName(name string) string {
	plain := func(r rune) bool {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("_.-{}()", r)
	}
	if name != "" && strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0 {
		return name
	}
	return strconv.Quote(name)
}

// QuoteNames prints names side by side.
func QuoteNames(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = QuoteName(name)
	}
	return strings.Join(quoted, " ")
}

func list(op string, parts []Expr) string {
	var b strings.Builder
	b.WriteString("(" + op)
	for _, p := range parts {
		b.WriteString(" " + p.String())
	}
	return b.String() + ")"
}

// String prints the rule on one line.
func (r *Rule) String() string {
	var b strings.Builder
	b.WriteString("where " + r.Where.String())
	if r.Values == AsSigma {
		b.WriteString(" | values as sigma")
	}
	for _, c := range r.Before {
		b.WriteString(" | " + c.String())
	}
	if r.Fill != nil {
		fmt.Fprintf(&b, " | fill %q %s", r.Fill.Value, QuoteNames(r.Fill.Fields))
	}
	b.WriteString(" | stats")
	for _, a := range r.Aggs {
		b.WriteString(" " + a.String())
	}
	b.WriteString(" by " + QuoteNames(r.By))
	if r.Nulls {
		b.WriteString(" | nulls")
	}
	for _, t := range r.Times {
		fmt.Fprintf(&b, " | time %s %q", QuoteName(t.Column), t.Layout)
	}
	for _, c := range r.After {
		b.WriteString(" | " + c.String())
	}
	return b.String()
}

// Fields returns the fields that the rule reads by name, each once, in the order
// of their first use; see also ReadsAll.
func (r *Rule) Fields() []string {
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	Walk(r.Where, func(e Expr) {
		switch e := e.(type) {
		case Compare:
			add(e.Field)
		case Matches:
			add(e.Field)
		case InNet:
			add(e.Field)
		case SameField:
			add(e.Field)
			add(e.Other)
		}
	})
	for _, name := range r.Inputs() {
		add(name)
	}
	return names
}
