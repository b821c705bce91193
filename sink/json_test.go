package sink

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func checkString(t *testing.T, s string) {
	t.Helper()
	got := appendString([]byte("x"), s)
	if same := appendString([]byte("x"), []byte(s)); !bytes.Equal(got, same) {
		t.Errorf("as bytes %q is %q, as a string %q", s, same, got)
	}
	got = got[1:]
	if !utf8.Valid(got) {
		t.Errorf("%q is written as invalid UTF-8: %q", s, got)
	}
	for _, c := range got {
		if c < ' ' || c == 0x7f {
			t.Errorf("%q is written with a control character: %q", s, got)
		}
	}
	var back string
	if err := json.Unmarshal(got, &back); err != nil {
		t.Errorf("%q is written as %q: %v", s, got, err)
		return
	}
	if want := eachBadByte(s); back != want {
		t.Errorf("%q is read back as %q, want %q", s, back, want)
	}
	std, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var want string
	if err := json.Unmarshal(std, &want); err != nil {
		t.Fatal(err)
	}
	if back != want {
		t.Errorf("%q is read back as %q, encoding/json gives %q", s, back, want)
	}
}

// eachBadByte replaces every byte that is not UTF-8 by U+FFFD.
func eachBadByte(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

func TestString(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		checkString(t, string([]byte{byte(c)}))
		checkString(t, "a"+string([]byte{byte(c), byte(c)})+"b")
	}
	for _, s := range []string{
		"", `"\/`, "\r\n\t", "\x00\x1b[31m", "\u2028\u2029", "\ufffd", "größe", "\U0001f600", "\ufeff",
		"\xff\xfe", "\xc3", "\xe2\x82", "a\xe2\x82b", "\xed\xa0\x80" /* a surrogate */, "\xc0\x80", "\xf4\x90\x80\x80",
		"</script>&", strings.Repeat("é", 1000),
	} {
		checkString(t, s)
	}
}

// What jq users see: text stays readable, not escaped without need.
func TestStringStaysReadable(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		`C:\x "y"`:     `"C:\\x \"y\""`,
		"<a>&'é\u2028": "\"<a>&'é\u2028\"",
		"1\n2\r\t":     `"1\n2\r\t"`,
		"\x00\x1f\x7f": `"\u0000\u001f\u007f"`,
		"a\xff":        `"a\ufffd"`,
	} {
		if got := string(appendString(nil, s)); got != want {
			t.Errorf("%q is written as %s, want %s", s, got, want)
		}
	}
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "a\"\\", "\x00\xff\u2028", "\xe2\x82", "\U0001f600"} {
		f.Add(s)
	}
	f.Fuzz(checkString)
}

func TestObjectTexts(t *testing.T) {
	t.Parallel()
	var o object
	o.begin()
	o.texts("none", nil)
	o.texts("two", []string{"a", `"`})
	o.end()
	if got, want := string(o.buf), `{"none":[],"two":["a","\""]}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
