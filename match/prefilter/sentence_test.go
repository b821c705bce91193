package prefilter

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"testing"
	"unicode"

	"sluice/match/find"
	"sluice/match/rule"
)

// randomExpression returns an expression of PCRE of few letters, with every operator.
func randomExpression(rng *rand.Rand, depth int) string {
	part := func() string { return randomExpression(rng, depth-1) }
	atoms := []string{"abc", "k", "Sun", "dOwn", "e", ".", `\s`, "[a-c]", "[^x]", "[kK]", `\.`, `\\`, "\u00e9", `\b`, "-", "load",
		`\v`, `\Kk`, `\R`, `(?#x)`, `\Qa.b\E`, `\x6bo`, `[\w\v]`, `\cIx`, "$", `\W`,
		"\u03a3\u03c2", "СИС", "\u00df", "\u017f", "\u212a", "\u0130", "[\u00c9\u03c3]", "\u023a", "Aa\u00ff"}
	if depth == 0 {
		return atoms[rng.IntN(len(atoms))]
	}
	switch rng.IntN(9) {
	case 0:
		return "(" + part() + "|" + part() + ")"
	case 1:
		return "(?:" + part() + ")" + []string{"*", "+", "?", "{2}", "{0,3}", "{1,}", "+?"}[rng.IntN(7)]
	case 2:
		return "(?" + []string{"i", "s", "m", "-i", "is"}[rng.IntN(5)] + ":" + part() + ")"
	case 3:
		return "(" + part() + ")"
	}
	return part() + part()
}

// sentence returns a text that re matches, as far as it has no assertions.
func sentence(rng *rand.Rand, re *syntax.Regexp) (s string) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			for range rng.IntN(3) * int(re.Flags&syntax.FoldCase) {
				r = unicode.SimpleFold(r)
			}
			s += string(r)
		}
	case syntax.OpCharClass:
		i := 2 * rng.IntN(len(re.Rune)/2)
		return string(re.Rune[i] + rng.Int32N(min(re.Rune[i+1]-re.Rune[i], 90)+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return []string{"x", "\u00e9", " ", "A"}[rng.IntN(4)]
	case syntax.OpAlternate:
		return sentence(rng, re.Sub[rng.IntN(len(re.Sub))])
	case syntax.OpQuest, syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		least := map[syntax.Op]int{syntax.OpPlus: 1, syntax.OpRepeat: re.Min}[re.Op]
		more := rng.IntN(2)
		if re.Op == syntax.OpRepeat && re.Max == re.Min {
			more = 0
		}
		for range least + more {
			s += sentence(rng, re.Sub[0])
		}
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			s += sentence(rng, sub)
		}
	}
	return s
}

// Every text that is made to match holds what the expression is said to require.
func TestRegexpNeedOfSentences(t *testing.T) {
	rng := rand.New(rand.NewPCG(71, 72))
	matched, needy, refused := 0, 0, 0
	for range 20_000 {
		src, err := rule.PCRE{Test: true}.Translate(randomExpression(rng, 4))
		if err != nil {
			refused++
			continue
		}
		re, err := rule.NewRegexp(src)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		tree, err := syntax.Parse(src, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		need := Analyze(rule.Matches{Field: "Text", Re: re})
		for range 3 {
			text := strings.Repeat(" ", rng.IntN(2)) + sentence(rng, tree)
			if !re.Find().Match([]byte(text)) {
				continue // an assertion
			}
			var g find.Grams
			g.ResetString(text)
			for range 4 { // it looks at what the text holds the third time
				if !re.Find().MatchStringIn(text, &g) {
					t.Fatalf("%s matches %q, but not by what it holds", src, text)
				}
			}
			if matched++; need.op != always {
				needy++
			}
			if !stands(need, rule.FoldString(text)) {
				t.Fatalf("%s matches %q, which lacks %s", src, text, need)
			}
		}
	}
	if matched < 20_000 || needy < 5_000 {
		t.Errorf("%d texts matched, %d of expressions that require something, %d expressions were refused: the test shows little", matched, needy, refused)
	}
}
