package event

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// timeZone is where times without a zone are read.
type timeZone = *time.Location

// parseTime reads the spellings of a time that exporters use and returns Unix
// nanoseconds:
//
//	2024-05-06T07:08:09.1234567Z   with T or a space, any number of digits
//	2024-05-06 07:08:09.123 +0200  with or without a colon in the zone
//	2024-05-06 07:08:09            local to zone
//	1714979289.123                 Unix seconds
//	/Date(1714979289123)/          Unix milliseconds
func parseTime(b []byte, zone timeZone) (int64, bool) {
	if len(b) > 1 && b[0] == '\'' {
		b = unquote(nil, b)
	}
	if len(b) < 5 || len(b) > 48 {
		return 0, false
	}
	if ms, ok := bytes.CutPrefix(b, []byte("/Date(")); ok {
		ms, _, _ = bytes.Cut(ms, []byte(")"))
		n, err := strconv.ParseInt(string(ms), 10, 64)
		return n * 1e6, err == nil && n > -1e14 && n < 1e13
	}
	if len(b) < 19 || b[4] != '-' {
		return parseEpoch(b)
	}
	sec, err := time.ParseInLocation("2006-01-02T15:04:05", string(b[:10])+"T"+string(b[11:19]), time.UTC)
	if err != nil || b[10] != 'T' && b[10] != ' ' && b[10] != 't' {
		return 0, false
	}
	frac, rest := fraction(b[19:])
	offset, local, ok := parseZone(rest)
	if !ok {
		return 0, false
	}
	if local && zone != nil {
		sec = time.Date(sec.Year(), sec.Month(), sec.Day(), sec.Hour(), sec.Minute(), sec.Second(), 0, zone)
	}
	if sec.Year() < 1678 || sec.Year() > 2261 { // what int64 nanoseconds hold
		return 0, false
	}
	return sec.Add(-offset).UnixNano() + frac, true
}

// fraction reads .123 as nanoseconds; digits past the ninth are dropped.
func fraction(b []byte) (nanos int64, rest []byte) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' {
		return 0, b
	}
	scale := int64(1e9)
	i := 1
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		if scale > 1 {
			scale /= 10
			nanos += int64(b[i]-'0') * scale
		}
	}
	return nanos, b[i:]
}

// parseZone reads Z, ±hh:mm, ±hhmm or ±hh behind optional space. Nothing means
// local.
func parseZone(b []byte) (offset time.Duration, local, ok bool) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return 0, true, true
	}
	if s := string(b); s == "Z" || s == "z" || s == "UTC" {
		return 0, false, true
	}
	sign := time.Duration(1)
	switch b[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false, false
	}
	d := bytes.ReplaceAll(b[1:], []byte(":"), nil)
	if len(d) == 2 {
		d = append(d[:2:2], "00"...)
	}
	n, err := strconv.ParseUint(string(d), 10, 32)
	if err != nil || len(d) != 4 || n%100 > 59 {
		return 0, false, false
	}
	return sign * (time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute), false, true
}

// parseEpoch reads Unix seconds; the fraction is read as text, since a float64
// has no room for nanoseconds.
func parseEpoch(b []byte) (int64, bool) {
	whole, frac, _ := bytes.Cut(b, []byte("."))
	n, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil || n < 0 {
		f, err := strconv.ParseFloat(string(b), 64) // 1.7e9
		if err != nil || !(math.Abs(f) < 9e9) {
			return 0, false
		}
		return int64(f * 1e9), true
	}
	if n > 9e9 { // milliseconds, as some exporters write
		if n > 9e12 {
			return 0, false
		}
		return n * 1e6, true
	}
	nanos, rest := fraction(append([]byte("."), frac...))
	return n*1e9 + nanos, len(rest) == 0 || len(frac) == 0
}
