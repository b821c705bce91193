package rule

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// globMatches is the obvious matcher of parts.
func globMatches(parts []Part, cased bool, value []rune) bool {
	if len(parts) == 0 {
		return len(value) == 0
	}
	rest := parts[1:]
	switch p := parts[0]; p.Kind {
	case Any:
		return globMatches(rest, cased, value) || len(value) > 0 && globMatches(parts, cased, value[1:])
	case One:
		return len(value) > 0 && globMatches(rest, cased, value[1:])
	default:
		lit := units(p.Text)
		if len(value) < len(lit) {
			return false
		}
		for i, r := range lit {
			if r != value[i] && (cased || foldUnit(r) != foldUnit(value[i])) {
				return false
			}
		}
		return globMatches(rest, cased, value[len(lit):])
	}
}

func checkGlob(t *testing.T, text string, cased bool, value string) {
	t.Helper()
	p := Glob(ParseGlob(text), cased)
	subject := []byte(value)
	if !cased {
		subject = Fold(nil, subject)
	}
	got := p.Match(subject)
	if want := globMatches(ParseGlob(text), cased, units(value)); got != want {
		t.Errorf("%s matches %q: %v, want %v", p, value, got, want)
	}
	if got {
		rest := FoldString(value)
		for _, piece := range p.Pieces() {
			_, behind, found := strings.Cut(rest, piece)
			if !found {
				t.Errorf("%s matches %q without its piece %q", p, value, piece)
			}
			rest = behind
		}
	}
	// What is printed means what it meant.
	again := NewPattern(p.Text())
	if strings.HasPrefix(p.String(), "glob") || strings.HasPrefix(p.String(), "cased") {
		again = Glob(ParseGlob(p.Text()), cased)
	}
	if again.String() != p.String() || !slices.Equal(again.Parts(), p.Parts()) {
		t.Errorf("%s printed and read again is %s", p, again)
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, value string
		want        bool
	}{
		{"a?c", "aBc", true},
		{"a?c", "ac", false},
		{"a?c", "abbc", false},
		{"a?c", "a\u00e4c", true},   // a character and not a byte
		{"a?c", "a\xffc", true},     // a byte that is none counts as one
		{"a?c", "a\u212ac", true},   // however it folds
		{"a??c", "a\u00e4c", false}, // not two
		{"a?", "a\n", true},
		{"?", "", false},
		{"*?", "", false},
		{"*?*", "x", true},
		{"*a?b*", "aab xb acb", true},
		{"*a?b", "axbaxb", true},
		{"?*b", "b", false},
		{`a\*b`, "a*b", true},
		{`a\*b`, "axb", false},
		{`a\?b`, "axb", false},
		{`a\?b`, "a?b", true},
		{`c:\temp\x`, `C:\TEMP\X`, true},
		{`c:\\temp`, `c:\temp`, true}, // two backslashes are one
		{`\\\\host\*`, `\\host*`, true},
		{`\\\\host\\*`, `\\host\share`, true},
		{`\\*`, `\anything`, true},
		{`\\\*`, `\*`, true},
		{`\\\*`, `\x`, false},
		{`a\`, `a\`, true},
	} {
		if got := Glob(ParseGlob(c.text), false).Match(Fold(nil, []byte(c.value))); got != c.want {
			t.Errorf("%q matches %q: %v, want %v", c.text, c.value, got, c.want)
		}
		checkGlob(t, c.text, false, c.value)
		checkGlob(t, c.text, true, c.value)
	}
	if Glob(ParseGlob("*AbC*"), true).Match([]byte("xabcx")) || !Glob(ParseGlob("*AbC*"), true).Match([]byte("xAbCx")) {
		t.Error("a cased pattern must tell case apart, and only that")
	}
}

func TestPatternString(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p    Pattern
		want string
	}{
		{NewPattern(`a*b?c\`), `"a*b?c\\"`},
		{Glob(ParseGlob(`a*b\?c\`), false), `"a*b?c\\"`},
		{Glob(ParseGlob(`a*b?c`), false), `glob"a*b?c"`},
		{Glob(ParseGlob(`a\*b\\c`), false), `glob"a\\*b\\\\c"`},
		{Glob(ParseGlob(`a*b\?`), true), `cased"a*b\\?"`},
		{Glob(nil, false), `""`},
	} {
		if got := c.p.String(); got != c.want {
			t.Errorf("prints as %s, want %s", got, c.want)
		}
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("*a?b", false, "xAyB")
	f.Add(`\*\?\\*`, true, `*?\x`)
	f.Add("?\u212a*?", false, "k\xff")
	f.Fuzz(func(t *testing.T, text string, cased bool, value string) {
		if !utf8.ValidString(text) || strings.Count(text, "*") > 4 || len(value) > 100 {
			t.Skip()
		}
		checkGlob(t, text, cased, value)
	})
}

func TestFormsString(t *testing.T) {
	t.Parallel()
	re, err := NewRegexp(`(?i)a"b`)
	if err != nil {
		t.Fatal(err)
	}
	r := &Rule{Where: And{
		Matches{"a b", re}, InNet{"ip", netip.MustParsePrefix("10.0.0.0/8")},
		Or{SameField{"x", "y z", EndsWith, false}, SameField{"x", "y z", Equals, true}, Term{NewPattern("*t*")}},
	}}
	const want = `(and (matches "a b" "(?i)a\"b") (in ip 10.0.0.0/8) (or (endswith x "y z") (cased equals x "y z") (term "*t*")))`
	if got := r.Where.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := r.Fields(), []string{"a b", "ip", "x", "y z"}; !slices.Equal(got, want) {
		t.Errorf("Fields = %q, want %q", got, want)
	}
	if !r.ReadsAll() || (&Rule{Where: Not{Or{}}}).ReadsAll() {
		t.Error("only a rule with a term reads all")
	}
}

func TestInNet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		net, value string
		want       bool
	}{
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"10.0.0.0/8", "::ffff:10.0.0.1", true},
		{"::ffff:10.0.0.0/104", "10.9.9.9", true},
		{"10.9.8.7/8", "10.0.0.1", true},
		{"fe80::/10", "fe80::1%12", true},
		{"::1/128", "0:0:0:0:0:0:0:1", true},
		{"::/0", "10.0.0.1", false},
		{"0.0.0.0/0", "::1", false},
		{"10.0.0.0/8", "10.0.0", false},
		{"10.0.0.0/8", "", false},
		{"10.0.0.0/8", "10.0.0.1:80", false},
		{"10.0.0.0/8", strings.Repeat("1", 100), false},
	} {
		n := InNet{"f", Network(netip.MustParsePrefix(c.net))}
		if got := n.Contains([]byte(c.value)); got != c.want {
			t.Errorf("%s holds %q: %v, want %v", n, c.value, got, c.want)
		}
	}
}

func TestRegexpIsBounded(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"(", `(?=a)`, `(a)\1`, "a{1001}", "((a{100}){100}){100}", strings.Repeat("a", 1<<20), strings.Repeat("x{900}", 30)} {
		if _, err := NewRegexp(src); err == nil {
			t.Errorf("NewRegexp(%.40q) is taken", src)
		}
	}
}
