package sigma

import (
	"os"
	"strings"
	"testing"
)

// The tables for readers hold what those of the code do.
func TestTablesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/detections.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	row := func(first string) string {
		for _, line := range lines {
			if strings.HasPrefix(line, "| `"+first+"` |") {
				return line
			}
		}
		t.Errorf("no row for %s", first)
		return ""
	}
	for name, sources := range categories {
		line := row(name)
		for _, s := range sources {
			for _, id := range s.ids {
				if !strings.Contains(line, " "+id) {
					t.Errorf("%s lacks %s", line, id)
				}
			}
		}
	}
	for name, channels := range services {
		if line := row(name); line != "| `"+name+"` | "+strings.Join(channels, ", ")+" |" {
			t.Errorf("%s lacks one of %q", line, channels)
		}
	}
	for _, list := range [][]string{steps, ignored, hashes} {
		for _, name := range list {
			if !strings.Contains(string(text), "`"+name+"`") {
				t.Errorf("%s is not mentioned", name)
			}
		}
	}
	for name := range kinds {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("modifier %s is not mentioned", name)
		}
	}
}
