package reference

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cloudflare/ahocorasick"

	"sluice/match/rule"
)

// prefilter tells from the raw text of a record whether some rule may accept
// an event of it. It never says no wrongly.
type prefilter struct {
	needs    []need // one a rule
	literals []string
	matcher  *ahocorasick.Matcher
}

// need is what a record must hold: one literal, all parts or any part. The
// zero value is satisfied by every record.
type need struct {
	literal string
	all     []need
	any     []need
}

// newPrefilter collects the literals that the rules require.
func newPrefilter(rules []Rule) *prefilter {
	p := &prefilter{}
	for _, r := range rules {
		n := required(r.Where)
		p.needs = append(p.needs, n)
		n.each(func(literal string) {
			// The matcher would report only the last of equal literals.
			if !slices.Contains(p.literals, literal) {
				p.literals = append(p.literals, literal)
			}
		})
	}
	p.matcher = ahocorasick.NewStringMatcher(p.literals)
	return p
}

// each calls f for every literal of a need.
func (n need) each(f func(string)) {
	if n.literal != "" {
		f(n.literal)
	}
	for _, part := range append(slices.Clip(n.all), n.any...) {
		part.each(f)
	}
}

// free reports whether every record satisfies n.
func (n need) free() bool { return n.literal == "" && n.all == nil && n.any == nil }

// required derives from a condition what every record must hold whose event
// it accepts. Negations and comparisons other than equality need nothing.
func required(e rule.Expr) need {
	var n need
	switch e := e.(type) {
	case rule.And:
		for _, part := range e {
			if need := required(part); !need.free() {
				n.all = append(n.all, need)
			}
		}
	case rule.Or:
		for _, part := range e {
			need := required(part)
			if need.free() {
				return need
			}
			n.any = append(n.any, need)
		}
	case rule.Compare:
		// Fields that are not event data are not copied from the record as they
		// stand, and a number may be spelled in other ways.
		if _, isNumber := number(e.Value.Text()); e.Op != rule.Eq || isNumber || isSystem(e.Field) {
			return n
		}
		for _, part := range e.Value.Parts() {
			for _, literal := range inert(part.Text) {
				n.all = append(n.all, need{literal: literal})
			}
		}
	}
	return n
}

// isSystem reports whether a field is not event data.
func isSystem(name string) bool {
	for _, list := range names {
		if slices.Contains(list, name) {
			return true
		}
	}
	return slices.Contains(derivedNames, name)
}

// inert cuts text into the folded literals that stand in every record as they
// are: at the characters that JSON or XML may write in another
// way without a numeric escape, and at what line end and encoding repairs make.
func inert(text string) []string {
	return strings.FieldsFunc(fold(text), func(r rune) bool {
		return r < 0x20 || r == utf8.RuneError || strings.ContainsRune(`"\/&<>'`, r)
	})
}

// candidate reports whether a record must be decoded. Escapes that may spell
// a letter, and markup that may stand within a word, make it a candidate.
func (p *prefilter) candidate(text string) bool {
	low := fold(text)
	for _, sign := range []string{`\u`, "&#", "<!", "<?"} {
		if strings.Contains(low, sign) {
			return true
		}
	}
	found := make([]bool, len(p.literals))
	for _, i := range p.matcher.Match([]byte(low)) {
		found[i] = true
	}
	return slices.ContainsFunc(p.needs, func(n need) bool { return p.satisfied(n, found) })
}

// satisfied reports whether the literals found are enough for a need.
func (p *prefilter) satisfied(n need, found []bool) bool {
	if n.literal != "" && !found[slices.Index(p.literals, n.literal)] {
		return false
	}
	for _, part := range n.all {
		if !p.satisfied(part, found) {
			return false
		}
	}
	return n.any == nil || slices.ContainsFunc(n.any, func(part need) bool { return p.satisfied(part, found) })
}
