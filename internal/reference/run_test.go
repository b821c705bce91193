package reference

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"sluice/match/rule"
)

// write puts content into a temporary file.
func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runOver runs rules over one file and checks that its counts add up.
func runOver(t *testing.T, content string, opt Options, rules ...Rule) *Result {
	t.Helper()
	r, err := Run([]string{write(t, content)}, rules, opt)
	if err != nil {
		t.Fatal(err)
	}
	if r.Records != r.Skipped+r.Decoded+r.Malformed {
		t.Errorf("%d records are not %d skipped + %d decoded + %d malformed", r.Records, r.Skipped, r.Decoded, r.Malformed)
	}
	return r
}

func by(fields ...string) Rule {
	return Rule{Name: "all", Rule: &rule.Rule{Where: rule.All{}, By: fields}}
}

// show prints rows as "value,value count first last;".
func show(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		for i, v := range r.By {
			if i > 0 {
				b.WriteByte(',')
			}
			if v == nil {
				b.WriteString("NULL")
			} else {
				b.WriteString(*v)
			}
		}
		fmt.Fprintf(&b, " %d %d %d;", r.Count, r.First, r.Last)
	}
	return b.String()
}

func TestRows(t *testing.T) {
	const input = `{"EventID":1,"a":"x","b":["p","q","p"],"TimeCreated":5}
{"EventID":1,"a":"x","b":"p","TimeCreated":3}
{"EventID":1,"a":"x","a":"y","b":"q"}
{"EventID":1,"b":"q","TimeCreated":9}
{"EventID":1,"a":"","b":null}
{"EventID":2,"a":null,"b":[]}
`
	a, z := by("a", "b"), by("a")
	filled := Rule{Name: "filled", Rule: &rule.Rule{Where: rule.All{}, By: []string{"a", "b"}, Fill: &rule.Fill{Value: "0"}}}
	part := Rule{Name: "part", Rule: &rule.Rule{Where: rule.All{}, By: []string{"a", "b"}, Fill: &rule.Fill{Value: "0", Fields: []string{"b"}}}}
	for _, c := range []struct {
		rule  Rule
		nulls bool
		want  string
	}{
		{a, false, "NULL,NULL 2 0 0;NULL,q 1 9000000000 9000000000;x,p 3 3000000000 5000000000;x,q 2 5000000000 5000000000;y,q 1 0 0;"},
		{a, true, "x,p 3 3000000000 5000000000;x,q 2 5000000000 5000000000;y,q 1 0 0;"},
		{z, false, "NULL 3 9000000000 9000000000;x 3 3000000000 5000000000;y 1 0 0;"},
		{filled, true, "0,0 2 0 0;0,q 1 9000000000 9000000000;x,p 3 3000000000 5000000000;x,q 2 5000000000 5000000000;y,q 1 0 0;"},
		{part, true, "x,p 3 3000000000 5000000000;x,q 2 5000000000 5000000000;y,q 1 0 0;"},
		{by(), true, " 6 3000000000 9000000000;"},
	} {
		r := runOver(t, input, Options{DropNulls: c.nulls}, c.rule)
		if got := show(r.Rows); got != c.want || r.Matched != 6 {
			t.Errorf("%s, nulls dropped %v: %d matched,\n got %s\nwant %s", c.rule, c.nulls, r.Matched, got, c.want)
		}
	}
}

func TestGroupKeysStayApart(t *testing.T) {
	r := runOver(t, `{"a":"1:x","b":"y"}`+"\n"+`{"a":"1","b":":xy"}`+"\n"+`{"a":"-;"}`+"\n"+`{"b":"-;"}`, Options{}, by("a", "b"))
	if len(r.Rows) != 4 {
		t.Errorf("rows %s", show(r.Rows))
	}
}

