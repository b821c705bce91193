package prefilter

import (
	"iter"
	"slices"
	"sync"

	"sluice/match/event"
	"sluice/match/prefilter/internal/anchor"
	"sluice/match/prefilter/internal/scan"
	"sluice/match/rule"
)

// classes part a large set by event id. Together, the anchors of hundreds of rules
// stand somewhere in nearly every record, but those of the rules for one id are few,
// and what id a record has is told at little cost (search.ids).
type classes struct {
	byID  map[uint32]*class
	rest  *class // of events with another id, or none
	names *plan  // finds ids, and no literals
}

// class is the rules that an event of one id may satisfy.
type class struct {
	open   []int        // those that need no literal, which are always candidates
	closed []int        // the others; candidates, too, if they need more than a plan holds
	quick  func() *plan // of the anchors of the others, made when it is first needed
	better *later       // deals the windows better; nil if that would take seconds
}

const (
	// maxSwept is how many anchors are looked for in whole blocks at once: of more,
	// one stands in most records.
	maxSwept = 256
	// maxDealt is how many windows are dealt to buckets at a cost that grows with
	// the square of their number: 0.2 s for a thousand, on another core.
	maxDealt = 1000
)

// newClasses returns the classes of rules, or nil if the set is better searched as
// one.
func newClasses(rules []*rule.Rule, needs []Need, opt Options, kernel scan.Kernel) *classes {
	if opt.NoAnchors {
		return nil
	}
	if parts := anchorParts(needs); !opt.ByID && (gateLiteral(needs) != "" || parts != nil && len(parts) <= maxSwept) {
		return nil
	}
	of := map[uint32][]int{}
	var any []int // rules for events of any id
	needs = slices.Clone(needs)
	for i, r := range rules {
		ids, ok := idsOf(r.Where)
		if !ok {
			any = append(any, i)
			continue
		}
		needs[i] = needInClass(r.Where)
		for _, id := range ids {
			of[id] = append(of[id], i)
		}
	}
	c := &classes{byID: map[uint32]*class{}, rest: newClass(any, needs, kernel)}
	for id, list := range of {
		list = append(list, any...)
		slices.Sort(list)
		c.byID[id] = newClass(list, needs, kernel)
	}
	t := scan.Compile(append(escapeBuckets(), idMarks), kernel)
	c.names = &plan{plain: t}
	return c
}

// needInClass returns what e requires of the record of an event with the right id:
// but for that, and for the channel where there is more, since most events of a class
// share both and no anchor should be taken from them.
func needInClass(e rule.Expr) Need {
	ids := event.IDFields
	if n := Analyze(without(e, append([]string{"Channel"}, ids...))); n.op != always {
		return n
	}
	return Analyze(without(e, ids))
}

// without returns e as if comparisons of the fields held.
func without(e rule.Expr, fields []string) rule.Expr {
	each := func(list []rule.Expr) (out []rule.Expr) {
		for _, part := range list {
			out = append(out, without(part, fields))
		}
		return out
	}
	switch e := e.(type) {
	case rule.And:
		return rule.And(each(e))
	case rule.Or:
		return rule.Or(each(e))
	case rule.Compare:
		if slices.Contains(fields, e.Field) {
			return rule.All{}
		}
	}
	return e
}

func newClass(rules []int, needs []Need, kernel scan.Kernel) *class {
	c := &class{}
	for _, r := range rules {
		if _, _, ok := needs[r].anchors(func(string) float64 { return 1 }); ok {
			c.closed = append(c.closed, r)
		} else {
			c.open = append(c.open, r)
		}
	}
	parts := sync.OnceValue(func() []part { return partsOf(c.closed, needs) })
	c.quick = sync.OnceValue(func() *plan { return newPlan(parts(), anchor.Neighbours, nil, kernel) })
	if n := len(c.closed); 0 < n && n < maxDealt {
		c.better = &later{plan: sync.OnceValue(func() *plan {
			if p := parts(); len(p) <= maxDealt {
				return newPlan(p, anchor.Buckets, nil, kernel)
			}
			return c.quick()
		})}
	}
	return c
}

