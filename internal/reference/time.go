package reference

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	calendarTime = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s*([Zz]|UTC|[+-]\d\d:?\d\d)?$`)
	epochMillis  = regexp.MustCompile(`^/Date\(([+-]?\d+)(?:[+-]\d{4})?\)/$`)
)

// parseTime reads a time in one of the forms of the exports and returns Unix
// nanoseconds. A time without zone is in loc.
func parseTime(text string, loc *time.Location) (int64, bool) {
	text = strings.TrimSpace(text)
	if m := calendarTime.FindStringSubmatch(text); m != nil {
		return parseCalendar(m[1:], loc)
	}
	if m := epochMillis.FindStringSubmatch(text); m != nil {
		return scaled(m[1], 1e6)
	}
	return scaled(text, 1e9)
}

// parseCalendar takes the parts of a date: year, month, day, hour, minute,
// second, fraction and zone. Digits behind the nanosecond are cut off.
func parseCalendar(parts []string, loc *time.Location) (int64, bool) {
	var n [6]int
	for i := range n {
		n[i], _ = strconv.Atoi(parts[i])
	}
	nanos, _ := strconv.Atoi((parts[6] + "000000000")[:9])
	if zone := strings.ReplaceAll(strings.ToUpper(parts[7]), ":", ""); zone == "Z" || zone == "UTC" {
		loc = time.UTC
	} else if zone != "" {
		hours, _ := strconv.Atoi(zone[1:3])
		minutes, _ := strconv.Atoi(zone[3:5])
		offset := hours*3600 + minutes*60
		if zone[0] == '-' {
			offset = -offset
		}
		if hours > 23 || minutes > 59 {
			return 0, false
		}
		loc = time.FixedZone("", offset)
	}
	// A date that does not exist, such as 30 February, does not come back.
	day := time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, time.UTC)
	if day.Month() != time.Month(n[1]) || day.Day() != n[2] || n[3] > 23 || n[4] > 59 || n[5] > 59 {
		return 0, false
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], nanos, loc)
	ns := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(1e9))
	ns.Add(ns, big.NewInt(int64(nanos)))
	return ns.Int64(), ns.IsInt64()
}

// scaled multiplies a decimal number exactly, rounding down to an integer.
func scaled(text string, by int64) (int64, bool) {
	r, ok := exact(text)
	if !ok {
		return 0, false
	}
	r.Mul(r, new(big.Rat).SetInt64(by))
	n := new(big.Int)
	n.DivMod(r.Num(), r.Denom(), new(big.Int))
	return n.Int64(), n.IsInt64()
}

// exact reads a decimal number without rounding. Exponents that no event id
// and no time has are refused, since the number would be as long as they say.
func exact(text string) (*big.Rat, bool) {
	m := decimal.FindStringSubmatch(text)
	if m == nil || len(text) > 1000 {
		return nil, false
	}
	if m[2] != "" {
		if e, err := strconv.Atoi(m[2][1:]); err != nil || math.Abs(float64(e)) > 1000 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}
