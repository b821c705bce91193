package prefilter

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sluice/internal/corpus"
	"sluice/match/find"
	"sluice/match/rule"
)

// The tables that fold bytes do so as rules do, and what is looked for at a place is what
// folds to the literal's byte there.
func TestTablesFoldAsRulesDo(t *testing.T) {
	t.Parallel()
	var every [256]byte
	for c := range every {
		every[c] = byte(c)
	}
	var got [256]byte
	fold(got[:], every[:])
	for c := range every {
		want := rule.FoldByte(byte(c))
		if folding[c].to != want || got[c] != want {
			t.Errorf("byte %#x folds to %#x and %#x, want %#x", c, folding[c].to, got[c], want)
		}
		if letter := c < utf8.RuneSelf && unicode.IsLetter(rune(c)); hasLetter(string([]byte{byte(c)})) != letter {
			t.Errorf("byte %#x is a letter: %v", c, !letter)
		}
		if !inert[c] || rule.FoldByte(byte(c)) != byte(c) {
			continue // literals are folded
		}
		var like []byte
		for _, x := range every {
			if rule.FoldByte(x) == byte(c) {
				like = append(like, x)
			}
		}
		x := part{lit: string([]byte{byte(c)})}
		at := []byte(x.at(0))
		if slices.Sort(at); !bytes.Equal(at, like) {
			t.Errorf("for byte %#x the kernel looks for %q, want %q", c, at, like)
		}
	}
	// Step 4 of the proof, for every character: what is ASCII in the folded text stands in
	// the text folded by bytes, and the other way around.
	raw, low := make([]byte, 16), make([]byte, 16)
	for r := range unicode.MaxRune + 1 {
		raw = append(raw[:0], "Ab"+string(r)+"yZ"...)
		low = low[:len(raw)]
		fold(low, raw)
		if !bytes.Equal(ascii(low), ascii(rule.Fold(nil, raw))) {
			t.Fatalf("%q folds by bytes to %q and by rules to %q", raw, low, rule.Fold(nil, raw))
		}
		low = low[:cap(low)]
	}
}

// ascii returns the bytes of ASCII of b, with one other in the place of all others that
// stand side by side.
func ascii(b []byte) (out []byte) {
	for _, c := range b {
		if c = min(c, utf8.RuneSelf); c < utf8.RuneSelf || len(out) == 0 || out[len(out)-1] < utf8.RuneSelf {
			out = append(out, c)
		}
	}
	return out
}

// wordPattern makes a pattern of words, and a value that it covers, in which letters are in
// other cases.
func wordPattern(rng *rand.Rand) (p rule.Pattern, value string) {
	parts := []rule.Part{{Kind: rule.Any}}
	for range 1 + rng.IntN(3) {
		lit := corpus.Words[rng.IntN(len(corpus.Words))] + []string{"", "-abcd", `\temp`, "x"}[rng.IntN(4)]
		from := rng.IntN(len([]rune(lit)))
		lit = string([]rune(lit)[from:])
		parts = append(parts, rule.Part{Text: lit})
		value += corpus.Recase(rng, lit)
		switch rng.IntN(3) {
		case 0:
			parts = append(parts, rule.Part{Kind: rule.Any})
			value += []string{"", " ", "Щ"}[rng.IntN(3)]
		case 1:
			parts = append(parts, rule.Part{Kind: rule.One})
			value += []string{"x", "É", "\u212A"}[rng.IntN(3)]
		}
	}
	return rule.Glob(parts, false), "C:" + value
}

// Every value that a pattern of letters covers holds what it is said to require, in every
// way to look: the needs, triples of bytes, each kernel, and no kernel.
func TestPatternNeedOfSentences(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(73, 74))
	var recased, needy, skipped int
	for n := range 3000 {
		p, value := wordPattern(rng)
		e := rule.Compare{Field: "Text", Value: p}
		folded := rule.FoldString(value)
		if !p.Match([]byte(folded)) {
			t.Fatalf("%s does not cover %q", p, value)
		}
		if !rule.Glob(p.Parts(), true).Match([]byte(value)) {
			recased++
		}
		need := Analyze(e)
		if need.op != always {
			needy++
		}
		if !stands(need, folded) {
			t.Fatalf("%s covers %q, which lacks %s", p, value, need)
		}
		var h find.Held
		for _, piece := range p.Pieces() {
			h.All = append(h.All, find.Held{Text: piece})
		}
		var g find.Grams
		g.ResetString(value)
		for k, n := 0, find.NewNeed(h); k < 5; k++ {
			if g.Lacks(n) {
				t.Fatalf("%s covers %q, but not by what it holds", p, value)
			}
		}
		if n%10 > 0 { // kernels take time to be made
			continue
		}
		rules := []*rule.Rule{{Where: e}, {Where: rule.And{e, rule.Compare{Field: "Text", Value: rule.NewPattern("*nowhere*")}}}}
		doc := []byte(fmt.Sprintf(`{"EventID":4104,"Text":"%s"}`, strings.ReplaceAll(value, `\`, `\\`)))
		docs := [][]byte{doc, corpus.Respell(rng, corpus.JSON, doc)}
		for _, opt := range options() {
			s := New(rules, opt).NewScanner()
			for _, doc := range docs {
				got := s.Candidates(nil, doc)
				if !slices.Contains(got, 0) {
					t.Fatalf("%+v: %s is missed in %s", opt, p, doc)
				}
				if !slices.Contains(got, 1) {
					skipped++
				}
			}
		}
	}
	if recased < 1500 || needy < 1000 || skipped < 100 {
		t.Errorf("%d values in another case, %d needs, %d candidates left out: the test shows little", recased, needy, skipped)
	}
}
