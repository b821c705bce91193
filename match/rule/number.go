package rule

import (
	"math"
	"strconv"
)

// Number reads text as a decimal number: digits with an optional sign,
// fraction and exponent. Hexadecimal, infinities and the other spellings that
// strconv would take are text.
func Number(text []byte) (float64, bool) {
	if len(text) == 0 || len(text) > 64 {
		return 0, false
	}
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9', c == '+', c == '-', c == '.', c == 'e', c == 'E':
		default:
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil && !math.IsInf(f, 0)
}
