package detection

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const search = "search: a=1 | stats count by dest user Path\n"

// The risk of each generation ends in the same Detection.
func TestGenerations(t *testing.T) {
	t.Parallel()
	objects := func(score int) []RiskObject {
		return []RiskObject{{Field: "dest", Type: "system", Score: score}, {Field: "user", Type: "user", Score: score}}
	}
	threats := []ThreatObject{{"Path", "file_name"}}
	for name, c := range map[string]struct {
		src  string
		want Risk
	}{
		"tags": {`tags:
  message: on $dest$
  risk_score: 49
  observable:
  - {name: dest, type: Hostname, role: [Victim]}
  - {name: user, type: User, role: [Target]}
  - {name: Path, type: File Name, role: [Attacker]}
`, Risk{"on $dest$", objects(49), threats}},
		"tags without a score": {`tags:
  message: on $dest$
  confidence: 70
  impact: 35
  observable:
  - {name: dest, type: IP Address, role: [Victim]}
  - {name: user, type: User Name, role: [Victim]}
  - {name: Path, type: File, role: [Parent Process, Attacker]}
`, Risk{"on $dest$", objects(24), threats}}, // 24.5 to the even one, as Python rounds
		"tags with a fraction": {`tags:
  message: on $dest$
  risk_score: 49.0
  observable:
  - {name: dest, type: Endpoint, role: [Victim]}
  - {name: user, type: Email Address, role: [Victim]}
  - {name: Path, type: file name}
`, Risk{"on $dest$", objects(49), threats}},
		"rba": {`rba:
  message: on $dest$
  risk_objects:
  - {field: dest, type: system, score: 49}
  - {field: user, type: user, score: 49}
  threat_objects:
  - {field: Path, type: file_name}
`, Risk{"on $dest$", objects(49), threats}},
		"intermediate findings": {`intermediate_findings:
  entities:
  - {field: dest, type: system, score: 49, message: on $dest$}
  - {field: user, type: user, score: 49, message: on $dest$}
threat_objects:
- {field: Path, type: file_name}
`, Risk{"on $dest$", objects(49), threats}},
		"two messages": {`intermediate_findings:
  entities:
  - {field: dest, type: system, score: 5, message: on $dest$}
  - {field: user, type: user, score: 6, message: by $user$}
`, Risk{Message: "on $dest$", Objects: []RiskObject{
			{Field: "dest", Type: "system", Score: 5}, {Field: "user", Type: "user", Score: 6, Message: "by $user$"}}}},
		"finding": {`finding:
  title: on $dest$
  entity: {field: dest, type: system, score: 49}
threat_objects:
- {field: Path, type: file_name}
`, Risk{"on $dest$", objects(49)[:1], threats}},
		"finding and intermediate findings": {`finding:
  title: on $dest$
  entity: {field: dest, type: system, score: 50}
intermediate_findings:
  entities:
  - {field: user, type: other, score: 10, message: by $user$}
`, Risk{Message: "on $dest$", Objects: []RiskObject{
			{Field: "dest", Type: "system", Score: 50}, {Field: "user", Type: "other", Score: 10, Message: "by $user$"}}}},
	} {
		d, problems := load(head + search + c.src)
		if d == nil || problems != "" {
			t.Errorf("%s: problems %s", name, problems)
			continue
		}
		if !reflect.DeepEqual(d.Risk, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, d.Risk, c.want)
		}
	}
}

// MessageFor gives each object its own message, or the shared one.
func TestMessageFor(t *testing.T) {
	t.Parallel()
	r := Risk{Message: "m", Objects: []RiskObject{{Field: "a"}, {Field: "b", Message: "own", Score: 3}}}
	if r.MessageFor(r.Objects[0]) != "m" || r.MessageFor(r.Objects[1]) != "own" || r.Score() != 3 {
		t.Errorf("messages %q, %q", r.MessageFor(r.Objects[0]), r.MessageFor(r.Objects[1]))
	}
}

// Context of the third generation stands at the top, as does its throttling.
func TestTopLevelContext(t *testing.T) {
	t.Parallel()
	d, problems := load(head + search + `creation_date: '2026-01-01'
modification_date: '2026-01-02'
status: experimental
analytic_story: [S]
asset_type: Endpoint
mitre_attack_id: [T1059.001]
product: [P]
category: endpoint
security_domain: endpoint
throttling: {fields: [dest], period: 12h}
tests:
- name: one
  test_type: unit
  attack_data: [{data: a.log, source: S, sourcetype: T, host: h, custom_index: i, update_timestamp: true}]
  want:
    count: 2
    rows: [{dest: pc1, count: 3, user: null, Path: [a, b]}]
`)
	if d == nil || problems != "" {
		t.Fatal(problems)
	}
	if !slices.Equal(d.Stories, []string{"S"}) || !slices.Equal(d.MITRE, []string{"T1059.001"}) || d.Status != "experimental" {
		t.Errorf("loaded %+v", d)
	}
	if want := (Throttle{[]string{"dest"}, "12h"}); !reflect.DeepEqual(d.Throttle, want) {
		t.Errorf("throttling %+v", d.Throttle)
	}
	want := []Test{{Name: "one", Line: 17, Column: 3, Data: []AttackData{{"a.log", "S", "T"}},
		Want: &Want{Count: 2, Events: -1, Rows: []Row{{"dest": "pc1", "count": "3", "user": nil, "Path": []string{"a", "b"}}}}}}
	if !reflect.DeepEqual(d.Tests, want) {
		t.Errorf("tests %+v\nwant  %+v", d.Tests, want)
	}
}

