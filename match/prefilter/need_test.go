package prefilter

import (
	"regexp"
	"strings"
	"testing"

	"sluice/match/rule"
)

func matchesOf(t testing.TB, field, src string) rule.Expr {
	t.Helper()
	re, err := rule.NewRegexp(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return rule.Matches{Field: field, Re: re}
}

func TestAnalyzeForms(t *testing.T) {
	for _, c := range [][2]string{
		{`Invoke-Web`, `"invoke-web"`},
		{`(?i)Invoke-Web`, `(and "invo" "e-web")`}, // regexp takes the Kelvin sign for k
		{`(?i)net\.webclient`, `"net.webclient"`},
		{`a(bc.d)efg`, `(and "abc" "defg")`},
		{`foo\bbar$`, `"foobar"`},
		{`(abc|def)ghi`, `(and (or "abc" "def") "ghi")`},
		{`abc|d`, `+`},
		{`abc?def`, `"def"`},
		{`x(abc)+y`, `"abc"`},
		{`x(abc){2,}y`, `"abc"`},
		{`x(abc){0,2}y`, `+`},
		{`x(abc)*yes`, `"yes"`},
		{`\\Temp\\file`, `(and "\temp\" "\file")`},
		{`na\x{ef}ve.caf\x{e9}`, `"caf"`},
		{`(?i)na\x{ef}ve.caf\x{e9}`, `"caf"`},
		{`NT AUTHORITY\\СИСТЕМА`, `"nt authority\"`},
		{`(?i)СИСТЕМА|ΣΊΣΥΦΟΣ`, `+`}, // letters beyond ASCII are not looked for
		{`(?i)ſabc\x{212a}def`, `(and "abc" "def")`},
		{`.*`, `+`},
		{``, `+`},
	} {
		if got := Analyze(matchesOf(t, "Text", c[0])).String(); got != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], got, c[1])
		}
	}
	if got := Analyze(matchesOf(t, "signature", "Remote Command")).String(); got != "+" {
		t.Errorf("a derived field needs %s", got)
	}
	glob := rule.Glob(rule.ParseGlob(`*One?Two\*three*`), true)
	for _, e := range []rule.Expr{rule.Compare{Field: "Text", Value: glob}, rule.Term{Value: glob}} {
		if got, want := Analyze(e).String(), `(and "one" "two*three")`; got != want {
			t.Errorf("%s needs %s, want %s", e, got, want)
		}
	}
	for _, e := range []rule.Expr{rule.InNet{Field: "a"}, rule.SameField{Field: "a", Other: "b"}} {
		if got := Analyze(e).String(); got != "+" {
			t.Errorf("%s needs %s", e, got)
		}
	}
}

// stands reports whether the needed literals stand in folded text.
func stands(n Need, folded string) bool {
	switch n.op {
	case literal:
		return strings.Contains(folded, n.lit)
	case all:
		for _, p := range n.parts {
			if !stands(p, folded) {
				return false
			}
		}
	case any:
		for _, p := range n.parts {
			if stands(p, folded) {
				return true
			}
		}
		return false
	}
	return true
}

// What an expression matches holds what is required.
func FuzzRegexpNeed(f *testing.F) {
	for _, src := range []string{`(?i)invoke-web`, `(abc|dEf)+[gh]i`, `^x{2,3}yz\b`, `(?s).(foo|bar\\baz)`, `(?im)^kSk$|sss`, `(?i)Système.СИС|ΣΣς`, `[É-ü]abcẞ`} {
		f.Add(src, "SYSTÈMEé сиСσςΣéabcß Invo\u212ae-Web abcdefGI xxyz foo bar\\baz \u017f\u017f\u017f")
	}
	f.Fuzz(func(t *testing.T, src, value string) {
		if len(src) > 200 {
			t.Skip()
		}
		compiled, err := rule.NewRegexp(src)
		if err != nil {
			t.Skip()
		}
		need := Analyze(rule.Matches{Field: "Text", Re: compiled})
		for _, text := range []string{value, src, regexp.MustCompile(`[\\()|?+*^$]`).ReplaceAllString(src, "")} {
			if compiled.Find().Match([]byte(text)) && !stands(need, rule.FoldString(text)) {
				t.Errorf("%q matches %q, which lacks %s", src, text, need)
			}
		}
	})
}
