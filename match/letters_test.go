package match

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/match/rule"
)

// eventOf writes an event with fields.
func eventOf(t *testing.T, fields map[string]any) []byte {
	t.Helper()
	fields["Computer"] = "c"
	doc, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// accepted returns which of rules, each of which has a condition alone, accept an event:
// with the prefilter and without, together and, in the places behind, alone.
func accepted(t *testing.T, rules []*rule.Rule, doc []byte) (ways [][]int) {
	t.Helper()
	for _, opt := range append([]Options{{NoPrefilter: true}, {}}, optionsOf()...) {
		ways = append(ways, ids(Compile(rules, opt), doc))
	}
	var alone []int
	for i := range rules {
		if len(ids(Compile(rules[i:i+1], Options{NoPrefilter: true}), doc)) > 0 {
			alone = append(alone, i)
		}
	}
	return append(ways, alone)
}

func optionsOf() (opts []Options) {
	for _, p := range paths() {
		opts = append(opts, Options{Prefilter: p})
	}
	return opts
}

func ids(set *Set, doc []byte) (list []int) {
	sc := set.NewScanner()
	sc.Hit = func(h *Hit) {
		if h.First {
			list = append(list, h.Rule)
		}
	}
	sc.Scan(doc, frame(doc))
	slices.Sort(list)
	return list
}

func grouped(e rule.Expr) *rule.Rule {
	return &rule.Rule{Where: e, By: []string{"dest"}, Aggs: []rule.Agg{{Func: rule.Count, As: "count"}}}
}

// Each letter in each case is found by each other in every form of condition that
// compares letters, however many comparisons of the value there are before. The rules for
// a letter stand in one set, so they share what is known of the value.
func TestEveryCaseInEveryForm(t *testing.T) {
	t.Parallel()
	all := corpus.Cases()
	step := 1
	if testing.Short() {
		step = 7
	}
	for i := 0; i < len(all); i += step {
		for _, a := range all[i] {
			b := all[i][(slices.Index(all[i], a)+1)%len(all[i])]
			x, y := "pre"+string(a)+string(a)+"suf"+string(a), "PRE"+string(b)+string(b)+"SUF"+string(b)
			eq := func(p string) rule.Expr { return rule.Compare{Field: "T", Value: rule.NewPattern(p)} }
			conds := []rule.Expr{
				eq(x), eq("*" + string(a)), eq("pre" + string(a) + "*"), eq("*" + string(a) + string(a) + "suf*"), eq("p*" + string(a) + "*u*" + string(a)),
				rule.Compare{Field: "T", Value: rule.Glob(rule.ParseGlob("pre?"+string(a)+"su*"), false)},
				rule.Or{eq("*absent1"), eq("*absent2"), eq("*absent3"), eq("*" + string(a))},
				rule.Compare{Field: "T", Op: rule.Le, Value: rule.NewPattern(x)}, rule.Compare{Field: "T", Op: rule.Ge, Value: rule.NewPattern(x)},
				rule.Not{X: rule.Compare{Field: "T", Op: rule.Ne, Value: rule.NewPattern(x)}},
				rule.SameField{Field: "T", Other: "U"}, rule.SameField{Field: "T", Other: "V", How: rule.Contains},
				rule.SameField{Field: "T", Other: "U", How: rule.StartsWith}, rule.SameField{Field: "T", Other: "U", How: rule.EndsWith},
				rule.Term{Value: rule.NewPattern("*" + string(a) + string(a) + "*")},
			}
			none := []rule.Expr{ // letters are told apart
				rule.Compare{Field: "T", Value: rule.Glob(rule.ParseGlob(x), true)}, rule.SameField{Field: "T", Other: "U", Cased: true},
				rule.Compare{Field: "T", Op: rule.Lt, Value: rule.NewPattern(x)}, rule.Compare{Field: "T", Op: rule.Gt, Value: rule.NewPattern(x)},
			}
			var rules []*rule.Rule
			for _, e := range append(slices.Clone(conds), none...) {
				rules = append(rules, grouped(e))
			}
			doc := eventOf(t, map[string]any{"T": y, "U": x, "V": string(a) + string(a) + "suf"})
			check := func(way string, got []int) {
				if len(got) != len(conds) || got[len(got)-1] != len(conds)-1 {
					t.Fatalf("%q, %s: accepted by %v, want the first %d of %v", doc, way, got, len(conds), append(conds, none...))
				}
			}
			check("together", ids(Compile(rules, Options{NoPrefilter: true}), doc))
			if i%(20*step) == 0 {
				for k, got := range accepted(t, rules, doc) {
					check(fmt.Sprint("way ", k), got)
				}
			}
		}
	}
}

// What rules of words find in events with one value or several is the same alone and
// among others, with a prefilter and without. Words stand in another case than in the
// rules more often than not.
func TestWordsTogetherAsAlone(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(87, 88))
	word := func() string { return corpus.Words[rng.IntN(len(corpus.Words))] }
	pattern := func() rule.Expr {
		p := rule.NewPattern([]string{"*" + word(), word() + "*", "*" + word() + "*", word(), "*" + word() + "*" + word() + "*"}[rng.IntN(5)])
		return rule.Compare{Field: []string{"T", "U"}[rng.IntN(2)], Value: p}
	}
	docs := 600
	if testing.Short() {
		docs = 100
	}
	found, recased := 0, 0
	for range 20 {
		var rules, exact []*rule.Rule
		for range 20 {
			e := rule.Expr(pattern())
			switch rng.IntN(4) {
			case 0:
				e = rule.Or{pattern(), pattern(), pattern(), e}
			case 1:
				e = rule.And{rule.Or{e, pattern(), pattern()}, rule.Not{X: pattern()}}
			}
			rules, exact = append(rules, grouped(e)), append(exact, grouped(cased(e)))
		}
		sets := []*Set{Compile(rules, Options{NoPrefilter: true})}
		for _, opt := range optionsOf() {
			sets = append(sets, Compile(rules, opt))
		}
		var alone []*Set
		for i := range rules {
			alone = append(alone, Compile(rules[i:i+1], Options{NoPrefilter: true}))
		}
		strict := Compile(exact, Options{NoPrefilter: true})
		for range docs / 20 {
			value := func() string { return []string{"", word(), `C:\`}[rng.IntN(3)] + corpus.Recase(rng, word()) }
			doc := eventOf(t, map[string]any{"T": value(), "U": []string{value(), value(), value()}[:1+rng.IntN(3)]})
			var want []int
			for i, set := range alone {
				if len(ids(set, doc)) > 0 {
					want = append(want, i)
				}
			}
			for k, set := range sets {
				if got := ids(set, doc); !slices.Equal(got, want) {
					t.Fatalf("%s: set %d accepts %v, alone %v, of\n%s", doc, k, got, want, printed(rules))
				}
			}
			found += len(want)
			for _, i := range want {
				if !slices.Contains(ids(strict, doc), i) {
					recased++
				}
			}
		}
	}
	if found < docs || recased < docs/2 {
		t.Errorf("%d found in %d events, %d only as case does not count: the test shows little", found, docs, recased)
	}
}

// cased returns e with patterns in which case counts.
func cased(e rule.Expr) rule.Expr {
	switch e := e.(type) {
	case rule.And:
		var out rule.And
		for _, x := range e {
			out = append(out, cased(x))
		}
		return out
	case rule.Or:
		var out rule.Or
		for _, x := range e {
			out = append(out, cased(x))
		}
		return out
	case rule.Compare:
		e.Value = rule.Glob(e.Value.Parts(), true)
		return e
	}
	return e
}

func printed(rules []*rule.Rule) string {
	var b strings.Builder
	for _, r := range rules {
		b.WriteString(r.Where.String() + "\n")
	}
	return b.String()
}
