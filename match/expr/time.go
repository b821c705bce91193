package expr

import (
	"strconv"
	"strings"
	"time"

	"sluice/match/row"
)

var timeFunctions = map[string]*function{
	"now":  {call: func(env *Env, _ []row.Value) row.Value { return row.OfInt(env.Now.Unix()) }},
	"time": {call: func(env *Env, _ []row.Value) row.Value { return row.OfInt(env.Now.Unix()) }},
	"strftime": {min: 2, max: 2, each: true, call: func(env *Env, a []row.Value) row.Value {
		n, ok := a[0].Nanos()
		if !ok {
			return row.Value{}
		}
		return ofText(string(row.AppendTime(nil, time.Unix(0, n).In(env.zone()), a[1].String())))
	}},
	"strptime": {min: 2, max: 2, each: true, call: func(env *Env, a []row.Value) row.Value {
		t, ok := ParseTime(a[0].String(), a[1].String(), env.zone())
		if !ok {
			return row.Value{}
		}
		return row.OfTime(t)
	}},
	"relative_time": {min: 2, max: 2, each: true, call: func(env *Env, a []row.Value) row.Value {
		n, ok := a[0].Nanos()
		if !ok {
			return row.Value{}
		}
		t, ok := Relative(time.Unix(0, n).In(env.zone()), a[1].String())
		if !ok {
			return row.Value{}
		}
		return row.OfTime(t)
	}},
}

func (e *Env) zone() *time.Location {
	if e.Zone == nil {
		return time.UTC
	}
	return e.Zone
}

// unitNames are the spellings of Splunk's units of time, by their short forms.
var unitNames = map[string]string{
	"s": "s sec secs second seconds", "m": "m min mins minute minutes", "h": "h hr hrs hour hours",
	"d": "d day days", "w": "w week weeks", "mon": "mon month months", "q": "q qtr qtrs quarter quarters",
	"y": "y yr yrs year years",
}

// Unit returns the short form of a unit of time, or "".
func Unit(name string) string {
	for short, names := range unitNames {
		for _, n := range strings.Fields(names) {
			if n == name {
				return short
			}
		}
	}
	return ""
}

// Relative applies a time modifier such as -70m@m, +1d or @w1 to t (Splunk, search
// manual, "Specify time modifiers").
func Relative(t time.Time, spec string) (time.Time, bool) {
	spec = strings.TrimSpace(spec)
	if spec == "now" {
		return t, true
	}
	for spec != "" {
		var word string
		snap := spec[0] == '@'
		sign := 1
		switch spec[0] {
		case '-':
			sign = -1
		case '+', '@':
		default:
			return t, false
		}
		spec = spec[1:]
		end := strings.IndexAny(spec, "+-@")
		if end < 0 {
			end = len(spec)
		}
		word, spec = spec[:end], spec[end:]
		var ok bool
		if snap {
			t, ok = snapTo(t, word)
		} else {
			t, ok = shift(t, sign, word)
		}
		if !ok {
			return t, false
		}
	}
	return t, true
}

func shift(t time.Time, sign int, word string) (time.Time, bool) {
	digits := len(word) - len(strings.TrimLeft(word, "0123456789"))
	n := 1
	if digits > 0 {
		var err error
		if n, err = strconv.Atoi(word[:digits]); err != nil || n > 1e9 {
			return t, false
		}
	}
	n *= sign
	switch Unit(word[digits:]) {
	case "s":
		return t.Add(time.Duration(n) * time.Second), true
	case "m":
		return t.Add(time.Duration(n) * time.Minute), true
	case "h":
		return t.Add(time.Duration(n) * time.Hour), abs(n) < 1e6
	case "d":
		return t.AddDate(0, 0, n), abs(n) < 1e6
	case "w":
		return t.AddDate(0, 0, 7*n), abs(n) < 1e5
	case "mon":
		return t.AddDate(0, n, 0), abs(n) < 1e4
	case "q":
		return t.AddDate(0, 3*n, 0), abs(n) < 1e4
	case "y":
		return t.AddDate(n, 0, 0), abs(n) < 1e3
	}
	return t, false
}

func abs(n int) int { return max(n, -n) }

// snapTo rounds t down to a unit; w0 to w7 is a day of the week, w is w0, Sunday.
func snapTo(t time.Time, word string) (time.Time, bool) {
	year, month, day := t.Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, t.Location())
	if len(word) == 2 && word[0] == 'w' && '0' <= word[1] && word[1] <= '7' {
		back := (int(midnight.Weekday()) - int(word[1]-'0') + 14) % 7
		return midnight.AddDate(0, 0, -back), true
	}
	switch Unit(word) {
	case "s":
		return t.Truncate(time.Second), true
	case "m":
		return t.Add(-time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond())), true
	case "h":
		return time.Date(year, month, day, t.Hour(), 0, 0, 0, t.Location()), true
	case "d":
		return midnight, true
	case "w":
		return midnight.AddDate(0, 0, -int(midnight.Weekday())), true
	case "mon":
		return time.Date(year, month, 1, 0, 0, 0, 0, t.Location()), true
	case "q":
		return time.Date(year, (month-1)/3*3+1, 1, 0, 0, 0, 0, t.Location()), true
	case "y":
		return time.Date(year, 1, 1, 0, 0, 0, 0, t.Location()), true
	}
	return t, false
}

// layouts are Go's forms of strftime's conversions, for reading.
var layouts = map[byte]string{
	'Y': "2006", 'm': "1", 'd': "2", 'e': "_2", 'H': "15", 'I': "3", 'M': "4", 'S': "5", 'p': "PM", 'y': "06",
	'j': "002", 'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'Z': "MST", 'z': "Z0700", 'F': "2006-1-2",
	'T': "15:4:5", 'R': "15:4", 'D': "1/2/06",
}

// ParseTime reads text by a strftime layout. A time without a zone is in zone.
func ParseTime(text, layout string, zone *time.Location) (time.Time, bool) {
	if layout == "%s" {
		n, ok := row.ParseEpoch(strings.TrimSpace(text))
		return time.Unix(0, n), ok
	}
	var form strings.Builder
	for i := 0; i < len(layout); i++ {
		c := layout[i]
		if c != '%' || i+1 == len(layout) {
			form.WriteByte(c)
			continue
		}
		i++
		if '0' < layout[i] && layout[i] <= '9' && i+1 < len(layout) {
			i++ // a number of digits, as in %3N
		}
		switch c := layout[i]; {
		case c == 'N' || c == 'Q' || c == 'f':
			// Go reads a fraction behind the seconds without being told.
			s := strings.TrimSuffix(form.String(), ".")
			form.Reset()
			form.WriteString(s)
		case layouts[c] != "":
			form.WriteString(layouts[c])
		case c == '%':
			form.WriteByte('%')
		default:
			return time.Time{}, false
		}
	}
	t, err := time.ParseInLocation(form.String(), strings.TrimSpace(text), zone)
	return t, err == nil
}
