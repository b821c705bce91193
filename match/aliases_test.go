package match_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/pipeline"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/detection"
	"sluice/match/prefilter"
	"sluice/match/rule"
	"sluice/sink"
)

// aliasRules read aliases in every way: with literals, without, and in BY.
func aliasRules() (rules []reference.Rule) {
	for _, e := range []rule.Expr{
		eq("process_name", "cmd.exe"),
		eq("process_name", `*\cmd.exe`), // holds for none
		eq("parent_process_name", "*plorer*"),
		eq("process", "*svchost*"),
		rule.And{eq("EventCode", "4688"), rule.Not{X: eq("process", "*invoke*")}},
		eq("SHA1", "0123456789abcdef*"),
		eq("user", "*eve"),
		rule.And{eq("src_user", "*"), eq("SubjectDomainName", "*o*")},
		rule.Or{eq("src_port", "49733"), eq("service_name", "*upd*")},
		rule.Compare{Field: "process_path", Op: rule.Ne, Value: rule.NewPattern("*cmd*")},
		eq("SecurityID", "S-1-5-18"),
		rule.Term{Value: rule.NewPattern("*explorer*")},
	} {
		rules = append(rules, reference.Rule{Name: e.String(), Rule: &rule.Rule{
			Where: e, By: []string{"RecordNumber", "process_name", "user", "parent_process_path", "registry_path"},
			Aggs: []rule.Agg{{Func: rule.Count, As: "count"}},
		}})
	}
	return rules
}

// aliasEvents writes events of every kind in every shape, spelled anew.
func aliasEvents(t *testing.T) (paths []string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(31, 32))
	g := corpus.New(31)
	files := map[corpus.Format]*bytes.Buffer{corpus.JSON: {}, corpus.XML: {}}
	n := 1500
	if testing.Short() {
		n = 300
	}
	for range n {
		s := &corpus.Shapes[rng.IntN(len(corpus.Shapes))]
		files[s.Format].Write(corpus.Respell(rng, s.Format, s.Render(g.Noise())))
		files[s.Format].WriteByte('\n')
	}
	dir := t.TempDir()
	for f, b := range files {
		path := filepath.Join(dir, "events."+f.String())
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// Aliases are what the reference makes of them, alone and in one set, with a
// prefilter and without.
func TestAliasesAreThoseOfTheReference(t *testing.T) {
	t.Parallel()
	rules, files := aliasRules(), aliasEvents(t)
	ref, err := reference.Run(files, rules, reference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	byRule := map[string][]string{}
	for _, r := range ref.Rows {
		byRule[r.Rule] = append(byRule[r.Rule], fmt.Sprintf("%s %d", texts(r.By), r.Count))
	}
	run := func(rules []reference.Rule, opt match.Options) map[string][]string {
		var list []*rule.Rule
		for _, r := range rules {
			list = append(list, r.Rule)
		}
		res, err := pipeline.Run(context.Background(), pipeline.Config{Files: files, Rules: list, Set: match.Compile(list, opt), Threads: 2})
		if err != nil || len(res.Errors) > 0 {
			t.Fatal(err, res.Errors)
		}
		got := map[string][]string{}
		enc := &sink.Encoder{}
		for _, r := range rules {
			enc.Detections = append(enc.Detections, &detection.Detection{Name: r.Name, Rule: r.Rule})
		}
		for _, r := range res.Rows {
			row, err := detection.ParseRow(enc.Stats(r))
			if err != nil {
				t.Fatal(err)
			}
			var by []*string
			for _, name := range rules[r.Rule].By {
				v, ok := row[name].(string)
				if by = append(by, &v); !ok {
					by[len(by)-1] = nil
				}
			}
			name := row["detection"].(string)
			got[name] = append(got[name], fmt.Sprintf("%s %s", texts(by), row["count"]))
		}
		return got
	}
	options := []match.Options{{NoPrefilter: true}, {}, {Prefilter: prefilter.Options{NoGate: true}}, {Prefilter: prefilter.Options{NoAnchors: true}}}
	for _, opt := range options {
		set := run(rules, opt)
		for i, r := range rules {
			want := byRule[r.Name]
			if got := set[r.Name]; !slices.Equal(got, want) {
				t.Errorf("%+v, in a set: %s has %d rows, want %d", opt, r.Name, len(got), len(want))
			}
			if got := run(rules[i:i+1], opt)[r.Name]; !slices.Equal(got, want) {
				t.Errorf("%+v, alone: %s has %d rows, want %d", opt, r.Name, len(got), len(want))
			}
			if (len(want) == 0) != (r.Name == `(= process_name "*\\cmd.exe")`) {
				t.Errorf("%s has %d rows: the test shows little", r.Name, len(want))
			}
		}
	}
}

func texts(by []*string) (s string) {
	for _, v := range by {
		if v == nil {
			s += "null "
		} else {
			s += fmt.Sprintf("%q ", *v)
		}
	}
	return s
}
