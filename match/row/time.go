package row

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// AppendTime appends t in a strftime layout. The conversions are those that
// Splunk documents for numbers and names of dates; another one stays as it is.
// %N, %Q and %f are parts of a second: nano-, milli- and microseconds, or as
// many digits as stand between % and N or Q.
func AppendTime(dst []byte, t time.Time, layout string) []byte {
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' || i+1 == len(layout) {
			dst = append(dst, layout[i])
			continue
		}
		i++
		if digits, n := subsecond(layout[i:]); n > 0 {
			dst = append(dst, strconv.Itoa(1e9 + t.Nanosecond())[1:1+digits]...)
			i += n - 1
			continue
		}
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
	'T': "15:04:05",
}

// subsecond recognises a conversion of parts of a second behind its %. n is its
// length, or 0.
func subsecond(s string) (digits, n int) {
	if '1' <= s[0] && s[0] <= '9' && len(s) > 1 && (s[1] == 'N' || s[1] == 'Q') {
		return int(s[0] - '0'), 2
	}
	switch s[0] {
	case 'N':
		return 9, 1
	case 'Q':
		return 3, 1
	case 'f':
		return 6, 1
	}
	return 0, 0
}

// AppendEpoch appends Unix seconds with as many decimals as needed.
func AppendEpoch(dst []byte, nanos int64) []byte {
	n := uint64(nanos)
	if nanos < 0 {
		dst = append(dst, '-')
		n = -n
	}
	dst = strconv.AppendUint(dst, n/1e9, 10)
	frac := n % 1e9
	if frac == 0 {
		return dst
	}
	digits := strconv.AppendUint(nil, 1e9+frac, 10)[1:]
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return append(append(dst, '.'), digits...)
}

// ParseEpoch reads Unix seconds with a fraction, as AppendEpoch writes them.
func ParseEpoch(s string) (nanos int64, ok bool) {
	whole, frac, _ := strings.Cut(s, ".")
	negative := strings.HasPrefix(whole, "-")
	sec, err := strconv.ParseInt(whole, 10, 64)
	const most = math.MaxInt64/1_000_000_000 - 1
	if err != nil || sec > most || sec < -most {
		return 0, false
	}
	for i := range len(frac) {
		if frac[i] < '0' || frac[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
	if err != nil {
		return 0, false
	}
	if negative {
		n = -n
	}
	return sec*1e9 + n, true
}
