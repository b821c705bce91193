package pipeline_test

import (
	"encoding/xml"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"sluice/match/command"
	"sluice/match/lookup"
	"sluice/match/row"
	"sluice/match/rule"
)

// scene is the events that a search is to find together, in an order of no meaning.
type scene struct {
	events           []map[string][]string
	literals, shared []string // see maker
	first            int      // how many events make the first group
	usual            bool     // the others show what is usual
	recased          int      // how many literals are in another case than in the rule
}

// stage makes a scene of a rule: backwards, from what the last command must leave to
// what the events must be. seed decides the choices. It may be a scene that does not do.
func stage(r *rule.Rule, seed uint64) scene {
	m := newMaker()
	m.start(seed, 0)
	m.other = seed%2 == 0
	s := stager{maker: m, seed: seed, by: r.By, fill: m.pick(4) > 0, same: m.pick(3) == 0, parted: m.pick(2) == 0, spaced: m.pick(2)}
	rows := []wish{{}}
	for i := len(r.After) - 1; i >= 0; i-- {
		s.by = r.By
		for k := i - 1; k >= 0; k-- {
			if st, ok := r.After[k].(command.Stats); ok {
				s.by = st.By
				break
			}
		}
		rows = s.before(r.After[i], rows)
	}
	rows = s.stats(r.By, r.Aggs, rows)
	for i := len(r.Before) - 1; i >= 0; i-- {
		rows = s.before(r.Before[i], rows)
	}
	sc := scene{first: s.first, usual: s.usual}
	for i, w := range rows {
		m.start(seed, s.step+1)
		m.search(r.Where, w, true)
		e := w.values()
		if len(e["_time"]) == 0 {
			e["_time"] = []string{"0"}
		}
		e["_time"] = append(e["_time"][:1], strconv.Itoa(i*s.spaced))
		sc.events = append(sc.events, e)
	}
	sc.recased = m.recased
	sc.literals, sc.shared = slices.Sorted(maps.Keys(m.literals)), slices.Sorted(maps.Keys(m.shared))
	return sc
}

// stager turns what rows must be behind a command into what they must be before it.
type stager struct {
	*maker
	seed   uint64
	step   int
	by     []string // of the stats command next before
	fill   bool     // groups have all of their BY fields
	same   bool     // usual groups are like the one that is looked for
	parted bool     // values of several fields come from an event each
	spaced int      // milliseconds between events
	first  int      // see scene
	usual  bool     // likewise
}

func (s *stager) before(c rule.Command, rows []wish) []wish {
	switch c := c.(type) {
	case command.Stats:
		return s.stats(c.By, c.Aggs, rows)
	case command.EventStats:
		return s.eventStats(c, rows)
	case command.MvExpand:
		return collect(c.Field, rows)
	}
	s.step++
	for _, w := range rows {
		s.start(s.seed, s.step)
		s.row(c, w)
	}
	return rows
}

// row does so for commands that look at one row.
func (s *stager) row(c rule.Command, w wish) {
	switch c := c.(type) {
	case command.Where:
		s.cond(c.Cond, w, true)
	case command.Search:
		s.search(c.Cond, w, true)
	case command.Eval:
		for _, v := range w.take(c.Name) {
			s.value(c.X, v, w)
		}
	case command.Regex:
		if !c.Not {
			w.want(c.Field, s.note(holding(sample(parsed(c.Re.String()), nil, s.pick))))
		}
	case command.Rex:
		s.rex(c, w)
	case command.Rename:
		rename(c, w)
	case command.Fill:
		for _, name := range c.Names {
			if slices.Contains(w[name], exactly(c.Value)) {
				w[name] = []text{{none: true}}
			}
		}
	case command.Lookup:
		s.lookup(c, w)
	case command.XMLKv:
		element(c.Input, w, func(name string) bool { return !systemField(name) && !strings.Contains(name, "_") })
	case command.Spath:
		if c.Path == "" {
			element(c.Input, w, func(name string) bool { return strings.Contains(name, ".") })
		}
	}
}

