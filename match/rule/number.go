package rule

import "strconv"

// maxDigits is how many decimal digits a float64 always keeps apart.
const maxDigits = 15

// Number reads text as a decimal number: digits with an optional sign and
// fraction. Exponents, hexadecimal and the other spellings that strconv would
// take are text, and so is what has more than 15 digits, such as a hash, which
// as a number would equal others.
//
// So every text that equals a whole number n contains the digits of n, which is
// what lets the prefilter look for them.
func Number(text []byte) (float64, bool) {
	digits := 0
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case c == '+', c == '-', c == '.':
		default:
			return 0, false
		}
	}
	if digits == 0 || digits > maxDigits {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil
}
