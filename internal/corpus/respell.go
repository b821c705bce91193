package corpus

import "math/rand/v2"

// Options are spellings that are legal but so unusual that a caller asks for
// them by name.
type Options struct {
	// RootEndSpace allows white space in the end tag of the event itself, as in
	// "</Event >".
	RootEndSpace bool
}

// Respell writes doc, a record of the given format, in another way that means
// the same. JSON stays on one line. A document that it cannot read comes back
// as it is, so that callers may pass damaged records too.
func Respell(rng *rand.Rand, f Format, doc []byte) []byte {
	return RespellWith(rng, f, doc, Options{})
}

// RespellWith is Respell with options.
func RespellWith(rng *rand.Rand, f Format, doc []byte, opts Options) []byte {
	if f == XML {
		return respellXML(rng, doc, opts)
	}
	return respellJSON(rng, doc)
}

// some returns how often to do something in one place: never, rarely, often or
// always, so that documents differ in kind and not only in detail.
func some(rng *rand.Rand) float64 {
	return []float64{0, 0.03, 0.4, 1}[rng.IntN(4)]
}

// hexDigits writes n in hexadecimal with at least width digits, each letter in
// either case.
func hexDigits(rng *rand.Rand, n uint32, width int) string {
	var b [8]byte
	at := len(b)
	for n > 0 || len(b)-at < width {
		d := byte(n & 15)
		switch {
		case d < 10:
			d += '0'
		case rng.IntN(2) == 0:
			d += 'a' - 10
		default:
			d += 'A' - 10
		}
		at--
		b[at] = d
		n >>= 4
	}
	return string(b[at:])
}
