package spl

import (
	"os"
	"slices"
	"strings"
	"testing"

	"sluice/match/expr"
	"sluice/match/rule"
)

// What is understood stands in the documentation.
func TestDocumented(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/detections.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "\n## SPL\n")
	text, _, _ = strings.Cut(text, "\n## ")
	names := slices.Concat(expr.Functions(), []string{"if", "case", "mvfilter", "mvmap", "stats"})
	for name := range conditions {
		names = append(names, name)
	}
	for name := range readers {
		names = append(names, name)
	}
	for f := rule.Count; f <= rule.Latest; f++ {
		names = append(names, f.String())
	}
	for _, name := range names {
		if !strings.Contains(text, "`"+name+"`") && !strings.Contains(text, "`"+name+" ") {
			t.Errorf("docs/detections.md does not mention `%s`", name)
		}
	}
}
