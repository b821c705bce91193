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
	}
	netCond struct {
		slot int
		in   rule.InNet
	}
	sameCond struct {
		slot, other int
		how         rule.Relation
		cased       bool
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
		return &reCond{slot: s.proj.Slot(e.Field), re: e.Re.Find(), needs: s.required(e)}
	case rule.InNet:
		return &netCond{s.proj.Slot(e.Field), e}
	case rule.SameField:
		return &sameCond{s.proj.Slot(e.Field), s.proj.Slot(e.Other), e.How, e.Cased}
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

func (c *reCond) holds(v *values) bool {
	if c.needs.missing(v) {
		return false
	}
	if g := v.of(c.slot); g != nil {
		return c.re.MatchIn(v.ev.Values(c.slot)[0], g)
	}
	return slices.ContainsFunc(v.ev.Values(c.slot), c.re.Match)
}

func (c *netCond) holds(v *values) bool {
	return slices.ContainsFunc(v.ev.Values(c.slot), c.in.Contains)
}

func (c *sameCond) holds(v *values) bool {
	for _, value := range v.texts(c.slot, c.cased) {
		for _, other := range v.texts(c.other, c.cased) {
			if related(c.how, value, other) {
				return true
			}
		}
	}
	return false
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
