package expr

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/match/row"
)

// ofOne makes a function of one text.
func ofOne(f func(string) string) *function {
	return &function{min: 1, max: 1, each: true, call: func(_ *Env, a []row.Value) row.Value {
		return ofText(f(a[0].String()))
	}}
}

// ofTrim makes one of the trim functions, which take off blanks or the given
// characters.
func ofTrim(f func(s, cut string) string) *function {
	return &function{min: 1, max: 2, each: true, call: func(_ *Env, a []row.Value) row.Value {
		cut := " \t"
		if len(a) == 2 {
			cut = a[1].String()
		}
		return ofText(f(a[0].String(), cut))
	}}
}

func ofHash(sum func([]byte) []byte) *function {
	return ofOne(func(s string) string { return hex.EncodeToString(sum([]byte(s))) })
}

var textFunctions = map[string]*function{
	"lower": {min: 1, max: 1, each: true, call: func(env *Env, a []row.Value) row.Value {
		return ofText(env.Memo.lowered(a[0].String()))
	}},
	"upper": ofOne(strings.ToUpper),
	"trim":  ofTrim(strings.Trim),
	"ltrim": ofTrim(strings.TrimLeft),
	"rtrim": ofTrim(strings.TrimRight),
	"len": {min: 1, max: 1, each: true, call: func(_ *Env, a []row.Value) row.Value {
		return row.OfInt(int64(utf8.RuneCountInString(a[0].String())))
	}},
	"substr": {min: 2, max: 3, each: true, call: substr},
	"urldecode": ofOne(func(s string) string {
		if t, err := url.PathUnescape(s); err == nil {
			return t
		}
		return s
	}),
	"md5":    ofHash(func(b []byte) []byte { s := md5.Sum(b); return s[:] }),
	"sha1":   ofHash(func(b []byte) []byte { s := sha1.Sum(b); return s[:] }),
	"sha256": ofHash(func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }),
	"sha512": ofHash(func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }),
	"coalesce": {min: 1, max: maxArgs, nulls: true, call: func(_ *Env, a []row.Value) row.Value {
		for _, v := range a {
			if !v.IsNull() {
				return v
			}
		}
		return row.Value{}
	}},
	"nullif": {min: 2, max: 2, nulls: true, call: func(_ *Env, a []row.Value) row.Value {
		if anyEqual(a[0], a[1]) {
			return row.Value{}
		}
		return a[0]
	}},
	"typeof": {min: 1, max: 1, nulls: true, call: func(_ *Env, a []row.Value) row.Value {
		if a[0].IsNull() {
			return row.OfText("Null")
		}
		if _, ok := a[0].Num(); ok {
			return row.OfText("Number")
		}
		return row.OfText("String")
	}},
	"tostring": {min: 1, max: 2, each: true, call: tostring},
	"tonumber": {min: 1, max: 2, each: true, call: tonumber},
}

// substr counts characters from 1, or from the end if start is negative. A start of 0
// counts as 1, which Splunk leaves open.
func substr(_ *Env, a []row.Value) row.Value {
	text := []rune(a[0].String())
	start, ok := a[1].Num()
	if !ok {
		return row.Value{}
	}
	n := float64(len(text))
	switch {
	case start > 0:
		start--
	case start < 0:
		start = max(0, n+start)
	}
	if start >= n {
		return row.OfText("")
	}
	end := n
	if len(a) == 3 {
		length, ok := a[2].Num()
		if !ok {
			return row.Value{}
		}
		end = max(start, min(n, start+length))
	}
	return ofText(string(text[int(start):int(end)]))
}

// tostring prints a number in hexadecimal ("hex"), with commas and two decimals
// ("commas") or as hours, minutes and seconds ("duration").
func tostring(_ *Env, a []row.Value) row.Value {
	f, ok := a[0].Num()
	if len(a) == 1 || !ok {
		return ofText(a[0].String())
	}
	switch a[1].String() {
	case "hex":
		return row.OfText("0x" + strings.ToUpper(strconv.FormatInt(int64(f), 16)))
	case "commas":
		return row.OfText(commas(f))
	case "duration":
		n := int64(f)
		return row.OfText(fmt.Sprintf("%02d:%02d:%02d", n/3600, n/60%60, n%60))
	}
	return row.Value{}
}

func commas(f float64) string {
	s := strconv.FormatFloat(f, 'f', 2, 64)
	if f == float64(int64(f)) {
		s = strconv.FormatInt(int64(f), 10)
	}
	whole, rest, _ := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		rest = "." + rest
	}
	return sign + whole + rest
}

// tonumber reads digits of a base from 2 to 36, 10 unless given; what is no number is
// null.
func tonumber(_ *Env, a []row.Value) row.Value {
	text := strings.TrimSpace(a[0].String())
	base := 10.0
	if len(a) == 2 {
		var ok bool
		if base, ok = a[1].Num(); !ok || base < 2 || base > 36 {
			return row.Value{}
		}
	}
	if base != 10 {
		if base == 16 {
			text = strings.TrimPrefix(strings.ToLower(text), "0x")
		}
		n, err := strconv.ParseInt(text, int(base), 64)
		if err != nil {
			return row.Value{}
		}
		return row.OfInt(n)
	}
	f, ok := row.OfText(text).Num()
	if !ok {
		return row.Value{}
	}
	return row.OfNumber(f)
}
