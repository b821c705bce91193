package rule

import (
	"net/netip"
	"strconv"

	"sluice/match/find"
)

type (
	// Matches tests whether the expression matches somewhere in a value of the
	// field, as it stands: case is the expression's own affair.
	Matches struct {
		Field string
		Re    Regexp
	}
	// InNet tests whether a value of the field is an address in the network. A
	// value that is no address is in none. An IPv4 address written within IPv6
	// (::ffff:10.0.0.1) is that IPv4 address; zones do not count.
	InNet struct {
		Field string
		Net   netip.Prefix // see Network
	}
	// SameField tests a value of the field against one of another field. Letter
	// case does not count unless Cased. If either has no value, it does not hold.
	SameField struct {
		Field, Other string
		How          Relation
		Cased        bool
	}
	// Term tests every value of the event, without regard to the name of its field:
	// the event data, and of the System section what stands in TermFields. One that
	// the pattern covers is enough.
	Term struct{ Value Pattern }
)

func (Matches) expr()   {}
func (InNet) expr()     {}
func (SameField) expr() {}
func (Term) expr()      {}

// Relation is how a value of a field lies in that of another.
type Relation uint8

// The relations: the field's value is the other's, contains it, or begins or ends
// with it.
const (
	Equals Relation = iota
	Contains
	StartsWith
	EndsWith
)

func (r Relation) String() string {
	return [...]string{"equals", "contains", "startswith", "endswith"}[r]
}

// TermFields are the fields of the System section that a Term looks at: those
// whose values stand in the record as they are.
var TermFields = []string{
	"EventCode", "Channel", "dest", "Name", "Keywords", "Version", "ProcessID",
	"ThreadID", "ActivityID", "RecordNumber", "user_id",
}

func (e Matches) String() string {
	return "(matches " + QuoteName(e.Field) + " " + strconv.Quote(e.Re.Source()) + ")"
}

func (e InNet) String() string { return "(in " + QuoteName(e.Field) + " " + e.Net.String() + ")" }

func (e SameField) String() string {
	cased := ""
	if e.Cased {
		cased = "cased "
	}
	return "(" + cased + e.How.String() + " " + QuoteName(e.Field) + " " + QuoteName(e.Other) + ")"
}

func (e Term) String() string { return "(term " + e.Value.String() + ")" }

// Regexp is an expression of Go's regexp package, whose time is linear in the
// text. It is immutable.
type Regexp struct{ re *find.Regexp }

// NewRegexp compiles src, in the syntax of package regexp, unless it is too large.
func NewRegexp(src string) (Regexp, error) {
	re, err := find.Compile(src)
	return Regexp{re}, err
}

// Source returns the text of the expression.
func (r Regexp) Source() string { return r.re.String() }

// Find returns what tells whether the expression matches somewhere in a value, which
// must not be folded.
func (r Regexp) Find() *find.Regexp { return r.re }

// Network returns p as InNet needs it: masked, and an IPv4 network that is written
// within IPv6 as IPv4.
func Network(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// Contains reports whether value is an address in the network.
func (e InNet) Contains(value []byte) bool {
	if len(value) > 64 { // no address is, and a string is made of it
		return false
	}
	a, err := netip.ParseAddr(string(value))
	return err == nil && e.Net.Contains(a.Unmap().WithZone(""))
}

// Walk calls f for e and every condition in it.
func Walk(e Expr, f func(Expr)) {
	f(e)
	switch e := e.(type) {
	case And:
		for _, p := range e {
			Walk(p, f)
		}
	case Or:
		for _, p := range e {
			Walk(p, f)
		}
	case Not:
		Walk(e.X, f)
	}
}

// ReadsAll reports whether the rule looks at every value of an event.
func (r *Rule) ReadsAll() (yes bool) {
	Walk(r.Where, func(e Expr) {
		if _, term := e.(Term); term {
			yes = true
		}
	})
	return yes
}
