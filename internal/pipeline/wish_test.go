package pipeline_test

import (
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"sluice/match/rule"
)

// text is a value in the making: what it must begin with, hold and end with.
type text struct {
	begin, middle, end string
	fixed              bool // the value is middle and nothing else
	none               bool // there must be no value
}

func exactly(s string) text { return text{middle: s, fixed: true} }
func holding(s string) text { return text{middle: s} }

// String returns the shortest value that will do.
func (v text) String() string { return v.begin + v.middle + v.end }

// free reports whether any value will do.
func (v text) free() bool { return v == text{} }

// patterned returns what a pattern asks for, with as in the place of its inner stars.
func patterned(pattern, as string) text {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return exactly(pattern)
	}
	last := len(parts) - 1
	return text{begin: parts[0], middle: strings.Join(parts[1:last], as), end: parts[last]}
}

// allows reports whether the value s is one that v stands for.
func (v text) allows(s string) bool {
	s = rule.FoldString(s)
	begin, middle, end := rule.FoldString(v.begin), rule.FoldString(v.middle), rule.FoldString(v.end)
	if v.fixed || v.none {
		return s == middle && !v.none
	}
	return len(s) >= len(begin)+len(end) && strings.HasPrefix(s, begin) && strings.HasSuffix(s, end) && strings.Contains(s[len(begin):len(s)-len(end)], middle)
}

// and returns what v and o both ask for, if one value can do both.
func (v text) and(o text) (both text, ok bool) {
	switch {
	case v.free() || v == o:
		return o, true
	case o.free():
		return v, true
	case v.none || o.none:
		return v, false
	case v.fixed:
		return v, o.allows(v.middle)
	case o.fixed:
		return o, v.allows(o.middle)
	}
	longer := func(a, b string, has func(s, part string) bool) (string, bool) {
		if len(a) < len(b) {
			a, b = b, a
		}
		return a, has(rule.FoldString(a), rule.FoldString(b))
	}
	begin, okBegin := longer(v.begin, o.begin, strings.HasPrefix)
	end, okEnd := longer(v.end, o.end, strings.HasSuffix)
	middle := v.middle
	switch {
	case strings.Contains(rule.FoldString(middle), rule.FoldString(o.middle)):
	case middle == "":
		middle = o.middle
	default:
		middle += " " + o.middle
	}
	return text{begin: begin, middle: middle, end: end}, okBegin && okEnd
}

// wish is what a row must hold: the values of its fields. A field that is not there may
// have any value or none.
type wish map[string][]text

func (w wish) clone() wish {
	c := wish{}
	for name, texts := range w {
		c[name] = slices.Clone(texts)
	}
	return c
}

// want adds a value to those of a field: to one of them, if that can do both. Without a
// value the field is only so if it is not asked for.
func (w wish) want(field string, v text) {
	texts := w[field]
	for i, t := range texts {
		if both, ok := t.and(v); ok {
			texts[i] = both
			return
		}
	}
	if !v.none {
		texts = slices.DeleteFunc(texts, func(t text) bool { return t.none })
	}
	if len(texts) == 0 || !v.none {
		w[field] = append(texts, v)
	}
}

// take returns the values of a field, which is no longer asked for.
func (w wish) take(field string) []text {
	texts := w[field]
	delete(w, field)
	return texts
}

// values returns the fields of an event that has what is wished.
func (w wish) values() map[string][]string {
	f := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(w)) {
		for _, v := range w[name] {
			switch {
			case v.none:
			case v.String() == "":
				f[name] = append(f[name], "some")
			default:
				f[name] = append(f[name], v.String())
			}
		}
	}
	return f
}

// sample returns a text that re matches, as far as it can tell, with the given texts in
// the places of named groups that can be they.
func sample(re *syntax.Regexp, groups map[string]string, pick func(n int) int) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		return string(oneOf(re.Rune, pick))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture:
		if s, ok := groups[re.Name]; ok && re.Name != "" && regexp.MustCompile(`\A(?s:`+re.Sub[0].String()+`)\z`).MatchString(s) {
			return s
		}
		return sample(re.Sub[0], groups, pick)
	case syntax.OpPlus:
		return sample(re.Sub[0], groups, pick)
	case syntax.OpStar, syntax.OpQuest:
		if slices.ContainsFunc(re.Sub[0].CapNames(), func(name string) bool { return groups[name] != "" }) {
			return sample(re.Sub[0], groups, pick)
		}
	case syntax.OpAlternate:
		return sample(re.Sub[pick(len(re.Sub))], groups, pick)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(sample(sub, groups, pick))
		}
		return b.String()
	}
	return "" // matches nothing, or may
}

// oneOf returns a character of a class, one that can be printed if there is any.
func oneOf(class []rune, pick func(n int) int) rune {
	first := pick(len(class) / 2)
	for i := range len(class) / 2 {
		at := 2 * ((first + i) % (len(class) / 2))
		for _, r := range []rune{class[at], 'x', ' '} {
			if class[at] <= r && r <= class[at+1] && unicode.IsPrint(r) {
				return r
			}
		}
	}
	return class[0]
}

func parsed(re string) *syntax.Regexp {
	tree, err := syntax.Parse(re, syntax.Perl)
	if err != nil { // a lookbehind: see expr.CompileTest
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}
	}
	return tree.Simplify()
}
