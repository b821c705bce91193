package tape

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fastjson"
)

// tree writes a value with all that it holds, strings as they read.
func tree(dst []byte, v Value) []byte {
	switch v.Kind() {
	case Object:
		dst = append(dst, '{')
		for key, member := range v.Members() {
			dst = append(tree(fmt.Appendf(dst, "%q:", key), member), ',')
		}
		return append(dst, '}')
	case Array:
		dst = append(dst, '[')
		for item := range v.Items() {
			dst = append(tree(dst, item), ',')
		}
		return append(dst, ']')
	case String:
		return fmt.Appendf(dst, "%q", v.Text())
	}
	return append(dst, v.Raw()...)
}

// slow is tree of what fastjson reads.
func slow(dst []byte, v *fastjson.Value) []byte {
	switch v.Type() {
	case fastjson.TypeObject:
		dst = append(dst, '{')
		v.GetObject().Visit(func(key []byte, member *fastjson.Value) {
			dst = append(slow(fmt.Appendf(dst, "%q:", key), member), ',')
		})
		return append(dst, '}')
	case fastjson.TypeArray:
		dst = append(dst, '[')
		for _, item := range v.GetArray() {
			dst = append(slow(dst, item), ',')
		}
		return append(dst, ']')
	case fastjson.TypeString:
		return fmt.Appendf(dst, "%q", v.GetStringBytes())
	}
	return v.MarshalTo(dst)
}

// mend writes \ufffd for half a surrogate pair, behind which fastjson drops a
// character.
func mend(text []byte) []byte {
	out := bytes.Clone(text)
	for i := 0; i+1 < len(out); i++ {
		if out[i] != '\\' {
			continue
		}
		if i++; out[i] != 'u' {
			continue
		}
		u, ok := unit(out[i+1:])
		switch {
		case !ok || u < 0xd800 || u > 0xdfff:
		case u < 0xdc00 && isLow(out[i+5:]):
			i += 6
		default:
			copy(out[i+1:], "fffd")
		}
	}
	return out
}

func isLow(b []byte) bool {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return false
	}
	u, ok := unit(b[2:])
	return ok && 0xdc00 <= u && u <= 0xdfff
}

var texts = []string{
	`{}`, `[]`, ` {"a":1,"b":[true,false,null],"c":{"d":"e"}} `, `{"a":"x","a":"y"}`, `{"a":{"b":{}},"c":[[],[{}]]}`,
	`"\u0049nvoke\u002d"`, `"\ud83d\ude00"`, `"\ud800\u0041"`, `"\\ud800\u0041"`, `"\udc00"`, `"\ud800\ud800\udc00"`,
	`"a\/b\"c\\d\b\f\n\r\t"`, `"\u12"`, `"\u"`, `"\q\uzzzz"`, `"\\\"\\"`, `"\ud83d\"`, "\"\x00\n\xff\"", `{"\u0061\"":1}`,
	`1`, `-`, `+inf`, `-NaN`, `nan`, `-infx`, `1e5-3+.`, `1x`, `nul`, `tru`, `{"a"}`, `{"a":}`, `{,}`, `[,]`, `[1,]`, `{"a":1,}`,
	`{"a":1}{"b":2}`, `[1 2]`, `{"a":1 "b":2}`, `"`, `{`, `[`, `{"`, `{"a`, `{"a":"\"`, ``, ` `, `}`, `[}`, `{]`, `[1}`, `{"a":1]`,
	strings.Repeat("[", 300) + strings.Repeat("]", 300), strings.Repeat("[", 301) + strings.Repeat("]", 301),
	strings.Repeat("[", 299) + "1" + strings.Repeat("]", 299), strings.Repeat("[", 300) + "1" + strings.Repeat("]", 300),
	strings.Repeat(`{"":`, 299) + "{}" + strings.Repeat("}", 299), strings.Repeat(`{"":`, 300) + "{}" + strings.Repeat("}", 300),
}

