package event

import "bytes"

// fixSurrogates replaces \u escapes of lone surrogates by \ufffd, because
// fastjson drops the character behind one. It returns raw itself, without a
// copy, when there is nothing to replace.
func (j *jsonReader) fixSurrogates(raw []byte) []byte {
	if !hasSurrogate(raw) {
		return raw
	}
	out := append(j.fixed[j.level][:0], raw...)
	if len(raw) <= keepParser {
		j.fixed[j.level] = out
	}
	for i := 0; i+1 < len(out); i++ {
		if out[i] != '\\' {
			continue
		}
		if out[i+1] != 'u' {
			i++ // another escape: what it escapes begins none
			continue
		}
		switch u := codeUnit(out[i:]); {
		case u < 0xd800 || u > 0xdfff:
		case u < 0xdc00 && isLow(codeUnit(out[min(i+6, len(out)):])):
			i += 6
		default:
			copy(out[i:], `\ufffd`)
		}
	}
	return out
}

func isLow(u int) bool { return 0xdc00 <= u && u <= 0xdfff }

// hasSurrogate reports whether raw may hold a \ud8xx to \udfxx escape.
func hasSurrogate(raw []byte) bool {
	for i := 0; i+2 < len(raw); i++ {
		n := bytes.IndexByte(raw[i:len(raw)-2], '\\')
		if n < 0 {
			return false
		}
		if i += n; raw[i+1] == 'u' && raw[i+2]|0x20 == 'd' {
			return true
		}
	}
	return false
}

// codeUnit reads \uXXXX at the start of b, or returns -1.
func codeUnit(b []byte) int {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	n := 0
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		n = n<<4 | int(c)
	}
	return n
}

// countValues returns at least the number of JSON values in raw.
func countValues(raw []byte) int {
	n := 1
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case ',', '[', '{', ':':
			n++
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		}
	}
	return n
}
