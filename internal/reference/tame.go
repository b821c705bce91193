package reference

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mask introduces bytes that encoding/xml must not see: mask, their hex
// digits, mask. It is a private-use character, so it is legal in XML.
const mask = "\U000F0000"

var (
	masked  = regexp.MustCompile(mask + `([0-9a-f]*)` + mask)
	charRef = regexp.MustCompile(`^&(?:(?:amp|lt|gt|quot|apos)|#([0-9]+)|#x([0-9a-fA-F]+));`)
)

// hide masks bytes.
func hide(text string) string { return mask + hex.EncodeToString([]byte(text)) + mask }

// restore gives masked bytes back.
func restore(text string) string {
	return masked.ReplaceAllStringFunc(text, func(m string) string {
		bytes, err := hex.DecodeString(strings.Trim(m, mask))
		if err != nil {
			return m
		}
		return string(bytes)
	})
}

// tame rewrites an event so that encoding/xml can read what Windows writes:
// control characters and invalid UTF-8, raw or as references, are masked;
// unknown entities and bare ampersands are masked too and so become literal
// text; comments, whose rules differ from ours, are dropped. Broken tags stay
// as they are.
func tame(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		rest := text[i:]
		switch {
		case strings.HasPrefix(rest, "<!--"):
			end := strings.Index(rest[4:], "-->")
			if end < 0 {
				out.WriteString(rest) // unfinished: left to fail
				return out.String()
			}
			// Something must stay: ]]<!-- -->> is not ]]>.
			out.WriteString(hide(""))
			i += 4 + end + 3
		case strings.HasPrefix(rest, "<![CDATA["):
			end := strings.Index(rest, "]]>")
			if end < 0 {
				out.WriteString(rest)
				return out.String()
			}
			for j := 0; j < end; {
				s, n := tameRune(rest[j:end])
				out.WriteString(s)
				j += n
			}
			out.WriteString("]]>")
			i += end + 3
		case strings.HasPrefix(rest, "]]>"):
			out.WriteString("]]&gt;")
			i += 3
		case rest[0] == '&':
			s, n := tameReference(rest)
			out.WriteString(s)
			i += n
		default:
			s, n := tameRune(rest)
			out.WriteString(s)
			i += n
		}
	}
	return out.String()
}

// tameRune returns the first character of text, masked if XML forbids it, and
// its length.
func tameRune(text string) (string, int) {
	r, n := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && n == 1 || forbidden(r) {
		return hide(text[:n]), n
	}
	return text[:n], n
}

// forbidden reports whether a character needs masking. The mask itself does,
// so that text which holds it comes back unchanged.
func forbidden(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' ||
		r >= 0xD800 && r <= 0xDFFF || r == 0xFFFE || r == 0xFFFF || string(r) == mask
}

// tameReference handles an ampersand outside CDATA sections. It returns what
// to write and how many bytes that stands for.
func tameReference(text string) (string, int) {
	m := charRef.FindStringSubmatch(text)
	if m == nil {
		return hide("&"), 1
	}
	if m[1] == "" && m[2] == "" {
		return m[0], len(m[0])
	}
	digits, base := m[1], 10
	if m[2] != "" {
		digits, base = m[2], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune {
		return hide("&"), 1
	}
	if forbidden(rune(n)) {
		return hide(string(rune(n))), len(m[0]) // a surrogate becomes U+FFFD
	}
	return fmt.Sprintf("&#%d;", n), len(m[0])
}
