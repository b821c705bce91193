package rule

import (
	"regexp"
	"strings"
	"testing"
)

// What PCRE does with a construct and package regexp does without Translate.
const (
	same       = "same"       // both find it in the same texts
	translated = "translated" // package regexp refuses it, or finds something else
	refused    = "refused"    // Translate refuses it
)

// construct is one of PCRE's, an expression that has it, texts in which PCRE2 finds
// that, and texts in which it does not. Of what is refused, in is why.
type construct struct {
	name, src, how string
	in, out        []string
}

type texts = []string

// constructs follow the manual's pages pcre2pattern and pcre2syntax.
var constructs = []construct{
	// Start of the pattern, and verbs.
	{"verb", `(*UTF)a`, refused, texts{"a verb (*…) is not supported at character 1"}, nil},
	{"verb for backtracking", `a(*SKIP)b`, refused, texts{"a verb (*…) is not supported at character 2"}, nil},
	{"assertion by its name", `a(*pla:b)`, refused, texts{"a verb"}, nil},

	// Quoting.
	{"escaped punctuation", `\.\-\_\/\<\"\ `, same, texts{`.-_/<" `}, texts{`x-_/<" `}},
	{"escape of a character beyond ASCII", `\é`, translated, texts{"é"}, texts{"e"}},
	{"escape that is not known", `\y`, refused, texts{`the escape \y is not known, or not supported at character 1`}, nil},
	{"change of case", `a\Ub`, refused, texts{`the escape \U`}, nil},
	{"backslash at the end", `ab\`, refused, texts{`nothing behind \ at character 3`}, nil},
	{"quoted text", `a\Q.*\E+b`, same, texts{"a.*b", "a.**b"}, texts{"axb", "a.*.*b"}},
	{"quoted text to the end", `\Q(a`, same, texts{"(a"}, texts{"a"}},
	{"nothing quoted", `a\Q\E+b`, same, texts{"aab"}, texts{"a+b"}},
	{"end of quoted text alone", `a\E+b`, translated, texts{"aab"}, texts{"a"}},
	{"quoted text in a class", `^[a\Q]-z\E]$`, translated, texts{"]", "-", "z"}, texts{"b", `\`}},

	// Characters.
	{"controls", `\a\f\n\r\t`, same, texts{"\a\f\n\r\t"}, texts{"afnrt"}},
	{"escape", `\e`, translated, texts{"\x1b"}, texts{"e"}},
	{"control character", `\cA\c{\cz`, translated, texts{"\x01;\x1a"}, texts{"A"}},
	{"control character of none", `\cé`, refused, texts{`no printable character of ASCII behind \c at character 1`}, nil},
	{"octal with a zero", `\012\0x`, same, texts{"\n\x00x"}, texts{"\n"}},
	{"octal with two digits", `\12`, same, texts{"\n"}, texts{"12"}},
	{"octal beyond a byte", `\777`, same, texts{"\u01ff"}, texts{"\xff"}},
	{"octal in braces", `\o{101}`, translated, texts{"A"}, texts{"101"}},
	{"octal in braces, wrong", `\o{8}`, refused, texts{`\o{8} is no number of a character`}, nil},
	{"hexadecimal", `\x41\x4a`, same, texts{"AJ"}, texts{"41"}},
	{"hexadecimal with one digit or none", `\x9\xg`, translated, texts{"\t\x00g"}, texts{"9g"}},
	{"hexadecimal in braces", `\x{41}\x{20ac}`, same, texts{"A€"}, texts{"41"}},
	{"half of a pair", `\x{d800}`, refused, texts{`is no number of a character at character 1`}, nil},
	{"number beyond Unicode", `\x{110000}`, refused, texts{`is no number of a character`}, nil},
	{"number of a character by \\N", `\N{U+41}`, translated, texts{"A"}, texts{"N"}},
	{"name of a character", `\N{SPACE}`, refused, texts{`no number in braces behind \N`}, nil},

	// Character types.
	{"any character", `^a.b$`, same, texts{"a\rb", "a\vb", "aéb", "a\u2028b"}, texts{"a\nb"}},
	{"any character, in the mode s", `(?s)^a.b$`, same, texts{"a\nb"}, texts{"ab"}},
	{"one byte", `\C`, refused, texts{`the escape \C`}, nil},
	{"digits", `^\d\D$`, same, texts{"1a", "1٣"}, texts{"٣a", "11"}},
	{"white space", `a\sb`, translated, texts{"a b", "a\tb", "a\nb", "a\vb", "a\fb", "a\rb"}, texts{"asb", "a\u00a0b", "a\u0085b", "a\u2028b"}},
	{"no white space", `a\Sb`, translated, texts{"aab", "a\u00a0b", "a\u0085b", "a\x1cb"}, texts{"a b", "a\vb", "a\nb"}},
	{"white space in a class", `^[\s,]$`, translated, texts{" ", "\v", ","}, texts{"s"}},
	{"white space in a class that negates", `^[^\s,]$`, translated, texts{"s"}, texts{"\v", " ", ","}},
	{"no white space in a class", `^[\S\n]$`, translated, texts{"s", "\n"}, texts{"\v", " "}},
	{"no white space in a class that negates", `^[^\S\n]$`, translated, texts{"\v", " "}, texts{"\n", "s"}},
	{"word characters", `^\w\W$`, same, texts{"_-", "a\u212a", "1é"}, texts{"éa", "\u212aa", "\u017fa"}},
	{"word characters, without case", `(?i)^\w$`, translated, texts{"a", "A", "_"}, texts{"\u212a", "\u017f"}},
	{"no word characters, without case", `(?i)^\W$`, translated, texts{"\u212a", "\u017f", "é"}, texts{"k", "_"}},
	{"word characters in a class, without case", `(?i)^[\wé.]$`, translated, texts{"k", "É", "."}, texts{"\u212a"}},
	{"and one that negates", `(?i)^[^\wé.]$`, translated, texts{"\u212a", "\u017f", "-"}, texts{"k", "É", "."}},
	{"and letters", `(?i)^[\Wk]$`, translated, texts{"\u212a", "\u017f", "K"}, texts{"a"}},
	{"horizontal white space", `a\hb`, translated, texts{"a b", "a\tb", "a\u00a0b", "a\u180eb", "a\u2009b", "a\u3000b"}, texts{"a\nb", "a\vb", "ahb"}},
	{"no horizontal white space", `a\Hb`, translated, texts{"a\nb", "a\u0085b", "ahb"}, texts{"a b", "a\u202fb"}},
	{"horizontal white space in classes", `^[\h,][^\h][^\H]$`, translated, texts{"\u00a0a\t", ",\n "}, texts{"   ", "aa "}},
	{"vertical white space", `a\vb`, translated, texts{"a\nb", "a\vb", "a\fb", "a\rb", "a\u0085b", "a\u2028b", "a\u2029b"}, texts{"a b", "a\tb", "avb"}},
	{"no vertical white space", `a\Vb`, translated, texts{"a b", "avb", "a\u2027b"}, texts{"a\nb", "a\u0085b"}},
	{"vertical white space in classes", `^[\v,][^\v][^\V]$`, translated, texts{"\ra\n", ", \u2028"}, texts{"\n\n\n", "\naa"}},
	{"no line feed", `(?s)^a\N{1,2}$`, translated, texts{"a\r", "abc"}, texts{"a\n\n", "a"}},
	{"no line feed in a class", `[\N]`, refused, texts{`no number in braces behind \N at character 2`}, nil},
	{"line break", `^a\Rb`, translated, texts{"a\r\nb", "a\nb", "a\rb", "a\vb", "a\u2028b"}, texts{"a\n\rb", "ab", "a\r\n\nb"}},
	{"line breaks", `^a\R+b\R*$`, translated, texts{"a\r\n\nb", "a\rb\r\n"}, texts{"ab"}},
	{"line break before what may be its half", `\R\n`, refused, texts{`what stands behind \R may be the line feed of a pair`}, nil},
	{"two line breaks", `\R{2}`, refused, texts{`what stands behind \R`}, nil},
	{"line break in a class", `[\R]`, refused, texts{`the escape \R`}, nil},
	{"character with its marks", `\X`, refused, texts{`the escape \X`}, nil},

	// Properties.
	{"property", `^\pL\p{Lu}\PL\P{Ll}\p{^Lu}$`, same, texts{"éÉ1A1"}, texts{"1É1A1"}},
	{"property, without case", `(?i)^\p{Lu}$`, translated, texts{"A", "É"}, texts{"a", "é"}},
	{"property in a class, without case", `(?i)^[\p{Lu}b]$`, translated, texts{"A", "b", "B"}, texts{"a"}},
	{"letters with case", `^\p{L&}[\p{L&}]$`, translated, texts{"aÉ"}, texts{"a1", "ªa"}},
	{"script", `^\p{Greek}$`, same, texts{"α"}, texts{"a"}},
	{"property of PCRE's own", `\p{Xwd}`, refused, texts{"invalid character class range: `\\p{Xwd}`"}, nil},
	{"property with a value", `\p{sc:Greek}`, refused, texts{`the property \p{sc:Greek} is not supported`}, nil},

	// Classes.
	{"class", `^[abx-z]$`, same, texts{"a", "y"}, texts{"c", "-"}},
	{"class that negates", `^[^ab]$`, same, texts{"\n", "é"}, texts{"a", ""}},
	{"bracket that comes first", `^[]a][^]a]$`, same, texts{"]b", "a["}, texts{"bb", "a]"}},
	{"bracket behind nothing quoted", `^[\E]a]$`, translated, texts{"]", "a"}, texts{"E"}},
	{"dashes that are text", `^[-a][a-]$`, same, texts{"--"}, texts{"b-"}},
	{"range that begins with a dash", `^[--/]$`, same, texts{".", "-"}, texts{"0"}},
	{"range of quoted characters", `^[\Qa\E-\Qc\E]$`, translated, texts{"b"}, texts{"-", "Q"}},
	{"quoted dash", `^[a\Q-\Ec]$`, translated, texts{"-"}, texts{"b"}},
	{"range that ends with a set", `[a-\d]`, refused, texts{"the range in the class ends before it begins, or with a set at character 3"}, nil},
	{"range that ends with a name", `[+-[:digit:]]`, refused, texts{"or with a set at character 3"}, nil},
	{"range the wrong way", `[z-a]`, refused, texts{"ends before it begins"}, nil},
	{"backspace in a class", `^[\b]$`, translated, texts{"\b"}, texts{"b"}},
	{"numbers in a class", `^[\1\x9\8]$`, translated, texts{"\x01", "\t", "8"}, texts{"1", "x"}},
	{"names", `^[[:alpha:]][[:^digit:]][^[:space:]][[:punct:]_]$`, same, texts{"aa1_", "AéA!"}, texts{"éaa!", "a1a!", "aa\v!"}},
	{"word by its name", `^[[:word:]][[:blank:]][[:graph:]][[:print:]][[:cntrl:]][[:xdigit:]][[:ascii:]]$`, same, texts{"_\t! \x7ff\x00"}, texts{"_\u00a0! \x7ff\x00"}},
	{"names of cases", `^[[:upper:]][[:lower:]]$`, same, texts{"Aa"}, texts{"aA", "Éa"}},
	{"names of cases, without case", `(?i)^[[:upper:]]$`, translated, texts{"a", "K"}, texts{"\u212a", "é"}},
	{"names of all but a case, without case", `(?i)^[[:^upper:]]$`, translated, texts{"1", "\u212a"}, texts{"k"}},
	{"name that is none", `[[:foo:]]`, refused, texts{"there is no set [:foo:] at character 2"}, nil},
	{"collating elements", `[[.a.]]`, refused, texts{"there is no set [.a.] at character 2"}, nil},
	{"name without its end", `^[a[:digit]$`, same, texts{"[", ":", "g"}, texts{"1"}},
	{"no end", `a[bc`, refused, texts{"missing ] of the class at character 2"}, nil},

	// Quantifiers.
	{"quantifiers", `^a?b*c+d{2}e{1,}f{0,2}$`, same, texts{"cdde", "abccddeeff"}, texts{"ab", "cdeff"}},
	{"lazy ones", `^a??b*?c+?d{2}?$`, same, texts{"cdd"}, texts{"c"}},
	{"possessive ones", `\s++x`, refused, texts{"a possessive quantifier ++ is not supported (RE2) at character 3"}, nil},
	{"possessive bounds", `a{2}+`, refused, texts{"a possessive quantifier {2}+ "}, nil},
	{"bounds beyond 1,000", `^.{1001,2003}$`, translated, texts{strings.Repeat("a", 1001), strings.Repeat("a", 2003)}, texts{strings.Repeat("a", 1000), strings.Repeat("a", 2004)}},
	{"no upper bound", `^(?:ab?){1500,}?$`, translated, texts{strings.Repeat("a", 1500), strings.Repeat("ab", 4000)}, texts{strings.Repeat("a", 1499)}},
	{"more than 1,000 of a group that is kept", `(a|b){1001}`, refused, texts{"a group that keeps what it matches cannot be repeated more than 1000 times: write (?: at character 6"}, nil},
	{"bounds that are none", `a{2,1}`, refused, texts{"invalid repeat count {2,1} at character 2"}, nil},
	{"braces that are text", `^a{b}{,}{x,2}{1,2$`, same, texts{"a{b}{,}{x,2}{1,2"}, texts{"ab"}},
	{"no lower bound", `a{,3}`, refused, texts{"{,3} is a repetition or text, by the version of PCRE"}, nil},
	{"bounds with blanks", `a{ 1, 3}`, refused, texts{"{ 1, 3} is a repetition or text"}, nil},
	{"nothing to repeat", `a|*`, refused, texts{"there is nothing that * could repeat at character 3"}, nil},
	{"repetition of flags", `a(?i)*`, refused, texts{"there is nothing that * could repeat"}, nil},
	{"repetition of a repetition", `a{2}{3}`, refused, texts{"there is nothing that {3} could repeat"}, nil},

	// Anchors and assertions.
	{"beginning and end", `^a$`, translated, texts{"a", "a\n"}, texts{"a\n\n", "\na"}},
	{"end before what need not come", `a($|\t)b?`, translated, texts{"a", "a\n", "a\tb"}, texts{"ab"}},
	{"end before what cannot come", `a$b`, same, nil, texts{"a", "a\nb"}},
	{"end before a line feed", `a$\n`, refused, texts{"what stands behind $ (or \\Z) may be the last line feed"}, nil},
	{"end before an assertion", `a$\b`, refused, texts{"what stands behind $"}, nil},
	{"ends of lines", `(?m)a$`, same, texts{"a\nb", "a\n", "a"}, texts{"a\r\n"}},
	{"beginnings of lines", `(?m)^a`, same, texts{"b\na", "a"}, texts{"ba", "b\r"}},
	{"beginning of a line behind which nothing need come", `(?m)^a*$`, refused, texts{"what stands behind ^ in the mode m may be nothing"}, nil},
	{"beginning and end of the text", `\Aa\z`, same, texts{"a"}, texts{"a\n", "b\na"}},
	{"end of the text or before a last line feed", `(?m)a\Z`, translated, texts{"a\n", "a"}, texts{"a\nb"}},
	{"where a search begins", `\Ga`, refused, texts{`the escape \G is not known, or not supported at character 1`}, nil},
	{"boundaries of words", `\ba\B.`, same, texts{"éab"}, texts{"ba", "a", "aé"}},
	{"beginning of a word by its name", `[[:<:]]a`, refused, texts{"there is no set [:<:]"}, nil},
	{"where a match begins", `a\Kb`, translated, texts{"ab"}, texts{"b"}},
	{"lookahead", `ä(?=a)`, refused, texts{"lookaround is not supported (RE2): (?= at character 2"}, nil},
	{"lookbehind", `(?<=a)b(?<!c)`, refused, texts{"lookaround is not supported (RE2): (?<= at character 1"}, nil},

	// Groups.
	{"groups", `^(a|b)(?:c|)$`, same, texts{"ac", "b"}, texts{"c"}},
	{"group with a name", `^(?<n>a)(?P<m>b)$`, same, texts{"ab"}, texts{"a"}},
	{"name in quotes", `^(?'n'a)$`, translated, texts{"a"}, texts{"n"}},
	{"long name", `(?<` + strings.Repeat("n", 33) + `>a)`, refused, texts{"the name of a group is longer than 32 bytes"}, nil},
	{"group of one number", `(?|(a)|(b))`, refused, texts{"(?| that numbers its alternatives anew"}, nil},
	{"atomic group", `(?>a+)b`, refused, texts{"an atomic group (?> is not supported"}, nil},
	{"comment", `a(?#x(y)+b`, translated, texts{"aab"}, texts{"b"}},
	{"no end of a group", `(a`, refused, texts{"missing closing )"}, nil},
	{"no beginning of a group", `a)`, refused, texts{"unexpected ) at character 2"}, nil},
	{"condition", `(a)?(?(1)b|c)`, refused, texts{"a condition (?( is not supported at character 5"}, nil},
	{"backreference", `(a)\1`, refused, texts{`a backreference \1 is not supported (RE2) at character 4`}, nil},
	{"backreference of two digits", `()()()()()()()()()(a)\10`, refused, texts{`a backreference \10`}, nil},
	{"octal with two digits and fewer groups", `()\10`, same, texts{"\b"}, texts{"a"}},
	{"backreference by name", `(?<n>a)\k<n>`, refused, texts{`a backreference or call \k`}, nil},
	{"relative backreference", `(a)\g{-1}`, refused, texts{`a backreference or call \g`}, nil},
	{"call of a group", `(a)(?1)`, refused, texts{"a call of a group by its number"}, nil},
	{"recursion", `a(?R)?`, refused, texts{"a call of the expression (?R"}, nil},
	{"callout", `a(?C1)b`, refused, texts{"a callout (?C"}, nil},

	// Flags.
	{"without case", `(?i)Ék`, same, texts{"éK", "É\u212a"}, texts{"ek"}},
	{"long s and sharp s, without case", `(?i)^sß$`, same, texts{"\u017f\u1e9e", "Sß"}, texts{"sss"}},
	{"flags up to the end of a group", `^(a(?i)b|c)d$`, same, texts{"aBd", "Cd"}, texts{"ABd", "aBD"}},
	{"flags of a group", `^(?i:a)(?s-i:.)b$`, same, texts{"A\nb"}, texts{"A\nB"}},
	{"lazy by default", `(?U)^a+$`, same, texts{"aa"}, texts{"b"}},
	{"flags that do nothing", `a(?)(?-)b`, translated, texts{"ab"}, texts{"a"}},
	{"white space and comments", "(?x) a b # c\n [ ] \\  \\Q d\\E {2} e +", translated, texts{"ab   ddee"}, texts{"ab  dde"}},
	{"white space behind a group of that", `(?x: a b ) c`, translated, texts{"ab c"}, texts{"abc"}},
	{"lazy behind white space", `(?x)^a + ?b$`, translated, texts{"aab"}, texts{"a b"}},
	{"blanks in classes", `^(?xx)[a b]$`, translated, texts{"a", "b"}, texts{" "}},
	{"no groups but those with names", `(?n)(a)`, refused, texts{"the group (?n is not known, or not supported at character 1"}, nil},
	{"flags anew", `(?^)a`, refused, texts{"(?^ is not supported"}, nil},
}

// found reports whether what Translate makes of src is found in text.
func found(t *testing.T, src, text string) bool {
	t.Helper()
	out, err := PCRE{Test: true}.Translate(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	re, err := NewRegexp(out)
	if err != nil {
		t.Fatalf("%s as %s: %v", src, out, err)
	}
	got := re.Find().MatchString(text)
	if by := regexp.MustCompile(out).MatchString(text); by != got {
		t.Errorf("%s as %s in %q: %v, by package regexp %v", src, out, text, got, by)
	}
	return got
}

func TestPCRE(t *testing.T) {
	t.Parallel()
	for _, c := range constructs {
		if c.how == refused {
			if out, err := (PCRE{Test: true}).Translate(c.src); err == nil || !strings.Contains(err.Error(), c.in[0]) {
				t.Errorf("%s: %s gives %q, %v", c.name, c.src, out, err)
			}
			continue
		}
		own, err := regexp.Compile(c.src)
		differs := err != nil
		for i, text := range append(c.in[:len(c.in):len(c.in)], c.out...) {
			want := i < len(c.in)
			if got := found(t, c.src, text); got != want {
				t.Errorf("%s: %s in %.40q: %v", c.name, c.src, text, got)
			}
			differs = differs || own.MatchString(text) != want
		}
		if differs != (c.how == translated) {
			t.Errorf("%s: %s is said to be %s", c.name, c.src, c.how)
		}
	}
}
