package expr

import (
	"fmt"
	"regexp"
	"strings"

	"sluice/match/find"
	"sluice/match/row"
	"sluice/match/rule"
)

// Regex is a regular expression of an expression: compiled once if it is a literal,
// else for each row.
type Regex struct {
	Pattern Value
	re      *regexp.Regexp // nil if Pattern is no literal
	find    *find.Regexp   // likewise, or if it is too large
	compile func(string) (*regexp.Regexp, error)
}

// maxRegex bounds the length of an expression that a row brings, maxRegexes their
// number.
const (
	maxRegex   = 4096
	maxRegexes = 100
)

// NewRegex returns pattern as a regular expression; compile is Compile or CompileTest.
// A literal that RE2 does not take gives an error that says why.
func NewRegex(pattern Value, compile func(string) (*regexp.Regexp, error)) (Regex, error) {
	r := Regex{Pattern: pattern, compile: compile}
	if t, ok := pattern.(Text); ok {
		re, err := compile(t.S)
		if err != nil {
			return r, err
		}
		r.re = re
		r.find, _ = find.Compile(re.String())
	}
	return r, nil
}

// Compile compiles a regular expression of PCRE on Go's engine, RE2, which runs in linear
// time and therefore has no lookaround and no backreferences; see rule.PCRE.
func Compile(text string) (*regexp.Regexp, error) { return compile(text, rule.PCRE{}) }

func compile(text string, how rule.PCRE) (*regexp.Regexp, error) {
	src, err := how.Translate(text)
	if err == nil {
		_, err = rule.NewRegexp(src) // for its bounds
	}
	if err != nil {
		return nil, fmt.Errorf("cannot compile the regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return regexp.Compile(src)
}

// CompileTest compiles a regular expression that is only asked whether it is found. A
// lookbehind at its beginning that forbids one character, which RE2 does not have, is
// then the same as to match another character, or nothing at the beginning.
func CompileTest(text string) (*regexp.Regexp, error) {
	test := rule.PCRE{Test: true}
	re, err := compile(text, test)
	if err == nil {
		return re, nil
	}
	if m := behind.FindStringSubmatch(text); m != nil && !alternates(text[len(m[0]):]) {
		not := strings.TrimSuffix(strings.TrimPrefix(m[1], "["), "]")
		if re, err := compile(`(?:\A|[^`+not+"])(?:"+text[len(m[0]):]+")", test); err == nil {
			return re, nil
		}
	}
	return nil, err
}

// behind is a lookbehind that forbids one character or class; a class that negates or
// nests is not meant.
var behind = regexp.MustCompile(`^\(\?<!(\\[^\w\s]|[^\\\[\](){}.*+?^$|]|\[(?:[^\\\[\]^]|\\[^\w\s])+\])\)`)

// alternates reports whether a | stands outside of groups and classes.
func alternates(text string) bool {
	depth, class := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			return true
		}
	}
	return false
}

func (r Regex) String() string { return r.Pattern.String() }

func (r Regex) fields(add func(string)) { r.Pattern.fields(add) }

// all returns the expressions for a row: one for each value of Pattern that is one.
func (r Regex) all(s *Scope) []*regexp.Regexp {
	if r.re != nil {
		return []*regexp.Regexp{r.re}
	}
	var out []*regexp.Regexp
	for _, text := range r.Pattern.Value(s).Texts() {
		if len(text) > maxRegex || len(out) == maxRegexes {
			continue
		}
		if re, err := r.compile(text); err == nil {
			out = append(out, re)
		}
	}
	return out
}

// Replace is replace(X, Re, With): every match becomes With, in which \1 to \9 stand
// for groups and \0 for the match.
type Replace struct {
	X    Value
	Re   Regex
	With Value
}

func (e Replace) String() string { return list[Node]("replace", e.X, e.Re, e.With) }

func (e Replace) fields(add func(string)) { each[Node](add, e.X, e.Re, e.With) }

// Value returns X with its matches replaced, each value of several.
func (e Replace) Value(s *Scope) row.Value {
	x, res, with := e.X.Value(s), e.Re.all(s), e.With.Value(s)
	if x.IsNull() || len(res) == 0 || with.IsNull() {
		return row.Value{}
	}
	template := Template(with.String())
	return mapTexts(x, func(t string) string { return ReplaceAll(res[0], t, template) })
}

// Template turns \1 into the form of Go's templates, in which nothing else is special.
func Template(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && '0' <= s[i+1] && s[i+1] <= '9':
			i++
			b.WriteString("${" + s[i:i+1] + "}")
		case c == '$':
			b.WriteString("$$")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// ReplaceAll replaces the matches of re in text, and cuts what gets too long.
func ReplaceAll(re *regexp.Regexp, text, template string) string {
	var out []byte
	end := 0
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, text[end:m[0]]...)
		out = re.ExpandString(out, template, text, m)
		if end = m[1]; len(out) > maxText {
			return string(out[:maxText])
		}
	}
	return string(append(out, text[end:]...))
}

// mapTexts applies f to each text of v.
func mapTexts(v row.Value, f func(string) string) row.Value {
	texts := v.Texts()
	out := make([]string, len(texts))
	size := 0
	for i, t := range texts {
		if size < maxText {
			out[i] = f(t)
			out[i] = out[i][:min(len(out[i]), maxText)]
			size += len(out[i])
		}
	}
	return row.OfTexts(out)
}
