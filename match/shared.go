package match

import "sluice/match/rule"

// sharedCond is a condition on values that stands several times in the rules of a
// set: it is tested once an event. Of the 60,531 of SigmaHQ's rules for Windows,
// 29,041 are distinct.
type sharedCond struct {
	id int // index of values.known
	x  cond
}

// sharing finds equal conditions. Those that print alike are equal, if they take the
// same for values.
type sharing struct {
	uses  map[sharedKey]int
	conds map[sharedKey]*sharedCond
}

// sharedKey is the same for conditions that are equal.
type sharedKey struct {
	text  string
	sigma bool
}

func isJoin(e rule.Expr) bool {
	switch e.(type) {
	case rule.All, rule.And, rule.Or, rule.Not:
		return true
	}
	return false
}

func newSharing(rules []*rule.Rule) *sharing {
	s := &sharing{uses: map[sharedKey]int{}, conds: map[sharedKey]*sharedCond{}}
	for _, r := range rules {
		rule.Walk(r.Where, func(e rule.Expr) {
			if !isJoin(e) {
				s.uses[sharedKey{e.String(), r.Values == rule.AsSigma}]++
			}
		})
	}
	return s
}

// cond returns the condition of e, which compile makes; sigma tells how it takes values.
func (s *sharing) cond(e rule.Expr, sigma bool, compile func(rule.Expr) cond) cond {
	key := sharedKey{e.String(), sigma}
	if s.uses[key] < 2 {
		return compile(e)
	}
	c := s.conds[key]
	if c == nil {
		c = &sharedCond{len(s.conds), compile(e)}
		s.conds[key] = c
	}
	return c
}

func (c *sharedCond) holds(v *values) bool {
	if known := v.known[c.id]; known>>1 == v.event {
		return known&1 == 1
	}
	yes := c.x.holds(v)
	v.known[c.id] = v.event << 1
	if yes {
		v.known[c.id]++
	}
	return yes
}

// forget makes every answer unknown: they are those of another event.
func (v *values) forget() {
	if v.event++; v.event == 1<<31 { // which known cannot hold
		clear(v.known)
		v.event = 1
	}
}
