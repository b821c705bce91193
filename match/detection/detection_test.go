package detection

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"sluice/detections"
)

// The detection that ships inside is the published one.
func TestBuiltin(t *testing.T) {
	t.Parallel()
	var l Loader
	found := l.LoadFS(detections.FS, "builtin")
	if len(l.Problems) > 0 {
		t.Fatalf("problems: %q", l.Problems)
	}
	if len(found) != 1 {
		t.Fatalf("%d detections, want 1", len(found))
	}
	d := found[0]
	if d.Name != "Windows PowerShell Invoke-RestMethod IP Information Collection" ||
		d.ID != "8db47e12-9c3e-4f5a-b0d6-e42a1895cd4f" || d.Version != 1 || d.Type != "Anomaly" {
		t.Errorf("it is %s %s %d %s", d.Name, d.ID, d.Version, d.Type)
	}
	if want := []string{"Water Gamayun"}; !slices.Equal(d.Stories, want) {
		t.Errorf("stories %q, want %q", d.Stories, want)
	}
	if want := []string{"T1082", "T1016", "T1059.001"}; !slices.Equal(d.MITRE, want) {
		t.Errorf("ATT&CK %q, want %q", d.MITRE, want)
	}
	risk := Risk{
		Message: "A PowerShell script on $dest$ is collecting external IP or geolocation information using Invoke-RestMethod.",
		Objects: []RiskObject{{Field: "dest", Type: "system", Score: 45}},
	}
	if !reflect.DeepEqual(d.Risk, risk) {
		t.Errorf("risk %+v\nwant %+v", d.Risk, risk)
	}
	if want := "ESCU - " + d.Name + " - Rule"; d.SavedSearch() != want {
		t.Errorf("saved search %q, want %q", d.SavedSearch(), want)
	}
	const rule = `where (and (or (= source "WinEventLog:Microsoft-Windows-PowerShell/Operational")` +
		` (= source "XmlWinEventLog:Microsoft-Windows-PowerShell/Operational")` +
		` (= source "WinEventLog:PowerShellCore/Operational")` +
		` (= source "XmlWinEventLog:PowerShellCore/Operational"))` +
		` (= EventCode "4104")` +
		` (and (= ScriptBlockText "*Invoke-RestMethod*")` +
		` (or (= ScriptBlockText "*ipinfo.io*") (= ScriptBlockText "*api.ipify.org*"))))` +
		` | stats count() as count min(_time) as firstTime max(_time) as lastTime` +
		` by dest signature signature_id user_id vendor_product Guid Opcode Name Path ProcessID ScriptBlockId ScriptBlockText` +
		` | time firstTime "%Y-%m-%dT%H:%M:%S" | time lastTime "%Y-%m-%dT%H:%M:%S"`
	if got := d.Rule.String(); got != rule {
		t.Errorf("rule\n got %s\nwant %s", got, rule)
	}
}

const head = "name: N\nid: i\nversion: 1\ntype: TTP\n"

// load parses one file and prints what came of it.
func load(src string) (*Detection, string) {
	var l Loader
	var d *Detection
	if found := l.parse("r.yml", []byte(src)); len(found) > 0 {
		d = found[0]
	}
	var out []string
	for _, err := range l.Problems {
		text := err.Error()
		var e *Error
		if errors.As(err, &e) && e.Warning {
			text = "warning " + text
		}
		out = append(out, text)
	}
	return d, strings.Join(out, "\n")
}