func TestGenerationProblems(t *testing.T) {
	t.Parallel()
	const victim = "  observable:\n  - {name: dest, type: Hostname, role: [Victim]}\n"
	for _, c := range []struct{ src, want string }{
		{"tags:\n  risk_score: 5\n" + victim, "r.yml:7:3: tags has observables and no message"},
		{"tags:\n  message: m\n" + victim, "r.yml:7:12: tags has observables and neither risk_score nor confidence and impact"},
		{"tags:\n  message: m\n  risk_score: high\n" + victim, "r.yml:8:15: tags.risk_score must be a number from 0 to 100"},
		{"tags:\n  message: m\n  confidence: 101\n" + victim, "r.yml:8:15: tags.confidence must be a number from 0 to 100"},
		{"tags:\n  message: m\n  risk_score: 5\n  observable:\n  - {name: dest, role: [Victim]}\n",
			"r.yml:10:5: an observable needs name and type"},
		{"tags:\n  message: by $file$, $file$\n  risk_score: 5\n  observable:\n  - {name: file, type: File, role: [Victim]}\n",
			"warning r.yml:10:12: the observable \"file\" is no column of the rows: no risk event names it\n" +
				"warning r.yml:7:12: the message names \"file\", which is no column of the rows: null stands there"},
		{"tags:\n  throttling: {fields: [dest]}\n", "r.yml:7:15: throttling needs fields and period"},
		{"tags:\n  throttling: {fields: [dest], period: day}\n", "r.yml:7:40: throttling.period must be a number and s, m or h"},
		{"intermediate_findings:\n  entities:\n  - {field: dest, type: system, score: 5}\n",
			"r.yml:8:5: an entity needs field, type, score and message"},
		{"intermediate_findings:\n  entities:\n  - {field: dest, type: system, score: 101, message: m}\n",
			"r.yml:8:40: score must be a whole number from 0 to 100"},
		{"intermediate_findings: []\n", "r.yml:6:24: intermediate_findings must be a mapping"},
		{"finding:\n  title: T\n", "r.yml:7:3: finding needs title and entity"},
		{"finding:\n  title: T $x$\n  entity: {field: dest, type: system, score: 0}\n",
			`r.yml:7:10: cannot load detection: its risk section names "x", which is no column of its rows`},
		{"finding:\n  title: T\n  entity: {field: dest, type: host, score: 0}\n", "r.yml:8:31: type must be one of user, system, other"},
		{"tests:\n- name: n\n", "r.yml:7:3: a test needs name and attack_data"},
		{"tests:\n- name: n\n  attack_data: [{source: s}]\n", "r.yml:8:17: attack_data needs data"},
		{"tests:\n- name: n\n  attack_data: [{data: x}]\n  want: {}\n", "r.yml:9:9: want needs count, events or rows"},
		{"tests:\n- name: n\n  attack_data: [{data: x}]\n  want: {count: -1}\n", "r.yml:9:17: want.count must be a whole number from 0 to 1073741824"},
		{"tests:\n- name: n\n  attack_data: [{data: x}]\n  want: {rows: [{dest: {}}]}\n", "r.yml:9:24: a value of want must be text"},
		{"tests:\n- name: n\n  attack_data: [{data: x}]\n  want: {rows: [{who: x}]}\n",
			`warning r.yml:9:18: the test wants "who", which is no column of the rows`},
		{"tests: {}\n", "r.yml:6:8: tests must be a list"},
	} {
		d, got := load(head + search + c.src)
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.src, got, c.want)
		}
		if (d != nil) != strings.HasPrefix(c.want, "warning") {
			t.Errorf("%s\nloaded: %v", c.src, d != nil)
		}
	}
}

