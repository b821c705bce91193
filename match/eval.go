package match

import (
	"bytes"
	"slices"

	"sluice/match/event"
	"sluice/match/find"
	"sluice/match/rule"
)

// cond is a rule.Expr resolved to slots.
type cond interface{ holds(*values) bool }

type (
	always  struct{}
	andCond []cond
	orCond  []cond
	notCond struct{ x cond }
	cmpCond struct {
		slot    int
		op      rule.Op
		pattern rule.Pattern
		text    []byte  // of the pattern, folded unless it is cased
		num     float64 // its value, when isNum
		isNum   bool
		needs   needed
		need    *find.Need // of values that it equals
		sigma   bool       // see rule.AsSigma
		empty   bool       // an empty value satisfies it, if that is one
	}
)

func (s *Set) compile(e rule.Expr) cond {
	switch e := e.(type) {
	case rule.And:
		and := andCond(s.compileAll(e))
		slices.SortStableFunc(and, func(a, b cond) int { return cost(a) - cost(b) })
		return and
	case rule.Or:
		return orCond(s.compileAll(e))
	case rule.Not:
		return notCond{s.compile(e.X)}
	case rule.All:
		return always{}
	}
	return s.sharing.cond(e, s.sigma, s.compileTest)
}

// compileTest resolves a condition on values.
func (s *Set) compileTest(e rule.Expr) cond {
	switch e := e.(type) {
	case rule.Compare:
		text := []byte(e.Value.Text())
		c := &cmpCond{slot: s.proj.Slot(e.Field), op: e.Op, pattern: e.Value, text: text, sigma: s.sigma}
		if !e.Value.Cased() {
			c.text = rule.Fold(nil, text)
		}
		c.num, c.isNum = rule.Number(text)
		c.needs = s.required(e)
		if e.Op == rule.Eq && !c.isNum {
			c.need = needOf(e.Value)
		}
		c.empty = s.sigma && c.compare(nil)
		return c
	}
	return s.compileForm(e)
}

// cost orders the parts of a conjunction: which is false most often for least work
// comes first. They have no effects, so the order changes nothing else.
func cost(c cond) int {
	switch c := c.(type) {
	case *cmpCond:
		if c.pattern.Exact() {
			return 0
		}
		return 1
	case andCond, orCond:
		return 2
	case notCond:
		return 3
	case *reCond:
		return 4
	case *termCond:
		return 5
	case *sharedCond:
		return cost(c.x)
	}
	return 1
}

func (s *Set) compileAll(exprs []rule.Expr) []cond {
	out := make([]cond, len(exprs))
	for i, e := range exprs {
		out[i] = s.compile(e)
	}
	return out
}

// values gives conditions the fields of one event, each folded once.
type values struct {
	ev     *event.Event
	folded [][][]byte // by slot; valid where done
	done   []bool
	grams  []*find.Grams // by slot, of its only value; valid where told
	told   []bool
	buf    []byte
	stands []bool   // literals of the record, by number; nil if not known
	known  []uint32 // by sharedCond: the number of the event that it was tested for, and the answer below
	event  uint32   // from 1
}

func (v *values) reset(ev *event.Event, slots int, stands []bool) {
	v.ev, v.stands = ev, stands
	v.forget()
	if len(v.done) < slots {
		v.done = make([]bool, slots)
		v.told = make([]bool, slots)
		v.folded = make([][][]byte, slots)
		v.grams = make([]*find.Grams, slots)
	}
	clear(v.done)
	clear(v.told)
	if cap(v.buf) > 1<<20 {
		v.buf = nil // grown for one large value
	}
	v.buf = v.buf[:0]
}

func (v *values) get(slot int) [][]byte {
	if !v.done[slot] {
		v.done[slot] = true
		v.folded[slot] = v.folded[slot][:0]
		for _, raw := range v.ev.Values(slot) {
			start := len(v.buf)
			v.buf = rule.Fold(v.buf, raw)
			v.folded[slot] = append(v.folded[slot], v.buf[start:len(v.buf):len(v.buf)])
		}
	}
	return v.folded[slot]
}

// needOf returns what each value, folded, holds that the pattern covers.
func needOf(p rule.Pattern) *find.Need {
	var h find.Held
	for _, piece := range p.Pieces() {
		h.All = append(h.All, find.Held{Text: piece})
	}
	return find.NewNeed(h)
}

// of returns what is known of the value of a slot; nil unless it is the only one.
func (v *values) of(slot int) *find.Grams {
	if !v.told[slot] {
		v.told[slot] = true
		if v.grams[slot] == nil {
			v.grams[slot] = new(find.Grams)
		}
		if list := v.ev.Values(slot); len(list) == 1 {
			v.grams[slot].Reset(list[0])
		}
	}
	if len(v.ev.Values(slot)) != 1 {
		return nil
	}
	return v.grams[slot]
}

// lacks reports whether the only value of the slot is known not to hold n.
func (v *values) lacks(slot int, n *find.Need) bool {
	if n == nil {
		return false
	}
	g := v.of(slot)
	return g != nil && g.Lacks(n)
}

func (always) holds(*values) bool { return true }

func (c andCond) holds(v *values) bool {
	for _, x := range c {
		if !x.holds(v) {
			return false
		}
	}
	return true
}

func (c orCond) holds(v *values) bool {
	for _, x := range c {
		if x.holds(v) {
			return true
		}
	}
	return false
}

func (c notCond) holds(v *values) bool { return !c.x.holds(v) }

func (c *cmpCond) holds(v *values) bool {
	if c.needs.missing(v) {
		return false
	}
	for _, value := range v.texts(c.slot, c.pattern.Cased()) {
		if !v.lacks(c.slot, c.need) && c.compare(value) {
			return true
		}
	}
	return c.empty && v.ev.Empty(c.slot)
}

// compare compares a value, folded unless the pattern is cased.
func (c *cmpCond) compare(value []byte) bool {
	if c.op == rule.Eq || c.op == rule.Ne {
		equal := c.covers(value)
		if !equal && c.isNum {
			n, ok := rule.Number(c.bare(value))
			equal = ok && n == c.num
		}
		return equal == (c.op == rule.Eq)
	}
	value = c.bare(value)
	order := bytes.Compare(value, c.text)
	if n, ok := rule.Number(value); ok && c.isNum {
		order = 0
		if n < c.num {
			order = -1
		} else if n > c.num {
			order = 1
		}
	}
	return c.op.Orders(order)
}

// covers reports whether the pattern covers a value, as the rule takes it.
func (c *cmpCond) covers(value []byte) bool {
	if c.sigma {
		return c.pattern.MatchPadded(value)
	}
	return c.pattern.Match(value)
}

// bare returns a value without what does not count of it.
func (c *cmpCond) bare(value []byte) []byte {
	if c.sigma {
		return rule.TrimBlanks(value)
	}
	return value
}