func TestValues(t *testing.T) {
	const system = `<System><EventID>1</EventID></System>`
	for _, c := range []struct{ input, want string }{
		{`{"v":"a\r\nb\rc"}`, "a\nb\nc"},
		{`{"v":"\ud800A\udc00\ud83d\ude00"}`, "\uFFFDA\uFFFD😀"},
		{`{"v":"\\ud800 \/ \u0041"}`, `\ud800 / A`},
		{`{"v":"\ud800\ud83d\ude00"}`, "\uFFFD😀"},
		{`{"v":"\ud800\n"}`, "\uFFFD\n"},
		{"{\"v\":\"a\xff\xfeb\xc3\"}", "a\uFFFDb\uFFFD"},
		{"{\"v\":\"\x00\x01\"}", "\x00\x01"},
		{`{"v":1.50}`, "1.50"},
		{`{"v":true}`, "true"},
		{`{"v":{"#text":"t","#attributes":{}}}`, "t"},
		{`{"v":{"x":1}}`, ""},
		{`{"EventID":4104.0,"v":4104.0}`, "4104.0"},
		{`<Event>` + system + `<EventData><Data Name="v">&lt;&#65;&#x1;&nope;&amp;lt; & ]]> b</Data></EventData></Event>`, "<A\x01&nope;&lt; & ]]> b"},
		{"<Event>" + system + "<EventData><Data Name=\"v\">a\x00\x1b\xffb</Data></EventData></Event>", "a\x00\x1b\uFFFDb"},
		{`<Event>` + system + `<EventData><Data Name="v">&#xD800;&#x110000;&#0;` + mask + `x</Data></EventData></Event>`, "\uFFFD&#x110000;\x00" + mask + "x"},
		{`<Event>` + system + `<EventData><Data Name="v"><![CDATA[&#65;</Event>]]> c<!-- -- </Event> -->d</Data></EventData></Event>`, "&#65;</Event> cd"},
		{"<Event>" + system + "<EventData><Data Name='v'>a\r\nb&#xD;&#xA;c\r\n</Data></EventData></Event>", "a\nb\nc\n"},
		{`<Event>` + system + `<UserData><X xmlns="u"><Y><v>deep</v></Y></X></UserData></Event>`, "deep"},
	} {
		r := runOver(t, c.input, Options{}, by("v"))
		want := "NULL 1 0 0;"
		if c.want != "" {
			want = c.want + " 1 0 0;"
		}
		if got := show(r.Rows); got != want || r.Malformed != 0 {
			t.Errorf("%q: %d malformed, %q, want %q", c.input, r.Malformed, got, want)
		}
	}
}

