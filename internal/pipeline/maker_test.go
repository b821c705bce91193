package pipeline_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sluice/internal/corpus"
	"sluice/match/expr"
	"sluice/match/row"
	"sluice/match/rule"
)

// maker finds out what rows must hold for conditions to be as wanted. It chooses among
// alternatives and may choose wrong: what it makes must be tried.
type maker struct {
	rng *rand.Rand
	// literals are the texts that conditions ask for, shared those that two fields
	// must have both.
	literals, shared map[string]bool
	// other makes it write what the search command asks for in other cases, which that
	// does not tell apart; recased counts how often it did.
	other   bool
	recased int
}

func newMaker() *maker {
	return &maker{literals: map[string]bool{}, shared: map[string]bool{}}
}

// start makes the maker choose as it did after any other start with the same seed and
// step, so that rows of the same wish get the same values.
func (m *maker) start(seed uint64, step int) { m.rng = rand.New(rand.NewPCG(seed, uint64(step))) }

// pick chooses one of n.
func (m *maker) pick(n int) int { return m.rng.IntN(n) }

// cases returns v as it is, or with letters in other cases.
func (m *maker) cases(v text) text {
	if !m.other {
		return v
	}
	o := v
	for _, s := range []*string{&o.begin, &o.middle, &o.end} {
		*s = corpus.Recase(m.rng, *s)
	}
	if o != v {
		m.recased++
	}
	return o
}

// note keeps a text that is asked for.
func (m *maker) note(v text) text {
	for _, s := range []string{v.begin, v.middle, v.end} {
		if s != "" {
			m.literals[s] = true
		}
	}
	return v
}

var negated = [...]rule.Op{rule.Eq: rule.Ne, rule.Ne: rule.Eq, rule.Lt: rule.Ge, rule.Le: rule.Gt, rule.Gt: rule.Le, rule.Ge: rule.Lt}

// search wishes that a condition of the search command be so.
func (m *maker) search(e rule.Expr, w wish, so bool) {
	switch e := e.(type) {
	case rule.And:
		m.parts(e, w, so, so)
	case rule.Or:
		if i := slices.IndexFunc(e, isLog); i >= 0 && so {
			e = rule.Or{e[i]} // of the names of a log, the one that events here have
		}
		m.parts(e, w, so, !so)
	case rule.Not:
		m.search(e.X, w, !so)
	case rule.Matches:
		if so {
			w.want(e.Field, m.note(holding(sample(parsed(e.Re.Source()), nil, m.pick))))
		}
	case rule.Term:
		if so {
			w.want("Param", m.note(m.cases(patterned(e.Value.Text(), ""))))
		}
	case rule.Compare:
		m.searched(e, w, so)
	}
}

// parts wishes all or one of the parts to be so; one that is already is enough.
func (m *maker) parts(parts []rule.Expr, w wish, so, all bool) {
	if all {
		for _, p := range parts {
			m.search(p, w, so)
		}
		return
	}
	for _, p := range parts {
		if c, ok := p.(rule.Compare); ok && c.Op == rule.Eq && so && slices.ContainsFunc(w[c.Field], func(v text) bool {
			return !v.free() && !v.none && c.Value.Match(rule.Fold(nil, []byte(v.String())))
		}) {
			return
		}
	}
	m.search(parts[m.pick(len(parts))], w, so)
}

func (m *maker) searched(e rule.Compare, w wish, so bool) {
	op := e.Op
	if !so {
		op = negated[op]
	}
	pattern := e.Value.Text()
	switch {
	case op == rule.Eq && !so: // NOT field!=value
	case op == rule.Eq && (systemField(e.Field) || e.Value.Cased()):
		w.want(e.Field, m.note(patterned(pattern, "")))
	case op == rule.Eq:
		w.want(e.Field, m.note(m.cases(patterned(pattern, []string{"", "x", " A b ", " Äб ς\u212A "}[m.pick(4)]))))
	case op == rule.Ne && !so:
		if strings.Trim(pattern, "*") == "" {
			w.want(e.Field, text{none: true})
		}
	case op == rule.Ne && len(w[e.Field]) == 0:
		w.want(e.Field, exactly("other"))
	case op != rule.Ne && so:
		w.want(e.Field, target(op, row.OfText(pattern)))
	}
}

