package expr

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"sluice/match/row"
	"sluice/match/rule"
)

type (
	// Const is true() or false().
	Const bool
	// And holds where each part does.
	And []Cond
	// Or holds where any part does.
	Or []Cond
	// Xor holds where one of the two holds.
	Xor struct{ L, R Cond }
	// Not holds where X does not.
	Not struct{ X Cond }
	// Compare is L Op R: as numbers if both sides are, else as texts by bytes.
	Compare struct {
		Op   rule.Op
		L, R Value
	}
	// In is X IN (List…).
	In struct {
		X    Value
		List []Value
	}
	// Like is X LIKE Pattern: % is any run of characters, _ any one of them, and the
	// pattern covers the whole text.
	Like struct{ X, Pattern Value }
	// Match is match(X, Re): the regular expression is found in X.
	Match struct {
		X  Value
		Re Regex
	}
	// Test asks what X is; see Tests.
	Test struct {
		Name string
		X    Value
	}
	// CIDR is cidrmatch(Net, X): X is an address of the network.
	CIDR struct{ Net, X Value }
)

func (e Const) String() string {
	if e {
		return "true"
	}
	return "false"
}
func (e And) String() string     { return list("and", e...) }
func (e Or) String() string      { return list("or", e...) }
func (e Xor) String() string     { return list("xor", e.L, e.R) }
func (e Not) String() string     { return list("not", e.X) }
func (e Compare) String() string { return list(e.Op.String(), e.L, e.R) }
func (e In) String() string      { return list("in", append([]Value{e.X}, e.List...)...) }
func (e Like) String() string    { return list("like", e.X, e.Pattern) }
func (e Match) String() string   { return list[Node]("match", e.X, e.Re) }
func (e Test) String() string    { return list(e.Name, e.X) }
func (e CIDR) String() string    { return list("cidrmatch", e.Net, e.X) }

func (Const) fields(func(string))         {}
func (e And) fields(add func(string))     { each(add, e...) }
func (e Or) fields(add func(string))      { each(add, e...) }
func (e Xor) fields(add func(string))     { each(add, e.L, e.R) }
func (e Not) fields(add func(string))     { e.X.fields(add) }
func (e Compare) fields(add func(string)) { each(add, e.L, e.R) }
func (e In) fields(add func(string)) {
	e.X.fields(add)
	each(add, e.List...)
}
func (e Like) fields(add func(string))  { each(add, e.X, e.Pattern) }
func (e Match) fields(add func(string)) { each[Node](add, e.X, e.Re) }
func (e Test) fields(add func(string))  { e.X.fields(add) }
func (e CIDR) fields(add func(string))  { each(add, e.Net, e.X) }

// Holds returns the constant.
func (e Const) Holds(*Scope) bool { return bool(e) }

// Holds reports whether all parts hold.
func (e And) Holds(s *Scope) bool {
	for _, c := range e {
		if !c.Holds(s) {
			return false
		}
	}
	return true
}

// Holds reports whether any part holds.
func (e Or) Holds(s *Scope) bool {
	for _, c := range e {
		if c.Holds(s) {
			return true
		}
	}
	return false
}

// Holds reports whether exactly one side holds.
func (e Xor) Holds(s *Scope) bool { return e.L.Holds(s) != e.R.Holds(s) }

// Holds reports whether X does not.
func (e Not) Holds(s *Scope) bool { return !e.X.Holds(s) }

// Holds reports whether some value of L and some value of R satisfy Op.
func (e Compare) Holds(s *Scope) bool { return anyPair(e.Op, e.L.Value(s), e.R.Value(s)) }

// maxPairs bounds how many pairs of values are asked whether they satisfy something
// other than equality, so that two hostile lists cost no more than their length.
const maxPairs = 100_000

func anyPair(op rule.Op, l, r row.Value) bool {
	n, m := l.Len(), r.Len()
	switch {
	case n == 1 && m == 1:
		return compare(op, l, r)
	case op == rule.Eq:
		return anyEqual(l, r)
	}
	left := maxPairs + n + m
	for i := range n {
		for k := range m {
			if left--; left < 0 {
				return false
			}
			if compare(op, l.At(i), r.At(k)) {
				return true
			}
		}
	}
	return false
}

