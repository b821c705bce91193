// Package row holds rows of named values: what the commands of a search read and
// write, and what is printed in the end.
package row

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/match/rule"
)

// Kind says what a Value is.
type Kind uint8

// The kinds. Text is what events hold, also where it looks like a number; Number
// is what was computed.
const (
	Null Kind = iota
	Text
	Number
	Multi // two or more texts
)

// Value is the value of a field in a row. The zero Value is null. Values are
// immutable; their texts may be shared.
type Value struct {
	kind Kind
	text string // of Text; the decimal form of Number
	num  float64
	many []string
}

// OfText returns text as a Value. An empty text is a value.
func OfText(s string) Value { return Value{kind: Text, text: s} }

// OfNumber returns a number; what is none (the result of x/0) is null.
func OfNumber(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}
	}
	return Value{kind: Number, num: f, text: string(AppendNumber(nil, f))}
}

// OfInt returns a whole number.
func OfInt(n int64) Value {
	return Value{kind: Number, num: float64(n), text: strconv.FormatInt(n, 10)}
}

// OfNanos returns Unix nanoseconds as the number of seconds, exact in its text.
func OfNanos(n int64) Value {
	return Value{kind: Number, num: float64(n/1e9) + float64(n%1e9)/1e9, text: string(AppendEpoch(nil, n))}
}

// OfTime returns a time as OfNanos does; one that int64 cannot hold is null.
func OfTime(t time.Time) Value {
	if t.Year() < 1679 || t.Year() > 2261 {
		return Value{}
	}
	return OfNanos(t.UnixNano())
}

// OfTexts returns the texts as one Value: none are null, one is a Text. The slice
// belongs to the Value.
func OfTexts(s []string) Value {
	switch len(s) {
	case 0:
		return Value{}
	case 1:
		return OfText(s[0])
	}
	return Value{kind: Multi, many: s}
}

// Kind returns what v is.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether v is null.
func (v Value) IsNull() bool { return v.kind == Null }

// String returns the text of v; that of null is empty, several texts are joined by
// line feeds, as Splunk shows them.
func (v Value) String() string {
	if v.kind == Multi {
		return strings.Join(v.many, "\n")
	}
	return v.text
}

// Size returns about how many bytes the texts of v take.
func (v Value) Size() int {
	n := len(v.text)
	for _, text := range v.many {
		n += 16 + len(text)
	}
	return n
}

// Texts returns the texts of v, each value of several. The caller must not change
// the slice.
func (v Value) Texts() []string {
	switch v.kind {
	case Null:
		return nil
	case Multi:
		return v.many
	}
	return []string{v.text}
}

// Len returns the number of values.
func (v Value) Len() int {
	if v.kind == Multi {
		return len(v.many)
	}
	return int(min(v.kind, 1))
}

// At returns the i-th value, 0 <= i < v.Len().
func (v Value) At(i int) Value {
	if v.kind == Multi {
		return OfText(v.many[i])
	}
	return v
}

// Num returns v as a number: a Number, or a Text that is one as rule.Number reads it.
func (v Value) Num() (float64, bool) {
	switch v.kind {
	case Number:
		return v.num, true
	case Text:
		return number(v.text)
	}
	return 0, false
}

func number(s string) (float64, bool) {
	if len(s) > 18 { // sign, point and 15 digits at most
		return 0, false
	}
	return rule.Number([]byte(s))
}

// Nanos reads v as Unix seconds and returns nanoseconds; digits past the ninth are
// cut. What lies outside of the years 1678 to 2262 is no time.
func (v Value) Nanos() (int64, bool) {
	if v.kind != Number && v.kind != Text {
		return 0, false
	}
	return ParseEpoch(v.text)
}

// Equal reports whether v and o are the same in kind and text.
func (v Value) Equal(o Value) bool {
	return v.kind == o.kind && v.text == o.text && slices.Equal(v.many, o.many)
}

// AppendNumber appends the shortest decimal form of f that reads as f again, without
// an exponent where the number is neither very large nor very small. It is a JSON
// number.
func AppendNumber(dst []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	if f == 0 {
		f = 0 // not -0
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}