// rex wishes for a text that an expression finds the wanted values in.
func (s *stager) rex(c command.Rex, w wish) {
	found := 0
	groups := map[string][]text{}
	for _, name := range c.Re.SubexpNames() {
		if texts := w[name]; name != "" && len(texts) > 0 && !texts[0].none {
			groups[name] = w.take(name)
			found = max(found, len(texts))
		}
	}
	if c.Max > 0 {
		found = min(found, c.Max)
	}
	var b strings.Builder
	for i := range found {
		values := map[string]string{}
		for name, texts := range groups {
			if v := texts[min(i, len(texts)-1)]; !v.free() {
				values[name] = v.String()
			}
		}
		b.WriteString(sample(parsed(c.Re.String()), values, s.pick))
	}
	if found > 0 {
		w.want(c.Field, holding(b.String()))
	}
}

func rename(c command.Rename, w wish) {
	for i := len(c.From) - 1; i >= 0; i-- {
		from, to := c.From[i], c.To[i]
		if !strings.Contains(from, "*") {
			if texts := w.take(to); len(texts) > 0 {
				w[from] = texts
			}
			continue
		}
		begin, end, _ := strings.Cut(from, "*")
		toBegin, toEnd, _ := strings.Cut(to, "*")
		for _, name := range slices.Collect(maps.Keys(w)) {
			if old := begin + strings.TrimSuffix(strings.TrimPrefix(name, toBegin), toEnd) + end; slices.Contains(c.Wanted, old) && !systemField(name) {
				w[old] = w.take(name)
			}
		}
	}
}

// lookup wishes for the cells of a line of the table that has what is wanted of it.
func (s *stager) lookup(c command.Lookup, w wish) {
	in, out := c.Pairs()
	t := c.Table()
	place := func(f command.LookupField) int { return slices.Index(t.Columns, f.Column) }
	var wanted []command.LookupField
	for _, f := range out {
		switch texts := w[f.Field]; {
		case len(texts) == 0 || texts[0].free():
		case texts[0].none:
			miss(t, in, w)
			return
		default:
			wanted = append(wanted, f)
		}
	}
	if len(wanted) == 0 {
		return
	}
	for n := range t.Rows {
		cells := t.Rows[n]
		if slices.ContainsFunc(wanted, func(f command.LookupField) bool {
			return !slices.ContainsFunc(w[f.Field], func(v text) bool { return v.allows(cells[place(f)]) })
		}) || slices.ContainsFunc(in, func(f command.LookupField) bool {
			texts := w[f.Field]
			return len(texts) > 0 && !texts[0].allows(cell(t, place(f), cells))
		}) {
			continue
		}
		for _, f := range wanted {
			w.take(f.Field)
		}
		for _, f := range in {
			w.want(f.Field, s.note(exactly(cell(t, place(f), cells))))
		}
		return
	}
}

// miss wishes for values that the table does not have: the same in upper case, as the
// search command does not tell cases apart and a table may.
func miss(t *lookup.Table, in []command.LookupField, w wish) {
	for _, f := range in {
		for i, v := range w[f.Field] {
			upper := exactly(strings.ToUpper(v.middle))
			if v.fixed && t.Index([]string{f.Column}).Find([]string{v.middle}, func([]string) {}) > 0 {
				w[f.Field][i] = upper
			}
		}
	}
}

// cell returns a value that a cell of a table matches.
func cell(t *lookup.Table, place int, cells []string) string {
	switch t.Match[t.Columns[place]] {
	case lookup.Wildcard:
		return strings.ReplaceAll(cells[place], "*", "")
	case lookup.CIDR:
		address, _, _ := strings.Cut(cells[place], "/")
		return address
	}
	return cells[place]
}

// element moves what is wanted of fields into XML within one field. Dots in a name part
// elements within each other.
func element(input string, w wish, within func(name string) bool) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(w)) {
		if !within(name) || name == input || w[name][0].none {
			continue
		}
		path := strings.Split(name, ".")
		for _, v := range (wish{name: w.take(name)}).values()[name] {
			for _, p := range path {
				b.WriteString("<" + p + ">")
			}
			xml.EscapeText(&b, []byte(v))
			for i := len(path) - 1; i >= 0; i-- {
				b.WriteString("</" + path[i] + ">")
			}
		}
	}
	w.want(input, text{begin: b.String()})
}

