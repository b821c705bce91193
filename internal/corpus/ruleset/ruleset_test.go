package ruleset_test

import (
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/detections"
	"sluice/internal/corpus"
	"sluice/internal/corpus/ruleset"
	"sluice/match/detection"
	"sluice/match/prefilter"
	"sluice/match/rule"
)

const most = 300

func TestGenerateIsDeterministic(t *testing.T) {
	all := ruleset.Generate(most, 1)
	if !slices.Equal(all, ruleset.Generate(most, 1)) {
		t.Error("the same seed gives other rules")
	}
	if !slices.Equal(all[:103], ruleset.Generate(103, 1)) {
		t.Error("fewer rules are not the first of more")
	}
	if slices.Equal(all, ruleset.Generate(most, 2)) {
		t.Error("another seed gives the same rules")
	}
}

// The rules on which recorded figures depend stay as they are.
func TestGenerateStays(t *testing.T) {
	h := fnv.New64a()
	for _, r := range ruleset.Generate(most, 1) {
		h.Write([]byte(r.Search))
	}
	if got := h.Sum64(); got != 0xbed6ce185921192f {
		t.Errorf("the rules are others: %#x", got)
	}
	if slices.Equal(ruleset.Generate(50, 1), ruleset.GenerateWith(corpus.Words, 50, 1)) {
		t.Error("words make no other rules")
	}
}

// Every rule of a folder compiles, and needs some literal beside the event id. Of those
// with words, some look for nothing but a word.
func TestRulesCompile(t *testing.T) {
	for seed, generated := range [][]ruleset.Rule{
		ruleset.Generate(most, 1), ruleset.Generate(most, 2), ruleset.Generate(most, 3), ruleset.GenerateWith(corpus.Words, most, 1),
	} {
		dir := filepath.Join(t.TempDir(), "rules")
		if err := ruleset.Write(dir, generated); err != nil {
			t.Fatal(err)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != most {
			t.Fatalf("%d files, %v, want %d", len(files), err, most)
		}
		var l detection.Loader
		l.LoadMacros(detections.FS, "builtin")
		found := l.Load(dir)
		if len(found) != most || len(l.Problems) > 0 {
			t.Fatalf("%d rules, problems %v", len(found), l.Problems)
		}
		rules := make([]*rule.Rule, most)
		for i, d := range found {
			rules[i] = d.Rule
			if need := prefilter.Analyze(d.Rule.Where).String(); !strings.Contains(need, `"4104"`) {
				t.Errorf("%s needs %s and no 4104", d.Search, need)
			} else if need == `"4104"` && seed < 3 { // bytes beyond ASCII are not looked for
				t.Errorf("%s needs no literal beside the event id", d.Search)
			}
		}
		if n := len(prefilter.New(rules, prefilter.Options{}).Literals()); n < most {
			t.Errorf("seed %d: only %d literals", seed, n)
		}
	}
}
