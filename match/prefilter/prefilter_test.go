package prefilter

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/match/rule"
	"sluice/match/spl"
)

func compileRule(t testing.TB, search string) *rule.Rule {
	t.Helper()
	r, err := spl.Compile(search+" | stats count by dest", nil)
	if err != nil {
		t.Fatalf("%s: %v", search, err)
	}
	return r
}

// The printed need is the specification: what a raw record must contain.
func TestAnalyze(t *testing.T) {
	f := func(search, want string) {
		t.Helper()
		if got := Analyze(compileRule(t, search).Where).String(); got != want {
			t.Errorf("%s\n got %s\nwant %s", search, got, want)
		}
	}
	f(`Text="*Invoke-RestMethod*"`, `"invoke-restmethod"`)
	f(`Text="*a.b.c* or *d-e-f*"`, `(and "a.b.c" " or " "d-e-f")`)
	f(`Text=*one* Text=*two*`, `(and "one" "two")`)
	f(`Text=*one* OR Text=*two*`, `(or "one" "two")`)
	f(`EventCode=4104 Text=*one* (Text=*two* OR Text=*three*)`, `(and "4104" "one" (or "two" "three"))`)
	f(`Text IN (*one*, *two*)`, `(or "one" "two")`)
	// What may be written another way is cut off; the longest rest counts.
	f(`Text="*C:\\Temp\\file*"`, `"temp"`)
	f(`Text="*<b>bold</b>*"`, `"bold"`)
	f(`Text="*naïve café*"`, `"ve caf"`)
	f(`Text="*a'b*"`, `+`)
	// No condition: too short, numbers, negation, other operators, derived fields.
	f(`Text=*ab*`, `+`)
	f(`Text=*`, `+`)
	f(`EventCode=41`, `+`)
	f(`EventCode>4103`, `+`)
	f(`NOT Text=*one*`, `+`)
	f(`Text!=*one*`, `+`)
	f(`Text>one`, `+`)
	f(`signature="*Remote Command*"`, `+`)
	f(`vendor_product="Microsoft Windows"`, `+`)
	f(`source="XmlWinEventLog:Security"`, `+`)
	f(`Guid="*a0c1853b*"`, `+`)
	f(`Opcode=verbose`, `+`)
	f(`Channel=Security`, `"security"`)
	f(`dest=web01*`, `"web01"`)
	// One alternative without a condition opens the whole.
	f(`Text=*one* OR EventCode=1`, `+`)
	f(`Text=*one* OR NOT Text=*two*`, `+`)
	f(`NOT Text=*x* Text=*one*`, `"one"`)
	// A number is looked for by its digits: 04104 and 4104.0 are equal to it.
	f(`EventCode=4104`, `"4104"`)
	f(`Number="-004104.50"`, `"4104"`)
	f(`Number=.5`, `+`)
	f(`Number=4104.5.6`, `"4104.5.6"`)
	f(`Number=12345678901234567890`, `"12345678901234567890"`)
}

func candidates(f *Filter, raw string) []int { return f.NewScanner().Candidates(nil, []byte(raw)) }

func TestCandidates(t *testing.T) {
	f := New([]*rule.Rule{
		compileRule(t, `Text=*alpha* Text=*beta*`),
		compileRule(t, `Text=*alphabet* OR Text=*gamma*`),
		compileRule(t, `Text=*beta*`),
	}, Options{})
	check := func(raw string, want ...int) {
		t.Helper()
		if got := candidates(f, raw); !slices.Equal(got, want) {
			t.Errorf("%s: candidates %v, want %v", raw, got, want)
		}
	}
	all := []int{0, 1, 2}
	check(`nothing`)
	check(`ALPHA`)
	check(`ALPHA-beta`, 0, 2)
	check(`alphabet_beta`, 0, 1, 2)
	check(`ALPHABET`, 1)
	check(`gamma`, 1)
	check(`alpha gamma beta`, 0, 1, 2)
	// Another spelling of an inert byte makes every rule possible.
	check(`\u0061lpha`, all...)
	check(`\u004D`, all...)
	check(`\\u0061`, all...)
	check(`\u005cu0061`, all...)
	check(`&#97;`, all...)
	check(`&#0000097;`, all...)
	check(`&#x61;`, all...)
	check(`&#X61;`, all...)
	check(`\u0026#x61;`, all...)
	check(`al<![CDATA[pha]]>`, all...)
	check(`al<!-- -->pha`, all...)
	check(`al<?x?>pha`, all...)
	check(`al\u003c!--`, all...)
	check(`al\u003C?x`, all...)
	check(`\\u0026#97;`, all...)
	// Spellings of bytes that are never looked for change nothing.
	check(`\u003c \u003E \u0026 \u0027 \u002b \u0060`)
	check(`&#13; &#xD; &#10; &#x1F600; &#39;`)
	check(`\n \t \/ \"`)
	check(`\u00`)
	check(`\u006`)
	check(`&#`)
}

