package detection

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const sigmaRule = `title: Odd Service
id: 2b1c8d3e-0f6a-4b7d-8e9f-001122334455
status: experimental
level: high
tags: [attack.execution, attack.t1059.001, attack.T1059, attack.t1059.001, cve.2026-1]
logsource: {product: windows, category: ps_script}
detection:
  selection: {ScriptBlockText|contains: odd-service}
  condition: selection
`

func TestSigma(t *testing.T) {
	t.Parallel()
	d, problems := load(sigmaRule)
	if d == nil || problems != "" {
		t.Fatal(problems)
	}
	want := Risk{Message: "Odd Service", Objects: []RiskObject{
		{Field: "dest", Type: "system", Score: 75}, {Field: "user_id", Type: "user", Score: 75, Optional: true}}}
	if !reflect.DeepEqual(d.Risk, want) {
		t.Errorf("risk %+v", d.Risk)
	}
	if d.Kind != KindSigma || d.SavedSearch() != "Sigma - Odd Service" || d.Level != "high" || d.Status != "experimental" || d.Type != "" ||
		strings.Join(d.MITRE, " ") != "T1059.001 T1059" || d.ID != "2b1c8d3e-0f6a-4b7d-8e9f-001122334455" {
		t.Errorf("loaded %+v", d)
	}
	names, all := d.Columns()
	if columns := strings.Join(names, " "); !all || columns != "dest user_id ScriptBlockText count firstTime lastTime" {
		t.Errorf("columns %s", columns)
	}
}

// The scores of the levels lie in the bands of their names.
func TestLevels(t *testing.T) {
	t.Parallel()
	for level, score := range map[string]int{"informational": 10, "low": 25, "medium": 50, "high": 75, "critical": 100, "": 50} {
		line := "level: " + level + "\n"
		if level == "" {
			line = ""
		}
		d, problems := load(strings.Replace(sigmaRule, "level: high\n", line, 1))
		if d == nil || d.Risk.Score() != score || problems != "" {
			t.Errorf("%q: %+v, %s", level, d, problems)
		}
	}
}

// A file may hold several rules; some of them may be refused.
func TestSigmaDocuments(t *testing.T) {
	t.Parallel()
	second := strings.Replace(sigmaRule, "Odd Service", "Second", 1)
	for _, c := range []struct {
		src  string
		want []string
		told string
	}{
		{sigmaRule + "---\n" + second + "---\n", []string{"Odd Service", "Second"}, ""},
		{sigmaRule + "---\n" + strings.Replace(second, "detection:", "detections:", 1), []string{"Odd Service"}, "r.yml:11:1: the rule has no detection"},
		{sigmaRule + "---\n- x\n", []string{"Odd Service"}, "r.yml:11:1: cannot load rule: the document is not a YAML mapping"},
		{"action: global\ntitle: T\n---\n" + sigmaRule, nil, "r.yml:1:9: cannot load: `action: global` joins the documents"},
		{"title: C\ncorrelation:\n  type: event_count\n", nil, "r.yml:2:1: correlation rules are not supported"},
	} {
		var l Loader
		var names []string
		for _, d := range l.parse("r.yml", []byte(c.src)) {
			names = append(names, d.Name)
		}
		if !reflect.DeepEqual(names, c.want) {
			t.Errorf("%s\nloaded %q, problems %q", c.src, names, l.Problems)
		}
		told := ""
		for _, err := range l.Problems {
			if e := err.(*Error); !e.Warning {
				told += e.Error()
			}
		}
		if !strings.HasPrefix(told, c.told) || (told == "") != (c.told == "") {
			t.Errorf("%s\ntold %q, want %q", c.src, told, c.told)
		}
	}
}

func TestLintSigma(t *testing.T) {
	t.Parallel()
	for old, c := range map[string][2]string{
		"title":              {"title", ""},
		"id: 2b1c8d3e-":      {"id: ", "2:5 error id"},
		"attack.T1059,":      {"attack.t105,", "5:44 error mitre"},
		"status: experiment": {"references: [nowhere]\nstatus: experiment", "3:14 warning refs"},
		"id: 2b1c8d3e-0f6a-4b7d-8e9f-001122334455\n": {"", "1:1 warning id"},
	} {
		if got := lintOf(t, new(Loader), "dir/odd.yml", strings.Replace(sigmaRule, old, c[0], 1)); got != c[1] {
			t.Errorf("%s:\n got %s\nwant %s", old, got, c[1])
		}
	}
}

// The tests of a rule are found from the root of its repository.
func TestRegressions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, src string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("rules/windows/one.yml", sigmaRule+"regression_tests_path: regression_data/one/info.yml\n")
	write("rules/windows/gone.yml", strings.Replace(sigmaRule, "Odd", "Gone", 1)+"regression_tests_path: regression_data/gone/info.yml\n")
	write("regression_data/one/info.yml", "id: x\nregression_tests_info:\n"+
		"- {name: first, type: evtx, provider: P, match_count: 2, path: regression_data/one/a.evtx}\n- {name: second, path: regression_data/one/b.evtx}\n")
	write("regression_data/one/a.json", "{}")
	l := Loader{Regressions: true}
	found := l.Load(filepath.Join(dir, "rules"))
	if len(found) != 2 || len(l.Problems) != 1 || !strings.Contains(l.Problems[0].Error(), "gone.yml:10:24: cannot read the regression tests: no folder above holds ") {
		t.Fatalf("loaded %d, problems %q", len(found), l.Problems)
	}
	want := []Test{
		{Name: "first", Line: 3, Column: 3, Data: []AttackData{{Data: "../../regression_data/one/a.json"}}, Want: &Want{Count: -1, Events: -1, Least: 2}},
		{Name: "second", Line: 4, Column: 3, Data: []AttackData{{Data: "../../regression_data/one/b.evtx"}}, Want: &Want{Count: -1, Events: -1, Least: 1}},
	}
	if len(found[0].Tests) != 0 || !reflect.DeepEqual(found[1].Tests, want) {
		t.Errorf("tests %+v and %+v", found[0].Tests, found[1].Tests)
	}
	l = Loader{}
	if found = l.Load(filepath.Join(dir, "rules")); len(found[1].Tests) != 0 || len(l.Problems) > 0 {
		t.Errorf("tests %+v, problems %q", found[1].Tests, l.Problems)
	}
}
