package find

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sluice/internal/corpus"
)

// folded is what rule.Fold, which this package must not import, makes of UTF-8. A test of
// match/rule holds it against the same definition.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if low := unicode.ToLower(r); r < utf8.RuneSelf || low >= utf8.RuneSelf {
			return low
		}
		return r
	}, s)
}

// lacked reports whether a text is known to lack literals at any of several comparisons.
func lacked(g *Grams, text string, literals ...string) bool {
	var h Held
	for _, lit := range literals {
		h.All = append(h.All, Held{Text: folded(lit)})
	}
	n := NewNeed(h)
	g.ResetString(text)
	for range fewAsked + 2 {
		if g.Lacks(n) {
			return true
		}
	}
	return false
}

func TestFoldIsThatOfASCII(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		want := byte(c)
		if c < utf8.RuneSelf {
			want = folded(string(rune(c)))[0]
		}
		if fold[c] != want {
			t.Errorf("fold[%#x] is %#x, want %#x", c, fold[c], want)
		}
	}
}

// A text with a letter in one of its cases does not lack a literal with it in another,
// wherever the letter stands.
func TestNoCaseIsLacked(t *testing.T) {
	t.Parallel()
	var g Grams
	around := [][2]string{{"", ""}, {`\`, ""}, {"abc", "def"}, {"AB", "c"}, {"", "XyZ"}, {"é", "Я"}, {strings.Repeat("long ", 200), "abc"}}
	beyond := 0
	for _, cases := range corpus.Cases() {
		for _, inText := range cases {
			if inText >= utf8.RuneSelf {
				beyond++
			}
			for _, inLiteral := range cases {
				for _, a := range around {
					lit := a[0] + string(inLiteral) + a[1]
					text := "NT AUTHORITY" + corpus.Opposite(a[0]) + string(inText) + corpus.Opposite(a[1])
					for _, list := range [][]string{{lit}, {string(inLiteral), "authority"}, {strings.Repeat(string(inLiteral), 3)}} {
						if len(list) == 1 && list[0] != lit {
							text += strings.Repeat(string(inText), 3)
						}
						if lacked(&g, text, list...) {
							t.Fatalf("%q is said to lack %q", text, list)
						}
					}
				}
			}
		}
	}
	if beyond < 2000 {
		t.Errorf("only %d letters beyond ASCII have cases", beyond)
	}
}

// Any character, also a byte that is none, leaves what stands beside it.
func TestEveryRuneBesideTriples(t *testing.T) {
	t.Parallel()
	var g Grams
	last := unicode.MaxRune
	if testing.Short() {
		last = 0x3000
	}
	for r := range last + 1 {
		if text := "ABC" + string(r) + "def"; lacked(&g, text, "abc"+string(r)+"DEF") || lacked(&g, text, "abc", "def") {
			t.Fatalf("%q is said to lack what it holds", text)
		}
	}
	for c := range 256 {
		text := "ABC" + string([]byte{byte(c)}) + "def"
		if lacked(&g, text, "abc", "def") {
			t.Fatalf("%q is said to lack what it holds", text)
		}
	}
}

// Literals of random letters in random cases are found, and literals that are not there
// are still known to be lacked.
func TestLiteralsOfWords(t *testing.T) {
	t.Parallel()
	var g Grams
	rng := rand.New(rand.NewPCG(61, 62))
	text := func() string {
		var b strings.Builder
		for range 1 + rng.IntN(4) {
			b.WriteString(corpus.Words[rng.IntN(len(corpus.Words))] + []string{"", " ", `\`, "x-yz"}[rng.IntN(4)])
		}
		return b.String()
	}
	var none, few, recased int
	for range 20_000 {
		in := text()
		lit := []rune(in)
		lit = lit[rng.IntN(len(lit)):]
		lit = lit[:1+rng.IntN(len(lit))]
		other := corpus.Recase(rng, string(lit))
		if other != string(lit) {
			recased++
		}
		if lacked(&g, in, other) {
			t.Fatalf("%q is said to lack %q", in, other)
		}
		if absent := text(); !strings.Contains(folded(in), folded(absent)) {
			if few++; lacked(&g, in, absent) {
				none++
			}
		}
	}
	if recased < 10_000 || none < few/3 {
		t.Errorf("%d literals in another case; of %d that are not there %d are known to be lacked", recased, few, none)
	}
}

// What a literal needs beside letters: bytes of ASCII, or that there are others at all.
func TestNeedOfLetters(t *testing.T) {
	t.Parallel()
	var g Grams
	for _, c := range []struct {
		text, lit string
		want      bool
	}{
		{"NT AUTHORITY\\SYSTEM", "СИСТЕМА", true}, // a text of ASCII
		{"NT AUTHORITY\\SYSTEM", "é", true},
		{"NT AUTHORITY\\Система", "é", false}, // which only a look at the text tells
		{"NT AUTHORITY\\Система", "Systèmes", true},
		{"NT AUTHORITY\\Система", "authorité", false},
	} {
		if got := lacked(&g, c.text, c.lit); got != c.want {
			t.Errorf("%q lacks %q: %v", c.text, c.lit, got)
		}
	}
	if n := NewNeed(Held{Text: "é"}); n == nil || n.many != 1 {
		t.Errorf("the need of é is %+v", n)
	}
	if n := NewNeed(Held{Text: "ab"}); n != nil {
		t.Errorf("the need of ab is %+v", n)
	}
	// An alternative of ASCII is enough.
	n := NewNeed(Held{Any: []Held{{Text: "é"}, {Text: "abc"}}})
	g.ResetString("xABCx")
	if slices.Contains([]bool{g.Lacks(n), g.Lacks(n), g.Lacks(n), g.Lacks(n)}, true) {
		t.Error("a text lacks both alternatives though it holds one")
	}
}

// Expressions have cases of their own, those of package regexp: k is also the Kelvin sign
// and s the long s. What a text is known to hold changes nothing in them.
func TestExpressionsOfEveryCase(t *testing.T) {
	t.Parallel()
	for r := range unicode.MaxRune + 1 {
		if unicode.SimpleFold(r) == r || testing.Short() && r > 0x600 && r < 0x2000 {
			continue
		}
		for _, src := range []string{"(?i)ab" + string(r) + "cde", "(?i)" + strings.Repeat(string(r), 3) + "|abcd", "xyz[" + string(r) + "é]abc"} {
			re, err := Compile(src)
			if err != nil {
				t.Fatal(err)
			}
			want := regexp.MustCompile(src)
			for f := unicode.SimpleFold(r); ; f = unicode.SimpleFold(f) {
				s := string(f)
				for _, text := range []string{"AB" + s + "cDe", s + s + s, "xyz" + s + "abc", "ab" + s + "\xFFcde"} {
					same(t, re, want, text)
				}
				if f == r {
					break
				}
			}
		}
	}
}
