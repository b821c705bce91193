package reference

import (
	"fmt"
	"math"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sluice/match/rule"
)

// fields are the values of one event by field name. A missing field is absent
// from the map or has no values. Under emptyMark and a name stands a value if one of the
// field is empty.
type fields map[string][]string

// emptyMark begins no name of a field.
const emptyMark = "\x00"

// markEmpty notes whether a field has an empty value.
func (f fields) markEmpty(name string, yes bool) {
	delete(f, emptyMark+name)
	if yes {
		f[emptyMark+name] = []string{""}
	}
}

func (f fields) hasEmpty(name string) bool { return len(f[emptyMark+name]) > 0 }

// reader tests conditions on the fields of an event, as a rule takes values.
type reader struct {
	fields
	as rule.Reading
}

// values returns the values of a field.
func (r reader) values(name string) []string {
	if r.as == rule.AsSigma && r.hasEmpty(name) {
		return append(slices.Clone(r.fields[name]), "")
	}
	return r.fields[name]
}

const whiteSpace = " \t\n\v\f\r"

// spellings returns what counts as a value: the value itself and, for Sigma, without
// some or all of the blanks at its end.
func (r reader) spellings(value string) []string {
	all := []string{value}
	for r.as == rule.AsSigma && value != "" && strings.ContainsRune(whiteSpace, rune(value[len(value)-1])) {
		value = value[:len(value)-1]
		all = append(all, value)
	}
	return all
}

// some reports whether test holds for a spelling of a value of a field.
func (r reader) some(name string, test func(string) bool) bool {
	return slices.ContainsFunc(r.values(name), func(value string) bool {
		return slices.ContainsFunc(r.spellings(value), test)
	})
}

// accepts reports whether an event satisfies a condition.
func (r reader) accepts(e rule.Expr) bool {
	switch e := e.(type) {
	case rule.All:
		return true
	case rule.And:
		for _, part := range e {
			if !r.accepts(part) {
				return false
			}
		}
		return true
	case rule.Or:
		return slices.ContainsFunc(e, r.accepts)
	case rule.Not:
		return !r.accepts(e.X)
	case rule.Compare:
		return r.compares(e)
	}
	return r.acceptsForm(e)
}

func (r reader) compares(e rule.Compare) bool {
	switch e.Op {
	case rule.Eq:
		return r.some(e.Field, func(value string) bool { return equal(value, e.Value) })
	case rule.Ne:
		return slices.ContainsFunc(r.values(e.Field), func(value string) bool {
			return !slices.ContainsFunc(r.spellings(value), func(value string) bool { return equal(value, e.Value) })
		})
	}
	return slices.ContainsFunc(r.values(e.Field), func(value string) bool {
		if r.as == rule.AsSigma {
			value = strings.TrimRight(value, whiteSpace)
		}
		return ordered(value, e.Op, e.Value)
	})
}

// acceptsForm reports whether an event satisfies a condition that is no comparison
// with a pattern.
func (r reader) acceptsForm(e rule.Expr) bool {
	switch e := e.(type) {
	case rule.Matches:
		return r.some(e.Field, regexp.MustCompile(e.Re.Source()).MatchString)
	case rule.InNet:
		return r.some(e.Field, func(value string) bool { return inNet(value, e.Net.String()) })
	case rule.SameField:
		return r.some(e.Field, func(value string) bool {
			return r.some(e.Other, func(other string) bool {
				if e.Cased {
					return related(value, other, e.How)
				}
				return related(fold(value), fold(other), e.How)
			})
		})
	case rule.Term:
		for name, values := range r.fields {
			data, prefixed := strings.CutPrefix(name, "EventData.")
			if (isSystem(name) && !slices.Contains(termFields, name)) || prefixed && isSystem(data) || name == "" || strings.HasPrefix(name, emptyMark) {
				continue
			}
			if slices.ContainsFunc(values, func(value string) bool { return covers(e.Value, value) }) {
				return true
			}
		}
		return false
	}
	panic(fmt.Sprintf("BUG: unknown condition %T", e))
}

// termFields are the fields of the System section that a term looks at.
var termFields = strings.Fields("EventCode Channel dest Name Keywords Version ProcessID ThreadID ActivityID RecordNumber user_id")

// related reports how one text lies in another.
func related(value, other string, how rule.Relation) bool {
	at := strings.Index(value, other)
	switch how {
	case rule.Equals:
		return value == other
	case rule.Contains:
		return at >= 0
	case rule.StartsWith:
		return at == 0
	case rule.EndsWith:
		return at >= 0 && strings.TrimSuffix(value, other)+other == value
	}
	panic(fmt.Sprintf("BUG: unknown relation %d", how))
}

