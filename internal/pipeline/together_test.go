package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"sluice/internal/pipeline"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/rule"
	"sluice/match/sigma"
)

// sigmaScriptRules compiles SigmaHQ's rules for script blocks, of the repository that
// SLUICE_SIGMA names.
func sigmaScriptRules(t *testing.T) (rules []reference.Rule) {
	root := os.Getenv("SLUICE_SIGMA")
	if root == "" {
		t.Skip("SKIPPED: no published rules; SLUICE_SIGMA names a copy of SigmaHQ's repository")
	}
	files, err := filepath.Glob(filepath.Join(root, "rules", "windows", "powershell", "powershell_script", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc yaml.Node
		if err := yaml.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		r, problems := sigma.Compile(doc.Content[0])
		if r == nil {
			t.Fatal(file, problems)
		}
		rules = append(rules, reference.Rule{Name: filepath.Base(file), Rule: r.Rule})
	}
	return rules
}

// All published detections for PowerShell at once give over real events, per rule, the
// rows that each gives alone; and so do they where each record's id is looked for.
func TestTogetherAsAlone(t *testing.T) {
	rules := append(publishedRules(t), sigmaScriptRules(t)...)
	files := []string{
		writeFile(t, "real.ndjson", realData(t, "windows-events.ndjson.gz")),
		writeFile(t, "real.xml", realData(t, "windows-events.xml.gz")),
	}
	rowsOf := func(set []reference.Rule, opt match.Options) map[string][]string {
		var list []*rule.Rule
		for _, r := range set {
			list = append(list, r.Rule)
		}
		res, err := pipeline.Run(context.Background(), pipeline.Config{Files: files, Rules: list, Set: match.Compile(list, opt), Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string][]string{}
		for _, r := range res.Rows {
			name := set[r.Rule].Name
			rows[name] = append(rows[name], fmt.Sprint(r.Columns, r.Values))
		}
		return rows
	}
	together := rowsOf(rules, match.Options{})
	byID := match.Options{}
	byID.Prefilter.ByID = true
	parted := rowsOf(rules, byID)
	found := 0
	for _, r := range rules {
		alone := rowsOf([]reference.Rule{r}, match.Options{})[r.Name]
		if found += len(alone); !slices.Equal(together[r.Name], alone) {
			t.Errorf("%s: %d rows among others, %d alone", r.Name, len(together[r.Name]), len(alone))
		}
		if !slices.Equal(parted[r.Name], alone) {
			t.Errorf("%s: %d rows by event id, %d alone", r.Name, len(parted[r.Name]), len(alone))
		}
	}
	t.Logf("%d rules, %d rows", len(rules), found)
	if found == 0 {
		t.Error("no rule finds anything: the test shows nothing")
	}
}