// For every shape of every event, however spelled, the detection is a
// candidate where it is satisfied.
func TestNoFalseNegative(t *testing.T) {
	f := New([]*rule.Rule{compileRule(t, `EventCode=4104 (ScriptBlockText="*Invoke-RestMethod*" AND (ScriptBlockText="*ipinfo.io*" OR ScriptBlockText="*api.ipify.org*"))`)}, Options{})
	s := f.NewScanner()
	g := corpus.New(3)
	rng := rand.New(rand.NewPCG(3, 4))
	n, skipped := 400, 0
	if testing.Short() {
		n = 40
	}
	for range n {
		e := g.Next()
		for k := range corpus.Shapes {
			shape := &corpus.Shapes[k]
			plain := shape.Render(e)
			docs := [][]byte{plain, corpus.Respell(rng, shape.Format, plain)}
			if shape.RenderInner != nil {
				docs = append(docs, corpus.Respell(rng, shape.Format, shape.RenderInner(e, func(x []byte) []byte {
					return corpus.Respell(rng, corpus.XML, x)
				})))
			}
			for _, doc := range docs {
				if len(s.Candidates(nil, doc)) == 1 {
					continue
				}
				skipped++
				if corpus.Satisfies(e) {
					t.Fatalf("%s: a match was skipped:\n%s", shape.Name, doc)
				}
			}
		}
	}
	if skipped == 0 {
		t.Error("nothing was skipped: the test shows nothing")
	}
}

// The matcher finds each literal exactly where strings.Contains does.
func FuzzMatcher(f *testing.F) {
	f.Add("alpha|alphabet|bet|beta", "xALPHABETa")
	f.Add("aaa|aaaa|aaaaa", "aaaaaaaa")
	f.Add("abcd|bcde|cdef|bcd", "abcdef")
	f.Fuzz(func(t *testing.T, list, raw string) {
		var rules []*rule.Rule
		var lits []string
		for _, lit := range strings.Split(list, "|") {
			lit = rule.FoldString(lit)
			if len(rules) < 20 && len(lit) >= minLiteral && len(lit) < 100 && longestInert(lit) == lit && !strings.Contains(lit, "*") {
				lits = append(lits, lit)
				rules = append(rules, &rule.Rule{Where: rule.Compare{Field: "Text", Value: rule.NewPattern("*" + lit + "*")}})
			}
		}
		if len(rules) == 0 || hides([]byte(raw), backslash|ampersand|lessThan) {
			return
		}
		low := strings.Map(func(r rune) rune {
			if r < 128 {
				return rune(rule.FoldByte(byte(r)))
			}
			return r
		}, raw)
		var want []int
		for i, lit := range lits {
			if strings.Contains(low, lit) {
				want = append(want, i)
			}
		}
		fl := New(rules, Options{})
		if got := candidates(fl, raw); !slices.Equal(got, want) {
			t.Errorf("%q in %q: got %v, want %v", lits, raw, got, want)
		}
	})
}

// Whatever hides an inert byte in a record is found in its block, too.
func TestEscapesFindWhatHides(t *testing.T) {
	f := New([]*rule.Rule{compileRule(t, `EventCode=4104`)}, Options{})
	opened := 0
	check := func(block string) {
		hidden := hides([]byte(block), backslash|ampersand|lessThan)
		for _, k := range Kernels() {
			f.kernel = k.pick()
			s := f.NewScanner()
			s.Start([]byte(block), 0, len(block), Records)
			if _, why := s.Next(0); (why == Opens) != hidden {
				t.Fatalf("%s: %q opens: %v, hides: %v", k, block, why == Opens, hidden)
			}
		}
		if hidden {
			opened++
		}
	}
	for c := range 256 {
		for _, form := range []string{`\u00%02x`, `\u00%02X`, `\\u00%02x.`, `\u0026#%d;`, `&#%d;`, `&#x%x;`, `&#X%05X`, `u00%02x`} {
			check(fmt.Sprintf("text "+form, c))
			check(fmt.Sprintf(form+" and text", c))
		}
		check("<" + string(rune(c)))
		check(`\u003c` + string(rune(c)))
		check(`\u003C` + string(rune(c)) + strings.Repeat("text", 40))
	}
	if opened < 256 {
		t.Errorf("only %d hid something", opened)
	}
}
