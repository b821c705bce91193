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
