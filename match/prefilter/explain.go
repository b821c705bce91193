package prefilter

import (
	"fmt"

	"sluice/match/event"
	"sluice/match/prefilter/internal/anchor"
	"sluice/match/rule"
)

// Explanation says how one rule is searched for.
type Explanation struct {
	// Need is what the rule requires of a record; see Need.String.
	Need Need
	// Anchors are the literals of which a record must hold one, chosen to be rare
	// together; none if the rule may accept records without any literal.
	Anchors []Anchor
	// Open says which parts of the rule require nothing, if that is why there are
	// no anchors: one line a part.
	Open []string
}

// Anchor is a literal that is looked for.
type Anchor struct {
	Literal string // folded
	Window  string // of it: what a kernel looks for; the rest is compared there
	// PerGB is how many windows are to be expected in 10^9 bytes of event text, by
	// the counts of package ngram.
	PerGB float64
}

// Explain says how a record is found that r may accept.
func Explain(r *rule.Rule) Explanation {
	e := Explanation{Need: Analyze(r.Where)}
	lits, _, ok := e.Need.anchors(func(lit string) float64 {
		_, cost := anchor.Rarest(lit)
		return cost
	})
	if !ok {
		e.Open = open(nil, r.Where)
		return e
	}
	seen := map[string]bool{}
	for _, lit := range lits {
		if seen[lit] {
			continue
		}
		seen[lit] = true
		at, cost := anchor.Rarest(lit)
		e.Anchors = append(e.Anchors, Anchor{Literal: lit, Window: lit[at:min(at+anchor.Width, len(lit))], PerGB: cost * 1e3})
	}
	return e
}

// Gate returns the literal that every one of rules needs and that a whole block is
// searched for first, or "".
func Gate(rules []*rule.Rule) string {
	needs := make([]Need, len(rules))
	for i, r := range rules {
		needs[i] = Analyze(r.Where)
	}
	return gateLiteral(needs)
}

// open appends why e, which requires nothing, does not.
func open(dst []string, e rule.Expr) []string {
	if Analyze(e).op != always {
		return dst
	}
	switch e := e.(type) {
	case rule.And: // each part
		for _, x := range e {
			dst = open(dst, x)
		}
		return dst
	case rule.Or: // those alternatives that require nothing
		for _, x := range e {
			dst = open(dst, x)
		}
		return dst
	case rule.All:
		return append(dst, "every event is accepted")
	case rule.Not:
		return append(dst, fmt.Sprintf("%s: a negation requires nothing to be there", e))
	case rule.Compare:
		if e.Op != rule.Eq {
			return append(dst, fmt.Sprintf("%s: only = requires text", e))
		}
		return append(dst, fmt.Sprintf("%s: %s", e, openText(e.Field)))
	case rule.Matches:
		return append(dst, fmt.Sprintf("%s: %s", e, openText(e.Field)))
	}
	return append(dst, fmt.Sprintf("%s: it holds for values without a common literal", e))
}

// openText says why text that a field must hold requires nothing of the record.
func openText(field string) string {
	if !event.Verbatim(field) {
		return fmt.Sprintf("%s is derived, so its value need not stand in the record", field)
	}
	return fmt.Sprintf("no stretch of %d characters or more that every record writes alike", minLiteral)
}
