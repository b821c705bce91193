package prefilter

import "bytes"

// inert marks the bytes that a decoded value holds only if the record holds
// them there too, or hides reports true: printable ASCII but for those that
// JSON or XML writers escape as a matter of course.
var inert = func() (t [256]bool) {
	for c := byte(' '); c <= '~'; c++ {
		t[c] = bytes.IndexByte([]byte("\"\\/<>&'+`"), c) < 0
	}
	return t
}()

// longestInert returns the longest inert stretch of s, the first of equals.
func longestInert(s string) (best string) {
	for i := 0; i < len(s); i++ {
		start := i
		for i < len(s) && inert[s[i]] {
			i++
		}
		if i-start > len(best) {
			best = s[start:i]
		}
	}
	return best
}

// hides reports whether raw may write an inert byte another way, or break a
// literal in two. It may err on the side of true.
func hides(raw []byte) bool {
	return hidesInEscape(raw) || hidesInReference(raw) || hidesInMarkup(raw)
}

// hidesInEscape looks for \u00hh of an inert byte, or of a backslash, which
// would begin an escape of a record inside this one.
func hidesInEscape(raw []byte) bool {
	for {
		i := bytes.Index(raw, []byte(`\u00`))
		if i < 0 || i+6 > len(raw) {
			return false
		}
		if c, ok := hexByte(raw[i+4], raw[i+5]); ok && (inert[c] || c == '\\') {
			return true
		}
		raw = raw[i+4:]
	}
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

// ampersands are the ways to write the & of a reference.
var ampersands = [][]byte{[]byte(`&#`), []byte(`\u0026#`)}

// hidesInReference looks for decimal and hexadecimal references to inert bytes.
func hidesInReference(raw []byte) bool {
	for _, amp := range ampersands {
		for rest := raw; ; {
			i := bytes.Index(rest, amp)
			if i < 0 {
				break
			}
			rest = rest[i+len(amp):]
			if refersToInert(rest) {
				return true
			}
		}
	}
	return false
}

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

// marks begin what the XML decoder takes out of the middle of a value.
var marks = [][]byte{[]byte(`<!`), []byte(`<?`), []byte(`\u003c!`), []byte(`\u003C!`), []byte(`\u003c?`), []byte(`\u003C?`)}

func hidesInMarkup(raw []byte) bool {
	for _, m := range marks {
		if bytes.Contains(raw, m) {
			return true
		}
	}
	return false
}
