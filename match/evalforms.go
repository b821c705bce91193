package match

import (
	"bytes"
	"fmt"
	"slices"

	"sluice/match/event"
	"sluice/match/find"
	"sluice/match/rule"
)

type (
	// needed is what several conditions begin with: literals that the record must
	// hold; see prefilter.Scanner.Stands.
	needed []int
	reCond struct {
		slot  int
		re    *find.Regexp
		needs needed
		sigma bool // here and below: see rule.AsSigma
	}
	netCond struct {
		slot  int
		in    rule.InNet
		sigma bool
	}
	sameCond struct {
		slot, other int
		how         rule.Relation
		cased       bool
		sigma       bool
	}
	termCond struct {
		pattern rule.Pattern
		slots   []bool // of the projection: whether a term looks there
		needs   needed
	}
)

// compileForm resolves the conditions that look at more than a comparison does.
func (s *Set) compileForm(e rule.Expr) cond {
	switch e := e.(type) {
	case rule.Matches:
		return &reCond{slot: s.proj.Slot(e.Field), re: e.Re.Find(), needs: s.required(e), sigma: s.sigma}
	case rule.InNet:
		return &netCond{s.proj.Slot(e.Field), e, s.sigma}
	case rule.SameField:
		return &sameCond{s.proj.Slot(e.Field), s.proj.Slot(e.Other), e.How, e.Cased, s.sigma}
	case rule.Term:
		return &termCond{e.Value, s.termSlots(), s.required(e)}
	}
	panic(fmt.Sprintf("BUG: unknown condition %T", e))
}

func (s *Set) required(e rule.Expr) needed {
	if s.filter == nil {
		return nil
	}
	return s.filter.Required(e)
}

// termSlots tells which of the projection's slots a term looks at. Slots that an
// event adds to them are event data, and it does.
func (s *Set) termSlots() (slots []bool) {
	for _, name := range s.proj.Names() {
		slots = append(slots, !event.Derived(name) || slices.Contains(rule.TermFields, name))
	}
	return slots
}

// missing reports whether the record is known to lack one of the literals.
func (n needed) missing(v *values) bool {
	if v.stands == nil {
		return false
	}
	for _, i := range n {
		if !v.stands[i] {
			return true // without a look at a value of perhaps 64 KiB
		}
	}
	return false
}

// texts returns the values of a slot, folded unless cased.
func (v *values) texts(slot int, cased bool) [][]byte {
	if cased {
		return v.ev.Values(slot)
	}
	return v.get(slot)
}

// holds needs no look at what is left of values without their blanks: Sigma's expressions
// pass over these themselves (rule.PCRE).
func (c *reCond) holds(v *values) bool {
	if c.needs.missing(v) {
		return false
	}
	if g := v.of(c.slot); g != nil {
		if c.re.MatchIn(v.ev.Values(c.slot)[0], g) {
			return true
		}
	} else if slices.ContainsFunc(v.ev.Values(c.slot), c.re.Match) {
		return true
	}
	return c.sigma && v.ev.Empty(c.slot) && c.re.Match(nil)
}

func (c *netCond) holds(v *values) bool {
	return slices.ContainsFunc(v.ev.Values(c.slot), func(value []byte) bool {
		if c.sigma {
			value = rule.TrimBlanks(value)
		}
		return c.in.Contains(value)
	})
}

func (c *sameCond) holds(v *values) bool {
	return c.any(v, c.slot, func(value []byte) bool {
		return c.any(v, c.other, func(other []byte) bool { return c.related(value, other) })
	})
}

// any reports whether f holds for a value of the slot.
func (c *sameCond) any(v *values, slot int, f func([]byte) bool) bool {
	return slices.ContainsFunc(v.texts(slot, c.cased), f) || c.sigma && v.ev.Empty(slot) && f(nil)
}

// related compares two values. Without the blanks at their ends are those that satisfy
// most: a value that begins with or contains another does so with its own blanks, too.
func (c *sameCond) related(value, other []byte) bool {
	if c.sigma {
		other = rule.TrimBlanks(other)
		if c.how == rule.Equals || c.how == rule.EndsWith {
			value = rule.TrimBlanks(value)
		}
	}
	return related(c.how, value, other)
}

func related(how rule.Relation, value, other []byte) bool {
	switch how {
	case rule.Contains:
		return bytes.Contains(value, other)
	case rule.StartsWith:
		return bytes.HasPrefix(value, other)
	case rule.EndsWith:
		return bytes.HasSuffix(value, other)
	}
	return bytes.Equal(value, other)
}

func (c *termCond) holds(v *values) bool {
	if c.needs.missing(v) {
		return false
	}
	for slot := range v.ev.Names() {
		if slot < len(c.slots) && !c.slots[slot] {
			continue
		}
		if slices.ContainsFunc(v.texts(slot, c.pattern.Cased()), c.pattern.Match) {
			return true
		}
	}
	return false
}
