package rule

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sluice/internal/corpus"
)

// spelled is the written definition of Fold, a unit at a time.
func spelled(dst, src []byte) []byte {
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, src[0])
		} else {
			dst = utf8.AppendRune(dst, foldUnit(r))
		}
		src = src[n:]
	}
	return dst
}

// The cases that tests of other packages try are those that fold to one another.
func TestCasesFoldAlike(t *testing.T) {
	t.Parallel()
	many := map[string]int{}
	for r := range unicode.MaxRune + 1 {
		many[FoldString(string(r))]++
	}
	for _, cases := range corpus.Cases() {
		for _, r := range cases {
			if FoldString(string(r)) != FoldString(string(cases[0])) || many[FoldString(string(r))] != len(cases) {
				t.Errorf("%q are not all cases of %q", cases, r)
			}
		}
		delete(many, FoldString(string(cases[0])))
	}
	delete(many, "\uFFFD") // also of surrogates
	for s, n := range many {
		if n > 1 {
			t.Errorf("%d characters fold to %q and are no cases", n, s)
		}
	}
}

// Every character, at each place of the words that are folded at once.
func TestFoldAtEveryAlignment(t *testing.T) {
	t.Parallel()
	const frame = "ABCDEFGHIJKLMNOPQRSTUVWX"
	var src, got, want []byte
	for r := range unicode.MaxRune + 1 {
		low := foldUnit(r)
		if 0xD800 <= r && r < 0xE000 || testing.Short() && low == r && r > 0x3000 {
			continue
		}
		for at := range 9 {
			src = append(utf8.AppendRune(append(src[:0], frame[:at]...), r), frame[at:]...)
			want = append(utf8.AppendRune(append(want[:0], strings.ToLower(frame[:at])...), low), strings.ToLower(frame[at:])...)
			if got = Fold(got[:0], src); !bytes.Equal(got, want) {
				t.Fatalf("Fold(%q) = %q, want %q", src, got, want)
			}
		}
	}
}

// Bytes that are not UTF-8, beginnings of characters among them, and characters.
func TestFoldOfAnyBytes(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(81, 82))
	parts := []string{"A", "Z", "é", "É", "\u212A", "İ", "СИ", "ẞ", "Ⱥ", "𐐀", "\uFFFD", "ABCDEFGH", "\xC3", "\xA9", "\xE1\xBA", "\xF0\x90\x90", "\xFF", "\xED\xA0\x80", "\xC0\x80", "\xEF", "\xEF\xBF"}
	for range 50_000 {
		var src []byte
		for range rng.IntN(8) {
			src = append(src, parts[rng.IntN(len(parts))]...)
		}
		got := Fold([]byte("X"), src)
		if want := spelled([]byte("X"), src); !bytes.Equal(got, want) {
			t.Fatalf("Fold(%q) = %q, want %q", src, got, want)
		}
		for i := 0; i+8 <= len(src); i++ {
			w := FoldWord(binary.LittleEndian.Uint64(src[i:]))
			for k := range 8 {
				if byte(w>>(8*k)) != FoldByte(src[i+k]) {
					t.Fatalf("FoldWord of % x differs from FoldByte", src[i:i+8])
				}
			}
		}
	}
}

// Each letter in each case is covered by each other in every kind of pattern, and not if
// case counts.
func TestPatternsOfEveryCase(t *testing.T) {
	t.Parallel()
	covers := func(p Pattern, value string) bool {
		if p.Cased() {
			return p.Match([]byte(value))
		}
		return p.Match(folded(value))
	}
	for _, cases := range corpus.Cases() {
		for _, a := range cases {
			for _, b := range cases {
				x, y := string(a), string(b)
				value := "ab" + y + y + "cd" + y
				for _, text := range []string{
					"AB" + x + x + "cd" + x, "*" + x, "ab" + x + "*", "*b" + x + "*D" + x, "*" + x + "c*", "*" + x + "*" + x + "*" + x, "*B*" + x + "CD*",
					"ab?" + x + "CD*", "*?" + x + "*?" + x, "*" + x + "?*", "??" + x + "*",
				} {
					glob := ParseGlob(text)
					for _, cased := range []bool{false, true} {
						p := Glob(glob, cased)
						want := globMatches(glob, cased, units(value))
						if got := covers(p, value); got != want || !cased && !got {
							t.Fatalf("%s covers %q: %v, want %v", p, value, got, want)
						}
					}
				}
			}
		}
	}
}

// folded is Fold of a string, as bytes.
func folded(s string) []byte { return Fold(nil, []byte(s)) }

// Random patterns of words over random texts of them, against the obvious matcher; and
// the pieces of patterns are found wherever bytes.Index finds them.
func TestPatternsOfWords(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(83, 84))
	var matched, recased int
	for range 20_000 {
		var value, pattern strings.Builder
		for range 1 + rng.IntN(3) {
			value.WriteString(corpus.Words[rng.IntN(len(corpus.Words))])
			value.WriteString([]string{"", `\`, "\xC3", "\xA9"}[rng.IntN(4)])
		}
		for _, r := range strings.ToValidUTF8(value.String(), "") {
			switch rng.IntN(12) {
			case 0:
				pattern.WriteByte('?')
			case 1:
				if strings.Count(pattern.String(), "*") < 3 {
					pattern.WriteByte('*')
				}
			default:
				pattern.WriteRune(r)
			}
		}
		text := "*" + corpus.Recase(rng, strings.ReplaceAll(pattern.String(), `\`, `\\`)) + "*"
		for _, cased := range []bool{false, true} {
			checkGlob(t, text, cased, value.String())
		}
		if p := Glob(ParseGlob(text), false); p.Match(folded(value.String())) {
			if matched++; !Glob(ParseGlob(text), true).Match([]byte(value.String())) {
				recased++
			}
		}
		s, piece := folded(value.String()), newPiece(FoldString(corpus.Words[rng.IntN(len(corpus.Words))]))
		if got, want := piece.index(s), bytes.Index(s, []byte(piece.text)); got != want {
			t.Fatalf("index of %q in %q: %d, want %d", piece.text, s, got, want)
		}
	}
	if matched < 2000 || recased < 1000 {
		t.Errorf("%d patterns matched, %d of them only as case does not count", matched, recased)
	}
}