func TestUserFile(t *testing.T) {
	t.Parallel()
	// The least that a file needs; without rba it makes no risk events.
	d, problems := load(head + "search: a=1 | stats count by dest\n")
	if d == nil || problems != "" {
		t.Fatalf("problems: %s", problems)
	}
	if len(d.Risk.Objects) != 0 || d.Stories != nil || d.MITRE != nil {
		t.Errorf("risk %+v, stories %q, ATT&CK %q", d.Risk, d.Stories, d.MITRE)
	}
	// Everything of the schema that an engine has no use for is known.
	d, problems = load(head + `search: a=1 | stats count by dest Path
status: production
date: '2025-01-01'
author: A
data_source: [x]
description: D
how_to_implement: H
known_false_positives: K
references: []
drilldown_searches: [{name: n}]
tests: [{name: n, attack_data: [{data: x.log}]}]
explanation: e
enabled_by_default: false
deployment: {}
rba:
  message: on $dest$
  risk_objects: [{field: dest, type: system, score: 100}]
  threat_objects: [{field: Path, type: file_path}]
tags:
  analytic_story: [S, T]
  asset_type: Endpoint
  mitre_attack_id: [T1]
  product: [P]
  security_domain: endpoint
  cve: [C]
  atomic_guid: [G]
  group: g
  throttling: {fields: [dest], period: 1h}
  manual_test: m
`)
	if d == nil || problems != "" {
		t.Fatalf("problems: %s", problems)
	}
	want := Risk{"on $dest$", []RiskObject{{Field: "dest", Type: "system", Score: 100}}, []ThreatObject{{"Path", "file_path"}}}
	if !reflect.DeepEqual(d.Risk, want) || d.Description != "D" || len(d.Stories) != 2 {
		t.Errorf("loaded %+v", d)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	const search = "search: a=1 | stats count by dest\n"
	for _, c := range []struct{ src, want string }{
		{"", "r.yml: cannot load: the file is not a YAML mapping"},
		{"- a\n", "r.yml: cannot load: the file is not a YAML mapping"},
		{"text\n", "r.yml: cannot load: the file is not a YAML mapping"},
		{head + search + "---\nname: x\n", "r.yml:6:1: cannot load: the file holds more than one YAML document"},
		{head, "r.yml:1:1: cannot load detection: it has no search"},
		{"id: i\ntype: TTP\n" + search, "r.yml:1:1: cannot load detection: it has no name"},
		{head + search + "foo: 1\n", `warning r.yml:6:1: unknown key "foo" in the detection`},
		{head + search + "name: M\n", `r.yml:6:1: key "name" stands twice in the detection`},
		{head + search + "tags:\n  foo: 1\n", `warning r.yml:7:3: unknown key "foo" in tags`},
		{head + search + "tags: []\n", "r.yml:6:7: tags must be a mapping"},
		{head + search + "tags:\n  analytic_story: S\n", "r.yml:7:19: tags.analytic_story must be a list"},
		{head + search + "tags:\n  mitre_attack_id:\n  - [x]\n", "r.yml:8:5: an item of tags.mitre_attack_id must be text"},
		{"name: [x]\nid: i\ntype: TTP\n" + search, "r.yml:1:7: name must be text"},
		{"name: N\nid: i\ntype: Odd\n" + search, "r.yml:3:7: type must be one of TTP, Anomaly, Hunting, Correlation"},
		{"name: N\nid: i\nversion: x\ntype: TTP\n" + search, "r.yml:3:10: version must be a whole number from 1 to 1048576"},
		{head + "search: {a: b}\n", "r.yml:5:9: search must be text"},
		{head + search + "rba:\n  message: m\n  risk_objects:\n  - {field: dest, type: host, score: 1}\n",
			"r.yml:9:25: type must be one of user, system, other"},
		{head + search + "rba:\n  message: m\n  risk_objects:\n  - {field: dest, type: user, score: 101}\n",
			"r.yml:9:38: score must be a whole number from 1 to 100"},
		{head + search + "rba:\n  message: m\n  risk_objects:\n  - field: dest\n    type: user\n",
			"r.yml:9:5: a risk object needs field, type and score"},
		{head + search + "rba:\n  risk_objects:\n  - {field: dest, type: user, score: 1}\n",
			"r.yml:7:3: rba has risk objects and no message"},
		{head + search + "rba:\n  message: m\n  threat_objects:\n  - field: dest\n",
			"r.yml:9:5: a threat object needs field and type"},
		{head + search + "rba:\n  message: on $dest$ by $user$\n  risk_objects: []\n",
			`r.yml:7:12: cannot load detection: its risk section names "user", which is no column of its rows`},
		{head + search + "rba:\n  message: m\n  risk_objects:\n  - {field: user, type: user, score: 1}\n",
			`r.yml:9:13: cannot load detection: its risk section names "user", which is no column of its rows`},
	} {
		d, got := load(c.src)
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.src, got, c.want)
		}
		if (d != nil) != strings.HasPrefix(c.want, "warning") {
			t.Errorf("%s\nloaded: %v", c.src, d != nil)
		}
	}
}

func TestBrokenYAML(t *testing.T) {
	t.Parallel()
	for src, line := range map[string]int{
		"a: 1\n\tb: 2\n":            2,
		"name: N\nid: \"x\ntype: y": 2,
		"a: *nowhere\n":             0,
		"a: b: c\n":                 0,
		"a: \x00\n":                 0,
	} {
		d, got := load(src)
		if d != nil || !strings.Contains(got, "cannot read YAML: ") || strings.Contains(got, "yaml: ") {
			t.Errorf("%q: %v, %q", src, d, got)
		}
		if line > 0 && !strings.HasPrefix(got, fmt.Sprintf("r.yml:%d:", line)) {
			t.Errorf("%q: %q does not name line %d", src, got, line)
		}
	}
}

