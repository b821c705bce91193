package detection

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lintOf tells what Lint says of a file, one line a finding.
func lintOf(t *testing.T, l *Loader, name, src string) string {
	t.Helper()
	var one Loader
	one.Lint, one.Macros = true, l.Macros
	one.parse(name, []byte(src))
	l.Problems = nil
	l.Problems = append(l.Problems, one.Problems...)
	l.unique(&one)
	var out []string
	for _, err := range l.Problems {
		var e *Error
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		severity := "error"
		if e.Warning {
			severity = "warning"
		}
		out = append(out, fmt.Sprintf("%d:%d %s %s", e.Line, e.Column, severity, e.Check))
	}
	return strings.Join(out, "\n")
}

const sound = `name: My Detection
id: 0b6a1f6e-5a54-4b7c-9c51-2f1d2c3b4a59
version: 1
type: TTP
status: production
references: ['https://example.org/a']
search: a=1 | stats count by dest | ` + "`my_detection_filter`" + `
tests:
- name: one
  attack_data: [{data: one.log}]
`

const soundRisk = "rba:\n  message: on $dest$\n  risk_objects: [{field: dest, type: system, score: 5}]\n"

func TestLint(t *testing.T) {
	t.Parallel()
	replaced := func(old, new string) string {
		if !strings.Contains(sound+soundRisk, old) {
			t.Fatalf("the sound file has no %q", old)
		}
		return strings.Replace(sound+soundRisk, old, new, 1)
	}
	for name, c := range map[string]struct{ src, want string }{
		"sound":                      {sound + soundRisk, ""},
		"sound deprecated":           {replaced("production", "deprecated"), ""},
		"id is no UUID":              {replaced("0b6a1f6e-", ""), "2:5 error id"},
		"name too long":              {replaced("My Detection", strings.Repeat("x", 68)), "1:7 error name"},
		"name at most":               {replaced("My Detection", strings.Repeat("é", 67)), ""},
		"status":                     {replaced("production", "ready"), "5:9 error schema"},
		"no filter":                  {replaced("`my_detection_filter`", "search *"), "7:9 error filter"},
		"another filter":             {replaced("my_detection", "other"), "7:9 error filter"},
		"filter with space":          {replaced("`my_detection_filter`", "` my_detection_filter `"), ""},
		"reference":                  {replaced("https://example.org/a", "see the wiki"), "6:14 warning refs"},
		"no tests":                   {strings.Split(sound, "tests:")[0] + soundRisk, "5:9 warning tests"},
		"no tests, tested by hand":   {strings.Split(sound, "tests:")[0] + soundRisk + "tags: {manual_test: how}\n", ""},
		"no tests, not in use":       {strings.Replace(strings.Split(sound, "tests:")[0], "production", "experimental", 1) + soundRisk, ""},
		"no risk objects":            {sound, "4:7 warning objects"},
		"hunting":                    {strings.Replace(sound, "TTP", "Hunting", 1), ""},
		"macro":                      {replaced("a=1", "a=1 `nowhere`"), "7:13 error search"},
		"token":                      {replaced("$dest$", "$src$"), "12:12 error risk"},
		"risk field":                 {replaced("field: dest", "field: user"), "13:26 error risk"},
		"unknown key":                {sound + soundRisk + "foo: 1\n", "14:1 warning key"},
		"technique":                  {sound + soundRisk + "mitre_attack_id: [T1059, t1003, T10590, T1059.01]\n", "14:26 error mitre\n14:33 error mitre\n14:41 error mitre"},
		"technique in tags":          {sound + soundRisk + "tags:\n  mitre_attack_id: [TA0001]\n", "15:21 error mitre"},
		"technique and its parent":   {sound + soundRisk + "tags:\n  mitre_attack_id: [T1059, T1059.001]\n", "15:28 warning mitre"},
		"throttling":                 {sound + soundRisk + "tags:\n  throttling: {fields: [dest, user], period: 1h}\n", "15:24 error field"},
		"throttling at the top":      {sound + soundRisk + "throttling: {fields: [src], period: 1h}\n", "14:22 error field"},
		"several of a refused file":  {replaced("a=1", "a=1 | tstats"), "7:15 error search"},
		"schema and what is outside": {replaced("0b6a1f6e-", "") + "version: 2\n", "14:1 error schema\n2:5 error id"},
	} {
		if got := lintOf(t, new(Loader), "dir/my_detection.yml", c.src); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// Without Lint, none of that is told.
func TestNoLint(t *testing.T) {
	t.Parallel()
	var l Loader
	src := strings.NewReplacer("0b6a1f6e-", "", "my_detection", "other", "production", "ready").Replace(sound)
	if found := l.parse("r.yml", []byte(src)); len(found) != 1 || len(l.Problems) > 0 {
		t.Errorf("%d loaded, problems %q", len(found), l.Problems)
	}
}

// Ids and names that two files share are told of the second one.
func TestLintUnique(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	second := strings.NewReplacer("my_detection", "second", "0b6a", "0B6A").Replace(sound + soundRisk)
	for name, src := range map[string]string{"my_detection.yml": sound + soundRisk, "second.yml": second} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l := Loader{Lint: true}
	if found := l.Load(dir); len(found) != 2 || len(l.Problems) != 2 {
		t.Fatalf("%d loaded, problems %q", len(found), l.Problems)
	}
	for i, want := range []string{`second.yml:2:5: id "0b6a1f6e-5a54-4b7c-9c51-2f1d2c3b4a59" stands at `, `second.yml:1:7: name "My Detection" stands at `} {
		if got := l.Problems[i].Error(); !strings.Contains(got, want) || !strings.Contains(got, "my_detection.yml:") {
			t.Errorf("problem %q, want %q", got, want)
		}
	}
}
