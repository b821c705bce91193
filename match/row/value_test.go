package row

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"testing"
)

func TestValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v     Value
		kind  Kind
		text  string
		texts []string
		num   float64
		isNum bool
	}{
		{Value{}, Null, "", nil, 0, false},
		{OfText(""), Text, "", []string{""}, 0, false},
		{OfText("4104"), Text, "4104", []string{"4104"}, 4104, true},
		{OfText("1e3"), Text, "1e3", []string{"1e3"}, 0, false}, // as in searches
		{OfText("1234567890123456"), Text, "1234567890123456", []string{"1234567890123456"}, 0, false},
		{OfNumber(0.5), Number, "0.5", []string{"0.5"}, 0.5, true},
		{OfNumber(math.NaN()), Null, "", nil, 0, false},
		{OfNumber(math.Inf(-1)), Null, "", nil, 0, false},
		{OfNumber(math.Copysign(0, -1)), Number, "0", []string{"0"}, 0, true},
		{OfInt(-7), Number, "-7", []string{"-7"}, -7, true},
		{OfNanos(1_500_000_000), Number, "1.5", []string{"1.5"}, 1.5, true},
		{OfTexts(nil), Null, "", nil, 0, false},
		{OfTexts([]string{"a"}), Text, "a", []string{"a"}, 0, false},
		{OfTexts([]string{"1", "2"}), Multi, "1\n2", []string{"1", "2"}, 0, false},
	} {
		num, isNum := c.v.Num()
		if c.v.Kind() != c.kind || c.v.String() != c.text || !slices.Equal(c.v.Texts(), c.texts) || c.v.Len() != len(c.texts) || num != c.num || isNum != c.isNum {
			t.Errorf("%#v: %d %q %q %v %v", c.v, c.v.Kind(), c.v.String(), c.v.Texts(), num, isNum)
		}
		if c.v.IsNull() != (c.kind == Null) || !c.v.Equal(c.v) || c.v.Equal(OfText("other")) {
			t.Errorf("%#v: IsNull or Equal", c.v)
		}
	}
	if OfText("1").Equal(OfInt(1)) {
		t.Error("a text is no number")
	}
}

// Every number is a JSON number that reads as it was.
func TestAppendNumber(t *testing.T) {
	t.Parallel()
	for _, f := range []float64{0, 1, -1, 0.1, 1e15, 1e20, 1e21, 1e-6, 1e-7, -123.456, math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 53} {
		text := AppendNumber(nil, f)
		back, err := strconv.ParseFloat(string(text), 64)
		if !json.Valid(text) || err != nil || back != f {
			t.Errorf("%g prints as %s", f, text)
		}
	}
}

func TestParseEpoch(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{0, 1, -1, 999_999_999, -1_000_000_001, 1_714_554_753_123456789, -62e9, math.MaxInt64 - 2e9} {
		if got, ok := ParseEpoch(string(AppendEpoch(nil, n))); !ok || got != n {
			t.Errorf("%d reads as %d, %v", n, got, ok)
		}
	}
	for text, want := range map[string]int64{"1": 1e9, "1.": 1e9, "1.5": 15e8, "-0.5": -5e8, "1.0000000019": 1_000_000_001, "+2": 2e9} {
		if got, ok := ParseEpoch(text); !ok || got != want {
			t.Errorf("%q reads as %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "x", ".5", "1.x", "1.-5", "9223372036854775807", "1e3", "1.5.5", " 1"} {
		if got, ok := ParseEpoch(text); ok {
			t.Errorf("%q reads as %d", text, got)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	tab := Table{Columns: []string{"a"}, Rows: [][]Value{{OfInt(1)}, {OfInt(2)}}}
	tab.Set(1, tab.Need("c"), OfText("x"))
	if tab.Need("a") != 0 || tab.Index("none") != -1 || !Get(tab.Rows[0], 1).IsNull() || !Get(tab.Rows[0], -1).IsNull() {
		t.Error("places")
	}
	named := tab.NamedRows(3)
	if len(named) != 2 || named[0].Rule != 3 || len(named[0].Values) != 2 || named[1].Get("c").String() != "x" || !named[1].Get("d").IsNull() {
		t.Errorf("%+v", named)
	}
	tab.Select([]int{1, -1, 0}, []string{"c", "new", "a"})
	if v := tab.Rows[1]; v[0].String() != "x" || !v[1].IsNull() || v[2].String() != "2" {
		t.Errorf("%+v", tab)
	}
	tab.Keep(func(r []Value) bool { return r[2].String() == "2" })
	if len(tab.Rows) != 1 {
		t.Errorf("%d rows", len(tab.Rows))
	}
}
