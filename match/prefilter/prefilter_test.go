package prefilter

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/record"
	"sluice/match/event"
	"sluice/match/rule"
	"sluice/match/spl"
)

func compileRule(t testing.TB, search string) *rule.Rule {
	t.Helper()
	r, err := spl.Compile(search+" | stats count by dest", spl.Env{})
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
	// What may be written another way ends a stretch; a byte of it stays.
	f(`Text="*C:\\Temp\\file*"`, `(and "\temp\" "\file")`)
	f(`Text="*<b>bold</b>*"`, `">bold<"`)
	f(`Text="*a+bcd*"`, `"+bcd"`)
	f(`Text="*bcd\"*"`, `"bcd""`)
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
	}, Options{NoAnchors: true})
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
	rules := []*rule.Rule{compileRule(t, `EventCode=4104 (ScriptBlockText="*Invoke-RestMethod*" AND (ScriptBlockText="*ipinfo.io*" OR ScriptBlockText="*api.ipify.org*"))`)}
	scanners := []*Scanner{New(rules, Options{}).NewScanner(), New(rules, Options{ByID: true}).NewScanner()}
	g := corpus.New(3)
	g.Letters = true
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
				for _, s := range scanners {
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
	}
	if skipped == 0 {
		t.Error("nothing was skipped: the test shows nothing")
	}
}

// options are all ways to find candidates.
func options() []Options {
	opts := []Options{{NoAnchors: true}}
	for _, k := range Kernels() {
		opts = append(opts, Options{Kernel: k}, Options{Kernel: k, ByID: true})
	}
	return opts
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
			if len(rules) < 20 && len(lit) >= minLiteral && len(lit) < 100 && slices.Equal(stretches(lit), []string{lit}) && core(lit) == lit && !strings.Contains(lit, "*") {
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
		for _, opt := range options() {
			if got := candidates(New(rules, opt), raw); !slices.Equal(got, want) {
				t.Errorf("%+v: %q in %q: got %v, want %v", opt, lits, raw, got, want)
			}
		}
	})
}

