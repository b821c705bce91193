package prefilter

import (
	"bytes"

	"sluice/match/rule"
)

// inert marks the bytes that a decoded value holds only if the record holds
// them there too, or hides reports true: printable ASCII but for those that
// JSON or XML writers escape as a matter of course.
var inert = func() (t [256]bool) {
	for c := byte(' '); c <= '~'; c++ {
		t[c] = bytes.IndexByte([]byte("\"\\/<>&'+`"), c) < 0
	}
	return t
}()

// stretches returns the inert stretches of s that are worth looking for, each
// with the bytes before and behind it that are not inert, where s has them and
// their spellings are known.
func stretches(s string) (list []string) {
	for i := 0; i < len(s); i++ {
		lo := i
		for i < len(s) && inert[s[i]] {
			i++
		}
		if i-lo < minLiteral {
			continue
		}
		hi := i
		if lo > 0 && spelled[s[lo-1]].ends != "" {
			lo--
		}
		if hi < len(s) && spelled[s[hi]].ends != "" {
			hi++
		}
		list = append(list, s[lo:hi])
	}
	return list
}

// core returns a stretch without the bytes at its ends that are not inert.
func core(lit string) string {
	if !inert[lit[0]] {
		lit = lit[1:]
	}
	if last := len(lit) - 1; !inert[lit[last]] {
		lit = lit[:last]
	}
	return lit
}

// spelled says with which bytes the spellings of a byte end and begin (step 7 of
// the proof). It knows the printable ASCII bytes that are not inert.
var spelled = func() (t [256]struct{ ends, begins string }) {
	const hex, upper = "0123456789abcdef", "0123456789ABCDEF"
	for c := byte(' '); c <= '~'; c++ {
		if !inert[c] {
			t[c].ends = string([]byte{c, ';', hex[c&15], upper[c&15]})
			t[c].begins = string([]byte{c, '\\', '&'})
		}
	}
	return t
}()

// marks are the bytes with which another spelling can begin.
type marks uint8

const (
	backslash marks = 1 << iota
	ampersand
	lessThan
)

// folding is what fold does to each byte.
var folding = func() (t [256]struct {
	to   byte
	mark marks
}) {
	for c := range t {
		t[c].to = rule.FoldByte(byte(c))
	}
	t['\\'].mark, t['&'].mark, t['<'].mark = backslash, ampersand, lessThan
	return t
}()

// fold writes raw to dst, of the same length, with A-Z folded, and returns the
// marks that it holds. Hot loop, defended by bench's row literals-1.
func fold(dst, raw []byte) (seen marks) {
	dst = dst[:len(raw)]
	for i, c := range raw {
		f := folding[c]
		dst[i] = f.to
		seen |= f.mark
	}
	return seen
}

// hides reports whether raw, which holds the marks seen, may write an inert
// byte another way, or break a literal in two. It may err on the side of true.
func hides(raw []byte, seen marks) bool {
	return seen&backslash != 0 && hidesInEscape(raw) ||
		seen&ampersand != 0 && hidesInReference(raw) ||
		seen&lessThan != 0 && hidesInMarkup(raw)
}

// hidesInEscape looks for \u00hh that may hide something.
func hidesInEscape(raw []byte) bool {
	for at := 0; ; at += 4 {
		i := bytes.Index(raw[at:], []byte(`\u00`))
		if i < 0 {
			return false
		}
		if at += i; escapeHides(raw, at) {
			return true
		}
	}
}

// escapeHides reports whether the \u00 at i spells an inert byte; a backslash,
// which would begin an escape of a record inside this one; or & or < where they
// begin one of the other spellings.
func escapeHides(raw []byte, i int) bool {
	if i+6 > len(raw) {
		return false
	}
	c, ok := hexByte(raw[i+4], raw[i+5])
	rest := raw[i+6:]
	switch {
	case !ok:
		return false
	case c == '&':
		return len(rest) > 0 && rest[0] == '#' && refersToInert(rest[1:])
	case c == '<':
		return len(rest) > 0 && (rest[0] == '!' || rest[0] == '?')
	}
	return inert[c] || c == '\\'
}

func hexByte(hi, lo byte) (byte, bool) {
	h, ok1 := hexDigit(hi)
	l, ok2 := hexDigit(lo)
	return h<<4 | l, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// hidesInReference looks for decimal and hexadecimal references to inert bytes.
func hidesInReference(raw []byte) bool {
	for at := 0; ; at += 2 {
		i := bytes.Index(raw[at:], []byte("&#"))
		if i < 0 {
			return false
		}
		if at += i; referenceHides(raw, at) {
			return true
		}
	}
}

// referenceHides reports whether the &# at i refers to an inert byte.
func referenceHides(raw []byte, i int) bool { return refersToInert(raw[i+2:]) }

// refersToInert reads what follows "&#" up to its semicolon.
func refersToInert(b []byte) bool {
	base := 10
	if len(b) > 0 && b[0]|0x20 == 'x' {
		base = 16
		b = b[1:]
	}
	n := 0
	for _, c := range b {
		d, ok := hexDigit(c)
		if !ok || int(d) >= base {
			break
		}
		if n = n*base + int(d); n > 127 {
			return false
		}
	}
	return inert[n]
}

// hidesInMarkup looks for what the XML decoder takes out of the middle of a
// value: comments, CDATA sections and processing instructions.
func hidesInMarkup(raw []byte) bool {
	return bytes.Contains(raw, []byte("<!")) || bytes.Contains(raw, []byte("<?"))
}
