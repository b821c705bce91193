package sigma_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const abc = "a:\n  A: 1\nb:\n  B: 1\nc1:\n  C: 1\nc2:\n  D: 1\n_hidden:\n  E: 1\n"

var conditionFixtures = []fixture{
	{
		name: "or is weaker than and, and weaker than not", detection: "a:\n  A: 1\nb:\n  B: 1\nc:\n  C: 1\ncondition: a or not b and c",
		yes: []string{`{"A":1}`, `{"C":1}`, `{"A":1,"B":1}`}, no: []string{`{"B":1,"C":1}`, `{"X":1}`},
	},
	{
		name: "parentheses", detection: "a:\n  A: 1\nb:\n  B: 1\nc:\n  C: 1\ncondition: (a or not b) AND not (not c)",
		yes: []string{`{"A":1,"B":1,"C":1}`, `{"C":1}`}, no: []string{`{"A":1}`, `{"B":1,"C":1}`},
	},
	{
		name: "1 of and any of", detection: abc + "condition: 1 of c* and any of a and _hidden and b",
		yes: []string{`{"A":1,"B":1,"C":1,"E":1}`, `{"A":1,"B":1,"D":1,"E":1}`}, no: []string{`{"A":1,"B":1,"E":1}`, `{"A":1,"B":1,"C":1}`},
	},
	{
		name: "all of", detection: abc + "condition: all of c* and a or b or _hidden",
		yes: []string{`{"A":1,"C":1,"D":1}`, `{"B":1}`}, no: []string{`{"A":1,"C":1}`, `{"C":1,"D":1}`},
	},
	{
		name: "them leaves out names with an underscore", detection: abc + "condition: all of them or _hidden",
		yes: []string{`{"A":1,"B":1,"C":1,"D":1}`, `{"E":1}`}, no: []string{`{"A":1,"B":1,"C":1}`},
	},
	{
		name: "names with an underscore may be meant", detection: "_a:\n  A: 1\n_b:\n  B: 1\ncondition: 1 of _*",
		yes: []string{`{"A":1}`, `{"B":1}`}, no: []string{`{"C":1}`},
	},
	{
		name: "some of", detection: abc + "condition: 3 of them or _hidden",
		yes: []string{`{"A":1,"B":1,"C":1}`, `{"B":1,"C":1,"D":1}`, `{"A":1,"B":1,"C":1,"D":1}`}, no: []string{`{"A":1,"B":1}`, `{"C":1,"D":1}`},
	},
	{
		name: "a list of conditions", detection: "a:\n  A: 1\nb:\n  B: 1\ncondition:\n  - a\n  - b",
		yes: []string{`{"A":1}`, `{"B":1}`}, no: []string{`{"C":1}`},
	},
	{
		name: "not 1 of", detection: "s:\n  A: 1\nf_x:\n  B: 1\nf_y:\n  C: 1\ncondition: s and not 1 of f_*",
		yes: []string{`{"A":1}`}, no: []string{`{"A":1,"B":1}`, `{"A":1,"C":1}`},
	},
}

