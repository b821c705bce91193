package reference

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"sluice/internal/corpus"
	"sluice/match/rule"
)

// The reference has a definition of its own, which is that of rule.Fold for every
// character and for any bytes.
func TestFoldIsThatOfRules(t *testing.T) {
	t.Parallel()
	check := func(s string) {
		if got, want := fold(s), rule.FoldString(s); got != want {
			t.Fatalf("fold(%q) = %q, but for rules %q", s, got, want)
		}
	}
	for r := range unicode.MaxRune + 1 {
		s := string(r)
		check(s)
		for _, other := range []string{strings.ToUpper(s), strings.ToLower(s), strings.ToTitle(s)} {
			if other != s {
				check("A" + other + "\xFF" + other + "ABCDEFGHI")
			}
		}
	}
	for a := range 256 {
		for b := range 256 {
			check(string([]byte{byte(a), byte(b), 'A'}))
			check(string([]byte{0xEF, byte(a), byte(b)}))
			check(string([]byte{0xF0, 0x90, byte(a), byte(b)}))
		}
	}
}

// Comparisons of words, in other cases and not, come out as the engine's patterns say.
func TestLettersAsPatterns(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(85, 86))
	held := 0
	for range 20_000 {
		lit := corpus.Words[rng.IntN(len(corpus.Words))]
		value := corpus.Recase(rng, lit)
		if rng.IntN(2) == 0 {
			value = corpus.Words[rng.IntN(len(corpus.Words))]
		}
		value = []string{"", "x", `NT\`}[rng.IntN(3)] + value + []string{"", "\xFF", "é"}[rng.IntN(3)]
		for _, text := range []string{lit, "*" + lit, lit + "*", "*" + lit + "*", "*" + lit + "?", "?" + lit + "*"} {
			for _, cased := range []bool{false, true} {
				p := rule.Glob(rule.ParseGlob(text), cased)
				subject := []byte(value)
				if !cased {
					subject = rule.Fold(nil, subject)
				}
				got := equal(value, p)
				if want := p.Match(subject); got != want {
					t.Fatalf("%q = %s: %v, but the pattern says %v", value, p, got, want)
				}
				if got {
					held++
				}
			}
		}
	}
	if held < 10_000 {
		t.Errorf("only %d held", held)
	}
}
