package rule

import (
	"encoding/binary"
	"slices"
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
	dst = slices.Grow(dst, len(src))
	for i := 0; i < len(src); {
		if n := foldWords(dst[len(dst):cap(dst)], src[i:]); n > 0 {
			dst = dst[:len(dst)+n]
			i += n
			continue
		}
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

// foldWords folds src to dst, eight ASCII bytes at a time, as far as there are
// eight in both, and returns how many bytes it did.
func foldWords(dst, src []byte) (n int) {
	const ones = 0x0101010101010101
	for n+8 <= len(src) && n+8 <= len(dst) {
		w := binary.LittleEndian.Uint64(src[n:])
		if w&(0x80*ones) != 0 {
			break
		}
		binary.LittleEndian.PutUint64(dst[n:], FoldWord(w))
		n += 8
	}
	return n
}

// FoldWord is FoldByte for eight bytes at once.
func FoldWord(w uint64) uint64 {
	const ones = 0x0101010101010101
	// The top bit of a byte of the first sum says A or above, of the second above Z.
	// No sum carries into the next byte: 0x7f + 0x3f is below 0x100.
	low := w & (0x7f * ones)
	upper := (low + (0x80-'A')*ones) &^ (low + (0x80-'Z'-1)*ones) &^ w & (0x80 * ones)
	return w | upper>>2
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