// A tape holds what fastjson reads, value by value of several in a row, and fails
// where that does.
func FuzzTape(f *testing.F) {
	for _, s := range texts {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		var sc fastjson.Scanner
		sc.InitBytes(mend(text))
		var tp Tape
		for at := blank(text, 0); at < len(text); {
			v, n, err := tp.Read(text[at:])
			if sc.Next() != (err == nil) {
				t.Fatalf("%q at %d: %v, fastjson %v", text, at, err, sc.Error())
			}
			if err != nil {
				var se *SyntaxError
				if !errors.As(err, &se) || se.At < 0 || se.At > len(text)-at {
					t.Errorf("%q at %d: %v", text, at, err)
				}
				break
			}
			if got, want := tree(nil, v), slow(nil, sc.Value()); !bytes.Equal(got, want) {
				t.Fatalf("%q at %d:\n got %s\nwant %s", text, at, got, want)
			}
			if again := tree(nil, v); !bytes.Equal(again, tree(nil, v)) {
				t.Fatalf("%q at %d reads otherwise the second time: %s", text, at, again)
			}
			raw := v.Raw()
			if !bytes.Equal(raw, bytes.TrimRight(text[at:at+n], " \t\r\n")) {
				t.Fatalf("%q at %d: raw %q of %d bytes", text, at, raw, n)
			}
			at += n
		}
		if !bytes.Equal(text, before) {
			t.Error("the text was changed")
		}
	})
}

func TestGet(t *testing.T) {
	var tp Tape
	v, _, err := tp.Read([]byte(`{"a":1,"\u0062":{"c":["x","\t"]},"a":2,"n":null}`))
	if err != nil {
		t.Fatal(err)
	}
	if a := v.Get("a"); string(a.Raw()) != "1" || a.Text() != nil {
		t.Errorf("a is %s", a.Raw())
	}
	var items []string
	for item := range v.Get("b").Get("c").Items() {
		items = append(items, string(item.Text()), string(item.Raw()))
	}
	if fmt.Sprintf("%q", items) != `["x" "\"x\"" "\t" "\"\\t\""]` {
		t.Errorf("items %q", items)
	}
	for _, none := range []Value{v.Get("x"), v.Get("x").Get("y"), v.Get("a").Get("y"), {}} {
		if none.Exists() || !none.Is(Missing) || none.Raw() != nil || none.Text() != nil {
			t.Errorf("%v is there", none)
		}
		for range none.Members() {
			t.Error("a member of nothing")
		}
		for range none.Items() {
			t.Error("an item of nothing")
		}
	}
	if n := v.Get("n"); !n.Exists() || !n.Is(Null) {
		t.Error("null is no value")
	}
}

// What holds too many values is refused before it takes more memory.
func TestLimit(t *testing.T) {
	var tp Tape
	var limit *LimitError
	text := append(bytes.Repeat([]byte("[],"), maxValues+10), ']')
	if _, _, err := tp.Read(append([]byte("["), text...)); !errors.As(err, &limit) {
		t.Errorf("error %v", err)
	}
	if _, _, err := tp.Read(append([]byte("["), text[3*12:]...)); err == nil || errors.As(err, &limit) {
		t.Errorf("error %v, want one of the comma at the end", err)
	}
}

// Reading takes no memory once a tape has read as much before.
func TestAllocs(t *testing.T) {
	text := []byte(`{"EventID":4104,"ScriptBlockText":"a\r\nb\u0041","x":{"y":[1,2,{"z":"\\"}]}}`)
	var tp Tape
	allocs := testing.AllocsPerRun(100, func() {
		v, _, _ := tp.Read(text)
		for _, member := range v.Members() {
			member.Text()
		}
		for item := range v.Get("x").Get("y").Items() {
			item.Get("z").Text()
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// Get finds the first member of a name, however many others there are and however
// names are written, and none that is not there: also in an object inside another.
func TestGetAmongMany(t *testing.T) {
	for members := range 40 {
		var b strings.Builder
		b.WriteString(`{"in":{`)
		for i := range members {
			fmt.Fprintf(&b, `"n%d":%d,"m\u00%02x":0,"n%d":-1,`, i, i, 0x30+i, i)
		}
		b.WriteString(`"last":true},"after":1}`)
		var tp Tape
		v, _, err := tp.Read([]byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []Value{v, v.Get("in"), v, v.Get("in")} { // asked in turn
			first := map[string]Value{}
			for name, member := range o.Members() {
				if _, ok := first[string(name)]; !ok {
					first[string(name)] = member
				}
			}
			for i := range 50 {
				for _, name := range []string{fmt.Sprintf("n%d", i), "m" + string(rune(0x30+i)), "last", "after", "in", "", "none", "n"} {
					if got := o.Get(name); got != first[name] {
						t.Fatalf("%d members: Get(%q) is %+v, want %+v", members, name, got, first[name])
					}
				}
			}
		}
	}
}
