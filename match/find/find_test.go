package find

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// expressions hold every kind of instruction, and the ways in which context is asked
// for.
var expressions = []string{
	``, `a`, `abc`, `(?i)abc`, `a|b`, `a*`, `a+b`, `(ab)+c?`, `[a-c]x`, `[^a-c]x`, `.`, `(?s).x`, `a.b`, `(?s)a.b`,
	`^a`, `a$`, `^$`, `^a*$`, `(?m)^a`, `(?m)a$`, `(?m)^$`, `\Aa|b\z`, `\ba`, `a\b`, `\Ba`, `a\B`, `\bab\b`, `\b`, `\B`, `^`, `$`,
	`(?i)k`, `(?i)s+k`, `(?i)ſ`, `(?i)[k-s]x`, `é`, `(?i)É`, `[é-ü]`, `\x{FFFD}`, `[^\x00-\x7f]`, `\pL\b`, `(?i)σ`,
	`a{2,4}b`, `(a|ab)(c|bcd)`, `(?:x|(?:y|z)+)*w`, `a\nb`, `[\n]`, `\s+x`, `\w+\W\w`, `[[:alpha:]]+\d`, `x*?y`, `(?U)x*y`,
	`a(?:^|b)c`, `(?:$|x)a`, `(?:\b|x)+k`, `^(?:a|^b)`, `[^\s\S]`, `a[^\s\S]|b`, `(?i)invoke-(rest|web)method`, `(a?){10}a{10}`,
	`(?i)get-\S+(credent|password)|kerberos.*(policy|ticket)`, `[A-Za-z0-9+\/]{9,}([A-Za-z0-9+\/]{3}=|[A-Za-z0-9+\/]{2}==)`,
	`(?i)[-]e(nc*o*d*e*d*)*\s+[^-]`, `(?i)(backdoor|brute.?force|port.?scan)`, `(a|b)*a(a|b){3}c`,
}

// letters are what random texts are made of.
var letters = []string{"a", "b", "c", "d", "x", "y", "z", "k", "s", "A", "B", "K", "S", "0", "_", "-", " ", "\n", ".", "=", "/",
	"é", "É", "ſ", "K", "σ", "ς", "\uFFFD", "\xff", "\xe2\x84", "\x00", "invoke-", "WebMethod", "get-", "password", "Kerberos", "ticket", "enc"}

func randomText(rng *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(letters[rng.IntN(len(letters))])
	}
	return b.String()
}

// same compares every way to ask with package regexp.
func same(t *testing.T, r *Regexp, want *regexp.Regexp, text string) {
	t.Helper()
	yes := want.MatchString(text)
	if got := r.MatchString(text); got != yes {
		t.Fatalf("%q in %q: %v, want %v", r, text, got, yes)
	}
	var g Grams
	g.Reset([]byte(text))
	for i := range fewAsked + 1 {
		if got := r.MatchIn([]byte(text), &g); got != yes {
			t.Fatalf("%q in %q, asked %d times before: %v, want %v", r, text, i, got, yes)
		}
	}
}

func TestEqualsRegexp(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, src := range expressions {
		r, err := Compile(src)
		if err != nil {
			t.Fatalf("%q: %v", src, err)
		}
		want := regexp.MustCompile(src)
		found := 0
		for i := range 3000 {
			text := randomText(rng, rng.IntN(1+i/100))
			same(t, r, want, text)
			if want.MatchString(text) {
				found++
			}
		}
		if a := r.tables; a == nil && r.text == nil || a != nil && a.full.Load() {
			t.Errorf("%q has no table", src)
		}
		if found == 0 && strings.Count(src, "{") == 0 && !strings.Contains(src, `[^\s\S]`) {
			t.Logf("%q is never found", src)
		}
	}
}