// idScanner is one goroutine's use of classes.
type idScanner struct {
	*classes
	names *search
	uses  map[*class]*classUse
	ids   []uint32 // of the record
}

// classUse is one goroutine's use of a class.
type classUse struct {
	*class
	open   []int // of the class, or all its rules
	search *search
	better *later  // that search shall have; nil once it has
	looked int     // bytes, until then
	stands []bool  // by part: those in found
	found  []*part // that stand in the record
	note   func(*part) bool
}

func newIDScanner(c *classes) *idScanner {
	return &idScanner{classes: c, names: newSearch(c.names), uses: map[*class]*classUse{}}
}

// use returns the use of a class.
func (s *idScanner) use(c *class) *classUse {
	u := s.uses[c]
	if u == nil {
		u = &classUse{class: c, open: c.open, better: c.better, search: newSearch(c.quick())}
		if len(u.search.plan.parts) == 0 {
			u.open = slices.Concat(c.open, c.closed)
		}
		u.stands = make([]bool, len(u.search.plan.parts))
		u.note = func(x *part) bool {
			if !u.stands[x.number] {
				u.stands[x.number] = true
				u.found = append(u.found, x)
			}
			return true
		}
		s.uses[c] = u
	}
	return u
}

// look notes which parts of the class stand in text.
func (u *classUse) look(text []byte) {
	if u.better != nil {
		if u.looked += len(text); u.looked > fewConfirmed && u.better.ready() {
			u.search, u.better = newSearch(u.better.plan()), nil
		}
	}
	u.search.parts(text, u.note, false)
}

// classed is Candidates by event ids. That nothing hides in raw, ids has seen.
func (s *Scanner) classed(dst []int, raw []byte) []int {
	var sure bool
	if s.byID.ids, sure = s.byID.names.ids(s.byID.ids[:0], raw); !sure {
		s.hidden = true
		return s.f.all(dst)
	}
	s.hidden = false
	n := len(dst)
	for u := range s.byID.each() {
		u.look(raw)
		dst = u.choose(dst, s.chosen)
	}
	return s.once(dst, n)
}

// revealed is Reveal by event ids.
func (s *Scanner) revealed(dst []int, ev *event.Event) []int {
	s.byID.ids = eventIDs(s.byID.ids[:0], ev)
	n := len(dst)
	for u := range s.byID.each() {
		for slot := range ev.Names() {
			for _, v := range ev.Values(slot) {
				u.look(v)
			}
		}
		dst = u.choose(dst, s.chosen)
	}
	return s.once(dst, n)
}

// each yields the classes of the ids: without one, that of all other events.
func (s *idScanner) each() iter.Seq[*classUse] {
	return func(yield func(*classUse) bool) {
		if len(s.ids) == 0 {
			yield(s.use(s.rest))
			return
		}
		for _, id := range s.ids {
			c := s.byID[id]
			if c == nil {
				c = s.rest
			}
			if !yield(s.use(c)) {
				return
			}
		}
	}
}

// choose appends the rules that are not chosen yet and that need nothing or a part
// that was found, and forgets what was found.
func (u *classUse) choose(dst []int, chosen []bool) []int {
	add := func(rules []int) {
		for _, r := range rules {
			if !chosen[r] {
				chosen[r] = true
				dst = append(dst, r)
			}
		}
	}
	add(u.open)
	for _, x := range u.found {
		add(x.rules)
		u.stands[x.number] = false
	}
	u.found = u.found[:0]
	return dst
}

// once sorts what was chosen behind the first n of dst and lets it be chosen again.
func (s *Scanner) once(dst []int, n int) []int {
	for _, r := range dst[n:] {
		s.chosen[r] = false
	}
	slices.Sort(dst[n:])
	return dst
}
