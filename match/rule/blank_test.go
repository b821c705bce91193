package rule_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/match/find"
	"sluice/match/rule"
)

// padded reports whether test holds for value without some or all of its blanks.
func padded(value string, test func(string) bool) bool {
	for !test(value) {
		if value == "" || !strings.ContainsRune(" \t\n\v\f\r", rune(value[len(value)-1])) {
			return false
		}
		value = value[:len(value)-1]
	}
	return true
}

func textOf(rng *rand.Rand, alphabet []string, most int) string {
	var b strings.Builder
	for range rng.IntN(most + 1) {
		b.WriteString(alphabet[rng.IntN(len(alphabet))])
	}
	return b.String()
}

// A padded match is one of some value without blanks at its end.
func TestMatchPadded(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	found, more := 0, 0
	for range 200_000 {
		parts := rule.ParseGlob(textOf(rng, []string{"*", "?", " ", "\t", "a", "é", "B"}, 6))
		p := rule.Glob(parts, rng.IntN(3) == 0)
		value := textOf(rng, []string{" ", "\t", "\n", "a", "é", "\u00a0"}, 4) + textOf(rng, []string{" ", "\t"}, 4)
		matches := func(v string) bool {
			if !p.Cased() {
				v = rule.FoldString(v)
			}
			return p.Match([]byte(v))
		}
		text := value
		if !p.Cased() {
			text = rule.FoldString(value)
		}
		want := padded(value, matches)
		if got := p.MatchPadded([]byte(text)); got != want {
			t.Fatalf("%s over %q: %v, want %v", p, value, got, want)
		}
		if want {
			found++
			if !matches(value) {
				more++
			}
		}
	}
	if found < 10_000 || more < 1000 {
		t.Errorf("only %d of the patterns match, %d of them not as it stands", found, more)
	}
}

// A padded expression is found where the plain one is in some value without blanks at
// its end.
func TestPaddedExpressions(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	pieces := []string{"a", "b", "$", `\z`, `\s`, "( |a)", "a|", "(?:", ")", "^", "a*", ` ?`, `\b`, `\B`, "[^a]", "(a$|b)", "$|", ".", `\n`}
	found, more := 0, 0
	for range 100_000 {
		src := textOf(rng, pieces, 6)
		flags := []string{"", "m", "s", "im"}[rng.IntN(4)]
		if strings.Contains(flags, "m") && strings.ContainsAny(src, "^bB") {
			continue // an assertion behind the end of a line, which is not looked at
		}
		plain, err := rule.PCRE{Flags: flags, Test: true}.Translate(src)
		if err != nil {
			continue
		}
		loose, err := rule.PCRE{Flags: flags, Test: true, Padded: true}.Translate(src)
		if err != nil {
			continue // an assertion behind the end
		}
		re, err := find.Compile(plain)
		if err != nil {
			t.Fatal(err)
		}
		as, err := find.Compile(loose)
		if err != nil {
			t.Fatalf("%q: %v", loose, err)
		}
		for range 4 {
			value := textOf(rng, []string{"a", "b", " ", "\n", "x"}, 5) + textOf(rng, []string{" ", "\n", "\v"}, 3)
			want := padded(value, re.MatchString)
			if got := as.MatchString(value); got != want {
				t.Fatalf("%q with %q, as %q, in %q: %v, want %v", src, flags, loose, value, got, want)
			}
			if want {
				found++
				if !re.MatchString(value) {
					more++
				}
			}
		}
	}
	if found < 10_000 || more < 1000 {
		t.Errorf("only %d of the expressions match, %d of them not as it stands", found, more)
	}
}

func TestTrimBlanks(t *testing.T) {
	values := []string{"", " ", "a", "a ", " a\r\n\t\v\f ", "a\u00a0", "a\u0085", "a\x00"}
	want := []string{"", "", "a", "a", " a", "a\u00a0", "a\u0085", "a\x00"}
	for i, v := range values {
		if got := string(rule.TrimBlanks([]byte(v))); !slices.Equal([]string{got}, want[i:i+1]) {
			t.Errorf("%q without blanks is %q", v, got)
		}
	}
}
