package prefilter

import (
	"sluice/match/event"
	"sluice/match/find"
	"sluice/match/rule"
)

// stand returns the need for all pieces of folded text of a value.
func stand(pieces []string) Need {
	n := Need{op: all}
	for _, piece := range pieces {
		for _, lit := range stretches(piece) {
			n.parts = append(n.parts, Need{op: literal, lit: lit})
		}
	}
	return n.simple()
}

// simple returns an all or any that has one part, or none, as what it comes to.
func (n Need) simple() Need {
	switch len(n.parts) {
	case 0:
		return Need{}
	case 1:
		return n.parts[0]
	}
	return n
}

// term returns what a Term requires. It holds only if the pattern covers some
// value, folded, which then contains its pieces. It looks at event data, whose
// values stand in the record as they are, and at rule.TermFields, which do too
// but for two repairs that take bytes off both ends or the end: the quotes around
// an attribute's value, and what follows the point in 4104.0. So what is left is a
// stretch of the record, as step 2 of the proof needs.
func term(t rule.Term) Need { return stand(t.Value.Pieces()) }

// matches returns what a Matches requires: if the expression matches in a value,
// the value holds what of it is literal, and so does the value folded, with that
// folded.
func matches(m rule.Matches) Need {
	if !event.Verbatim(m.Field) {
		return Need{}
	}
	return held(find.Holds(m.Re.Find().Tree(), false))
}

// held returns the need for what every match of an expression holds.
func held(h find.Held) Need {
	switch {
	case h.Text != "":
		return stand([]string{h.Text})
	case len(h.All) > 0:
		n := Need{op: all}
		for _, part := range h.All {
			switch p := held(part); p.op {
			case always:
			case all:
				n.parts = append(n.parts, p.parts...)
			default:
				n.parts = append(n.parts, p)
			}
		}
		return n.simple()
	}
	n := Need{op: any}
	for _, part := range h.Any {
		p := held(part)
		switch p.op {
		case always:
			return Need{} // one that requires nothing is enough
		case any:
			n.parts = append(n.parts, p.parts...)
		default:
			n.parts = append(n.parts, p)
		}
	}
	return n.simple()
}
