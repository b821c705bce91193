// Package sink writes results: one JSON object a line, made for jq.
package sink

import (
	"slices"
	"strconv"
	"unicode/utf8"
)

// appendString appends s as a JSON string. It is our own because fastjson's
// writer can emit invalid JSON for control characters.
func appendString[T string | []byte](dst []byte, s T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf && c != 0x7f {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			if c >= utf8.RuneSelf {
				dst = append(dst, `\ufffd`...) // not UTF-8
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// object builds one line.
type object struct {
	buf   []byte
	comma bool
	taken []string // names that no column may have
}

func (o *object) begin() {
	o.buf = append(o.buf, '{')
	o.comma = false
}

func (o *object) end() { o.buf = append(o.buf, '}', '\n') }

func (o *object) key(name string) {
	if o.comma {
		o.buf = append(o.buf, ',')
	}
	o.comma = true
	o.buf = append(appendString(o.buf, name), ':')
}

func (o *object) text(name, value string) {
	o.key(name)
	o.buf = appendString(o.buf, value)
}

// column begins a member whose name comes from a rule or an event.
func (o *object) column(name string) {
	if slices.Contains(o.taken, name) {
		name = "orig_" + name
	}
	o.key(name)
}

// value writes a field; nil is null.
func (o *object) value(name string, v []byte) {
	o.key(name)
	o.textOrNull(v)
}

func (o *object) textOrNull(v []byte) {
	if v == nil {
		o.buf = append(o.buf, "null"...)
		return
	}
	o.buf = appendString(o.buf, v)
}

func (o *object) integer(name string, n int64) {
	o.key(name)
	o.buf = strconv.AppendInt(o.buf, n, 10)
}

func (o *object) texts(name string, values []string) {
	o.key(name)
	o.list(values)
}

func (o *object) list(values []string) {
	o.buf = append(o.buf, '[')
	for i, v := range values {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = appendString(o.buf, v)
	}
	o.buf = append(o.buf, ']')
}