// inNet compares the first bits of an address with those of a network.
func inNet(value, network string) bool {
	base, length, _ := strings.Cut(network, "/")
	n, _ := strconv.Atoi(length)
	if at := strings.IndexByte(value, '%'); at >= 0 && strings.Contains(value, ":") && at < len(value)-1 {
		value = value[:at]
	}
	a, b := net.ParseIP(value), net.ParseIP(base)
	if a == nil || b == nil || (a.To4() == nil) != (b.To4() == nil) {
		return false
	}
	if a.To4() != nil {
		a, b = a.To4(), b.To4()
	}
	for i := range n {
		if bit := byte(0x80) >> (i % 8); a[i/8]&bit != b[i/8]&bit {
			return false
		}
	}
	return true
}

// ordered compares one value with a pattern by an operator of order.
func ordered(value string, op rule.Op, p rule.Pattern) bool {
	pattern := p.Text()
	order := 0
	a, aIsNumber := number(value)
	b, bIsNumber := number(pattern)
	if aIsNumber && bIsNumber {
		order = compare(a < b, a > b)
	} else {
		x, y := fold(value), fold(pattern)
		if p.Cased() {
			x, y = value, pattern
		}
		order = compare(x < y, x > y)
	}
	switch op {
	case rule.Lt:
		return order < 0
	case rule.Le:
		return order <= 0
	case rule.Gt:
		return order > 0
	case rule.Ge:
		return order >= 0
	}
	panic(fmt.Sprintf("BUG: unknown operator %d", op))
}

// compare turns the answers to "less?" and "greater?" into -1, 0 or 1.
func compare(less, greater bool) int {
	switch {
	case less:
		return -1
	case greater:
		return 1
	}
	return 0
}

// equal reports whether the pattern covers the value or both are the same
// number.
func equal(value string, p rule.Pattern) bool {
	if covers(p, value) {
		return true
	}
	a, aIsNumber := number(value)
	b, bIsNumber := number(p.Text())
	return aIsNumber && bIsNumber && a == b
}

// The wildcards among the characters of a pattern.
const (
	anyRun = -1
	anyOne = -2
)

// characters cuts text into runes; a byte that is none is below the wildcards.
func characters(text string) (out []rune) {
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			r = -1000 - rune(text[i])
		}
		out = append(out, r)
	}
	return out
}

// covers reports whether a pattern matches the whole text. At a mismatch the last
// star takes one character more.
func covers(of rule.Pattern, value string) bool {
	var pattern []rune
	for _, part := range of.Parts() {
		lit := part.Text
		if !of.Cased() {
			lit = fold(lit)
		}
		switch part.Kind {
		case rule.Any:
			pattern = append(pattern, anyRun)
		case rule.One:
			pattern = append(pattern, anyOne)
		default:
			pattern = append(pattern, characters(lit)...)
		}
	}
	if !of.Cased() {
		value = fold(value)
	}
	text := characters(value)
	p, t := 0, 0
	star, taken := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == anyRun:
			star, taken = p, t
			p++
		case p < len(pattern) && (pattern[p] == anyOne || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			taken++
			p, t = star+1, taken
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anyRun {
		p++
	}
	return p == len(pattern)
}

var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// number reads a decimal number: at most 15 digits with an optional sign and
// fraction, but no exponent, compared in double precision.
func number(text string) (float64, bool) {
	digits := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, text)
	if !decimal.MatchString(text) || strings.ContainsAny(text, "eE") || len(digits) > 15 {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && !math.IsInf(f, 0)
}

// fold removes letter case: ASCII letters become lower case, another rune
// becomes its lower case unless that is ASCII (the Kelvin sign is no k), and
// invalid bytes stay.
func fold(text string) string {
	out := make([]byte, 0, len(text))
	for i, r := range text {
		switch {
		case 'A' <= r && r <= 'Z':
			out = append(out, byte(r-'A'+'a'))
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r == utf8.RuneError && text[i] != "\uFFFD"[0]:
			out = append(out, text[i])
		case r == utf8.RuneError:
			_, n := utf8.DecodeRuneInString(text[i:])
			out = append(out, text[i:i+n]...)
		case unicode.ToLower(r) < utf8.RuneSelf:
			out = utf8.AppendRune(out, r)
		default:
			out = utf8.AppendRune(out, unicode.ToLower(r))
		}
	}
	return string(out)
}
