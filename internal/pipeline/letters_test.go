package pipeline_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/detections"
	"sluice/internal/corpus"
	"sluice/internal/corpus/ruleset"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/detection"
	"sluice/match/prefilter"
	"sluice/match/rule"
)

// letterRules are generated searches with words of letters beyond ASCII in their
// literals, and conditions that compare one field with many of them.
func letterRules(t *testing.T, rng *rand.Rand, n int) (rules []reference.Rule) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "rules")
	if err := ruleset.Write(dir, ruleset.GenerateWith(corpus.Words, n, 17)); err != nil {
		t.Fatal(err)
	}
	var l detection.Loader
	l.LoadMacros(detections.FS, "builtin")
	add := func(name string, where rule.Expr) {
		rules = append(rules, reference.Rule{Name: name, Rule: &rule.Rule{
			Where: where, By: []string{"dest"},
			Aggs: []rule.Agg{{Func: rule.Count, As: "count"}, {Func: rule.Min, Field: "_time", As: "a"}, {Func: rule.Max, Field: "_time", As: "b"}},
		}})
	}
	for _, d := range l.Load(dir) {
		add(d.Name, d.Rule.Where)
	}
	if len(rules) != n || len(l.Problems) > 0 {
		t.Fatalf("%d rules, %v", len(rules), l.Problems)
	}
	word := func() string { return corpus.Words[rng.IntN(len(corpus.Words))] }
	for i := range n / 2 {
		var any rule.Or
		for range 1 + rng.IntN(6) {
			p := rule.NewPattern([]string{`*\` + word(), word() + "*", "*" + word() + "*", "*" + word() + "*" + word(), word()}[rng.IntN(5)])
			any = append(any, rule.Compare{Field: []string{"User", "Path"}[i%2], Value: p})
		}
		add(fmt.Sprint("many of one field ", i), any)
	}
	return rules
}

// letterEvents are events of which each is made for some rule, with letters in other
// cases, and with one value or several.
func letterEvents(rng *rand.Rand, rules []reference.Rule, n int) (events []map[string][]string, recased int) {
	for i := range n {
		m, w := newMaker(), wish{}
		m.rng, m.other = rng, true
		m.search(rules[rng.IntN(len(rules))].Where, w, true)
		if rng.IntN(4) == 0 { // and for another one, in the same value or beside it
			m.search(rules[rng.IntN(len(rules))].Where, w, true)
		}
		e := w.values()
		recased += min(m.recased, 1)
		for _, name := range slices.Sorted(maps.Keys(e)) {
			if systemField(name) {
				continue
			}
			if old := e[name][0]; rng.IntN(8) == 0 { // a near miss
				e[name][0] = string([]rune(old)[1:])
			}
			for range rng.IntN(3) {
				e[name] = append(e[name], corpus.Recase(rng, corpus.Words[rng.IntN(len(corpus.Words))]))
			}
			rng.Shuffle(len(e[name]), func(i, j int) { e[name][i], e[name][j] = e[name][j], e[name][i] })
		}
		if e["EventCode"] == nil {
			e["EventCode"] = []string{"4104"}
		}
		e["dest"] = []string{fmt.Sprint("host", i)} // a row for each event
		events = append(events, e)
	}
	return events, recased
}

// Rules of letters find the same alone and among others, in the engine and in the
// reference, with the prefilter and without.
func TestLettersTogetherAsAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(95, 96))
	rules := letterRules(t, rng, 60)
	events, recased := letterEvents(rng, rules, records(t, 800))
	var xml, lines [][]byte
	for i, e := range events {
		if shape := i % shapes; shape == 0 {
			xml = append(xml, corpus.Respell(rng, corpus.XML, publishedRecord(e, shape, i)))
		} else {
			lines = append(lines, corpus.Respell(rng, corpus.JSON, publishedRecord(e, shape, i)))
		}
	}
	files := []string{writeFile(t, "a.xml", corpus.XMLLines(xml)), writeFile(t, "b.ndjson", corpus.NDJSON(lines, false))}
	ref, err := reference.Run(files, rules, reference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	var all []string
	for _, r := range ref.Rows {
		row := printRow(r.Rule, r.By, r.Count, r.First, r.Last)
		all, want[r.Rule] = append(all, row), append(want[r.Rule], row)
	}
	opts := []match.Options{{NoPrefilter: true}, {}, {Prefilter: prefilter.Options{NoGate: true}}, {Prefilter: prefilter.Options{ByID: true}}, {Prefilter: prefilter.Options{NoAnchors: true}}}
	for _, opt := range opts {
		compareRows(t, fmt.Sprintf("together, %+v", opt), printRows(rules, engine(t, files, rules, opt, false, 2)), all)
	}
	for i := range rules {
		one := rules[i : i+1]
		for _, opt := range opts[:2] {
			compareRows(t, fmt.Sprintf("%s alone, %+v", one[0].Name, opt), printRows(one, engine(t, files, one, opt, false, 1)), want[one[0].Name])
		}
	}
	exact := onlyExact(t, files, rules)
	if recased < len(events)/2 || len(want) < len(rules)*3/4 || len(all) < len(events) || exact > len(all)/2 {
		t.Errorf("of %d events %d were made in another case; %d rules of %d have rows, %d in all, %d also where case counts: the test shows little",
			len(events), recased, len(want), len(rules), len(all), exact)
	}
}

// onlyExact returns how many rows there are where letter case counts.
func onlyExact(t *testing.T, files []string, rules []reference.Rule) int {
	t.Helper()
	strict := slices.Clone(rules)
	for i, r := range rules {
		c := *r.Rule
		c.Where = cased(c.Where)
		strict[i].Rule = &c
	}
	ref, err := reference.Run(files, strict, reference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return len(ref.Rows)
}

// cased returns e with patterns of event data in which letter case counts.
func cased(e rule.Expr) rule.Expr {
	each := func(parts []rule.Expr) (out []rule.Expr) {
		for _, x := range parts {
			out = append(out, cased(x))
		}
		return out
	}
	switch e := e.(type) {
	case rule.And:
		return rule.And(each(e))
	case rule.Or:
		return rule.Or(each(e))
	case rule.Compare:
		if !systemField(e.Field) && strings.TrimSpace(e.Value.Text()) != "" {
			e.Value = rule.Glob(e.Value.Parts(), true)
		}
		return e
	}
	return e
}