// An expression whose states are too many is answered as before, and so are large ones.
func TestWithoutTable(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	many := `(a|b)*a(a|b){14}c`
	r, err := Compile(many)
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(many)
	for range 200 {
		b := make([]byte, 1000)
		for i := range b {
			b[i] = "aab"[rng.IntN(3)]
		}
		b[rng.IntN(len(b))] = 'c'
		same(t, r, want, string(b))
	}
	if !r.tables.full.Load() {
		t.Error("the table of 2^15 states is not full")
	}
	if n := r.tables.taken.Load(); n > 8*maxEntries {
		t.Errorf("the table takes %d entries", n)
	}

	var wide strings.Builder // more classes than fit
	for i := range maxClasses + 2 {
		wide.WriteString(`|` + string(rune(0x4E00+2*i)) + strings.Repeat("x", i%3+1))
	}
	src := wide.String()[1:]
	if r, err = Compile(src); err != nil {
		t.Fatal(err)
	}
	same(t, r, regexp.MustCompile(src), "abc"+string(rune(0x4E00+20))+"xxx")
	if r.tables != nil {
		t.Error("a table of too many classes")
	}
}

func TestCompileBounds(t *testing.T) {
	t.Parallel()
	for _, src := range []string{strings.Repeat("a", maxSource+1), `(\pL{500}){40}`, `(?=a)`, `(`} {
		if _, err := Compile(src); err == nil {
			t.Errorf("%.20q compiles", src)
		}
	}
}

// Many goroutines fill one table.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	for _, src := range []string{`(a|b)*a(a|b){6}c`, `(?i)\b(get|set)-\w+\b`} {
		r, err := Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		want := regexp.MustCompile(src)
		var wait sync.WaitGroup
		for seed := range uint64(4) {
			wait.Go(func() {
				rng := rand.New(rand.NewPCG(5, seed))
				for range 300 {
					text := randomText(rng, 30)
					if got := r.MatchString(text); got != want.MatchString(text) {
						t.Errorf("%q in %q: %v", src, text, got)
					}
				}
			})
		}
		wait.Wait()
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src         string
		ascii       bool
		text, lacks string
	}{
		{`(?i)skip`, true, "SKIP", "skp"},
		{`(?i)foo|bar`, true, "a BAR", "a bra"},
		{`(foo|bar).*baz`, true, "foo baz", "foo bar"},
		{`(?:abc){2,}d`, true, "abcabcd", "abdabd"},
		{`(x|yyy)zzz`, true, "xzzz", "yyy"},
	} {
		r, err := Compile(c.src)
		if err != nil {
			t.Fatal(err)
		}
		n := NewNeed(Holds(r.Tree(), c.ascii))
		for _, text := range []string{c.text, c.lacks} {
			var g Grams
			g.Reset([]byte(text))
			for range fewAsked {
				g.Lacks(n)
			}
			if got := g.Lacks(n); got != (text == c.lacks) {
				t.Errorf("%q in %q lacks: %v", c.src, text, got)
			}
		}
	}
	for src, want := range map[string]string{
		`(?i)(net).*&&\s?user.*(aa|b)`: `{[net && u er {[] [aa b]}]}`, // s folds beyond ASCII
		`cmd.{0,5}(?:/cc|/r)"net\s`:    `{[cmd / {[] [cc r]} "net]}`,
		`(ab)+c{2}x?yz`:                `{[ab c yz]}`,
		`a|b*`:                         `{[]}`,
		`^C:\\Temp\\$`:                 `c:\temp\`,
	} {
		r, err := Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		if got := Holds(r.Tree(), false).String(); got != want {
			t.Errorf("%s: %s, want %s", src, got, want)
		}
	}
	// The Kelvin sign is a k where case does not count.
	r, _ := Compile(`(?i)kkk`)
	same(t, r, regexp.MustCompile(`(?i)kkk`), "\u212Ak\u212A")
	var g Grams
	g.Reset([]byte("\u212Ak\u212A"))
	for range fewAsked {
		if g.Lacks(r.need) {
			t.Error("a text with the Kelvin sign lacks k")
		}
	}
	if h := Holds(r.Tree(), false); !h.Nothing() {
		t.Errorf("every text with (?i)kkk holds %v", h)
	}
}

func FuzzFind(f *testing.F) {
	for i, src := range expressions {
		f.Add(src, letters[i%len(letters)]+"abk\n-x")
	}
	f.Fuzz(func(t *testing.T, src, text string) {
		if len(src) > 200 || len(text) > 2000 || !utf8.ValidString(src) {
			return
		}
		want, err := regexp.Compile(src)
		r, err2 := Compile(src)
		if err != nil {
			if err2 == nil {
				t.Fatalf("%q compiles", src)
			}
			return
		}
		if err2 != nil {
			return // too large
		}
		same(t, r, want, text)
		same(t, r, want, text+text)
	})
}
