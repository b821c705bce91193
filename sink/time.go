package sink

import (
	"strconv"
	"time"
)

// appendTime appends t in a strftime layout. The conversions are those that
// Splunk documents for numbers and names of dates; another one stays as it is.
func appendTime(dst []byte, t time.Time, layout string) []byte {
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' || i+1 == len(layout) {
			dst = append(dst, layout[i])
			continue
		}
		i++
		switch c := layout[i]; {
		case goLayouts[c] != "":
			dst = t.AppendFormat(dst, goLayouts[c])
		case c == 's':
			dst = strconv.AppendInt(dst, t.Unix(), 10)
		case c == '%':
			dst = append(dst, '%')
		default:
			dst = append(dst, '%', c)
		}
	}
	return dst
}

var goLayouts = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04",
	'S': "05", 'p': "PM", 'y': "06", 'j': "002", 'a': "Mon", 'A': "Monday",
	'b': "Jan", 'B': "January", 'Z': "MST", 'z': "-0700", 'F': "2006-01-02",
	'T': "15:04:05", 'N': "000000000", 'Q': "000", 'f': "000000",
}

// appendEpoch appends Unix seconds with as many decimals as needed.
func appendEpoch(dst []byte, nanos int64) []byte {
	if nanos < 0 {
		dst = append(dst, '-')
		nanos = -nanos
	}
	dst = strconv.AppendInt(dst, nanos/1e9, 10)
	frac := nanos % 1e9
	if frac == 0 {
		return dst
	}
	digits := strconv.AppendInt(nil, 1e9+frac, 10)[1:]
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return append(append(dst, '.'), digits...)
}