// Hunting searches and correlations of the first generation make no risk events.
func TestFirstGenerationHunting(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]int{"Hunting": 0, "Correlation": 0, "TTP": 1, "Anomaly": 1} {
		d, problems := load("name: N\nid: i\ntype: " + typ + "\n" + search +
			"tags:\n  message: m\n  risk_score: 5\n  observable:\n  - {name: dest, type: Hostname, role: [Victim]}\n")
		if d == nil || problems != "" || len(d.Risk.Objects) != want {
			t.Errorf("%s: %+v, %s", typ, d, problems)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	row := func(s string) Row {
		r, err := ParseRow([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	risk := &Risk{Objects: []RiskObject{{Field: "dest"}, {Field: "user"}}}
	rows := []Row{row(`{"dest":"pc1","user":null,"count":3}`), row(`{"dest":"pc2","user":"u","count":12,"list":["a",1],"one":["a"]}`)}
	want := func(count int, rows ...Row) *Want { return &Want{Count: count, Events: -1, Rows: rows} }
	for _, c := range []struct {
		want   *Want
		risk   *Risk
		rows   []Row
		reason string
	}{
		{nil, risk, nil, "no row"},
		{nil, risk, rows, ""},
		{nil, risk, rows[:1], "no row has a value for each risk object; the last one lacks user"},
		{nil, &Risk{}, rows[:1], ""},
		{want(0), risk, nil, ""},
		{want(0), risk, rows, "count 2, want 0"},
		{want(2, Row{"dest": "pc2", "count": "12"}), risk, rows, ""},
		{want(-1, Row{"user": nil}), risk, rows, ""},
		{want(-1, Row{"list": []string{"a", "1"}}), risk, rows, ""},
		{want(-1, Row{"one": "a"}), risk, rows, "no row has what row 1 of want has"},
		{want(-1, Row{"dest": "pc1"}, Row{"dest": "pc1", "count": "12"}), risk, rows, "no row has what row 2 of want has"},
		{&Want{Count: -1, Events: 7}, risk, nil, ""},
		{&Want{Count: -1, Events: -1, Least: 7}, risk, nil, ""},
		{&Want{Count: -1, Events: -1, Least: 8}, risk, nil, "events 7, want at least 8"},
		{&Want{Count: -1, Events: 8}, risk, rows, "events 7, want 8"},
		{want(-1, Row{"nowhere": nil}), risk, rows, "no row has what row 1 of want has"},
	} {
		test := Test{Want: c.want}
		if got := test.Judge(c.risk, c.rows, 7); got != c.reason {
			t.Errorf("%+v: %q, want %q", c.want, got, c.reason)
		}
	}
	if _, err := ParseRow([]byte(`[]`)); err == nil {
		t.Error("a list is a row")
	}
}

// A content repository's macros are found from the repository, from its folder of
// detections, from one below and from a file, and only its detections are loaded.
func TestContentFolders(t *testing.T) {
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
	write("macros/mine.yml", "name: mine\ndefinition: b=1\n")
	write("stories/s.yml", "name: a story\n")
	write("detections/endpoint/one.yml", head+"search: a=1 `mine` | stats count\n")
	write("detections/endpoint/macros/mine.yml", "name: mine\ndefinition: b=2\n")
	for path, want := range map[string]string{
		"":                            `(= b "1")`,
		"detections":                  `(= b "1")`,
		"detections/endpoint":         `(= b "2")`, // its own are nearer
		"detections/endpoint/one.yml": `(= b "2")`,
	} {
		var l Loader
		found := l.Load(filepath.Join(dir, filepath.FromSlash(path)))
		if len(found) != 1 || len(l.Problems) > 0 {
			t.Errorf("%q: loaded %d, problems %q", path, len(found), l.Problems)
			continue
		}
		if got := found[0].Rule.String(); !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
}

func TestDefine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, src := range map[string]string{
		"f.yml":         head + "search: a=1 `mine` `eq(b, 2)` | stats count\n",
		"one/mine.yml":  "name: mine\ndefinition: c=1\n",
		"two/mine.yml":  "name: mine\ndefinition: c=2\n",
		"macros/m.yml":  "name: mine\ndefinition: e=1\n",
		"none/note.txt": "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for fixed, want := range map[bool]string{true: `(= d "x=y")`, false: `(= c "2")`} {
		var l Loader
		if err := l.Define("eq(x, y)=$x$=$y$"); err != nil {
			t.Fatal(err)
		}
		if fixed {
			if err := l.Define(`mine=d="x=y"`); err != nil {
				t.Fatal(err)
			}
		}
		l.LoadMacroDir(filepath.Join(dir, "one"))
		l.LoadMacroDir(filepath.Join(dir, "two"))
		found := l.Load(filepath.Join(dir, "f.yml"))
		if len(found) != 1 || len(l.Problems) > 0 {
			t.Fatalf("problems %q", l.Problems)
		}
		if got := found[0].Rule.String(); !strings.Contains(got, want) || !strings.Contains(got, `(= b "2")`) {
			t.Errorf("rule %s, want %s", got, want)
		}
	}
	var l Loader
	for _, text := range []string{"", "x", "=y", "a b=c", "f(a,=b", "f(a,)=b", "f(a)(b)=c"} {
		if err := l.Define(text); err == nil {
			t.Errorf("%q is a definition: %v", text, l.Macros)
		}
	}
	l.LoadMacroDir(filepath.Join(dir, "none"))
	l.LoadMacroDir(filepath.Join(dir, "nowhere"))
	if len(l.Problems) != 2 {
		t.Errorf("problems %q", l.Problems)
	}
}

// A file that is larger than any file of rules is not read.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "large.yml")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxFile+1); err != nil {
		t.Fatal(err)
	}
	var l Loader
	if found := l.Load(path); found != nil || len(l.Problems) != 1 || !strings.Contains(l.Problems[0].Error(), "bytes are more than") {
		t.Errorf("%v, %q", found, l.Problems)
	}
}
