package match

import (
	"strings"

	"sluice/match/prefilter"
	"sluice/match/rule"
)

// Explanation says what a rule is and how a Set searches for it.
type Explanation struct {
	Rule    string   `json:"rule"`           // its logical form, on one line
	Need    string   `json:"need"`           // what it requires of a record: "lit", (and …), (or …), + for nothing
	Anchors []Anchor `json:"anchors"`        // of which a record must hold one
	PerGB   float64  `json:"per_gb"`         // of all anchors
	Open    []string `json:"open,omitempty"` // without anchors: which parts require nothing
	Fields  []string `json:"fields"`         // that are decoded; * for all
}

// Anchor is a literal that is looked for, by a window of it that is found PerGB
// times in 10^9 bytes of event text.
type Anchor struct {
	Literal string  `json:"literal"`
	Window  string  `json:"window"`
	PerGB   float64 `json:"per_gb"`
}

// Explain explains rules, and returns the literal that all of them need and that
// is looked for first, or "".
func Explain(rules []*rule.Rule) (list []Explanation, gate string) {
	for _, r := range rules {
		p := prefilter.Explain(r)
		e := Explanation{Rule: r.String(), Need: p.Need.String(), Anchors: []Anchor{}, Open: p.Open, Fields: r.Fields()}
		if r.ReadsAll() {
			e.Fields = append(e.Fields, "*")
		}
		for _, a := range p.Anchors {
			e.Anchors = append(e.Anchors, Anchor{a.Literal, a.Window, a.PerGB})
			e.PerGB += a.PerGB
		}
		list = append(list, e)
	}
	return list, prefilter.Gate(rules)
}

// Indent breaks the printed form of a rule or a need over lines of up to width
// characters: a list that does not fit has its parts below it, two spaces further
// in. Without its line ends and indentation it is the same text.
func Indent(text string, width int) string {
	var b strings.Builder
	for i, stage := range stages(text) {
		if i > 0 {
			b.WriteString("\n")
		}
		indent(&b, stage, 0, width)
	}
	return b.String()
}

// stages cuts text before each | that stands outside of lists and quotes.
func stages(text string) (list []string) {
	start, depth := 0, 0
	each(text, func(i int, c byte) {
		depth += nesting(c)
		if c == '|' && depth == 0 && i > start {
			list = append(list, strings.TrimRight(text[start:i], " "))
			start = i
		}
	})
	return append(list, text[start:])
}

// each calls f with the bytes of text that stand outside of quotes.
func each(text string, f func(i int, c byte)) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted:
			f(i, c)
		}
	}
}

func nesting(c byte) int {
	switch c {
	case '(':
		return 1
	case ')':
		return -1
	}
	return 0
}

// maxIndent is deeper than any rule nests; below, text stays on its line.
const maxIndent = 500

// indent writes text at depth in, of which the first line is begun already.
func indent(b *strings.Builder, text string, in, width int) {
	parts := words(text)
	list := len(text) > 2 && text[0] == '(' && text[len(text)-1] == ')'
	if 2*in+len(text) <= width || in > maxIndent || len(parts) == 1 && !list {
		b.WriteString(text)
		return
	}
	if len(parts) == 1 { // one list: its operator, then its parts
		inner := words(text[1 : len(text)-1])
		b.WriteString("(" + inner[0])
		for _, part := range inner[1:] {
			b.WriteString("\n" + strings.Repeat("  ", in+1))
			indent(b, part, in+1, width)
		}
		b.WriteString(")")
		return
	}
	for i, part := range parts {
		if i > 0 {
			b.WriteString(" ")
		}
		if strings.HasPrefix(part, "(") {
			indent(b, part, in, width)
		} else {
			b.WriteString(part)
		}
	}
}

// words cuts text at the spaces outside of lists and quotes.
func words(text string) (list []string) {
	start, depth := 0, 0
	each(text, func(i int, c byte) {
		depth += nesting(c)
		if c == ' ' && depth == 0 {
			list = append(list, text[start:i])
			start = i + 1
		}
	})
	return append(list, text[start:])
}