// isLog reports whether e names a log as the events of publishedRecord do.
func isLog(e rule.Expr) bool {
	c, ok := e.(rule.Compare)
	return ok && c.Field == "source" && strings.HasPrefix(c.Value.Text(), "XmlWinEventLog:")
}

// target returns a value that is as op says to v.
func target(op rule.Op, v row.Value) text {
	f, isNum := v.Num()
	switch {
	case op == rule.Eq:
		return exactly(v.String())
	case op == rule.Ne:
		return exactly("other")
	case !isNum && (op == rule.Gt || op == rule.Ge):
		return exactly(v.String() + "x")
	case !isNum:
		return exactly("!")
	case op == rule.Gt:
		f++
	case op == rule.Lt:
		f--
	}
	return exactly(row.OfNumber(f).String())
}

// constant returns the value of an expression that reads no field.
func constant(x expr.Value) (row.Value, bool) {
	if len(expr.Fields(x)) > 0 {
		return row.Value{}, false
	}
	return x.Value(&expr.Scope{Table: &row.Table{}, Env: &expr.Env{Zone: time.UTC}}), true
}

// value wishes that an expression be v. It reports whether it can be.
func (m *maker) value(x expr.Value, v text, w wish) bool {
	if c, ok := constant(x); ok {
		return c.IsNull() && v.none || !c.IsNull() && (v.free() || v.allows(c.String()))
	}
	switch x := x.(type) {
	case expr.Field:
		if x.Name == "null" { // which searches write for null()
			return v.none
		}
		w.want(x.Name, v)
		return true
	case expr.If:
		return m.branches(v, w, []expr.Cond{x.Cond, expr.Not{X: x.Cond}}, []expr.Value{x.Then, x.Else})
	case expr.Case:
		return m.branches(v, w, x.When, x.Then)
	case expr.Replace:
		return m.value(x.X, v, w)
	case expr.Neg:
		return m.value(x.X, v, w)
	case expr.Arith:
		return m.arith(x, v, w)
	case expr.Call:
		args := x.Args()
		if x.Name() == "coalesce" {
			k := m.pick(len(args))
			for _, a := range args[:k] {
				m.value(a, text{none: true}, w)
			}
			return m.value(args[k], v, w)
		}
		for _, a := range args { // what a function makes of a text is taken to be that text
			if len(expr.Fields(a)) > 0 {
				return m.value(a, v, w)
			}
		}
	}
	return true
}

// branches wishes that a condition hold whose value can be v.
func (m *maker) branches(v text, w wish, when []expr.Cond, then []expr.Value) bool {
	if v.free() {
		return true
	}
	first := m.pick(len(when))
	for i := range when {
		k := (first + i) % len(when)
		if try := w.clone(); m.value(then[k], v, try) && m.cond(when[k], try, true) {
			clear(w)
			for name, texts := range try {
				w[name] = texts
			}
			return true
		}
	}
	return false
}

// arith wishes for the part of joined texts that is no literal; of a sum, for one side.
func (m *maker) arith(x expr.Arith, v text, w wish) bool {
	l, okL := constant(x.L)
	r, okR := constant(x.R)
	switch {
	case x.Op == '.' && okL:
		v.middle = strings.TrimPrefix(v.middle, l.String())
		return m.value(x.R, v, w)
	case x.Op == '.' && okR:
		v.middle = strings.TrimSuffix(v.middle, r.String())
		return m.value(x.L, v, w)
	case okL:
		return m.value(x.R, v, w)
	}
	return m.value(x.L, v, w)
}

