package rule

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// class is a class as it is read: its characters, which have cases, and its sets, which
// are what they are with the flag i, too. Both are in the syntax of package regexp.
type class struct{ chars, sets string }

// folds reports whether package regexp makes a set larger by the flag i. PCRE does not;
// the letters that count are U+017F, the long s, and U+212A, the Kelvin sign.
func folds(set string) bool {
	switch set {
	case `\w`, `\W`:
		return true
	}
	if name, ok := strings.CutPrefix(set, "[:"); ok {
		switch strings.TrimPrefix(strings.TrimSuffix(name, ":]"), "^") {
		case "blank", "cntrl", "digit", "punct", "space", "xdigit":
			return false
		}
		return true
	}
	return strings.HasPrefix(set, `\p`) || strings.HasPrefix(set, `\P`)
}

var posixNames = " alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit "

// class reads a class.
func (t *translator) class() error {
	start := t.pos
	t.pos++
	not := ""
	if t.at("^") {
		t.pos++
		not = "^"
	}
	var c class
	apart := false // a set does not fold as package regexp has it
	for first := true; ; first = false {
		set, r, done, err := t.item(start, first)
		if err != nil {
			return err
		}
		if done {
			break
		}
		if set != "" {
			apart = apart || t.fold && folds(set)
			c.sets += set
			if t.dash() && t.ranges() {
				// PCRE2 refuses it, older ones took the dash as itself.
				t.pos++
				c.chars += `\-`
				if t.at("-") || t.at("[:") {
					return t.refuse(start, "a range in the class begins with a set")
				}
			}
			continue
		}
		c.chars += spell(r)
		if !t.dash() || !t.ranges() {
			continue
		}
		at := t.pos
		t.pos++
		set, end, _, err := t.item(start, true)
		switch {
		case err != nil:
			return err
		case set != "" || end < r:
			return t.refuse(at, "the range in the class ends before it begins, or with a set")
		}
		c.chars += "-" + spell(end)
	}
	switch {
	case apart:
		t.unit("(?-i:[" + not + bothCases(c.chars) + c.sets + "])")
	default:
		t.unit("[" + not + c.chars + c.sets + "]")
	}
	return nil
}

// dash reports whether a dash comes next that is no text.
func (t *translator) dash() bool {
	for {
		switch {
		case t.at(`\E`):
			t.quoting = false
			t.pos += 2
		case t.quoting:
			return false
		case t.at(`\Q\E`):
			t.pos += 4
		case t.more && (t.at(" ") || t.at("\t")):
			t.pos++
		default:
			return t.at("-")
		}
	}
}

// ranges reports whether the dash that comes next is not the last in the class.
func (t *translator) ranges() bool {
	rest := t.rest()[1:]
	for {
		switch {
		case strings.HasPrefix(rest, `\E`):
			rest = rest[2:]
		case t.more && (strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "\t")):
			rest = rest[1:]
		default:
			return !strings.HasPrefix(rest, "]")
		}
	}
}

// item reads a character or a set, or the end of the class unless it is text there.
func (t *translator) item(start int, first bool) (set string, r rune, done bool, err error) {
	for t.pos < len(t.src) {
		switch c := t.src[t.pos]; {
		case t.at(`\E`):
			t.quoting = false
			t.pos += 2
		case t.quoting:
			return "", t.next(), false, nil
		case t.at(`\Q`):
			t.quoting = true
			t.pos += 2
		case t.more && (c == ' ' || c == '\t'):
			t.pos++
		case c == ']' && !first:
			t.pos++
			return "", 0, true, nil
		case c == '[' && t.posix():
			set, err = t.posixSet()
			return set, 0, false, err
		case c == '\\':
			set, r, err = t.member(true)
			return set, r, false, err
		default:
			return "", t.next(), false, nil
		}
	}
	return "", 0, false, t.refuse(start, "missing ] of the class")
}

// next reads a character that stands for itself.
func (t *translator) next() rune {
	r, n := utf8.DecodeRuneInString(t.rest())
	t.pos += n
	return r
}

// posix reports whether a name such as [:digit:] comes next: one that has its end in the
// class.
func (t *translator) posix() bool {
	rest := t.rest()
	if len(rest) < 2 || !strings.Contains(":.=", rest[1:2]) {
		return false
	}
	for i := 2; i+1 < len(rest); i++ {
		switch {
		case rest[i] == '\\' && (rest[i+1] == ']' || rest[i+1] == '\\'):
			i++
		case rest[i] == ']' || rest[i] == '[' && rest[i+1] == rest[1]:
			return false
		case rest[i] == rest[1] && rest[i+1] == ']':
			return true
		}
	}
	return false
}

// posixSet reads such a name.
func (t *translator) posixSet() (string, error) {
	start := t.pos
	kind := t.src[t.pos+1 : t.pos+2]
	t.pos += 2
	t.skipPast(kind + "]")
	text := t.src[start:t.pos]
	name := strings.TrimPrefix(text[2:len(text)-2], "^")
	if kind != ":" || !strings.Contains(posixNames, " "+name+" ") || name == "" {
		return "", t.refuse(start, "there is no set %s", text)
	}
	if t.fold && (name == "lower" || name == "upper") { // both cases, of ASCII
		text = strings.Replace(text, name, "alpha", 1)
	}
	return text, nil
}

// bothCases returns the characters of a class with all their cases.
func bothCases(chars string) string {
	if chars == "" {
		return ""
	}
	tree, err := syntax.Parse("(?i)["+chars+"]", syntax.Perl)
	if err != nil {
		return chars // so is the class as a whole, which tells
	}
	var b strings.Builder
	switch tree.Op {
	case syntax.OpLiteral:
		r := tree.Rune[0]
		b.WriteString(spell(r))
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			b.WriteString(spell(f))
		}
	case syntax.OpCharClass:
		for i := 0; i < len(tree.Rune); i += 2 {
			b.WriteString(spell(tree.Rune[i]))
			if tree.Rune[i+1] > tree.Rune[i] {
				fmt.Fprintf(&b, "-%s", spell(tree.Rune[i+1]))
			}
		}
	default: // all characters, or all but the line feed
		if b.WriteString(`\x00-\t\x{B}-\x{10FFFF}`); tree.Op == syntax.OpAnyChar {
			b.WriteString(`\n`)
		}
	}
	return b.String()
}
