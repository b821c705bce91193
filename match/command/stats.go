package command

import (
	"slices"
	"strings"

	"sluice/agg"
	"sluice/match/row"
	"sluice/match/rule"
)

// Stats groups rows and replaces them by a row for each group.
type Stats struct {
	By   []string
	Aggs []rule.Agg
}

// EventStats adds to each row the aggregates of its group.
type EventStats struct {
	By   []string
	Aggs []rule.Agg
}

func (c Stats) String() string      { return "stats" + printAggs(c.Aggs, c.By) }
func (c EventStats) String() string { return "eventstats" + printAggs(c.Aggs, c.By) }

func printAggs(aggs []rule.Agg, by []string) string {
	var b strings.Builder
	for _, a := range aggs {
		b.WriteString(" " + a.String())
	}
	return b.String() + " by " + rule.QuoteNames(by)
}

func reads(by []string, aggs []rule.Agg) []string {
	names := slices.Clone(by)
	for _, a := range aggs {
		if a.Field != "" {
			names = append(names, a.Field)
		}
	}
	return names
}

func columns(aggs []rule.Agg) (names []string) {
	for _, a := range aggs {
		names = append(names, a.As)
	}
	return names
}

// Reads returns the BY fields and those of the aggregates.
func (c Stats) Reads() []string { return reads(c.By, c.Aggs) }

// Reads returns the BY fields and those of the aggregates.
func (c EventStats) Reads() []string { return reads(c.By, c.Aggs) }

// Columns is the BY fields and the aggregates.
func (c Stats) Columns([]string, bool) ([]string, bool) {
	return append(slices.Clone(c.By), columns(c.Aggs)...), true
}

// Columns adds the aggregates.
func (c EventStats) Columns(in []string, all bool) ([]string, bool) {
	return with(in, columns(c.Aggs)...), all
}

var aggFuncs = map[rule.Func]agg.Func{
	rule.Count: agg.Occurrences, rule.Min: agg.Min, rule.Max: agg.Max, rule.Range: agg.Range, rule.Sum: agg.Sum,
	rule.SumSq: agg.SumSq, rule.Mean: agg.Mean, rule.Stdev: agg.Stdev, rule.StdevP: agg.StdevP, rule.Var: agg.Var,
	rule.VarP: agg.VarP, rule.Values: agg.Values, rule.List: agg.List, rule.Distinct: agg.Distinct, rule.Mode: agg.Mode,
	rule.First: agg.First, rule.Last: agg.Last, rule.Earliest: agg.Earliest, rule.Latest: agg.Latest,
}

// Funcs returns the functions of those aggregates that are not plain, and the fields
// that they read, in order.
func Funcs(aggs []rule.Agg) (funcs []agg.Func, fields []string) {
	for _, a := range aggs {
		if !a.Plain() {
			funcs, fields = append(funcs, aggFuncs[a.Func]), append(fields, a.Field)
		}
	}
	return funcs, fields
}

// Samples returns the values of a field of an event or row for an aggregate.
func Samples(v row.Value, nanos int64, timed bool) []agg.Sample {
	out := make([]agg.Sample, v.Len())
	for i := range out {
		one := v.At(i)
		num, isNum := one.Num()
		out[i] = agg.Sample{Text: one.String(), Num: num, IsNum: isNum, Nanos: nanos, Timed: timed}
	}
	return out
}

// RowOf returns the row of a group: its BY values and its aggregates. cut tells that
// one of them has lost values; see agg.Stat.
func RowOf(by []string, aggs []rule.Agg, g *agg.Row) (r []row.Value, cut bool) {
	for i, v := range g.Key {
		switch {
		case v == nil:
			r = append(r, row.Value{})
		case by[i] == "_time":
			r = append(r, decimal(string(v)))
		default:
			r = append(r, row.OfText(string(v)))
		}
	}
	i := 0
	for _, a := range aggs {
		switch {
		case !a.Plain() && g.Overflow:
			r = append(r, row.Value{})
		case !a.Plain():
			f := aggFuncs[a.Func]
			r = append(r, ResultValue(a, g.Stats[i].Result(f)))
			cut = cut || g.Stats[i].Cut()
			i++
		case a.Func == rule.Count:
			r = append(r, row.OfInt(g.Count))
		case !g.Timed:
			r = append(r, row.Value{})
		case a.Func == rule.Min:
			r = append(r, row.OfNanos(g.First))
		default:
			r = append(r, row.OfNanos(g.Last))
		}
	}
	return r, cut
}