// picked is a value that a group has from one of its events.
type picked struct {
	row   int
	field string
	value text
}

// stats makes of the wish of each group those of its events: as many as are counted,
// different in what is told apart, one for each of several values.
func (s *stager) stats(by []string, aggs []rule.Agg, groups []wish) (rows []wish) {
	for k, g := range groups {
		n := 1
		base, spread := wish{}, []picked{}
		for _, name := range by {
			if texts := g[name]; len(texts) > 0 {
				base[name] = texts
			} else if s.fill && name != "_time" {
				base.want(name, text{})
			}
		}
		var apart []string
		for _, a := range aggs {
			texts := g[a.As]
			switch {
			case len(texts) == 0 || slices.Contains(by, a.As):
			case a.Func == rule.Count || a.Func == rule.Distinct:
				n = max(n, number(texts[0]))
				if a.Func == rule.Distinct {
					apart = append(apart, a.Field)
				} else if a.Field != "" {
					base.want(a.Field, text{})
				}
			case a.Field != "_time":
				for i, v := range texts {
					spread = append(spread, picked{len(spread), a.Field, v})
					if !s.parted {
						spread[len(spread)-1].row = i
					}
				}
			}
		}
		for _, p := range spread {
			n = max(n, p.row+1)
		}
		for i := range n {
			w := base.clone()
			for _, p := range spread {
				if p.row == i {
					w.want(p.field, p.value)
				}
			}
			for _, field := range apart {
				w.want(field, holding("v"+strconv.Itoa(i)))
			}
			rows = append(rows, w)
		}
		if k == 0 {
			s.first = n
		}
	}
	return rows
}

func number(v text) int {
	f, ok := row.OfText(v.String()).Num()
	if !ok || f < 1 {
		return 1
	}
	return int(math.Ceil(min(f, 500)))
}

// usual is how many groups show what is usual.
const usual = 30

// eventStats adds groups that show what is usual, in which one is an exception, or two
// that are like it.
func (s *stager) eventStats(c command.EventStats, rows []wish) []wish {
	vary := slices.DeleteFunc(slices.Clone(s.by), func(name string) bool { return slices.Contains(c.By, name) })
	if slices.Contains(vary, "_time") {
		vary = []string{"_time"}
	}
	for _, w := range rows {
		for _, a := range c.Aggs {
			for _, v := range w.take(a.As) {
				if a.Func != rule.Count && a.Func != rule.Stdev {
					w.want(a.Field, v)
				}
			}
		}
	}
	s.usual = true
	n := usual
	if s.same {
		n = 2
	}
	for i := range n {
		w := wish{}
		for name, texts := range rows[0] {
			if s.same || slices.Contains(s.by, name) {
				w[name] = slices.Clone(texts)
			} else if number(texts[0]) > 1 {
				w[name] = []text{exactly("1")}
			}
		}
		for _, name := range vary {
			if name == "_time" {
				w[name] = []text{exactly(strconv.Itoa(i + 1))}
			} else {
				w.want(name, holding("usual"+strconv.Itoa(i)))
			}
		}
		rows = append(rows, w)
	}
	return rows
}

// collect makes one row of those that differ in a field only: the row of which they
// come, in which the field has their values.
func collect(field string, rows []wish) (out []wish) {
	equal := func(a, b wish) bool {
		return maps.EqualFunc(a, b, func(x, y []text) bool { return slices.Equal(x, y) })
	}
	for _, w := range rows {
		rest := w.clone()
		texts := rest.take(field)
		i := slices.IndexFunc(out, func(o wish) bool {
			o = o.clone()
			o.take(field)
			return equal(o, rest)
		})
		if i < 0 {
			out = append(out, w)
			continue
		}
		for _, v := range texts {
			if !slices.Contains(out[i][field], v) {
				out[i][field] = append(out[i][field], v)
			}
		}
	}
	return out
}
