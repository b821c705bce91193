package ruleset_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/detections"
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

// Every rule of a folder compiles, and needs some literal beside the event id.
func TestRulesCompile(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		dir := filepath.Join(t.TempDir(), "rules")
		if err := ruleset.Write(dir, ruleset.Generate(most, seed)); err != nil {
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
			} else if need == `"4104"` {
				t.Errorf("%s needs no literal beside the event id", d.Search)
			}
		}
		if n := len(prefilter.New(rules, prefilter.Options{}).Literals()); n < most {
			t.Errorf("seed %d: only %d literals", seed, n)
		}
	}
}
