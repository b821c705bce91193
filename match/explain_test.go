package match_test

import (
	"strings"
	"testing"

	"sluice/match"
	"sluice/match/rule"
)

func eq(field, value string) rule.Expr {
	return rule.Compare{Field: field, Value: rule.NewPattern(value)}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	find := &rule.Rule{Where: rule.And{eq("EventCode", "4104"), rule.Or{eq("Text", "*Invoke-Rest*"), eq("Text", "*ipinfo.io*")}}, By: []string{"dest"}}
	other := &rule.Rule{Where: rule.And{eq("EventCode", "4104"), rule.Not{X: eq("Text", "*abc*")}}}
	open := &rule.Rule{Where: rule.And{
		rule.Or{eq("a", "xyz1"), eq("b", "*x*"), eq("source", "xyz"), rule.Compare{Field: "c", Op: rule.Ne, Value: rule.NewPattern("abc")}},
		rule.Not{X: eq("d", "abc")}}}

	list, gate := match.Explain([]*rule.Rule{find, other})
	if gate != "4104" {
		t.Errorf("gate %q", gate)
	}
	e := list[0]
	if e.Rule != find.String() || e.Need != `(and "4104" (or "invoke-rest" "ipinfo.io"))` || strings.Join(e.Fields, " ") != "EventCode Text dest" {
		t.Errorf("explained %+v", e)
	}
	if len(e.Anchors) != 2 || e.Anchors[0].Literal != "invoke-rest" || e.Anchors[1].Literal != "ipinfo.io" || len(e.Open) != 0 {
		t.Errorf("anchors %+v", e.Anchors)
	}
	sum := 0.0
	for _, a := range e.Anchors {
		if len(a.Window) != 5 || !strings.Contains(a.Literal, a.Window) || a.PerGB <= 0 {
			t.Errorf("anchor %+v", a)
		}
		sum += a.PerGB
	}
	if e.PerGB != sum {
		t.Errorf("%g in all, want %g", e.PerGB, sum)
	}
	if a := list[1].Anchors; len(a) != 1 || a[0].Literal != "4104" {
		t.Errorf("anchors %+v", a)
	}

	list, gate = match.Explain([]*rule.Rule{find, open, {Where: rule.All{}}})
	if gate != "" {
		t.Errorf("gate %q", gate)
	}
	if e = list[1]; e.Need != "+" || len(e.Anchors) != 0 || e.PerGB != 0 {
		t.Errorf("explained %+v", e)
	}
	for i, want := range []string{`(= b "*x*"): no stretch`, `(= source "xyz"): source is derived`, `(!= c "abc"): only =`, `(not (= d "abc")): a negation`} {
		if i >= len(e.Open) || !strings.HasPrefix(e.Open[i], want) {
			t.Errorf("open %q, want %s", e.Open, want)
		}
	}
	re, err := rule.NewRegexp("a.b")
	if err != nil {
		t.Fatal(err)
	}
	forms, _ := match.Explain([]*rule.Rule{{Where: rule.Or{
		rule.Matches{Field: "a", Re: re}, rule.Matches{Field: "source", Re: re}, rule.SameField{Field: "a", Other: "b"}, rule.Term{Value: rule.NewPattern("*ab*")}}}})
	for i, want := range []string{": no stretch", ": source is derived", ": it holds", ": it holds"} {
		if i >= len(forms[0].Open) || !strings.Contains(forms[0].Open[i], want) {
			t.Errorf("open %q, want %s", forms[0].Open, want)
		}
	}
	if f := forms[0].Fields; f[len(f)-1] != "*" {
		t.Errorf("fields %q", f)
	}
	if len(e.Open) != 4 || len(list[2].Open) != 1 {
		t.Errorf("open %q and %q", e.Open, list[2].Open)
	}
}

func TestIndent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"+", "+"},
		{`where (= a "b")`, `where (= a "b")`},
		{`where (and (= a "(x | y") (or (= b "\") (z") (= c "d"))) | stats count() as count by a`,
			"where (and\n  (= a \"(x | y\")\n  (or\n    (= b \"\\\") (z\")\n    (= c \"d\")))\n| stats count() as count by a"},
		{`(and "aaaaaaaaaaaaaaaaaaaaaaa" "b")`, "(and\n  \"aaaaaaaaaaaaaaaaaaaaaaa\"\n  \"b\")"},
	} {
		got := match.Indent(c.text, 24)
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
		if flat := strings.Join(strings.Fields(got), " "); flat != strings.Join(strings.Fields(c.text), " ") {
			t.Errorf("%s became %s", c.text, flat)
		}
	}
}

// Any text keeps its bytes but for white space.
func FuzzIndent(f *testing.F) {
	for _, s := range []string{`where (and (= a "b") (not (= c "d"))) | stats`, `)(`, `"`, `("\`, `()`, `( )`, `a (b`, `(b) (c)`} {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		got := match.Indent(s, width)
		if strings.Join(strings.Fields(got), "") != strings.Join(strings.Fields(s), "") {
			t.Errorf("%q became %q", s, got)
		}
	})
}
