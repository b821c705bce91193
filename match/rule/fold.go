package rule

import (
	"unicode"
	"unicode/utf8"
)

// Fold appends src to dst with letter case removed and returns the extended
// slice. It is the only definition of "case-insensitive" in sluice: patterns,
// values, and the prefilter all go through it or through FoldByte.
//
//   - An ASCII letter folds to its lower case.
//   - Any other rune folds to unicode.ToLower of it, unless that is ASCII.
//   - Bytes that are not valid UTF-8 stay as they are.
//
// The exception in the second line keeps U+212A (Kelvin sign) apart from k and
// U+0130 apart from i. So an ASCII letter of a pattern is only ever matched by
// the same ASCII letter in either case, which is what lets the prefilter look
// at bytes. PowerShell compares command names the same way (ordinal, ignoring
// case), so nothing that would run under such a name is missed.
func Fold(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		c := src[i]
		if c < utf8.RuneSelf {
			dst = append(dst, FoldByte(c))
			i++
			continue
		}
		r, n := utf8.DecodeRune(src[i:])
		low := unicode.ToLower(r)
		if r == utf8.RuneError && n == 1 || low < utf8.RuneSelf {
			dst = append(dst, src[i:i+n]...)
		} else {
			dst = utf8.AppendRune(dst, low)
		}
		i += n
	}
	return dst
}

// FoldString is Fold for strings.
func FoldString(s string) string { return string(Fold(nil, []byte(s))) }

// FoldByte folds one ASCII byte; other bytes are returned unchanged.
func FoldByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