// The place of a search error is right in every way to write a scalar. @ marks
// it and is not part of the file.
func TestSearchErrorPlace(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"plain":             "search: a=1 | @foo | stats count\n",
		"plain on lines":    "search: a=1\n  b=2 |\n    @foo\n",
		"plain on the next": "search:\n  a=1 | @foo\n",
		"folded":            "search: >-\n  a=1\n  b=\"*\" | @foo\n",
		"folded with blank": "search: >\n\n  a=1\n\n    b=2\n  | @foo\n  c\n",
		"folded indented":   "search: >2-\n    a=1 | @foo\n",
		"folded comment":    "search: >- # a comment\n  a=1 | @foo\n",
		"literal":           "search: |\n  a=\"x y\"\n  | @foo x\n",
		"literal keep":      "search: |+\n  a=1 | @foo\n\n\n",
		"single quotes":     "search: 'a=1 | @foo'\n",
		"single escaped":    "search: 'a=''x'' | @foo'\n",
		"single on lines":   "search: 'a=''x''\n\n  | @foo'\n",
		"double quotes":     "search: \"a=1 | @foo\"\n",
		"double escaped":    "search: \"a=\\\"x\\\\\\\\\\\" | @foo\"\n",
		"double escapes":    "search: \"a=\\x41\\u00e9\\U0001F600\\_\\L\\t\\n | @foo\"\n",
		"double on lines":   "search: \"a=1 \\\n    b=2\n  | @foo\"\n",
		"not ASCII":         "search: a=größe | @foo\n",
		"tag":               "search: !!str a=1 | @foo\n",
		"anchor":            "search: &s a=1 | @foo\n",
		"anchor of quoted":  "search: &s !!str \"a=\\\"1\\\" | @foo\"\n",
		"anchor of folded":  "search: &s >-\n  a=1 | @foo\n",
		"alias":             "description: &s a=1 | @foo\nsearch: *s\n",
		"flow":              "tags: {}\nsearch: a=1 | @foo\n",
		"CRLF":              "search: >-\r\n  a=1\r\n  | @foo\r\n",
		"end of plain":      "search: a=1 |@\n\n",
		"end of literal":    "search: |\n  a=1 |@\ntags: {}\n",
		"end of folded":     "search: >\n  a=1\n  |@\n\ntags: {}\n",
		"end of quoted":     "search: \"a=1 |@ \"\ntags: {}\n",
		"no stats":          "search: @a=1\n",
		"empty group":       "search: >-\n  a=1\n  (@)\n",
	} {
		at := strings.IndexByte(src, '@')
		src = head + src[:at] + src[at+1:]
		at += len(head)
		line := 1 + strings.Count(src[:at], "\n")
		column := at - strings.LastIndexByte(src[:at], '\n')
		want := fmt.Sprintf("r.yml:%d:%d: cannot compile search: ", line, column)
		if d, got := load(src); d != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q\n got %s\nwant %s", name, src, got, want)
		}
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	d, problems := load(`name: &n Shared
id: *n
version: 1
type: &t TTP
description: *n
search: a=1 | stats count by dest
rba:
  message: &m on $dest$
  risk_objects:
  - &o {field: dest, type: system, score: 7}
  - *o
tags:
  analytic_story: &list [*n, x]
  mitre_attack_id: *list
`)
	if problems != "" {
		t.Fatal(problems)
	}
	if d.ID != "Shared" || len(d.Risk.Objects) != 2 || d.Risk.Objects[1].Score != 7 ||
		!slices.Equal(d.MITRE, []string{"Shared", "x"}) {
		t.Errorf("loaded %+v", d)
	}
}

// Hostile files cost an error and nothing else.
func TestHostileYAML(t *testing.T) {
	t.Parallel()
	var laughs strings.Builder
	laughs.WriteString(head + "search: a=1 | stats count\ndata_source: &a0 [x, x]\n")
	for i := range 60 {
		fmt.Fprintf(&laughs, "references%d: &a%d [*a%d, *a%d]\n", i, i+1, i, i)
	}
	if d, _ := load(laughs.String()); d == nil {
		t.Error("nested aliases in keys of no use keep the file from loading")
	}
	for name, src := range map[string]string{
		"deep lists":     head + "search: " + strings.Repeat("[", 100_000),
		"deep mappings":  strings.Repeat("{a: ", 100_000),
		"deep blocks":    strings.Repeat("- ", 100_000),
		"alias of self":  head + "search: x\nrba: &r\n  risk_objects: [*r]\n  threat_objects: [*r]\n",
		"alias in list":  head + "search: x\ntags:\n  analytic_story: &l [*l]\n",
		"only anchors":   strings.Repeat("&a ", 10_000),
		"many documents": strings.Repeat("---\n", 10_000),
		"long search":    head + "search: " + strings.Repeat("a=1 ", 50_000) + "\n",
		"binary":         "\x00\x01\xff\xfe",
	} {
		if d, problems := load(src); d != nil || problems == "" {
			t.Errorf("%s: loaded", name)
		}
	}
}

