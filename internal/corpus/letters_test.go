package corpus

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCases(t *testing.T) {
	t.Parallel()
	all := Cases()
	for _, want := range []string{"Aa", "Kk", "Ss", "Ii", "Éé", "Ÿÿ", "ßẞ", "Σσ", "Ǆǅǆ", "Åå\u212B", "Ωω\u2126", "Яя", "Աա", "აᲐ", "Ꭰꭰ", "Ⱥⱥ", "Ａａ", "𐐀𐐨"} {
		cases := []rune(want)
		slices.Sort(cases)
		if !slices.ContainsFunc(all, func(c []rune) bool { return slices.Equal(c, cases) }) {
			t.Errorf("%q are not the cases of a letter", want)
		}
	}
	for _, cases := range all {
		for _, r := range cases {
			if strings.ContainsRune("\u212Aſİıς日", r) {
				t.Errorf("%q is a case of %q", r, cases)
			}
		}
	}
}

// Words stand in other cases often, and keep what they are.
func TestRecase(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	lower := func(s string) string { // as Cases says
		return strings.Map(func(r rune) rune {
			if low := unicode.ToLower(r); r < utf8.RuneSelf || low >= utf8.RuneSelf {
				return low
			}
			return r
		}, s)
	}
	longer := 0
	for _, w := range Words {
		for range 50 {
			if s := Recase(rng, w); lower(s) != lower(w) {
				t.Fatalf("%q became %q", w, s)
			} else if len(s) != len(w) {
				longer++
			}
		}
		if s := Opposite(w); lower(s) != lower(w) || w != "日本語" && s == w {
			t.Fatalf("%q became %q", w, s)
		}
	}
	if longer < 100 {
		t.Errorf("only %d words have another length in another case", longer)
	}
}

// Many events have words.
func TestLetters(t *testing.T) {
	t.Parallel()
	g := New(5)
	g.Letters = true
	with := 0
	for range 1000 {
		e := g.Next()
		if strings.ContainsFunc(e.Get("ScriptBlockText")+e.Get("Path"), func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) || unicode.Is(unicode.Greek, r) }) {
			with++
		}
	}
	if with < 50 {
		t.Errorf("only %d of 1000 events have letters", with)
	}
}