var sourceFixtures = []fixture{
	{
		name: "process creation by Sysmon", logsource: "category: process_creation", channel: "Microsoft-Windows-Sysmon/Operational", id: 1,
		detection: "s:\n  Image|endswith: oven.exe\n  User: BAKERY\\ann\ncondition: s",
		yes:       []string{`{"Image":"c:\\oven.exe","User":"bakery\\Ann"}`}, no: []string{`{"NewProcessName":"c:\\oven.exe","User":"BAKERY\\ann"}`},
	},
	{
		name: "process creation by the Security log", logsource: "category: process_creation", channel: "Security", id: 4688,
		detection: "s:\n  Image|endswith: oven.exe\n  ParentImage: c:\\till.exe\n  IntegrityLevel: High\n  User: ann\ncondition: s",
		yes:       []string{`{"NewProcessName":"c:\\oven.exe","ParentProcessName":"C:\\till.exe","MandatoryLabel":"S-1-16-12288","SubjectUserName":"Ann"}`},
		no:        []string{`{"NewProcessName":"c:\\oven.exe","ParentProcessName":"C:\\till.exe","MandatoryLabel":"S-1-16-8192","SubjectUserName":"Ann"}`, `{"Image":"c:\\oven.exe"}`},
	},
	{
		name: "another event id", logsource: "category: process_creation", channel: "Microsoft-Windows-Sysmon/Operational", id: 11,
		detection: "s:\n  Image|endswith: oven.exe\ncondition: s", no: []string{`{"Image":"c:\\oven.exe"}`},
	},
	{
		name: "another channel", logsource: "category: ps_script", channel: "Security",
		detection: "s:\n  ScriptBlockText|contains: oven\ncondition: s", no: []string{`{"ScriptBlockText":"Start-Oven"}`},
	},
	{
		name: "PowerShell Core", channel: "PowerShellCore/Operational",
		detection: "s:\n  ScriptBlockText|contains: oven\ncondition: s", yes: []string{`{"ScriptBlockText":"Start-Oven"}`},
	},
	{
		name: "registry keys made", logsource: "category: registry_add", channel: "Microsoft-Windows-Sysmon/Operational", id: 12,
		detection: "s:\n  TargetObject|contains: Oven\ncondition: s",
		yes:       []string{`{"TargetObject":"HKLM\\Oven","EventType":"CreateKey"}`, `{"TargetObject":"HKLM\\Oven","EventType":"INFO"}`}, no: []string{`{"TargetObject":"HKLM\\Oven","EventType":"DeleteKey"}`},
	},
	{
		name: "registry keys deleted", logsource: "category: registry_delete", channel: "Microsoft-Windows-Sysmon/Operational", id: 12,
		detection: "s:\n  TargetObject|contains: Oven\ncondition: s",
		yes:       []string{`{"TargetObject":"HKLM\\Oven","EventType":"DeleteValue"}`, `{"TargetObject":"HKLM\\Oven"}`}, no: []string{`{"TargetObject":"HKLM\\Oven","EventType":"CreateKey"}`},
	},
	{
		name: "a service and an event id", logsource: "service: security", channel: "Security", id: 4624,
		detection: "s:\n  EventID: [4624, 4625]\n  Provider_Name: some provider\n  Computer|startswith: 'yes'\ncondition: s",
		yes:       []string{`{"A":1}`}, no: []string{`{"A":1}`},
	},
	{
		name: "a category in a service", logsource: "category: process_creation\n  service: security", channel: "Security", id: 4688,
		detection: "s:\n  Image: oven.exe\ncondition: s", yes: []string{`{"NewProcessName":"oven.exe"}`}, no: []string{`{"Image":"oven.exe"}`},
	},
	{
		name: "every Windows event", logsource: "definition: none", channel: "Bakery", id: 7,
		detection: "s:\n  Text: rye\ncondition: s", yes: []string{`{"Text":"rye"}`}, no: []string{`{"Text":"oat"}`},
	},
	{
		name: "data without names", logsource: "category: ps_classic_start", channel: "Windows PowerShell", id: 400,
		detection: "s:\n  Data|contains: HostApplication=oven\ncondition: s",
		yes: []string{
			"<EventData><Data>Available</Data><Data>None</Data><Data>\tNewEngineState=Available\n\tHostApplication=oven.exe -warm\n</Data></EventData>",
			`{"Data":["Available","HostApplication=oven.exe"]}`, `{"Data":{"#text":["Available","HostApplication=oven.exe"]}}`, `{"param3":"HostApplication=oven.exe"}`,
			`{"Message":"Engine state is changed. HostApplication=oven.exe"}`,
		},
		no: []string{"<EventData><Data>Available</Data><Data>HostApplication=till.exe</Data></EventData>", `{"param4":"HostApplication=oven.exe"}`},
	},
	{
		name: "names in words", logsource: "service: windefend", channel: "Microsoft-Windows-Windows Defender/Operational", id: 1116,
		detection: "s:\n  ThreatName|startswith: Mould\n  SourceName: Cellar\n  Feature_Name: Nose\ncondition: s",
		yes:       []string{`{"Threat Name":"Mould:Rye","Source Name":"cellar","Feature Name":"nose"}`, `{"ThreatName":"Mould","Source Name":"cellar","Feature_Name":"nose"}`},
		no:        []string{`{"Threat Name":"Mould:Rye","SourceName":"oven","Feature Name":"nose"}`},
	},
	{
		name: "event data called like a part of the System section", logsource: "service: system", channel: "System", id: 104,
		detection: "s:\n  Name: ann\n  Level: [Information, 9]\nf:\n  Channel: System\ncondition: s and not f",
		yes: []string{`{"Channel":"Security","Name":"Ann"}`,
			"<UserData><LogFileCleared xmlns='http://x'><Name>ann</Name><Channel>Bakery</Channel></LogFileCleared></UserData>"},
		no: []string{`{"Channel":"system","Name":"Ann"}`, `{"Name":"Ann"}`, `{"Channel":"Security"}`},
	},
	{
		name: "hashes", logsource: "category: driver_load", channel: "Microsoft-Windows-Sysmon/Operational", id: 6,
		detection: "s:\n  Imphash: [00aa, 11bb]\n  md5: null\ncondition: s",
		yes:       []string{`{"Hashes":"SHA1=1,IMPHASH=11BB"}`, `{"Imphash":"00AA"}`}, no: []string{`{"Hashes":"SHA1=11BB,IMPHASH=22"}`, `{"Hashes":"MD5=5,IMPHASH=11BB"}`},
	},
	{
		name: "hashes that are empty", logsource: "category: driver_load", channel: "Microsoft-Windows-Sysmon/Operational", id: 6,
		detection: "s:\n  md5: ''\n  Imphash|exists: true\ncondition: s",
		yes:       []string{`{"Hashes":"MD5=,IMPHASH=11BB"}`, `{"Hashes":"IMPHASH=,MD5= "}`, `{"md5":"","Imphash":""}`},
		no:        []string{`{"Hashes":"MD5=5,IMPHASH=22"}`, `{"Hashes":"MD5=,SHA1="}`, `{"Imphash":"1"}`},
	},
	{
		name: "the kernel's files", logsource: "category: file_access", channel: "Microsoft-Windows-Kernel-File/Analytic", id: 12,
		detection: "s:\n  FileName|contains: oven\ncondition: s", no: []string{`{"FileName":"c:\\oven"}`}, // of another provider
	},
}

