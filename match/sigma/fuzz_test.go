package sigma_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"sluice/match/sigma"
)

// Whatever a file holds, compiling it ends, with a rule or with an error, and what
// is bounded stays so.
func FuzzCompile(f *testing.F) {
	const head = "title: a\nlogsource:\n  product: windows\n  category: process_creation\ndetection:\n  s:\n    "
	for _, s := range []string{
		"Image|endswith: \\a.exe\n  condition: s",
		"CommandLine|contains|all|windash: [' -a', ' /b']\n    User: null\n  condition: s and not 1 of s*",
		"CommandLine|wide|base64offset|contains: x\n  condition: [s, all of them]",
		"A|re|i: a|b$\n    B|cidr: ::1/64\n    C|gte: 3\n    D|fieldref|endswith: E\n  condition: (s)",
		"imphash: [1, 0x10, '', true]\n    IntegrityLevel: High\n  t: [a, {b: c}]\n  condition: 2 of them",
		"a: &x [*x]\n  condition: s",
	} {
		f.Add(head + s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var doc yaml.Node
		if len(text) > 4000 || yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Content) == 0 {
			t.Skip()
		}
		r, problems := sigma.Compile(doc.Content[0])
		if (r == nil) != (firstError(problems) != "") {
			t.Fatalf("rule %v with problems %v", r, problems)
		}
		if r == nil {
			return
		}
		if r.Rule.Where == nil || len(r.Rule.By) < 2 || r.Title == "" {
			t.Fatalf("incomplete rule %+v", r)
		}
		if s := r.Rule.String(); len(s) > 100<<20 || strings.Contains(s, "%!") {
			t.Fatalf("it prints as %d bytes", len(s))
		}
	})
}
