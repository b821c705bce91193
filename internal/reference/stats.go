package reference

import (
	"math"
	"math/big"
	"slices"
	"strings"

	"sluice/match/command"
	"sluice/match/row"
	"sluice/match/rule"
)

// samples are all values that an aggregate has seen.
type samples []observed

type observed struct {
	text  string
	at    int64
	timed bool
}

// sample notes the values of the fields that the aggregates read.
func (g *group) sample(r *rule.Rule, f fields, at int64, timed bool) {
	if g.samples == nil {
		g.samples = make([]samples, len(r.Aggs))
	}
	for i, a := range r.Aggs {
		if a.Field != "" {
			for _, text := range f[a.Field] {
				g.samples[i] = append(g.samples[i], observed{text, at, timed})
			}
		}
	}
}

// named returns the rows of rule number n as they are printed.
func (g groups) named(n int, r *rule.Rule, env *command.Env) []row.Named {
	var all []*group
	for _, one := range g {
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b *group) int { return slices.CompareFunc(a.by, b.by, compareValues) })
	t := &row.Table{Columns: slices.Clone(r.By)}
	for _, a := range r.Aggs {
		t.Columns = append(t.Columns, a.As)
	}
	for _, one := range all {
		var values []row.Value
		for i, v := range one.by {
			switch {
			case v == nil:
				values = append(values, row.Value{})
			case r.By[i] == "_time":
				at, _ := row.ParseEpoch(*v)
				values = append(values, row.OfNanos(at))
			default:
				values = append(values, row.OfText(*v))
			}
		}
		for i, a := range r.Aggs {
			values = append(values, one.aggregate(a, one.samples[i]))
		}
		t.Rows = append(t.Rows, values)
	}
	for _, f := range r.Times {
		command.Convert{How: command.CTime, Name: f.Column, Layout: f.Layout}.Run(env, t)
	}
	command.Run(env, r.After, t)
	return t.NamedRows(n)
}

// aggregate computes an aggregate from all of its values.
func (g *group) aggregate(a rule.Agg, all samples) row.Value {
	switch {
	case a.Func == rule.Count && a.Field == "":
		return row.OfInt(g.count)
	case a.Func == rule.Count:
		return row.OfInt(int64(len(all)))
	case a.Field == "_time" && (a.Func == rule.Min || a.Func == rule.Max):
		switch {
		case !g.timed:
			return row.Value{}
		case a.Func == rule.Min:
			return row.OfNanos(g.first)
		}
		return row.OfNanos(g.last)
	}
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = s.text
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(texts)))
	switch a.Func {
	case rule.Values:
		return row.OfTexts(distinct)
	case rule.Distinct:
		return row.OfInt(int64(len(distinct)))
	case rule.Mode:
		return mode(texts, distinct)
	case rule.List, rule.First, rule.Last, rule.Earliest, rule.Latest:
		return picked(a, all)
	}
	return moment(a.Func, texts, distinct)
}

func mode(texts, distinct []string) row.Value {
	best, most := row.Value{}, 0
	for _, d := range distinct {
		n := 0
		for _, t := range texts {
			if t == d {
				n++
			}
		}
		if n > most {
			best, most = row.OfText(d), n
		}
	}
	return best
}

// picked takes values by the time of their events: the newest first, those without a
// time last, equal ones by bytes.
func picked(a rule.Agg, all samples) row.Value {
	newest := slices.SortedFunc(slices.Values(all), func(x, y observed) int {
		switch {
		case x.timed != y.timed:
			return compare(x.timed, y.timed)
		case x.timed && x.at != y.at:
			return compare(x.at > y.at, x.at < y.at)
		}
		return strings.Compare(x.text, y.text)
	})
	if len(newest) == 0 {
		return row.Value{}
	}
	pick := newest[0].text
	switch a.Func {
	case rule.List:
		var out []string
		for _, s := range newest[:min(100, len(newest))] {
			out = append(out, s.text)
		}
		return row.OfTexts(out)
	case rule.Last:
		pick = newest[len(newest)-1].text
	case rule.Earliest: // of the oldest time, the least text
		oldest := newest[0]
		for _, s := range newest {
			if s.timed && s.at < oldest.at {
				oldest = s
			}
		}
		pick = oldest.text
	}
	if at, ok := row.ParseEpoch(pick); ok && a.Field == "_time" {
		return row.OfNanos(at)
	}
	return row.OfText(pick)
}

// moment computes statistics of numbers, in fractions.
func moment(f rule.Func, texts, distinct []string) row.Value {
	var numbers []float64
	sum, squares := new(big.Rat), new(big.Rat)
	for _, t := range texts {
		if x, ok := number(t); ok {
			numbers = append(numbers, x)
			r := new(big.Rat).SetFloat64(x)
			sum.Add(sum, r)
			squares.Add(squares, new(big.Rat).Mul(r, r))
		}
	}
	n := int64(len(numbers))
	switch {
	case (f == rule.Min || f == rule.Max) && len(texts) > 0 && len(numbers) < len(texts):
		if f == rule.Min {
			return row.OfText(distinct[0])
		}
		return row.OfText(distinct[len(distinct)-1])
	case n == 0:
		return row.Value{}
	}
	float := func(r *big.Rat) row.Value {
		x, _ := r.Float64()
		return row.OfNumber(x)
	}
	switch f {
	case rule.Min:
		return row.OfNumber(slices.Min(numbers))
	case rule.Max:
		return row.OfNumber(slices.Max(numbers))
	case rule.Range:
		return row.OfNumber(slices.Max(numbers) - slices.Min(numbers))
	case rule.Sum:
		return float(sum)
	case rule.SumSq:
		return float(squares)
	case rule.Mean:
		return float(sum.Quo(sum, big.NewRat(n, 1)))
	}
	over := n
	if f == rule.Stdev || f == rule.Var {
		over = max(1, n-1)
	}
	mean := new(big.Rat).Mul(sum, sum)
	squares.Sub(squares, mean.Quo(mean, big.NewRat(n, 1)))
	variance, _ := squares.Quo(squares, big.NewRat(over, 1)).Float64()
	if f == rule.Stdev || f == rule.StdevP {
		return row.OfNumber(math.Sqrt(variance))
	}
	return row.OfNumber(variance)
}