// Whatever hides an inert byte in a record is found in its block, too.
func TestEscapesFindWhatHides(t *testing.T) {
	rules := []*rule.Rule{compileRule(t, `EventCode=4104`)}
	opened := 0
	var scanners []*Scanner
	for _, k := range Kernels() {
		scanners = append(scanners, New(rules, Options{Kernel: k}).NewScanner())
	}
	check := func(block string) {
		hidden := hides([]byte(block), backslash|ampersand|lessThan)
		for i, s := range scanners {
			s.Start([]byte(block), 0, len(block), Records)
			if _, why := s.Next(0); (why == Opens) != hidden {
				t.Fatalf("%s: %q opens: %v, hides: %v", Kernels()[i], block, why == Opens, hidden)
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

// Anchors are the rarest way to tell that a need may be met.
func TestAnchors(t *testing.T) {
	f := func(search, want string) {
		t.Helper()
		var got []string
		for _, p := range anchorParts([]Need{Analyze(compileRule(t, search).Where)}) {
			got = append(got, p.lit)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", search, got, want)
		}
	}
	f(`EventCode=4104 Text=*Invoke-RestMethod*`, `invoke-restmethod`)
	f(`Text=*select* Text=*qqjzx*`, `qqjzx`)
	f(`Text=*select* (Text=*qqjzx* OR Text=*zzvvk*)`, `qqjzx zzvvk`)
	f(`Text=*select* (Text=*qqjzx* OR Text=*the*)`, `select`)
	f(`Text=*qqjzx* OR (Text=*zzvvk* Text=*select*)`, `qqjzx zzvvk`)
	f(`Text=*select* (Text=*qqjzx* OR Path=*)`, `select`)
	f(`Text=*qqjzx* OR Path=*`, ``)
}

// A rule that the literals of a record tell to be possible is one by its anchors.
func TestAnchorsMissNoCandidate(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	words := strings.Fields(`alpha beta gamma delta select invoke-expression 4104 net.webclient downloadstring -enc frombase64 start-process iex reg copy`)
	text := func() string {
		var b strings.Builder
		for range 1 + rng.IntN(30) {
			w := words[rng.IntN(len(words))]
			b.WriteString([]string{w, strings.ToUpper(w), w[:len(w)/2], w[1:]}[rng.IntN(4)])
			b.WriteString([]string{"", " ", `\u0027`, `\n`, ".", "4"}[rng.IntN(6)])
			if rng.IntN(200) == 0 {
				b.WriteString(`\u0041`)
			}
		}
		return b.String()
	}
	term := func() string { return "Text=*" + words[rng.IntN(len(words))] + "*" }
	missed, kept := 0, 0
	for range 200 {
		var rules []*rule.Rule
		for range 1 + rng.IntN(40) {
			rules = append(rules, compileRule(t, []string{
				term(), term() + " " + term(), "(" + term() + " OR " + term() + ")", term() + " (" + term() + " OR " + term() + " OR " + term() + ")",
			}[rng.IntN(4)]))
		}
		slow := New(rules, Options{NoAnchors: true}).NewScanner()
		var fast []*Scanner
		for _, k := range Kernels() {
			fast = append(fast, New(rules, Options{Kernel: k}).NewScanner())
		}
		for range 30 {
			raw := []byte(text())
			want := slow.Candidates(nil, raw)
			for _, s := range fast {
				got := s.Candidates(nil, raw)
				for _, r := range want {
					if !slices.Contains(got, r) {
						t.Fatalf("rule %d of %d is missed in %q", r, len(rules), raw)
					}
				}
				kept += len(want)
				missed += len(rules) - len(got)
				s.Start(raw, 0, len(raw), Records)
				if _, why := s.Next(0); len(want) > 0 && why != Opens {
					t.Fatalf("nothing opens %q", raw)
				}
			}
		}
	}
	if missed == 0 || kept == 0 {
		t.Errorf("%d candidates, %d left out: the test shows nothing", kept, missed)
	}
}

// The rules of a record that hides something are those that one of its decoded
// values chooses, whatever looks like a spelling there.
func TestReveal(t *testing.T) {
	var rules []*rule.Rule
	for _, text := range []string{"*qqj-zx*", "*jjx-qw*", "*xxq-jz*"} {
		rules = append(rules, compileRule(t, "EventCode=4104 Text="+text))
	}
	for _, o := range []Options{{}, {NoGate: true}} {
		f := New(rules, o)
		s := f.NewScanner()
		raw := []byte(`{"EventID":4104,"Text":["<!-- &#65; \\u0041 Q\u0071J-zx","jjx-\u0051w"]}`)
		if got := s.Candidates(nil, raw); len(got) != 3 || !s.Hidden() {
			t.Fatalf("candidates %v, hidden %v", got, s.Hidden())
		}
		events := 0
		err := event.NewDecoder(event.Project([]string{"EventCode", "Text"}), nil).Decode(record.JSON, raw, func(ev *event.Event) {
			events++
			if got := s.Reveal(nil, ev); !slices.Equal(got, []int{0, 1}) {
				t.Errorf("revealed %v", got)
			}
			for i := range rules {
				for _, n := range f.Required(rules[i].Where.(rule.And)[1].(rule.Compare)) {
					if s.Stands()[n] != (i < 2) {
						t.Errorf("literal %d stands: %v", n, s.Stands()[n])
					}
				}
			}
		})
		if err != nil || events != 1 {
			t.Error(events, err)
		}
		if s.Candidates(nil, []byte(`{"EventID":4104,"Text":"jjx-qw"}`)); s.Hidden() {
			t.Error("hidden still")
		}
	}
}

// A literal is no gate if its ends may be written in another way: the gate is
// compared as it stands.
func TestGateIsInert(t *testing.T) {
	f := New([]*rule.Rule{compileRule(t, `Text="*'-_-_'*"`), compileRule(t, `Text="*x'-_-_'y*"`)}, Options{})
	s := f.NewScanner()
	for _, raw := range []string{`{"Text":"x'-_-_'y"}`, `{"Text":"x\u0027-_-_\u0027y"}`, `<Data>x&apos;-_-_&#39;y</Data>`} {
		if got := s.Candidates(nil, []byte(raw)); len(got) != 2 {
			t.Errorf("candidates of %s: %v (signs %q)", raw, got, f.signs.texts)
		}
	}
}

// The gate is left where it opens much, and tried again.
func TestChoice(t *testing.T) {
	s := New([]*rule.Rule{compileRule(t, `EventCode=4104 Text=*qqjzx*`)}, Options{}).NewScanner()
	start := func(n, opened int) bool {
		s.Start(make([]byte, 100), 0, 100, Records)
		s.choice.looked += n - 100
		s.choice.since += n - 100
		s.choice.opened += opened
		return s.anchors != nil && s.search == s.anchors
	}
	for range 10 {
		if start(1<<20, 1<<16) {
			t.Fatal("the gate was left though little passes it")
		}
	}
	// The gate goes on until the plan of the anchors is made.
	made, making := s.f.swept.plan, make(chan bool)
	s.f.swept.plan = func() *plan { <-making; return made() }
	for range 20 {
		if start(1<<20, 1<<20) {
			t.Fatal("by anchors that are not made")
		}
	}
	close(making)
	for !s.f.swept.ready() {
		runtime.Gosched()
	}
	if !start(1<<20, 1<<20) {
		t.Fatal("the gate was not left")
	}
	s.choice = choice{}
	// Each try of the gate that fails at once doubles the time to the next one.
	for i, wait := range []int{16, 32, 64, 128, 256, 256} {
		start(8<<20, 7<<20)
		for n := range wait {
			if !start(1<<20, 1<<19) {
				t.Fatalf("try %d: by the gate after %d of %d MiB", i, n, wait)
			}
		}
	}
	for range 20 {
		if start(1<<20, 0) {
			t.Fatal("the gate was not tried again, or not kept")
		}
	}
	start(20<<20, 19<<20)
	for n := range 16 {
		if !start(1<<20, 0) {
			t.Fatalf("by the gate after %d MiB", n)
		}
	}
	if start(1, 0) || s.Switches() != 14 {
		t.Errorf("%d switches", s.Switches())
	}
}

// Every spelling of what is not inert, in and around other layers, is taken for
// it at both ends of a stretch.
func TestSpelledEnds(t *testing.T) {
	json := func(b []byte) [][]byte {
		c := b[len(b)-1]
		all := [][]byte{b[:len(b)-1], b[:len(b)-1], b[:len(b)-1]}
		for i, form := range []string{`\u%04x`, `\u%04X`, `\%c`} {
			if strings.IndexByte(`"\/`, c) < 0 && i == 2 {
				return all[:2]
			}
			all[i] = fmt.Appendf(slices.Clone(all[i]), form, c)
		}
		return all
	}
	for c := byte(' '); c <= '~'; c++ {
		if inert[c] {
			continue
		}
		spellings := []string{string([]byte{c})}
		for _, form := range []string{"&#%d;", "&#x%x;", "&#X%X;", "&#x000%x;"} {
			spellings = append(spellings, fmt.Sprintf(form, c))
		}
		for name, of := range map[string]byte{"quot": '"', "amp": '&', "lt": '<', "gt": '>', "apos": '\''} {
			if of == c {
				spellings = append(spellings, "&"+name+";")
			}
		}
		for _, b := range json([]byte{c}) {
			spellings = append(spellings, string(b))
		}
		for _, inner := range slices.Clone(spellings) { // a layer around: its \ " & < > are written another way
			spellings = append(spellings, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(inner), strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(inner),
				strings.NewReplacer("&", `\u0026`, "<", `\u003c`, ">", `\u003E`, `\`, `\u005c`, "'", `\u0027`).Replace(inner))
		}
		lit := "qjx" + string([]byte{c}) + "zvkw"
		rules := []*rule.Rule{{Where: rule.Compare{Field: "Text", Value: rule.NewPattern("*" + lit + "*")}}}
		for _, k := range Kernels() {
			s := New(rules, Options{Kernel: k}).NewScanner()
			for _, sp := range spellings {
				for _, pad := range []int{0, 3, 61, 100} {
					raw := []byte(strings.Repeat("-", pad) + "QJX" + sp + "zvKw" + strings.Repeat("-", pad))
					if len(s.Candidates(nil, raw)) != 1 {
						t.Fatalf("%s: %q is missed in %q", k, lit, raw)
					}
				}
			}
		}
	}
}

// A byte that is there tells apart what the stretch alone would not.
func TestEndsNarrow(t *testing.T) {
	f := New([]*rule.Rule{compileRule(t, `Text="*#<null>*"`)}, Options{})
	for raw, want := range map[string]int{
		`{"Text":"#<null>"}`: 1, `{"Text":"#\u003cnull\u003e"}`: 1, `<Data>#&lt;null&gt;</Data>`: 1,
		`{"Text":null}`: 0, `$null)`: 0, `{"Text":"> $null; <null "}`: 0,
	} {
		if got := len(candidates(f, raw)); got != want {
			t.Errorf("%s: %d candidates", raw, got)
		}
	}
}
