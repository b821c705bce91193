package tape

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends what the string s says, whose first backslash is at first.
func unescape(dst, s []byte, first int) []byte {
	for n := first; n >= 0; n = bytes.IndexByte(s, '\\') {
		dst = append(dst, s[:n]...)
		s = s[n+1:]
		if len(s) == 0 {
			return dst // cannot be: it would escape the quote
		}
		if c := plain[s[0]]; c != 0 {
			dst = append(dst, c)
			s = s[1:]
			continue
		}
		if s[0] != 'u' {
			dst = append(dst, '\\', s[0])
			s = s[1:]
			continue
		}
		r, size := char(s[1:])
		if size == 0 {
			dst = append(dst, '\\', 'u')
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		s = s[1+size:]
	}
	return append(dst, s...)
}

// plain maps the escapes of one letter to what they stand for.
var plain = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// char reads what follows \u: four digits, or all of a surrogate pair. size is 0
// if there are no four digits.
func char(b []byte) (r rune, size int) {
	r, ok := unit(b)
	switch {
	case !ok:
		return 0, 0
	case !utf16.IsSurrogate(r):
		return r, 4
	}
	if len(b) >= 6 && b[4] == '\\' && b[5] == 'u' {
		if low, ok := unit(b[6:]); ok && low >= 0xdc00 && low <= 0xdfff && r < 0xdc00 {
			return utf16.DecodeRune(r, low), 10
		}
	}
	return utf8.RuneError, 4
}

// unit reads four hexadecimal digits.
func unit(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
