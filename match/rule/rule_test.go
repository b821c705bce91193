package rule

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// units cuts text into runes; a byte that is not UTF-8 is a unit of its own,
// apart from every rune.
func units(text string) []rune {
	var out []rune
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			r = -1 - rune(text[i])
		}
		out = append(out, r)
		i += n
	}
	return out
}

// foldUnit is what Fold promises, one unit at a time.
func foldUnit(r rune) rune {
	if r < 0 {
		return r
	}
	if low := unicode.ToLower(r); r < utf8.RuneSelf || low >= utf8.RuneSelf {
		return low
	}
	return r
}

// matches is the obvious matcher: a star takes nothing, or one unit more.
func matches(pattern, value []rune) bool {
	if len(pattern) == 0 {
		return len(value) == 0
	}
	if pattern[0] == '*' {
		return matches(pattern[1:], value) || len(value) > 0 && matches(pattern, value[1:])
	}
	return len(value) > 0 && foldUnit(pattern[0]) == foldUnit(value[0]) && matches(pattern[1:], value[1:])
}

func checkPattern(t *testing.T, pattern, value string) {
	t.Helper()
	p := NewPattern(pattern)
	got := p.Match(Fold(nil, []byte(value)))
	if want := matches(units(pattern), units(value)); got != want {
		t.Errorf("NewPattern(%q) matches %q: %v, want %v", pattern, value, got, want)
	}
	if p.Text() != pattern {
		t.Errorf("NewPattern(%q).Text() = %q", pattern, p.Text())
	}
	if p.Exact() == strings.Contains(pattern, "*") {
		t.Errorf("NewPattern(%q).Exact() = %v", pattern, p.Exact())
	}
	if !got {
		return
	}
	// What the prefilter relies on: the pieces stand in the value, in order.
	rest := FoldString(value)
	for _, piece := range p.Pieces() {
		_, behind, found := strings.Cut(rest, piece)
		if !found {
			t.Errorf("%q matches %q without its piece %q", pattern, value, piece)
		}
		rest = behind
	}
}

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, value string
		want           bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"**", "a\nb", true},
		{"*Invoke-RestMethod*", "iex (INVOKE-RESTMETHOD x)", true},
		{"*a*", "1\r\nA\n2", true}, // line ends are characters like any other
		{"a", "aa", false},         // the whole value counts
		{"Invoke-ShareFinder*", "Invoke-ShareFinder -x", true},
		{"Invoke-ShareFinder*", " Invoke-ShareFinder", false},
		{"*a", "ab", false},
		{"aba*aba", "aba", false}, // the ends may not share bytes
		{"aba*aba", "abaaba", true},
		{"*ab*ab*", "ab", false},
		{"*ipinfo.io*", "ipinfoXio", false}, // a dot is a dot
		{"a?c", "abc", false},               // and a question mark
		{"[ab]", "a", false},
		{`*\Temp\*`, `c:\temp\x`, true},
		{`*\Temp\*`, `c:/temp/x`, false},
		{"K", "\u212a", false}, // Kelvin sign
		{"k", "\u212a", false},
		{"\u212a", "\u212a", true},
		{"i", "\u0130", false}, // dotted capital I
		{"I", "\u0131", false}, // dotless small i
		{"\u0130", "\u0130", true},
		{"s", "\u017f", false}, // long s
		{"STRASSE", "stra\u00dfe", false},
		{"\u1e9e", "\u00df", true}, // capital sharp s
		{"\u00c4*", "\u00e4x", true},
		{"*\u03a3*", "a\u03c3b", true},
		{"a*", "a\xff\x00", true},
		{"\ufffd", "\xff", false}, // a bad byte is not the replacement character
	} {
		if got := NewPattern(c.pattern).Match(Fold(nil, []byte(c.value))); got != c.want {
			t.Errorf("NewPattern(%q) matches %q: %v, want %v", c.pattern, c.value, got, c.want)
		}
		checkPattern(t, c.pattern, c.value)
	}
}

func TestPatternAgainstObviousMatcher(t *testing.T) {
	t.Parallel()
	letters := []string{"a", "A", "b", "*", "\n", "\u00e4", "\u00c4", "k", "\u212a", "i", "\u0130", "\xff", "\xc3", "\u03a3"}
	rng := rand.New(rand.NewPCG(1, 2))
	text := func(n int) string {
		var b strings.Builder
		for range rng.IntN(n) {
			b.WriteString(letters[rng.IntN(len(letters))])
		}
		return b.String()
	}
	for range 20_000 {
		checkPattern(t, strings.ToValidUTF8(text(6), ""), text(8))
	}
}

// TestPieceIndex compares with the standard library, in texts so short of letters
// that misses abound, and so long that they are too many.
func TestPieceIndex(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	text := func(n int, letters string) []byte {
		out := make([]byte, n)
		for i := range out {
			out[i] = letters[rng.IntN(len(letters))]
		}
		return out
	}
	for range 20_000 {
		letters := []string{"ab", "e5", "5", " eta5", "\n_u'$.~|"}[rng.IntN(5)]
		p := newPiece(string(text(rng.IntN(9), letters)))
		s := text(rng.IntN(3000)>>rng.IntN(12), letters)
		if got, want := p.index(s), bytes.Index(s, []byte(p.text)); got != want {
			t.Fatalf("index of %q (by byte %d) in %q: %d, want %d", p.text, p.at, s, got, want)
		}
	}
}