func TestTokensAndFill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		message string
		tokens  []string
		filled  string
	}{
		{"", nil, ""},
		{"no token", nil, "no token"},
		{"on $dest$.", []string{"dest"}, "on <dest>."},
		{"$a$$b$", []string{"a", "b"}, "<a><b>"},
		{"$a$ $a$", []string{"a", "a"}, "<a> <a>"},
		{"$process.name$ $_x1$", []string{"process.name", "_x1"}, "<process.name> <_x1>"},
		{"5$ or 6$", nil, "5$ or 6$"},
		{"$5$ $$ $a b$", nil, "$5$ $$ $a b$"},
	} {
		if got := Tokens(c.message); !slices.Equal(got, c.tokens) {
			t.Errorf("Tokens(%q) = %q, want %q", c.message, got, c.tokens)
		}
		if got := Fill(c.message, func(name string) string { return "<" + name + ">" }); got != c.filled {
			t.Errorf("Fill(%q) = %q, want %q", c.message, got, c.filled)
		}
	}
	// A value that looks like a token is not looked at again.
	if got := Fill("$a$$b$", func(string) string { return "$a$" }); got != "$a$$a$" {
		t.Errorf("filled twice: %q", got)
	}
}

func TestMacroFiles(t *testing.T) {
	t.Parallel()
	rule := &fstest.MapFile{Data: []byte(head + "search: \"`m` `m(x, y)` | stats count\"\n")}
	fsys := fstest.MapFS{
		"r.yml":         rule,
		"macros/a.yml":  {Data: []byte("name: m\ndefinition: a=1\ndescription: d\n")},
		"macros/b.yaml": {Data: []byte("name: m\ndefinition: $f$=$v$\narguments: [f, v]\n")},
		"macros/c.yml":  {Data: []byte("name: no_definition\n")},
		"macros/d.yml":  {Data: []byte("name: n\ndefinition: x\nfoo: y\n")},
		"macros/e.yml":  {Data: []byte("- x\n")},
	}
	var l Loader
	found := l.LoadFS(fsys, "dir")
	if len(found) != 1 {
		t.Fatalf("%d detections: %q", len(found), l.Problems)
	}
	if got, want := found[0].Rule.Where.String(), `(and (= a "1") (= x "y"))`; got != want {
		t.Errorf("rule %s, want %s", got, want)
	}
	want := []string{
		"dir/macros/c.yml:1:1: cannot load macro: it needs a name and a definition",
		`dir/macros/d.yml:3:1: unknown key "foo" in the macro`,
		"dir/macros/e.yml: cannot load: the file is not a YAML mapping",
	}
	var got []string
	for _, err := range l.Problems {
		got = append(got, err.Error())
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems %q\nwant %q", got, want)
	}
}

func TestLoadPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, src string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rule := func(name string) string {
		return strings.Replace(head, "N", name, 1) + "search: a=1 `mine` | stats count\n"
	}
	put("b.yml", rule("B"))
	put("sub/deep/a.yaml", rule("A"))
	put("sub/note.txt", "not a rule")
	put("macros/mine.yml", "name: mine\ndefinition: b=1\n")
	put(".hidden/x.yml", "broken: [")
	put("empty/x.txt", "")
	var l Loader
	var names []string
	for _, d := range l.Load(dir) {
		names = append(names, d.Name+" "+d.File)
	}
	shown := filepath.ToSlash(dir)
	if want := []string{"B " + shown + "/b.yml", "A " + shown + "/sub/deep/a.yaml"}; !slices.Equal(names, want) || len(l.Problems) > 0 {
		t.Errorf("loaded %q, want %q; problems %q", names, want, l.Problems)
	}
	if d := l.Load(filepath.Join(dir, "b.yml")); len(d) != 0 || len(l.Problems) > 0 {
		t.Errorf("a file that is loaded already: %v, %q", d, l.Problems)
	}
	l = Loader{Macros: l.Macros}
	if d := l.Load(filepath.Join(dir, "b.yml")); len(d) != 1 || d[0].File != shown+"/b.yml" {
		t.Errorf("one file: %v, %q", d, l.Problems)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "nowhere"): "cannot load rules from",
		filepath.Join(dir, "empty"):   "no .yml file there",
	} {
		l.Problems = nil
		if d := l.Load(path); d != nil || len(l.Problems) != 1 || !strings.Contains(l.Problems[0].Error(), want) {
			t.Errorf("%s: %v, %q", path, d, l.Problems)
		} else if n := strings.Count(l.Problems[0].Error(), path); n != 1 {
			t.Errorf("%q names the path %d times", l.Problems[0], n)
		}
	}
}
