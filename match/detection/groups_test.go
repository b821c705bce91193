package detection

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sigmaNamed returns a Sigma rule; its id ends in n.
func sigmaNamed(title, name string, n int) string {
	s := strings.Replace(sigmaRule, "Odd Service", title, 1)
	s = strings.Replace(s, "001122334455", fmt.Sprintf("%012d", n), 1)
	if name != "" {
		s += "name: " + name + "\n"
	}
	return s
}

const (
	idOfA      = "2b1c8d3e-0f6a-4b7d-8e9f-000000000001"
	windowsPS  = "logsource: {product: windows, category: ps_script}\n"
	filterBody = "  selection: {User: x}\n  condition: not selection\n"
)

// What a correlation or filter is about is refused with it, wherever it stands.
func TestStandalone(t *testing.T) {
	t.Parallel()
	a, b := sigmaNamed("A", "rule_a", 1), sigmaNamed("B", "", 2)
	correlation := func(body string) string { return "title: C\nname: corr\ncorrelation:\n  type: event_count\n" + body }
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"nothing", []string{a + "---\n" + b}, "A B"},
		{"by name", []string{a + "---\n" + b + "---\n" + correlation("  rules: [rule_a]\n")}, "B"},
		{"by id, in letters of other cases", []string{a, b, correlation("  rules:\n    - " + strings.ToUpper(idOfA) + "\n")}, "B"},
		{"one text", []string{correlation("  rules: rule_a\n"), a, b}, "B"},
		{"an alias", []string{correlation("  group-by: &x [rule_a]\n  rules: *x\n"), a, b}, "B"},
		{"generate", []string{a, b, correlation("  rules: [rule_a]\n  generate: true\n")}, "A B"},
		{"generate at the top", []string{a, b, correlation("  rules: [rule_a]\n") + "generate: true\n"}, "A B"},
		{"generate: false", []string{a, b, correlation("  rules: [rule_a]\n  generate: false\n")}, "B"},
		{"one generates, another does not", []string{a, b, correlation("  rules: [rule_a]\n  generate: true\n"), correlation("  rules: [rule_a]\n")}, "B"},
		{"nested", []string{a, b, correlation("  rules: [rule_a]\n"), "title: D\ncorrelation:\n  rules: [corr]\n"}, "B"},
		{"a condition of names", []string{a, b, correlation("  condition: not (rule_a) and x\n")}, "B"},
		{"no rules", []string{a + "---\n" + correlation("  timespan: 1h\n"), b}, "B"},
		{"no mapping", []string{a + "---\ntitle: C\ncorrelation: x\n", b}, "B"},
		{"rules that are no texts", []string{a + "---\n" + correlation("  rules: {x: y}\n"), b}, "B"},
		{"unknown names", []string{a, b, correlation("  rules: [rule_c, '']\n")}, "A B"},
		{"a file that joins its documents", []string{a, b, "action: global\ntitle: G\n---\n" + correlation("  rules: [rule_a]\n")}, "B"},
		{"filter by name", []string{a, b, "title: F\n" + windowsPS + "filter:\n  rules: [rule_a]\n" + filterBody}, "B"},
		{"filter by id", []string{"title: F\n" + windowsPS + "filter:\n  rules: " + idOfA + "\n" + filterBody, a, b}, "B"},
		{"filter of any", []string{a, b, "title: F\n" + windowsPS + "filter:\n  rules: Any\n" + filterBody}, ""},
		{"filter of all", []string{a, b, "title: F\nlogsource: {product: windows}\nfilter:\n  rules: [all]\n" + filterBody}, ""},
		{"filter without rules", []string{a, b, "title: F\n" + windowsPS + "filter:\n" + filterBody}, ""},
		{"filter without a log source", []string{a, b, "title: F\nfilter:\n  rules: any\n" + filterBody}, ""},
		{"filter of another log", []string{a, b, "title: F\nlogsource: {product: linux}\nfilter:\n  rules: [any, rule_a]\n" + filterBody}, "A B"},
		{"filter of another category", []string{a, b, "title: F\nlogsource: {product: windows, category: ps_module}\nfilter:\n  rules: [rule_a]\n" + filterBody}, "A B"},
	} {
		for _, order := range []bool{false, true} {
			files := slices.Clone(c.files)
			if order {
				slices.Reverse(files)
			}
			dir, l := t.TempDir(), Loader{}
			var found []*Detection
			for i, text := range files {
				path := filepath.Join(dir, fmt.Sprintf("f%d.yml", i))
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				found = append(found, l.Load(path)...)
			}
			all := len(found)
			var names []string
			for _, d := range l.Standalone(found) {
				names = append(names, d.Name)
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("%s: %q may run, want %q; told %v", c.name, got, c.want, l.Problems)
			}
			told := 0
			for _, err := range l.Problems {
				if strings.Contains(err.Error(), "cannot load rule: the ") {
					told++
				}
			}
			if told != all-len(names) {
				t.Errorf("%s: %d rules are refused, %d are told: %v", c.name, all-len(names), told, l.Problems)
			}
		}
	}
}
