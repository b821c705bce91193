package detection

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every published detection is read: its search may be refused, its schema not.
func TestContent(t *testing.T) {
	dir := os.Getenv("SLUICE_CONTENT")
	if dir == "" {
		t.Skip("SKIPPED: set SLUICE_CONTENT to a folder of splunk/security_content to read all of its detections")
	}
	files := 0
	filepath.WalkDir(filepath.Join(dir, "detections"), func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && isYAML(p) {
			files++
		}
		return err
	})
	for _, lint := range []bool{false, true} {
		l := Loader{Lint: lint}
		found := l.Load(dir)
		counts := map[string]int{}
		refused := map[string]bool{}
		for _, problem := range l.Problems {
			var e *Error
			if !errors.As(problem, &e) {
				t.Errorf("%v", problem)
				continue
			}
			if e.Warning {
				counts["warning: "+e.Check]++
				continue
			}
			counts["error: "+e.Check]++
			if e.Check == CheckSearch {
				refused[e.File] = true
			}
			if e.Check == CheckSchema || e.Check == CheckYAML || e.Check == CheckMacro || e.Check == CheckFile {
				t.Errorf("%v", e)
			}
		}
		if files == 0 || !lint && len(found)+len(refused) != files {
			t.Errorf("%d loaded and %d with a refused search, of %d files", len(found), len(refused), files)
		}
		for _, key := range slices.Sorted(maps.Keys(counts)) {
			t.Logf("lint %v: %s: %d", lint, key, counts[key])
		}
		for _, d := range found {
			if strings.Contains(d.File, "/macros/") || d.Kind != KindSPL {
				t.Errorf("%s: %s", d.File, d.Kind)
			}
		}
	}
}

// Every published Sigma rule for Windows that loads has the tests that it names.
func TestPublishedSigma(t *testing.T) {
	dir := os.Getenv("SLUICE_SIGMA")
	if dir == "" {
		t.Skip("SKIPPED: set SLUICE_SIGMA to a folder of SigmaHQ/sigma to load its rules")
	}
	l := Loader{Lint: true, Regressions: true}
	found := l.Load(filepath.Join(dir, "rules", "windows"))
	counts := map[string]int{}
	tests := 0
	for _, problem := range l.Problems {
		var e *Error
		switch {
		case !errors.As(problem, &e):
			t.Errorf("%v", problem)
		case e.Warning:
			counts["warning: "+e.Check]++
			if e.Check == CheckTests {
				t.Errorf("%v", e)
			}
		default:
			counts["error: "+e.Check]++
		}
	}
	for _, d := range found {
		tests += len(d.Tests)
		if d.Kind != KindSigma || d.Risk.Score() == 0 {
			t.Errorf("%s: %+v", d.File, d.Risk)
		}
	}
	if len(found) == 0 || tests == 0 || counts["error: "+CheckSigma]*20 > len(found) {
		t.Errorf("%d rules with %d tests", len(found), tests)
	}
	t.Logf("%d rules with %d tests; problems %v", len(found), tests, counts)
}