// cond wishes that a condition of eval be so. It reports whether it can be.
func (m *maker) cond(c expr.Cond, w wish, so bool) bool {
	switch c := c.(type) {
	case expr.Const:
		return bool(c) == so
	case expr.Not:
		return m.cond(c.X, w, !so)
	case expr.And:
		return m.conds(c, w, so, so)
	case expr.Or:
		return m.conds(c, w, so, !so)
	case expr.Compare:
		return m.compare(c, w, so)
	case expr.In:
		x := c.List[m.pick(len(c.List))]
		return !so || m.compare(expr.Compare{Op: rule.Eq, L: c.X, R: x}, w, true)
	case expr.Match:
		if re, ok := constant(c.Re.Pattern); ok && so {
			return m.value(c.X, m.note(holding(sample(parsed(re.String()), nil, m.pick))), w)
		}
	case expr.Like:
		return !so || m.like(c, w)
	case expr.Test:
		switch isNull := c.Name == "isnull"; {
		case isNull == so && (isNull || c.Name == "isnotnull"):
			return m.value(c.X, text{none: true}, w)
		case c.Name == "isnum" || c.Name == "isint":
			return m.value(c.X, exactly("7"), w)
		default:
			return m.value(c.X, text{}, w)
		}
	case expr.CIDR:
		if net, ok := constant(c.Net); ok && so {
			if p, err := netip.ParsePrefix(net.String()); err == nil {
				return m.value(c.X, exactly(p.Addr().String()), w)
			}
		}
	}
	return true
}

func (m *maker) conds(parts []expr.Cond, w wish, so, all bool) bool {
	if !all {
		return m.cond(parts[m.pick(len(parts))], w, so)
	}
	for _, c := range parts {
		if !m.cond(c, w, so) {
			return false
		}
	}
	return true
}

// many is what is more than what usual events come to; see (*maker).eventStats.
const many = "40"

func (m *maker) compare(e expr.Compare, w wish, so bool) bool {
	op := e.Op
	if !so {
		op = negated[op]
	}
	l, okL := constant(e.L)
	r, okR := constant(e.R)
	switch {
	case okL && okR:
		return target(op, r).allows(l.String()) || op == rule.Ne && l.String() != r.String()
	case op == rule.Ne && !so: // also a missing value does
		return true
	case okR:
		return m.value(e.L, m.note(target(op, r)), w)
	case okL:
		mirror := [...]rule.Op{rule.Eq: rule.Eq, rule.Ne: rule.Ne, rule.Lt: rule.Gt, rule.Le: rule.Ge, rule.Gt: rule.Lt, rule.Ge: rule.Le}
		return m.value(e.R, m.note(target(mirror[op], l)), w)
	}
	l0 := text{}
	if f, ok := e.L.(expr.Field); ok && len(w[f.Name]) > 0 {
		l0 = w[f.Name][0] // what an earlier condition wants
	}
	switch op {
	case rule.Eq:
		m.shared["alike"] = true
		return m.value(e.L, exactly("alike"), w) && m.value(e.R, exactly("alike"), w)
	case rule.Ne:
		if l0.free() {
			return m.value(e.L, holding("one"), w) && m.value(e.R, holding("other"), w)
		}
		return m.value(e.R, holding("other"), w)
	case rule.Gt, rule.Ge:
		return !l0.free() || m.value(e.L, exactly(many), w)
	}
	return !l0.free() || m.value(e.L, exactly("0"), w)
}

// like wishes for a text that a pattern covers; where that is made of fields, for one
// that it also holds.
func (m *maker) like(c expr.Like, w wish) bool {
	if p, ok := constant(c.Pattern); ok {
		return m.value(c.X, m.note(patterned(strings.NewReplacer("%", "*", "_", "x").Replace(p.String()), "")), w)
	}
	m.shared["alike"] = true
	return m.value(c.Pattern, exactly("%alike%"), w) && m.value(c.X, holding("alike"), w)
}
