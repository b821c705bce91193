package pipeline_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/prefilter"
	"sluice/match/rule"
)

// formRules are one rule for each form of a condition, and mixtures.
func formRules(t testing.TB) (rules []reference.Rule) {
	re := func(src string) rule.Regexp {
		r, err := rule.NewRegexp(src)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	net := func(s string) netip.Prefix { return rule.Network(netip.MustParsePrefix(s)) }
	glob := func(s string, cased bool) rule.Pattern { return rule.Glob(rule.ParseGlob(s), cased) }
	eq := func(field string, p rule.Pattern) rule.Expr { return rule.Compare{Field: field, Value: p} }
	for _, e := range []rule.Expr{
		eq("Text", glob(`*down?oad*`, false)),
		eq("Text", glob(`*Download*`, true)),
		eq("Text", glob(`*\*\?*`, false)),
		eq("Text", glob(`*a?\\temp*`, true)),
		rule.Compare{Field: "Text", Op: rule.Ne, Value: glob("*o?d*", true)},
		rule.Compare{Field: "Number", Op: rule.Ge, Value: glob("443", false)},
		rule.Matches{Field: "Text", Re: re(`(?i)down(load|link)\s?[a-z]*\.exe`)},
		rule.Matches{Field: "Text", Re: re(`Down.oad`)},
		rule.Matches{Field: "Text", Re: re(`(?s)^download.*temp$`)},
		rule.Matches{Field: "Channel", Re: re(`Power[Ss]hell/Operational$`)},
		rule.Matches{Field: "Opcode", Re: re(`^1`)},
		rule.InNet{Field: "Address", Net: net("10.1.0.0/16")},
		rule.InNet{Field: "Address", Net: net("::ffff:192.168.0.0/112")},
		rule.InNet{Field: "Address", Net: net("2001:db8::/33")},
		rule.SameField{Field: "Text", Other: "Other", How: rule.Equals},
		rule.SameField{Field: "Text", Other: "Other", How: rule.Contains, Cased: true},
		rule.SameField{Field: "Text", Other: "Other", How: rule.StartsWith},
		rule.SameField{Field: "Text", Other: "Other", How: rule.EndsWith},
		rule.Term{Value: rule.NewPattern("*download*")},
		rule.Term{Value: glob("*Wel?ome*", true)},
		rule.Term{Value: rule.NewPattern("*powershell*")},
		rule.Term{Value: rule.NewPattern("*vendor*")},
		rule.And{eq("EventCode", rule.NewPattern("4104")), rule.Not{X: rule.Term{Value: rule.NewPattern("*temp*")}}},
		rule.Or{rule.Matches{Field: "Text", Re: re(`wel(come)+`)}, rule.InNet{Field: "Address", Net: net("127.0.0.0/8")}},
		rule.And{rule.Not{X: rule.SameField{Field: "Text", Other: "Other"}}, eq("Text", glob("*kw?lcome*", false))},
		// Letters beyond ASCII. The first three share what is known of a value.
		rule.Or{eq("Text", glob(`*\SYSTEM`, false)), eq("Text", glob(`*\Système`, false)), eq("Text", glob(`*СИСТЕМА`, false)), eq("Text", glob("*ΣΊΣΥΦΟΣ*", false))},
		rule.And{eq("Text", glob("*система*", false)), rule.Not{X: eq("Text", glob("*ẞTRASSE*", false))}},
		eq("Text", glob("*straße*ⱥ?*", false)),
		eq("Text", glob("*Система*", true)),
		rule.Compare{Field: "Text", Op: rule.Ge, Value: glob("É", false)},
		rule.Matches{Field: "Text", Re: re(`(?i)сист(ема|емы)|Σίς`)},
		rule.Matches{Field: "Text", Re: re(`[É-ü]me`)},
		rule.Term{Value: glob("*ＳＹＳ*", false)},
		rule.Term{Value: glob("*?ÈME*", false)},
	} {
		rules = append(rules, reference.Rule{Name: e.String(), Rule: &rule.Rule{
			Where: e, By: []string{"dest", "RecordNumber"},
			Aggs: []rule.Agg{{Func: rule.Count, As: "count"}, {Func: rule.Min, Field: "_time", As: "a"}, {Func: rule.Max, Field: "_time", As: "b"}},
		}})
	}
	return rules
}

// formEvents writes n records whose values are made of what the rules look for.
func formEvents(t testing.TB, n int) []string {
	rng := rand.New(rand.NewPCG(21, 22))
	g := corpus.New(21)
	words := []string{"download", "DownLoad", "Download", "downlink", "down\u00e4oad", "a.exe", " ", "*?", `ax\temp`, `A\\temp`, "temp", "welcome",
		"Welcome", "wel\u212aome", "k", "\u212a", "\n", "<", `"`, "powershell", "vendor",
		`\SYSTEM`, `\Système`, "\\SYSTÈME", "СИСТЕМА", "система", "Система", "ΣΊΣΥΦΟΣ", "σίσυφος", "σίσυφοσ", "straße", "STRAẞE", "Ⱥ", "ⱥ", "ＳＹＳ", "ｓｙｓ", "ẞtrasse"}
	addresses := []string{"10.1.2.3", "10.2.2.3", "::ffff:10.1.0.1", "192.168.0.9", "192.168.1.9", "2001:db8:1::", "2001:db8:8000::1", "fe80::1%eth0", "127.0.0.1", "::1", "-", "10.1.2", "010.1.2.3", ""}
	text := func() (s string) {
		for range rng.IntN(4) {
			s += words[rng.IntN(len(words))]
		}
		return s
	}
	files := map[corpus.Format]*bytes.Buffer{corpus.JSON: {}, corpus.XML: {}}
	for i := range n {
		e := g.Next()
		e.Computer = fmt.Sprintf("host%d", i) // one row a record
		other := text()
		value := other
		if rng.IntN(4) > 0 {
			value = text() + other + text()
		}
		e.Data = []corpus.KV{{Name: "Text", Value: value}, {Name: "Other", Value: other},
			{Name: "Address", Value: addresses[rng.IntN(len(addresses))]}, {Name: "Number", Value: []string{"443", "80", "443.0", "8080", "x"}[rng.IntN(5)]}}
		f := corpus.Format(i % 2)
		files[f].Write(respelled(rng, e, f))
		files[f].WriteByte('\n')
	}
	dir := t.TempDir()
	var paths []string
	for f, b := range files {
		path := filepath.Join(dir, "events."+f.String())
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// Every form of a condition accepts the same events in the engine and in the
// reference, alone and in one set, with a prefilter and without.
func TestEveryForm(t *testing.T) {
	rules := formRules(t)
	files := formEvents(t, records(t, 1000))
	ref, err := reference.Run(files, rules, reference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	var all []string
	for _, r := range ref.Rows {
		row := printRow(r.Rule, r.By, r.Count, r.First, r.Last)
		all = append(all, row)
		want[r.Rule] = append(want[r.Rule], row)
	}
	for _, opt := range []match.Options{{NoPrefilter: true}, {}, {Prefilter: prefilter.Options{NoAnchors: true}}} {
		compareRows(t, fmt.Sprintf("all, %+v", opt), printRows(rules, engine(t, files, rules, opt, false, 2)), all)
	}
	for i, r := range rules {
		if n := len(want[r.Name]); (n == 0 || n == int(ref.Records)) && r.Name != `(term "*vendor*")` {
			t.Errorf("%s accepts %d of %d records: the test shows little", r.Name, n, ref.Records)
		}
		for _, opt := range []match.Options{{}, {Prefilter: prefilter.Options{NoGate: true}}, {Prefilter: prefilter.Options{ByID: true}}, {Prefilter: prefilter.Options{NoAnchors: true}}} {
			one := rules[i : i+1]
			compareRows(t, fmt.Sprintf("%s alone, %+v", r.Name, opt), printRows(one, engine(t, files, one, opt, false, 1)), want[r.Name])
		}
	}
}
