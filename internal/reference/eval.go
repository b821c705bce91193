package reference

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sluice/match/rule"
)

// fields are the values of one event by field name. A missing field is absent
// from the map or has no values.
type fields map[string][]string

// accepts reports whether an event satisfies a condition.
func accepts(e rule.Expr, f fields) bool {
	switch e := e.(type) {
	case rule.All:
		return true
	case rule.And:
		for _, part := range e {
			if !accepts(part, f) {
				return false
			}
		}
		return true
	case rule.Or:
		for _, part := range e {
			if accepts(part, f) {
				return true
			}
		}
		return false
	case rule.Not:
		return !accepts(e.X, f)
	case rule.Compare:
		for _, value := range f[e.Field] {
			if holds(value, e.Op, e.Value.Text()) {
				return true
			}
		}
		return false
	}
	panic(fmt.Sprintf("BUG: unknown condition %T", e))
}

// holds compares one value with the text of a pattern.
func holds(value string, op rule.Op, pattern string) bool {
	switch op {
	case rule.Eq:
		return equal(value, pattern)
	case rule.Ne:
		return !equal(value, pattern)
	}
	order := 0
	a, aIsNumber := number(value)
	b, bIsNumber := number(pattern)
	if aIsNumber && bIsNumber {
		order = compare(a < b, a > b)
	} else {
		x, y := fold(value), fold(pattern)
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
func equal(value, pattern string) bool {
	if covers(fold(pattern), fold(value)) {
		return true
	}
	a, aIsNumber := number(value)
	b, bIsNumber := number(pattern)
	return aIsNumber && bIsNumber && a == b
}

// covers reports whether a pattern, in which * is any run of bytes, matches
// the whole text. At a mismatch the last star takes one byte more.
func covers(pattern, text string) bool {
	p, t := 0, 0
	star, taken := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, taken = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			taken++
			p, t = star+1, taken
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
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
