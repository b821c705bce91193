package rule

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// sets are the escapes that stand for one of several characters, as what stands in a
// class of package regexp: there \s lacks the vertical tab, which PCRE takes for white
// space since 8.34, and \v is nothing else.
var sets = map[byte]string{
	'd': `\d`, 'D': `\D`, 'w': `\w`, 'W': `\W`,
	's': `\s\v`, 'S': `\x00-\x08\x0E-\x1F!-\x{10FFFF}`,
	'v': `\n-\r\x{85}\x{2028}\x{2029}`,
	'V': `\x00-\t\x0E-\x{84}\x{86}-\x{2027}\x{202A}-\x{10FFFF}`,
	'h': `\t \x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}`,
	'H': `\x00-\x08\n-\x1F!-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{180D}\x{180F}-\x{1FFF}` +
		`\x{200B}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{10FFFF}`,
}

// controls are the escapes of single characters that are letters.
var controls = map[byte]rune{'a': '\a', 'e': 0x1b, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// lineBreak is \R. The pair is one line break and never two, which follow checks.
const lineBreak = `\r\n|[\n-\r\x{85}\x{2028}\x{2029}]`

// escape reads an escape outside of classes.
func (t *translator) escape() error {
	start := t.pos
	if t.pos+1 == len(t.src) {
		return t.refuse(start, `nothing behind \`)
	}
	switch c := t.src[t.pos+1]; c {
	case 'Q', 'E':
		t.quoting = c == 'Q'
		t.pos += 2
		return nil
	case 'A', 'z', 'b', 'B':
		t.unit(t.src[t.pos : t.pos+2])
		t.pos += 2
		return nil
	case 'Z':
		t.unit("(?-m:$)")
		t.pos += 2
		return nil
	case 'R':
		t.unit(fmt.Sprintf("(?P<%s%d>%s)", breakName, t.breaks, lineBreak))
		t.breaks++
		t.pos += 2
		return nil
	case 'K':
		if !t.test {
			return t.refuse(start, `\K is supported only where an expression is asked whether it is found, not where`)
		}
		t.pos += 2
		t.atom = -1
		return nil
	case 'N':
		if !strings.HasPrefix(t.src[start+2:], "{") || bounds.MatchString(t.src[start+2:]) {
			t.unit(`[^\n]`)
			t.pos += 2
			return nil
		}
	}
	set, r, err := t.member(false)
	switch {
	case err != nil:
		return err
	case set == "":
		t.unit(spell(r))
	case t.fold && folds(set):
		t.unit("(?-i:[" + set + "])")
	case set == t.src[start:t.pos]:
		t.unit(set)
	default:
		t.unit("[" + set + "]")
	}
	return nil
}

// spell returns a character as it stands outside of classes and within.
func spell(r rune) string {
	switch {
	case '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z' || r == ' ' || r == '_' || r > 0xA0:
		return string(r)
	case ' ' < r && r < 0x7F:
		return `\` + string(r)
	}
	for c, v := range controls {
		if v == r && c != 'e' {
			return `\` + string(c)
		}
	}
	return fmt.Sprintf(`\x{%X}`, r)
}

// member reads an escape that may stand in a class, too: a character, or a set in the
// syntax of a class of package regexp.
func (t *translator) member(inClass bool) (set string, r rune, err error) {
	start := t.pos
	if t.pos+1 >= len(t.src) {
		return "", 0, t.refuse(start, `nothing behind \`)
	}
	c := t.src[t.pos+1]
	t.pos += 2
	if set, ok := sets[c]; ok {
		return set, 0, nil
	}
	if r, ok := controls[c]; ok {
		return "", r, nil
	}
	switch {
	case c == 'p' || c == 'P':
		set, err = t.property(start)
		return set, 0, err
	case c == 'b' && inClass:
		return "", '\b', nil
	case c == 'c':
		if t.pos == len(t.src) || t.src[t.pos] < ' ' || t.src[t.pos] > '~' {
			return "", 0, t.refuse(start, `no printable character of ASCII behind \c`)
		}
		upper := strings.ToUpper(t.src[t.pos : t.pos+1])
		t.pos++
		return "", rune(upper[0] ^ 0x40), nil
	case c == 'x', c == 'o', c == 'N', '0' <= c && c <= '9':
		r, err = t.number(start, c, inClass)
		return "", r, err
	case c == 'g' || c == 'k':
		return "", 0, t.refuse(start, `a backreference or call \%c is not supported (RE2)`, c)
	case 'a' <= c|0x20 && c|0x20 <= 'z':
		return "", 0, t.refuse(start, `the escape \%c is not known, or not supported`, c)
	}
	r, n := utf8.DecodeRuneInString(t.src[start+1:])
	t.pos = start + 1 + n
	return "", r, nil
}

// number reads the rest of a character that is written as a number.
func (t *translator) number(start int, c byte, inClass bool) (rune, error) {
	digits, base := "", 16
	switch {
	case c == 'x' && t.at("{"), c == 'o', c == 'N':
		open := "{"
		switch c {
		case 'o':
			base = 8
		case 'N':
			open = "{U+"
		}
		end := strings.IndexByte(t.rest(), '}')
		if !t.at(open) || end < 0 {
			return 0, t.refuse(start, `no number in braces behind \%c`, c)
		}
		digits = t.src[t.pos+len(open) : t.pos+end]
		t.pos += end + 1
	case c == 'x':
		digits = "0" + t.digits("0123456789abcdefABCDEF", 2)
	default:
		t.pos = start + 1
		if !inClass && c != '0' {
			all := len(t.rest()) - len(strings.TrimLeft(t.rest(), "0123456789"))
			n, err := strconv.Atoi(t.src[t.pos : t.pos+all])
			if err != nil || n < 10 || c >= '8' || n <= t.groups {
				return 0, t.refuse(start, `a backreference \%s is not supported (RE2)`, t.src[t.pos:t.pos+all])
			}
		}
		if c >= '8' {
			t.pos++
			return rune(c), nil
		}
		digits, base = t.digits("01234567", 3), 8
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if r := rune(n); err == nil && n <= utf8.MaxRune && utf8.ValidRune(r) {
		return r, nil
	}
	return 0, t.refuse(start, "%s is no number of a character", t.src[start:t.pos])
}

// digits reads up to n of the given digits.
func (t *translator) digits(of string, n int) string {
	start := t.pos
	for t.pos < len(t.src) && t.pos-start < n && strings.IndexByte(of, t.src[t.pos]) >= 0 {
		t.pos++
	}
	return t.src[start:t.pos]
}

// property reads the name of a Unicode property behind \p or \P. A script is that of
// the property Script, as before PCRE2 10.40.
func (t *translator) property(start int) (set string, err error) {
	if t.pos == len(t.src) {
		return "", t.refuse(start, "a property without a name")
	}
	if !t.at("{") {
		t.pos++
		return t.src[start:t.pos], nil
	}
	end := strings.IndexByte(t.rest(), '}')
	if end < 0 {
		return "", t.refuse(start, "missing }")
	}
	name := t.src[t.pos+1 : t.pos+end]
	t.pos += end + 1
	switch {
	case name == "L&" && t.src[start+1] == 'p':
		return `\p{Lu}\p{Ll}\p{Lt}`, nil
	case strings.Trim(name, "^ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") != "":
		return "", t.refuse(start, "the property %s is not supported", t.src[start:t.pos])
	}
	return t.src[start:t.pos], nil
}
