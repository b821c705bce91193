package rule

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// asked is an expression and a text for pcre2test.
type asked struct{ src, text string }

// realPCRE returns for each question whether PCRE2 finds the expression in the text:
// "found", "not", or what it says of an expression that it refuses.
func realPCRE(t *testing.T, list []asked) (answers []string) {
	t.Helper()
	var in strings.Builder
	for _, a := range list {
		in.WriteString("/")
		for i := range len(a.src) {
			fmt.Fprintf(&in, "%02x ", a.src[i])
		}
		in.WriteString("/hex,utf\n    ")
		for _, r := range a.text {
			fmt.Fprintf(&in, `\x{%x}`, r)
		}
		in.WriteString("\\\n\n") // the last backslash makes a line of an empty text, too
	}
	cmd := exec.Command("pcre2test", "-q")
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(out), "/hex,utf\n")[1:] {
		switch {
		case strings.Contains(part, "Failed: error"):
			answers = append(answers, strings.TrimSpace(strings.SplitN(part, "\n", 2)[0]))
		case strings.Contains(part, "\nNo match"):
			answers = append(answers, "not")
		case strings.Contains(part, "\n 0: "):
			answers = append(answers, "found")
		default:
			t.Fatalf("pcre2test prints %q", part)
		}
	}
	if len(answers) != len(list) {
		t.Fatalf("%d answers to %d questions", len(answers), len(list))
	}
	return answers
}

func needPCRE(t *testing.T) {
	t.Helper()
	if os.Getenv("SLUICE_PCRE") == "" {
		t.Skip("SKIPPED: set SLUICE_PCRE=1 to compare with pcre2test, of the package pcre2-utils")
	}
	if _, err := exec.LookPath("pcre2test"); err != nil {
		t.Fatal(err)
	}
}

// The table says of PCRE2 what PCRE2 does.
func TestRealPCRE(t *testing.T) {
	needPCRE(t)
	var list []asked
	var want []string
	for _, c := range constructs {
		if c.how == refused {
			continue
		}
		for i, text := range append(c.in[:len(c.in):len(c.in)], c.out...) {
			list = append(list, asked{c.src, strings.ToValidUTF8(text, "?")})
			want = append(want, map[bool]string{true: "found", false: "not"}[i < len(c.in)])
		}
	}
	for i, got := range realPCRE(t, list) {
		if got != want[i] {
			t.Errorf("%s in %.40q: %s, want %s", list[i].src, list[i].text, got, want[i])
		}
	}
}

var (
	pieces = []string{
		"a", "k", "b", `\n`, `\r`, `\s`, `\S`, `\v`, `\V`, `\h`, `\H`, `\R`, `\N`, ".", `\w`, `\W`, `\d`, `\D`, `\b`, `\B`,
		"^", "$", `\A`, `\z`, `\Z`, `[\s]`, `[^\s]`, `[\Sa]`, `[^\vk]`, `[\h\n]`, `[^\W]`, `[\wé]`, `[[:space:]]`, `[[:upper:]]`,
		`[^[:^lower:]\s]`, `\p{Lu}`, `[^\p{Lu}]`, `\x9`, `\cJ`, `\e`, `\Q.\E`, `[\Qa\E-\Qk\E]`, `[]a]`, `[^]\n]`, `[\b]`, " ", "K",
		"\u212a", "\u2028", "[a-k\u00a0]", `\x{85}`, "é", `\K`, "(?#c)", `[\d\-\s]`, `[\w-a]`,
	}
	opens  = []string{"(", "(?:", "(?i)", "(?i:", "(?m)", "(?m:", "(?s:", "(?x: ", "(?-i:", "(?<n>", "(?'n'"}
	counts = []string{"", "", "", "", "?", "*", "+", "{2}", "{0,2}", "*?", "+?", "{1,}"}
	chars  = []rune("abkKé1.-] \t\n\n\n\r\v\x1b\b\u0085\u00a0\u2028\u212a\u017f")
)

// expressionOf returns a random expression.
func expressionOf(rng *rand.Rand, depth int) string {
	var b strings.Builder
	for range 1 + rng.IntN(4) {
		switch {
		case depth > 0 && rng.IntN(4) == 0:
			open := opens[rng.IntN(len(opens))]
			b.WriteString(open + expressionOf(rng, depth-1))
			if !strings.HasSuffix(open, ")") {
				b.WriteString(")" + counts[rng.IntN(len(counts))])
			}
		case rng.IntN(8) == 0:
			b.WriteString("|")
		default:
			b.WriteString(pieces[rng.IntN(len(pieces))] + counts[rng.IntN(len(counts))])
		}
	}
	return b.String()
}

// Random expressions find in random texts what PCRE2 finds, or are refused.
func TestRandomPCRE(t *testing.T) {
	needPCRE(t)
	rng := rand.New(rand.NewPCG(1, 2))
	var list []asked
	var got []bool
	taken, tried := 0, 30_000
	for range tried {
		src := expressionOf(rng, 2)
		out, err := PCRE{Test: true}.Translate(src)
		if err != nil {
			continue
		}
		re, err := NewRegexp(out)
		if err != nil {
			t.Fatalf("%s as %s: %v", src, out, err)
		}
		taken++
		for range 6 {
			text := make([]rune, rng.IntN(5))
			for i := range text {
				text[i] = chars[rng.IntN(len(chars))]
			}
			list = append(list, asked{src, string(text)})
			got = append(got, re.Find().MatchString(string(text)))
		}
	}
	counted := map[string]int{}
	for i, want := range realPCRE(t, list) {
		counted[want[:min(len(want), 17)]]++
		if strings.HasPrefix(want, "Failed") {
			continue
		}
		if got[i] != (want == "found") {
			out, _ := PCRE{Test: true}.Translate(list[i].src)
			t.Errorf("%q as %q in %q: %v, PCRE2: %s", list[i].src, out, list[i].text, got[i], want)
		}
	}
	if t.Logf("of %d expressions %d are taken: %v", tried, taken, counted); counted["found"] < taken || counted["not"] < taken {
		t.Error("too few texts tell anything")
	}
}