func anyEqual(l, r row.Value) bool {
	if l.Len() < r.Len() {
		l, r = r, l
	}
	if r.Len() == 0 {
		return false
	}
	keys := make(map[string]bool, r.Len())
	for i := range r.Len() {
		keys[equalKey(r.At(i))] = true
	}
	for i := range l.Len() {
		if keys[equalKey(l.At(i))] {
			return true
		}
	}
	return false
}

// equalKey is the same for values that compare as equal, and only for those.
func equalKey(v row.Value) string {
	if f, ok := v.Num(); ok {
		return "n" + string(row.AppendNumber(nil, f))
	}
	return "t" + v.String()
}

// compare compares two single values.
func compare(op rule.Op, l, r row.Value) bool {
	a, okA := l.Num()
	b, okB := r.Num()
	order := 0
	switch {
	case !okA || !okB:
		order = strings.Compare(l.String(), r.String())
	case a < b:
		order = -1
	case a > b:
		order = 1
	}
	switch op {
	case rule.Eq:
		return order == 0
	case rule.Ne:
		return order != 0
	}
	return op.Orders(order)
}

// Holds reports whether some value of X equals some value of the list.
func (e In) Holds(s *Scope) bool {
	x := e.X.Value(s)
	for _, v := range e.List {
		if anyPair(rule.Eq, x, v.Value(s)) {
			return true
		}
	}
	return false
}

// Holds reports whether the pattern covers some value of X.
func (e Like) Holds(s *Scope) bool {
	pattern := e.Pattern.Value(s)
	if pattern.IsNull() {
		return false
	}
	for _, text := range e.X.Value(s).Texts() {
		if like(text, pattern.String()) {
			return true
		}
	}
	return false
}

// like matches as Pattern does: at a mismatch the last % takes one rune more.
func like(text, pattern string) bool {
	t, p := 0, 0
	star, taken := -1, 0
	for t < len(text) {
		_, size := utf8.DecodeRuneInString(text[t:])
		switch {
		case p < len(pattern) && pattern[p] == '%':
			star, taken = p, t
			p++
		case p < len(pattern) && pattern[p] == '_':
			p++
			t += size
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			_, size = utf8.DecodeRuneInString(text[taken:])
			taken += size
			p, t = star+1, taken
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "%") == ""
}

// Holds reports whether the expression is found in some value of X.
func (e Match) Holds(s *Scope) bool {
	x := e.X.Value(s)
	if x.IsNull() {
		return false
	}
	if e.Re.find != nil {
		return slices.ContainsFunc(x.Texts(), func(text string) bool { return s.Env.Memo.matches(e.Re.find, text) })
	}
	for _, re := range e.Re.all(s) {
		for _, text := range x.Texts() {
			if re.MatchString(text) {
				return true
			}
		}
	}
	return false
}

// Tests are the names of conditions that ask what a value is.
var Tests = []string{"isnull", "isnotnull", "isnum", "isint", "isstr"}

// Holds answers the question that the Test is named after.
func (e Test) Holds(s *Scope) bool {
	v := e.X.Value(s)
	f, isNum := v.Num()
	switch e.Name {
	case "isnull":
		return v.IsNull()
	case "isnotnull":
		return !v.IsNull()
	case "isnum":
		return isNum
	case "isint":
		return isNum && f == float64(int64(f))
	}
	return !v.IsNull() && !isNum
}

// Holds reports whether some value of X is an address of the network; what is no
// address or no network gives no.
func (e CIDR) Holds(s *Scope) bool {
	network, err := netip.ParsePrefix(strings.TrimSpace(e.Net.Value(s).String()))
	if err != nil {
		return false
	}
	for _, text := range e.X.Value(s).Texts() {
		addr, err := netip.ParseAddr(strings.TrimSpace(text))
		if err == nil && network.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