// ResultValue returns what an aggregate came to. Least and greatest numbers, and
// times, are numbers; a value that was only picked stays text.
func ResultValue(a rule.Agg, res agg.Result) row.Value {
	switch {
	case len(res.Texts) == 0 && res.IsNum:
		return row.OfNumber(res.Num)
	case len(res.Texts) == 1 && res.IsNum && (a.Func == rule.Min || a.Func == rule.Max || a.Field == "_time"):
		return decimal(res.Texts[0])
	}
	return row.OfTexts(res.Texts)
}

// decimal returns text that is a number as one, with all of its digits.
func decimal(text string) row.Value {
	v := row.OfText(text)
	if n, ok := v.Nanos(); ok {
		if exact := row.OfNanos(n); exact.String() == text {
			return exact
		}
	}
	if f, ok := v.Num(); ok {
		return row.OfNumber(f)
	}
	return v
}

// group counts the rows into a table, and tells of each row under which keys: several
// when a BY field has several values, none when one is null and nulls are dropped.
func group(env *Env, t *row.Table, by []string, aggs []rule.Agg) *agg.Table {
	funcs, fields := Funcs(aggs)
	g := Grouping{By: by, Fields: fields}
	table, hit := agg.New(), agg.Hit{Window: agg.NoWindow, Funcs: funcs}
	at := t.Index("_time")
	for n, r := range t.Rows {
		nanos, timed := row.Get(r, at).Nanos()
		if at < 0 { // the order of the rows stands for that of the events
			nanos, timed = -int64(n), true
		}
		g.Start(t, r, nanos, timed)
		capped := g.Keys(func(key [][]byte) {
			if !env.DropNulls || !slices.ContainsFunc(key, func(v []byte) bool { return v == nil }) {
				hit.Key, hit.Nanos, hit.Timed, hit.Samples = key, nanos, timed, g.Samples
				table.Observe(&hit)
			}
		})
		env.Cut += int64(toInt(capped))
	}
	return table
}

// Run groups.
func (c Stats) Run(env *Env, t *row.Table) {
	groups := group(env, t, c.By, c.Aggs).Rows()
	timed := t.Index("_time") >= 0
	t.Columns = append(slices.Clone(c.By), columns(c.Aggs)...)
	t.Rows = nil
	for _, g := range groups {
		g.Timed = g.Timed && timed
		r, cut := RowOf(c.By, c.Aggs, g)
		env.Cut += int64(toInt(cut))
		t.Rows = append(t.Rows, r)
	}
}

// Run adds the aggregates of the groups. A row without one of the BY fields gets none;
// several values of a BY field are one key.
func (c EventStats) Run(env *Env, t *row.Table) {
	places := make([]int, len(c.By))
	for i, name := range c.By {
		places[i] = t.Index(name)
	}
	groups := map[string]*row.Table{}
	keys := make([]string, len(t.Rows))
	for n, r := range t.Rows {
		key, missing := keyOf(r, places)
		if missing {
			continue
		}
		keys[n] = "k" + key
		g := groups[keys[n]]
		if g == nil {
			g = &row.Table{Columns: t.Columns}
			groups[keys[n]] = g
		}
		g.Rows = append(g.Rows, r)
	}
	results := map[string][]row.Value{}
	for key, g := range groups {
		Stats{Aggs: c.Aggs}.Run(env, g)
		results[key] = g.Rows[0]
	}
	for n := range t.Rows {
		for i, a := range c.Aggs {
			t.Set(n, t.Need(a.As), row.Get(results[keys[n]], i))
		}
	}
	for _, a := range c.Aggs {
		t.Need(a.As)
	}
}
