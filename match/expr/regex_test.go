package expr

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// A lookbehind that CompileTest rewrites holds where some match stands behind another
// character, or at the beginning.
func TestCompileTest(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	held := 0
	for _, c := range []struct{ not, pattern string }{
		{"/", `\b\w+:\w+$`}, {`\/`, `b`}, {"[/x]", `b+`}, {"a", `(b|/)`}, {`\.`, `x?`}, {"b", `\Bb`}, {`[\/a]`, `[a|b]\|?`},
	} {
		re, err := CompileTest("(?<!" + c.not + ")" + c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		char := strings.NewReplacer("[", "", "]", "", `\`, "").Replace(c.not)
		for range 300 {
			b := make([]byte, rng.IntN(6))
			for i := range b {
				b[i] = "ab/x:.|\n"[rng.IntN(8)]
			}
			text, want := string(b), false
			for i := 0; i <= len(text); i++ {
				at := regexp.MustCompile(fmt.Sprintf(`\A(?s:.{%d})(?:%s)`, i, strings.ReplaceAll(c.pattern, "$", `\n?\z`)))
				want = want || (i == 0 || !strings.Contains(char, text[i-1:i])) && at.MatchString(text)
			}
			if got := re.MatchString(text); got != want {
				t.Errorf("(?<!%s)%s of %q: %v, want %v", c.not, c.pattern, text, got, want)
			}
			if want {
				held++
			}
		}
	}
	if held < 100 {
		t.Errorf("only %d held", held)
	}
	for _, text := range []string{`(?<!a)b|c`, `(?<!ab)c`, `x(?<!a)b`, `(?<=a)b`, `(?<![^a])b`, `(?!a)b`, `(?<!\w)b`, `(?<!a)(b`, `(?<!.)b`} {
		if re, err := CompileTest(text); err == nil {
			t.Errorf("%s is taken as %s", text, re)
		}
	}
}

// Expressions are those of PCRE; where a match begins counts for all but tests.
func TestCompilePCRE(t *testing.T) {
	t.Parallel()
	re, err := Compile(`\s+$|\h`)
	if err != nil {
		t.Fatal(err)
	}
	if got := ReplaceAll(re, "a\u00a0b\v\n", "_"); got != "a_b_" {
		t.Errorf("%s makes %q", re, got)
	}
	if re, err := Compile(`a\Kb`); err == nil || !strings.Contains(err.Error(), `\K is supported only where`) {
		t.Errorf("%v, %v", re, err)
	}
	if re, err := CompileTest(`(?<!x)a\Kb\s`); err != nil || !re.MatchString("ab\v") || re.MatchString("xab ") {
		t.Errorf("%v, %v", re, err)
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{`\1-\2`: "${1}-${2}", `$1`: "$$1", `a\b\`: `a\b\`, `\\1`: `\${1}`, `\0x`: "${0}x"} {
		if got := Template(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A field's name prints so that it is no literal and no other name.
func TestPrintField(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"a_1": "a_1", "1a": `$"1a"`, "a b": `$"a b"`, "": `$""`, "null": `$"null"`, "ä": `$"ä"`, "a.b": `$"a.b"`} {
		if got := PrintField(in); got != want {
			t.Errorf("%q prints as %s, want %s", in, got, want)
		}
	}
}