func TestEventID(t *testing.T) {
	for in, want := range map[string]string{
		`4104`: "4104", `"4104"`: "4104", `4104.0`: "4104", `4.104e3`: "4.104e3", `" 4104 "`: "4104",
		`"+04104"`: "+04104", `-0`: "-0", `4104.5`: "4104.5", `"x"`: "x", `"0x1008"`: "0x1008",
	} {
		r := runOver(t, `{"EventID":`+in+`}`, Options{}, by("EventCode"))
		if got := show(r.Rows); got != want+" 1 0 0;" {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestRecords(t *testing.T) {
	const ev = "<Event><System><EventID>1</EventID></System></Event>"
	for _, c := range []struct {
		input                       string
		records, malformed, matched int64
	}{
		{"", 0, 0, 0},
		{"\n \t\r\n\x00\x00\n", 0, 0, 0},
		{"{}", 1, 0, 1},
		{"\ufeff{}\r\n\x00\x00{}\n", 2, 0, 2},
		{"{} {}\t{}\n", 1, 0, 3},
		{"{} 1 {}\n[{}]\n\"x\"\n5\nnull\n{\"a\":\nfoo\n", 7, 7, 1},
		{strings.Repeat("[", 100000) + "\n" + strings.Repeat(`{"a":`, 100000) + "\n{}\n", 3, 2, 1},
		{"<?xml version='1.0'?>\n<!-- <Event> \n-->\n<Events\n xmlns='x'>" + ev + ev + "\n" + ev + "</Events>\n{}", 4, 0, 4},
		{"\ufeff" + ev + " {}\n", 2, 0, 2},
		{"Record 1\n" + ev + "\nRecord 22\r\n{}\nRecord x\n", 3, 1, 2},
		{"<Event\nxmlns='x'\n>\n<System/>\n</Event>", 1, 0, 1},
		{"<Event><EventData/></Event>\n<Event><System></Event>\n<Event><System/></Event></Event>\n" + ev, 4, 1, 3},
		{"<Event><System/></X></Event>\n<Event><System a=b/></Event>", 2, 2, 0},
		{ev + "\n<Event><System>", 2, 1, 1},
		{"<EventX>" + ev + "</EventX>", 1, 0, 1},
		{"<a <b " + ev + "\n< x\n<", 3, 2, 1},
		{"<Event><System/><!-- </Event> --><![CDATA[</Event>]]></Event>", 1, 0, 1},
		{"<Event><System/>" + strings.Repeat("<a>", 100000) + "</Event>", 1, 1, 0},
		{`{"time":1,"event":"<Event><System></Event>"}` + "\n{}", 2, 0, 2},
	} {
		r := runOver(t, c.input, Options{}, by())
		if r.Records != c.records || r.Malformed != c.malformed || r.Matched != c.matched {
			t.Errorf("%.60q: %d records, %d malformed, %d matched, want %d, %d, %d", c.input,
				r.Records, r.Malformed, r.Matched, c.records, c.malformed, c.matched)
		}
	}
}

func TestEncodings(t *testing.T) {
	const text = "<Event><System><EventID>7</EventID></System><EventData><Data Name='v'>é😀</Data></EventData></Event>\n{\"EventID\":7,\"v\":\"é😀\"}\n"
	files := map[string]string{"utf8": text, "utf8 bom": "\ufeff" + text}
	for _, mark := range []string{"", "\ufeff"} {
		var le, be []byte
		for _, u := range utf16.Encode([]rune(mark + text)) {
			le = append(le, byte(u), byte(u>>8))
			be = append(be, byte(u>>8), byte(u))
		}
		files["le"+mark], files["be"+mark] = string(le), string(be)
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write([]byte(files["le\ufeff"]))
	w.Close()
	files["gzip of utf16"] = z.String()
	for name, content := range files {
		if got := show(runOver(t, content, Options{}, by("EventID", "v")).Rows); got != "7,é😀 2 0 0;" {
			t.Errorf("%q: %q", name, got)
		}
	}
	var lone bytes.Buffer
	for _, u := range []uint16{'{', '"', 'v', '"', ':', '"', 0xD800, 'a', 0xDC00, 0xD800, 0xD83D, 0xDE00, '"', '}'} {
		lone.Write([]byte{byte(u), byte(u >> 8)})
	}
	if got := show(runOver(t, lone.String(), Options{}, by("v")).Rows); got != "\uFFFDa\uFFFD\uFFFD😀 1 0 0;" {
		t.Errorf("lone surrogates: %q", got)
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "none"), dir} {
		if _, err := Run([]string{path}, nil, Options{}); err == nil || !strings.HasPrefix(err.Error(), "cannot read "+path+": ") {
			t.Errorf("error %v", err)
		}
	}
}

func TestZone(t *testing.T) {
	east := time.FixedZone("east", 3600)
	r := runOver(t, `{"EventID":1,"EventTime":"1970-01-01 01:00:01"}`, Options{Location: east}, by())
	if got := show(r.Rows); got != " 1 1000000000 1000000000;" {
		t.Error(got)
	}
}

// filterRules have literals of every kind that the prefilter must cut or skip.
func filterRules() []Rule {
	where := []rule.Expr{
		rule.And{cmp("EventCode", rule.Eq, "4104"), cmp("ScriptBlockText", rule.Eq, "*Invoke-Rest*"),
			rule.Or{cmp("ScriptBlockText", rule.Eq, "*ipinfo.io*"), cmp("ScriptBlockText", rule.Eq, "*C:\\jobs*")}},
		rule.And{rule.Not{X: cmp("Path", rule.Eq, "*x*")}, cmp("Path", rule.Eq, "*É\n<\"b'&x/q*")},
		cmp("MessageNumber", rule.Eq, "77"),
		rule.Or{cmp("Path", rule.Eq, "abc"), cmp("Path", rule.Eq, "bc*")},
	}
	var out []Rule
	for i, w := range where {
		out = append(out, Rule{Name: fmt.Sprint(i), Rule: &rule.Rule{Where: w, By: []string{"Path", "ScriptBlockText", "_none"}}})
	}
	return out
}

func TestPrefilterSkips(t *testing.T) {
	r := runOver(t, "{\"Path\":\"zz\"}\n{\"Path\":\"ABC\"}\n{\"Path\":\"\\u0061bc\"}\n[\n", Options{Prefilter: true}, filterRules()[3])
	if r.Skipped != 2 || r.Decoded != 2 || r.Matched != 2 {
		t.Errorf("%+v", r)
	}
}

// TestPrefilterChangesNoRow runs random files, garbage included, with and
// without the prefilter.
func TestPrefilterChangesNoRow(t *testing.T) {
	rules := filterRules()
	matched := int64(0)
	for seed := range uint64(8) {
		input := randomFile(rand.New(rand.NewPCG(seed, 1)), 400)
		off := runOver(t, input, Options{}, rules...)
		matched += off.Matched
		for i := range rules {
			on := runOver(t, input, Options{Prefilter: true}, rules[i])
			want := runOver(t, input, Options{}, rules[i])
			if !reflect.DeepEqual(on.Rows, want.Rows) || on.Matched != want.Matched || on.Records != off.Records {
				t.Fatalf("seed %d, rule %s: %s, without prefilter %s", seed, rules[i], show(on.Rows), show(want.Rows))
			}
		}
	}
	if matched < 100 {
		t.Errorf("only %d random events matched", matched)
	}
}

// randomFile makes lines of every kind, many of them damaged.
func randomFile(r *rand.Rand, lines int) string {
	pieces := []string{"Invoke-Rest", "IPINFO.IO", `C:\jobs`, "É\n<\"b'&x/q", "é\r\n<\"b'&x/q", "abc", "BC", "x", " ", "\xff", "\ufffd", "]]>", "日本"}
	value := func() string {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		return b.String()
	}
	var b strings.Builder
	for range lines {
		var line string
		number := []string{"77", "7.7e1", "77.0", "4104", "9"}[r.IntN(5)]
		switch r.IntN(3) {
		case 0:
			line = fmt.Sprintf(`{"EventID":%s,"MessageNumber":%s,"ScriptBlockText":"%s","Path":"%s"}`,
				[]string{"4104", `"4104"`, "4104.00"}[r.IntN(3)], number, spellJSON(r, value()), spellJSON(r, value()))
		case 1:
			line = fmt.Sprintf(`<Event><System><EventID>4104</EventID></System><EventData><Data Name='MessageNumber'>%s</Data>`+
				`<Data Name="ScriptBlockText">%s</Data><Data Name='Path'>%s</Data></EventData></Event>`, number, spellXML(r, value()), spellXML(r, value()))
		default:
			line = shapeCases[r.IntN(len(shapeCases))].text
		}
		if r.IntN(4) == 0 {
			bytes := []byte(line)
			for range 1 + r.IntN(3) {
				bytes[r.IntN(len(bytes))] = "\x00\n<>\"\\&{}[]u\xff"[r.IntN(13)]
			}
			line = string(bytes[:r.IntN(len(bytes)+1)])
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// spellJSON escapes text in one of the ways JSON allows.
func spellJSON(r *rand.Rand, text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '"' || c == '\\' || c == '/' && r.IntN(2) == 0:
			b.WriteString(`\` + string(rune(c)))
		case c < 0x80 && r.IntN(60) == 0:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// spellXML escapes text in one of the ways XML allows.
func spellXML(r *rand.Rand, text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c < 0x80 && r.IntN(80) == 0 || c == '\r':
			fmt.Fprintf(&b, `&#x%X;`, c)
		case c == '<':
			b.WriteString("&lt;")
		case c == '&' && r.IntN(2) == 0:
			b.WriteString("&amp;")
		case c == '\'' && r.IntN(2) == 0:
			b.WriteString("&apos;")
		case c == 'b' && r.IntN(9) == 0:
			b.WriteString("<![CDATA[b]]>")
		case c == 'i' && r.IntN(9) == 0:
			b.WriteString([]string{"<?pi ?>i", "<!-- - -- -->i"}[r.IntN(2)])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
