package pipeline_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/prefilter"
	"sluice/match/rule"
)

// formRules are one rule for each form of a condition, and mixtures, some of them with
// both ways to take values.
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
	add := func(e rule.Expr, as rule.Reading) {
		rules = append(rules, reference.Rule{Name: fmt.Sprintf("%s as %d", e, as), Rule: &rule.Rule{
			Where: e, Values: as, By: []string{"dest", "RecordNumber"},
			Aggs: []rule.Agg{{Func: rule.Count, As: "count"}, {Func: rule.Min, Field: "_time", As: "a"}, {Func: rule.Max, Field: "_time", As: "b"}},
		}})
	}
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
		add(e, rule.AsSplunk)
	}
	for _, e := range []rule.Expr{ // for values that are empty, or end in blanks
		eq("Other", glob("", false)),
		eq("Other", glob("*", false)),
		eq("Text", glob("welcome", false)),
		eq("Text", glob("*temp", false)),
		eq("Text", glob("Welcome ", true)),
		eq("Text", glob("*temp ?", false)),
		eq("Text", glob("*e*\n ", false)),
		eq("Number", glob("443", false)),
		rule.Compare{Field: "Other", Op: rule.Ne, Value: glob("temp", false)},
		rule.Compare{Field: "Text", Op: rule.Le, Value: glob("temp", false)},
		rule.Matches{Field: "Text", Re: padded(t, "(?i)(come|temp)$")},
		rule.Matches{Field: "Other", Re: padded(t, "^$")},
		rule.InNet{Field: "Address", Net: net("10.1.0.0/16")},
		rule.SameField{Field: "Text", Other: "Other", How: rule.Equals},
		rule.SameField{Field: "Text", Other: "Other", How: rule.Contains, Cased: true},
		rule.SameField{Field: "Text", Other: "Other", How: rule.StartsWith},
		rule.Not{X: rule.SameField{Field: "Other", Other: "Text", How: rule.EndsWith}},
	} {
		add(e, rule.AsSigma)
		if e.String() != `(= Other "")` { // which nothing is for Splunk
			add(rule.Or{e, rule.Not{X: rule.All{}}}, rule.AsSplunk)
		}
	}
	return rules
}

// padded returns an expression as Sigma's front end makes it.
func padded(t testing.TB, src string) rule.Regexp {
	text, err := rule.PCRE{Test: true, Padded: true}.Translate(src)
	if err != nil {
		t.Fatal(err)
	}
	re, err := rule.NewRegexp(text)
	if err != nil {
		t.Fatal(err)
	}
	return re
}

// formEvents writes n records whose values are made of what the rules look for.
func formEvents(t testing.TB, n int) []string {
	rng := rand.New(rand.NewPCG(21, 22))
	g := corpus.New(21)
	words := []string{"download", "DownLoad", "Download", "downlink", "down\u00e4oad", "a.exe", " ", "*?", `ax\temp`, `A\\temp`, "temp", "welcome",
		"Welcome", "wel\u212aome", "k", "\u212a", "\n", "<", `"`, "powershell", "vendor",
		`\SYSTEM`, `\Système`, "\\SYSTÈME", "СИСТЕМА", "система", "Система", "ΣΊΣΥΦΟΣ", "σίσυφος", "σίσυφοσ", "straße", "STRAẞE", "Ⱥ", "ⱥ", "ＳＹＳ", "ｓｙｓ", "ẞtrasse"}
	addresses := []string{"10.1.2.3", "10.2.2.3", "::ffff:10.1.0.1", "192.168.0.9", "192.168.1.9", "2001:db8:1::", "2001:db8:8000::1", "fe80::1%eth0", "127.0.0.1", "::1", "-", "10.1.2", "010.1.2.3", "", "10.1.9.9 \t"}
	text := func() (s string) {
		for range rng.IntN(4) {
			s += words[rng.IntN(len(words))]
		}
		return s + []string{"", "", " ", "\n\t", "  "}[rng.IntN(5)]
	}
	files := map[corpus.Format]*bytes.Buffer{corpus.JSON: {}, corpus.XML: {}}
	for i := range n {
		e := g.Next()
		e.Computer = fmt.Sprintf("host%d", i) // one row a record
		other := text()
		value := other
		switch rng.IntN(8) {
		case 0, 1:
		case 2:
			value = []string{"Welcome ", "Welcome", "download it\nto temp", "Welcome  \t"}[rng.IntN(4)]
		default:
			value = text() + other + text()
		}
		e.Data = []corpus.KV{{Name: "Text", Value: value}, {Name: "Other", Value: other},
			{Name: "Address", Value: addresses[rng.IntN(len(addresses))]}, {Name: "Number", Value: []string{"443", "80", "443.0", "8080", "x", "443 ", "0443\t", ""}[rng.IntN(8)]}}
		if rng.IntN(4) == 0 { // several values
			e.Data = append(e.Data, corpus.KV{Name: []string{"Text", "Other"}[rng.IntN(2)], Value: text()})
		}
		if rng.IntN(6) == 0 {
			e.Data = slices.Delete(e.Data, 1, 2)
		}
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
		if n := len(want[r.Name]); !testing.Short() && (n == 0 || n == int(ref.Records)) && !strings.HasPrefix(r.Name, `(term "*vendor*")`) {
			t.Errorf("%s accepts %d of %d records: the test shows little", r.Name, n, ref.Records)
		}
		opts := []match.Options{{}, {Prefilter: prefilter.Options{NoGate: true}}, {Prefilter: prefilter.Options{ByID: true}}, {Prefilter: prefilter.Options{NoAnchors: true}}}
		if testing.Short() {
			opts = opts[i%len(opts):][:1]
		}
		for _, opt := range opts {
			one := rules[i : i+1]
			compareRows(t, fmt.Sprintf("%s alone, %+v", r.Name, opt), printRows(one, engine(t, files, one, opt, false, 1)), want[r.Name])
		}
	}
}
