package reference

import (
	"testing"
	"time"

	"sluice/match/rule"
)

func cmp(field string, op rule.Op, pattern string) rule.Expr {
	return rule.Compare{Field: field, Op: op, Value: rule.NewPattern(pattern)}
}

func TestHolds(t *testing.T) {
	for _, c := range []struct {
		value   string
		op      rule.Op
		pattern string
		want    bool
	}{
		{"Invoke-RestMethod https://IPINFO.io", rule.Eq, "*invoke-restmethod*ipinfo.IO*", true},
		{"a\r\nb\nc", rule.Eq, "a*c", true},
		{"abc", rule.Eq, "ab", false},
		{"abc", rule.Eq, "*b", false},
		{"abab", rule.Eq, "*ab", true},
		{"aab", rule.Eq, "a*ab*b", false},
		{"", rule.Eq, "*", true},
		{"x", rule.Eq, "", false},
		{"a*c", rule.Eq, "a**c", true},
		{"ipinfoXio", rule.Eq, "ipinfo.io", false},
		{"\u212A", rule.Eq, "k", false},
		{"\u0130", rule.Eq, "i", false},
		{"\u017F", rule.Eq, "s", false},
		{"ÄÖ", rule.Eq, "äö", true},
		{"4104.0", rule.Eq, "4104", true},
		{"4.104e3", rule.Eq, "4104", false},
		{"0x10", rule.Eq, "16", false},
		{"Infinity", rule.Eq, "inf", false},
		{"1e999", rule.Eq, "2e999", false},
		{" 1", rule.Eq, "1", false},
		{"1", rule.Ne, "1.0", false},
		{"ab", rule.Ne, "a*", false},
		{"b", rule.Ne, "a*", true},
		{"9", rule.Lt, "10", true},
		{"9a", rule.Lt, "10", false},
		{"A", rule.Le, "a", true},
		{"a", rule.Gt, "B", false},
		{"b", rule.Ge, "B", true},
		{"-1", rule.Gt, "-2", true},
	} {
		e := rule.Compare{Field: "f", Op: c.op, Value: rule.NewPattern(c.pattern)}
		if got := (reader{fields: fields{"f": {c.value}}}).accepts(e); got != c.want {
			t.Errorf("%q %s %q = %v", c.value, c.op, c.pattern, got)
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"AbZ@[`{": "abz@[`{", "K\u212Ak": "k\u212Ak", "É\xffA\xc3": "é\xffa\xc3", "\uFFFDX": "\uFFFDx", "Σς": "σς",
	} {
		if got := fold(in); got != want {
			t.Errorf("fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAccepts(t *testing.T) {
	f := fields{"a": {"1", "x"}, "b": {"2"}}
	for _, c := range []struct {
		e    rule.Expr
		want bool
	}{
		{rule.All{}, true},
		{rule.And{}, true},
		{rule.Or{}, false},
		{rule.And{cmp("a", rule.Eq, "x"), cmp("a", rule.Eq, "1")}, true},
		{rule.And{cmp("a", rule.Eq, "x"), cmp("b", rule.Eq, "1")}, false},
		{rule.Or{cmp("a", rule.Eq, "y"), cmp("b", rule.Eq, "2")}, true},
		{cmp("a", rule.Ne, "x"), true}, // 1 is not x
		{rule.Not{X: cmp("a", rule.Eq, "x")}, false},
		{cmp("none", rule.Ne, "x"), false},
		{rule.Not{X: cmp("none", rule.Eq, "*")}, true},
		{cmp("A", rule.Eq, "*"), false},
	} {
		if got := (reader{fields: f}).accepts(c.e); got != c.want {
			t.Errorf("%s = %v", c.e, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	east := time.FixedZone("east", 2*3600)
	for text, want := range map[string]string{
		"2024-03-05T06:07:08Z":                 "2024-03-05T06:07:08Z",
		"2024-03-05T06:07:08.1234567Z":         "2024-03-05T06:07:08.1234567Z",
		"2024-03-05 06:07:08.1234567899 -0330": "2024-03-05T09:37:08.123456789Z",
		"2024-03-05T06:07:08.1+05:30":          "2024-03-05T00:37:08.1Z",
		"2024-03-05 06:07:08":                  "2024-03-05T04:07:08Z",
		"1709618828":                           "2024-03-05T06:07:08Z",
		"1709618828.000000001":                 "2024-03-05T06:07:08.000000001Z",
		"1.7096188285e9":                       "2024-03-05T06:07:08.5Z",
		"-0.5":                                 "1969-12-31T23:59:59.5Z",
		"/Date(1709618828123)/":                "2024-03-05T06:07:08.123Z",
		"2024-02-30T06:07:08Z":                 "",
		"2024-03-05T24:00:00Z":                 "",
		"1601-01-01T00:00:00Z":                 "",
		"1e999999999":                          "",
		"yesterday":                            "",
		"":                                     "",
	} {
		ns, ok := parseTime(text, east)
		got := ""
		if ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("parseTime(%q) = %q, want %q", text, got, want)
		}
	}
}