// TestFoldEveryByte folds each byte at each place of a word, against FoldByte.
func TestFoldEveryByte(t *testing.T) {
	t.Parallel()
	for n := range 20 {
		for at := range n {
			for c := range 256 {
				src := bytes.Repeat([]byte{'Z'}, n)
				src[at] = byte(c)
				want := bytes.Repeat([]byte{'z'}, n)
				want[at] = FoldByte(byte(c))
				if got := Fold([]byte("dst"), src); string(got) != "dst"+string(want) {
					t.Fatalf("Fold(%q) = %q, want %q", src, got, want)
				}
			}
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("*a*b", "xAyB")
	f.Add("\u212a*", "k")
	f.Add("\u0130", "i")
	f.Add("", "\xff")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		if !utf8.ValidString(pattern) || strings.Count(pattern, "*") > 4 || len(value) > 100 {
			t.Skip() // patterns come from YAML, which is UTF-8; the obvious matcher is exponential
		}
		checkPattern(t, pattern, value)
	})
}

// Fold works on every rune as its comment says, wherever the rune stands.
func TestFoldEveryRune(t *testing.T) {
	t.Parallel()
	var src, want, got, again []byte
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if 0xd800 <= r && r <= 0xdfff {
			continue
		}
		src = append(utf8.AppendRune(append(src[:0], 0xff), r), 'A')
		want = append(utf8.AppendRune(append(want[:0], 0xff), foldUnit(r)), 'a')
		if got = Fold(got[:0], src); !bytes.Equal(got, want) {
			t.Fatalf("Fold of %U between others = %q, want %q", r, got, want)
		}
		if again = Fold(again[:0], got); !bytes.Equal(again, got) {
			t.Fatalf("folding %U twice gives %q, then %q", r, got, again)
		}
		// The prefilter looks for ASCII letters as bytes: no other rune may
		// fold to one.
		if r >= utf8.RuneSelf && want[1] < utf8.RuneSelf {
			t.Fatalf("%U folds to ASCII %q", r, want[1])
		}
	}
}

func TestFoldAppends(t *testing.T) {
	t.Parallel()
	if got := string(Fold([]byte("AB"), []byte("C\xc3D"))); got != "ABc\xc3d" {
		t.Errorf("Fold = %q", got)
	}
	for c := range 256 {
		if got, want := FoldByte(byte(c)), FoldString(string([]byte{byte(c)})); string([]byte{got}) != want {
			t.Errorf("FoldByte(%#x) = %#x, FoldString gives %q", c, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"0": 0, "4104": 4104, "04104": 4104, "4104.0": 4104,
		"-1": -1, "+1": 1, ".5": .5, "5.": 5, "-0": 0,
	} {
		if got, ok := Number([]byte(text)); !ok || got != want {
			t.Errorf("Number(%q) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", " 1", "1 ", "0x10", "1_000", "inf", "Infinity", "NaN", "1e999", "4.104e3", "4104E0", "1e-400", "e", ".", "-", "1-2",
		"1,5", "4104a", "\u0661", strings.Repeat("1", 65),
	} {
		if got, ok := Number([]byte(text)); ok {
			t.Errorf("Number(%q) = %v, want text", text, got)
		}
	}
}

func TestRuleString(t *testing.T) {
	t.Parallel()
	r := &Rule{
		Where: And{
			Compare{"EventCode", Eq, NewPattern("4104")},
			Or{Compare{"a b", Ne, NewPattern(`"x\`)}, Not{Compare{"c", Ge, NewPattern("1")}}, All{}},
		},
		Fill:  &Fill{Value: "0", Fields: []string{"Path"}},
		By:    []string{"dest", "two words"},
		Aggs:  []Agg{{Count, "", "count"}, {Min, "_time", "first seen"}},
		Times: []TimeFormat{{"first seen", "%F"}},
	}
	const want = `where (and (= EventCode "4104") (or (!= "a b" "\"x\\") (not (>= c "1")) all))` +
		` | fill "0" Path | stats count() as count min(_time) as "first seen"` +
		` by dest "two words" | time "first seen" "%F"`
	if got := r.String(); got != want {
		t.Errorf("String:\n got %s\nwant %s", got, want)
	}
	if got, want := r.Fields(), []string{"EventCode", "a b", "c", "dest", "two words", "_time"}; !slices.Equal(got, want) {
		t.Errorf("Fields = %q, want %q", got, want)
	}
}

func TestFoldWord(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for _, other := range []byte{0, 'A', 'z', 0x7f, 0x80, 0xff} {
			for at := range 8 {
				b := bytes.Repeat([]byte{other}, 8)
				b[at] = byte(c)
				w := FoldWord(binary.LittleEndian.Uint64(b))
				for i := range b {
					if got, want := byte(w>>(8*i)), FoldByte(b[i]); got != want {
						t.Fatalf("% x: byte %d is %#x, want %#x", b, i, got, want)
					}
				}
			}
		}
	}
}