// What a rule gives besides its condition.
func TestRule(t *testing.T) {
	r, problems := compileText(t, []byte(`
title: Oven left on
id: 8f0c1b1e-0000-4000-8000-000000000001
status: test
level: high
description: Tells of an oven.
tags: [attack.execution, attack.t1059.001]
author: a baker
logsource: {product: windows, category: process_creation}
detection:
  s:
    Image|endswith: oven.exe
    CommandLine|contains: warm
  f:
    ParentImage: null
  condition: s and not f
`))
	if r == nil || len(problems) > 0 {
		t.Fatal(problems)
	}
	if r.Title != "Oven left on" || r.ID != "8f0c1b1e-0000-4000-8000-000000000001" || r.Status != "test" || r.Level != "high" ||
		r.Description != "Tells of an oven." || !slices.Equal(r.Tags, []string{"attack.execution", "attack.t1059.001"}) {
		t.Errorf("got %+v", r)
	}
	const want = `where (or ` +
		`(and (= Channel "Microsoft-Windows-Sysmon/Operational") (= EventID "1") (= Image "*oven.exe") (= CommandLine "*warm*") (not (not (= ParentImage "*")))) ` +
		`(and (= Channel "Security") (= EventID "4688") (= NewProcessName "*oven.exe") (= CommandLine "*warm*") (not (not (= ParentProcessName "*")))))` +
		` | values as sigma | stats count() as count min(_time) as firstTime max(_time) as lastTime` +
		` by dest user_id Image CommandLine ParentImage NewProcessName ParentProcessName | nulls` +
		` | time firstTime "%Y-%m-%dT%H:%M:%S" | time lastTime "%Y-%m-%dT%H:%M:%S"`
	if got := r.Rule.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func manySearches() string {
	var b strings.Builder
	for i := range 1001 {
		fmt.Fprintf(&b, "  s%d: a\n", i)
	}
	return b.String()
}

// What is refused is refused with a reason, and its place in the text.
func TestRefused(t *testing.T) {
	const plain = "title: a\nlogsource: {product: windows, category: ps_script}\ndetection:\n"
	for _, c := range []struct {
		text, want string
		line       int
	}{
		{"- a\n", "the rule must be a mapping", 1},
		{"logsource: {}\n", "the rule has no title", 1},
		{"title: a\n", "the rule has no logsource", 1},
		{"title: a\nlogsource: {product: windows}\n", "the rule has no detection", 1},
		{"title: a\ntitle: b\n", `key "title" stands twice in the rule`, 2},
		{"title: [a]\n", "title must be text", 1},
		{"title: a\ncorrelation:\n  type: event_count\n", "correlation rules are not supported", 2},
		{"title: a\ntaxonomy: other\n", "cannot compile a rule of another taxonomy than sigma", 2},
		{"title: a\nlogsource: {product: linux}\ndetection: {}\n", "only log sources of product windows are supported", 2},
		{"title: a\nlogsource: {category: process_creation}\ndetection: {}\n", "only log sources of product windows are supported", 2},
		{"title: a\nlogsource:\n  product: windows\n  category: weather\ndetection: {}\n", `unknown category "weather"; known are clipboard_capture, `, 4},
		{"title: a\nlogsource:\n  product: windows\n  service: weather\ndetection: {}\n", `unknown service "weather"; known are application, `, 4},
		{"title: a\nlogsource:\n  product: windows\n  category: dns_query\n  service: security\ndetection: {}\n", `no event of category "dns_query" is in the log of service "security"`, 5},
		{plain + "  s:\n    A: 1\n", "detection has no condition", 4},
		{plain + "  s:\n    A: 1\n  timeframe: 5m\n  condition: s\n", "timeframe is not supported", 6},
		{plain + "  s:\n    A: 1\n  condition: s | count() by A > 5\n", "aggregations (| count() …, | near …) are not supported, at character 3", 6},
		{plain + "  s:\n    A: 1\n  condition: s and\n", "the condition ends too soon, at character 6", 6},
		{plain + "  s:\n    A: 1\n  condition: t\n", `there is no "t" in the detection, at character 1`, 6},
		{plain + "  s:\n    A: 1\n  condition: (s\n", "the condition ends too soon", 6},
		{plain + "  s:\n    A: 1\n  condition: s s\n", `"s" is not expected, at character 3`, 6},
		{plain + "  s:\n    A: 1\n  condition: 1 of t*\n", `the detection has 0 searches "t*", at character 6`, 6},
		{plain + "  s:\n    A: 1\n  condition: 2 of s*\n", `the detection has 1 searches "s*"`, 6},
		{plain + "  s:\n    A: 1\n  condition: some of s*\n", `"some" is no number of searches`, 6},
		{plain + "  s:\n    A: 1\n  condition: {a: b}\n", "a condition must be text", 6},
		{plain + "  s:\n    A: 1\n  condition: " + strings.Repeat("not ", 200) + "s\n", "the condition nests deeper than 100", 6},
		{plain + "  s:\n    A: 1\n  condition: " + strings.Repeat("(", 200) + "s\n", "the condition nests deeper than 100", 6},
		{plain + "  s: {}\n  condition: s\n", "a search is empty", 4},
		{plain + "  s: []\n  condition: s\n", `"s" is empty`, 4},
		{plain + "  s:\n    A: []\n  condition: s\n", "there is no value to compare with", 5},
		{plain + "  s:\n    A: {b: c}\n  condition: s\n", "a value must be text, a number, a boolean or null", 5},
		{plain + "  s:\n    A: [[b]]\n  condition: s\n", "a value must be text, a number, a boolean or null", 5},
		{plain + "  s:\n    A: &x [*x]\n  condition: s\n", "a value must be text, a number, a boolean or null", 5},
		{plain + "  s:\n    A|sounds: b\n  condition: s\n", `unknown modifier "sounds"`, 5},
		{plain + "  s:\n    A|i: b\n  condition: s\n", `unknown modifier "i"`, 5},
		{plain + "  s:\n    A|expand: '%b%'\n  condition: s\n", `modifier "expand" needs values for placeholders`, 5},
		{plain + "  s:\n    A|hour: 3\n  condition: s\n", "parts of times are not", 5},
		{plain + "  s:\n    A|re|cidr: b\n  condition: s\n", `modifier "cidr" does not go with another`, 5},
		{plain + "  s:\n    A|re|contains: b\n  condition: s\n", `modifier "contains" goes only with text`, 5},
		{plain + "  s:\n    A|cased|gt: 1\n  condition: s\n", `modifier "cased" goes only with text`, 5},
		{plain + "  s:\n    '|re': b\n  condition: s\n", `modifier "re" needs a field`, 5},
		{plain + "  s: [null]\n  condition: s\n", "null does not go with keywords and modifiers", 4},
		{plain + "  s:\n    A|contains: null\n  condition: s\n", "null does not go with keywords and modifiers", 5},
		{plain + "  s:\n    A|re: '(?=b)c'\n  condition: s\n", "cannot use the regular expression: lookaround is not supported (RE2): (?= at character 1", 5},
		{plain + "  s:\n    A|re: 'a{999}{999}'\n  condition: s\n", "cannot use the regular expression", 5},
		{plain + "  s:\n    A|cidr: bakery\n  condition: s\n", `"bakery" is no network`, 5},
		{plain + "  s:\n    A|gt: many\n  condition: s\n", `"many" is no decimal number`, 5},
		{plain + "  s:\n    A|exists: maybe\n  condition: s\n", "exists takes true or false", 5},
		{plain + "  s:\n    A|fieldref: ''\n  condition: s\n", "fieldref takes the name of a field", 5},
		{plain + "  s:\n    A|fieldref|windash: b\n  condition: s\n", "only one of contains, startswith and endswith goes with fieldref", 5},
		{plain + "  s:\n    A|base64: 'b*'\n  condition: s\n", "a text for base64 must not hold wildcards", 5},
		{plain + "  s:\n    A|wide: b\n  condition: s\n", "wide must be followed by base64 or base64offset", 5},
		{plain + "  s:\n    A|windash: '-a -b -c -d -e -f'\n  condition: s\n", "a value has more than 1000 spellings", 5},
		{plain + "  s:\n    md5|contains: b\n  condition: s\n", "md5 is looked for in Hashes", 5},
		{plain + manySearches() + "  condition: s1\n", "detection has more than 1000 searches", 1004},
		{plain + "  s:\n    A: [" + strings.Repeat("a, ", 40000) + "a]\n  condition: s or s or s\n", "more than 100000 conditions", 6},
	} {
		r, problems := compileText(t, []byte(c.text))
		if len(c.text) > 300 {
			c.text = c.text[:300]
		}
		if r != nil || len(problems) == 0 {
			t.Errorf("compiles, with %v:\n%s", problems, c.text)
			continue
		}
		p := problems[len(problems)-1]
		if p.Warning || !strings.Contains(p.Msg, c.want) || p.Node == nil || p.Node.Line != c.line {
			t.Errorf("%q at line %v, want %q at %d:\n%s", p.Msg, p.Node, c.want, c.line, c.text)
		}
	}
}

func TestWarnings(t *testing.T) {
	r, problems := compileText(t, []byte("title: a\nlevel: huge\nweather: fair\nlogsource: {product: windows, sun: yes}\ndetection:\n  s: a\n  t: b\n  condition: s\n"))
	var got []string
	for _, p := range problems {
		if !p.Warning {
			t.Errorf("%q is no warning", p.Msg)
		}
		got = append(got, p.Msg)
	}
	want := []string{`unknown level "huge"; known are informational, low, medium, high, critical`, `unknown key "weather" in the rule`, `unknown key "sun" in logsource`, `the condition does not use "t"`}
	if r == nil || !slices.Equal(got, want) {
		t.Errorf("rule %v, warnings %q, want %q", r, got, want)
	}
}
