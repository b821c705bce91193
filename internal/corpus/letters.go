package corpus

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Cases returns the letters that are one where case does not count, each with all of its
// cases, in order. They are those whose lower case is the same letter; a letter beyond
// ASCII whose lower case is in ASCII has no other case.
var Cases = sync.OnceValue(func() (all [][]rune) {
	of := map[rune][]rune{}
	for r := range unicode.MaxRune + 1 {
		low := unicode.ToLower(r)
		if r >= utf8.RuneSelf && low < utf8.RuneSelf {
			low = r
		}
		of[low] = append(of[low], r)
	}
	for _, cases := range of {
		if len(cases) > 1 {
			all = append(all, cases)
		}
	}
	slices.SortFunc(all, slices.Compare)
	return all
})

// casesOf says for each letter of Cases where it stands.
var casesOf = sync.OnceValue(func() map[rune][]rune {
	of := map[rune][]rune{}
	for _, cases := range Cases() {
		for _, r := range cases {
			of[r] = cases
		}
	}
	return of
})

// Recase writes each letter of s, which is UTF-8, in any of its cases.
func Recase(rng *rand.Rand, s string) string {
	return strings.Map(func(r rune) rune {
		if cases := casesOf()[r]; cases != nil {
			return cases[rng.IntN(len(cases))]
		}
		return r
	}, s)
}

// Opposite writes every letter of s in another case, if it has one.
func Opposite(s string) string {
	return strings.Map(func(r rune) rune {
		cases := casesOf()[r]
		if cases == nil {
			return r
		}
		return cases[(slices.Index(cases, r)+1)%len(cases)]
	}, s)
}

// Words are made of letters that programs fold in different ways: with cases of one, two,
// three and four bytes, of different length, with three cases, with a case in ASCII that
// is none here, without another case, and with triples of ASCII beside them.
var Words = []string{
	"Système", "ÜBERPRÜFUNG", "für", "Straße", "ẞtraße", "Ÿvonne-ÿ", "СИСТЕМА", "администратор", "ΔΙΑΧΕΙΡΙΣΗ", "Σίσυφος", "ΣςσΣ",
	"İstanbul", "ılıkIi", "ＡｂＣ", "ՀԱՅաստան", "ᲡᲐqartvelo", "საქართველო", "ᎠᎡꭲꭳ", "zoneȺⱥ", "𐐀𐐨deseret", "ſystem", "Kelvin\u212A", "\u212Bngström-Å",
	"ǅungla", "Ωmega\u2126", "日本語", "Ĳssel", "ﬁnd",
}

// word returns one of Words in some case.
func (g *Generator) word() string {
	w := pick(g, Words)
	if g.rng.IntN(2) == 0 {
		return w
	}
	return Recase(g.rng, w)
}

// letters puts words around one value of some events, or more values beside it.
func (g *Generator) letters(e *Event) *Event {
	if !g.Letters || len(e.Data) == 0 || g.rng.IntN(2) == 0 {
		return e
	}
	i := g.rng.IntN(len(e.Data))
	if e.EventID == 4104 {
		i = 2 + 2*g.rng.IntN(2) // the text or the path
	}
	kv := &e.Data[i]
	if kv.Value == "" {
		return e
	}
	switch g.rng.IntN(3) {
	case 0:
		kv.Value = g.word() + " " + kv.Value
	case 1:
		kv.Value += "\\" + g.word()
	default:
		kv.Value = g.word() + kv.Value + g.word()
	}
	return e
}
