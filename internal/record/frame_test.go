package record

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rec is a record with its place in the whole document.
type rec struct {
	lo, hi int
	kind   Kind
	why    Why
}

// frame cuts a document as the reader of a stream does: a buffer grows by what
// chunk returns and loses what holds no record. chunk is given how much is left.
func frame(t testing.TB, doc []byte, f Framer, chunk func(left int) int) (recs []rec) {
	t.Helper()
	lo, hi := 0, 0 // of the buffer
	for {
		hi += min(chunk(len(doc)-hi), len(doc)-hi)
		eof := hi == len(doc)
		for {
			r, n, ok := f.Next(doc[lo:hi:hi], eof)
			if n < 0 || n > hi-lo {
				t.Fatalf("Next passes over %d of %d bytes", n, hi-lo)
			}
			if ok {
				if r.Lo < 0 || r.Lo >= r.Hi || r.Hi > n {
					t.Fatalf("record %+v of a step over %d bytes", r, n)
				}
				recs = append(recs, rec{lo + r.Lo, lo + r.Hi, r.Kind, r.Why})
			}
			lo += n
			if !ok {
				break
			}
		}
		if eof {
			if lo != len(doc) {
				t.Fatalf("%d bytes are left at the end", len(doc)-lo)
			}
			return recs
		}
		if f.Max > 0 && hi-lo-lookahead > f.Max {
			t.Fatalf("the framer asks for more behind %d bytes", hi-lo)
		}
	}
}

func whole(left int) int { return left }

func (r rec) show(doc string) string {
	kind := [...]string{"json", "xml", "bad"}[r.kind]
	if r.why != Fine {
		kind += fmt.Sprint(" ", [...]string{"", "long", "open"}[r.why])
	}
	return kind + ": " + doc[r.lo:r.hi]
}

func show(doc string, recs []rec) []string {
	out := []string{}
	for _, r := range recs {
		out = append(out, r.show(doc))
	}
	return out
}

// sys is an event as Windows writes them: with a System element.
func sys(text string) string {
	return `<Event xmlns="e"><System><EventID>1</EventID></System><Data>` + text + `</Data></Event>`
}

type frameCase struct {
	name string
	doc  string
	want []string // kind, reason, text
}

var jsonCases = []frameCase{
	{"empty", "", nil},
	{"blank", " \r\n\t\x00\n", nil},
	{"lines", "{\"a\":1}\n{\"b\":2}\n", []string{`json: {"a":1}`, `json: {"b":2}`}},
	{"crlf", "{\"a\":1}\r\n\r\n{\"b\":2}\r\n", []string{"json: {\"a\":1}\r", "json: {\"b\":2}\r"}},
	{"blank lines", "\n\n{\"a\":1}\n \t\n\n{\"b\":2}\n\n", []string{`json: {"a":1}`, `json: {"b":2}`}},
	{"nul runs", "\x00\x00{\"a\":1}\n\x00\x00\x00\n\x00{\"b\":2}\n\x00", []string{`json: {"a":1}`, `json: {"b":2}`}},
	{"no last newline", "{\"a\":1}\n{\"b\":2}", []string{`json: {"a":1}`, `json: {"b":2}`}},
	{"roots that are no objects", "1\n\"x\"\nnull\n", []string{`json: 1`, `json: "x"`, `json: null`}},
	{"several on a line", `{"a":1}{"b":2} {"c":3}`, []string{`json: {"a":1}{"b":2} {"c":3}`}},
	{"braces in strings", "{\"a\":\"}{\\\"\"}\n{\"b\":\"{\"}", []string{`json: {"a":"}{\""}`, `json: {"b":"{"}`}},
	{"indented", "{\n \"a\": [\n {\"x\": \"}]\"}\n ]\n}\n{\n \"b\": 2\n}\n",
		[]string{"json: {\n \"a\": [\n {\"x\": \"}]\"}\n ]\n}", "json: {\n \"b\": 2\n}"}},
	{"indented, end to end", "{\n\"a\":1\n}{\n\"b\":2\n}", []string{"json: {\n\"a\":1\n}", "json: {\n\"b\":2\n}"}},
	{"array on a line", `[{"a":1},{"b":[{"x":2}]}]`, []string{`json: {"a":1}`, `json: {"b":[{"x":2}]}`}},
	{"array of lines", "[\n{\"a\":1},\n{\"b\":2}\n]\n", []string{`json: {"a":1}`, `json: {"b":2}`}},
	{"array indented", "[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": 2\n  }\n]\n",
		[]string{"json: {\n    \"a\": 1\n  }", "json: {\n    \"b\": 2\n  }"}},
	{"array comma first", "[ {\"a\":1}\n, {\"b\":2}\n]", []string{`json: {"a":1}`, `json: {"b":2}`}},
	{"array nested", `[[{"a":1}],[[{"b":2}]],{"c":3}]`, []string{`json: {"a":1}`, `json: {"b":2}`, `json: {"c":3}`}},
	{"array with scalars", `[{"a":1},2,null,{"b":2},"x, ]{\"y",{"c":3}]`,
		[]string{`json: {"a":1}`, `json: 2`, `json: null`, `json: {"b":2}`, `json: "x, ]{\"y"`, `json: {"c":3}`}},
	{"array with arrays of scalars", `[{"a":1},[1,"]"],{"b":2},[["x"]],{"c":3}]`,
		[]string{`json: {"a":1}`, `json: [1,"]"]`, `json: {"b":2}`, `json: ["x"]`, `json: {"c":3}`}},
	{"array in an open array of scalars", `[[1],{"b":2}]`, []string{`json: [1]`, `json: {"b":2}`}},
	{"array empty", "[]\n[ ]\n{\"a\":1}\n", []string{`json: {"a":1}`}},
	{"array of scalars is a line", "[1,{\"a\":1}]\n", []string{`json: [1,{"a":1}]`}},
	{"arrays end to end", `[{"a":1}][{"b":2}]`, []string{`json: {"a":1}`, `json: {"b":2}`}},
	{"array then lines", "[{\"a\":1}]\n{\"b\":1,\n\"c\":2}\n{\"d\":3} {\"e\":4}\n",
		[]string{`json: {"a":1}`, "json: {\"b\":1,\n\"c\":2}", `json: {"d":3} {"e":4}`}},
	{"time in brackets", "[2024-01-01] x, y\n{\"a\":1}\n", []string{"json: [2024-01-01] x, y", `json: {"a":1}`}},
	{"evtx_dump", "Record 1\n{\n  \"a\": 1\n}\nRecord 12\r\n{\n  \"b\": 2\n}\n",
		[]string{"json: {\n  \"a\": 1\n}", "json: {\n  \"b\": 2\n}"}},
	{"no evtx_dump", "Record x\nRecord \nRecord 1 2\n", []string{"json: Record x", "json: Record ", "json: Record 1 2"}},
	{"garbage", "\xff\xfe\x01\n}{\n,\n]\n{\"a\":1}\n", []string{"json: \xff\xfe\x01", "json: }{", "json: ,", "json: ]", `json: {"a":1}`}},
}

var xmlCases = []frameCase{
	{"lines", "<Event>1</Event>\n<Event>2</Event>\r\n", []string{"xml: <Event>1</Event>", "xml: <Event>2</Event>"}},
	{"one line", "<Event>1</Event><Event a='b'>2</Event> <Event\n>3</Event>",
		[]string{"xml: <Event>1</Event>", "xml: <Event a='b'>2</Event>", "xml: <Event\n>3</Event>"}},
	{"many lines", "<Event\n a='b'>\n {\"x\"\n<System>\n</System>\n</Event>\n<Event>\n2</Event>",
		[]string{"xml: <Event\n a='b'>\n {\"x\"\n<System>\n</System>\n</Event>", "xml: <Event>\n2</Event>"}},
	{"root", "<?xml version='1.0'?><Events><Event>1</Event>\n  <Event>2</Event></Events>", []string{"xml: <Event>1</Event>", "xml: <Event>2</Event>"}},
	{"comments between", "<!-- <Event>0</Event>\n --><Event>1</Event><!----><Event>2</Event><!-- x -->",
		[]string{"xml: <Event>1</Event>", "xml: <Event>2</Event>"}},
	{"comment inside", "<Event>1<!-- </Event> --></Event>", []string{"xml: <Event>1<!-- </Event> --></Event>"}},
	{"cdata inside", "<Event><![CDATA[ </Event> <!-- ]]>2</Event>", []string{"xml: <Event><![CDATA[ </Event> <!-- ]]>2</Event>"}},
	{"space in the end tag", "<Event>1</Event\n ><Event>2</Event\t>", []string{"xml: <Event>1</Event\n >", "xml: <Event>2</Event\t>"}},
	{"empty element", "<Event/><Event a='/'/><Event xmlns='x/'>1</Event>", []string{"xml: <Event/>", "xml: <Event a='/'/>", "xml: <Event xmlns='x/'>1</Event>"}},
	{"longer names", "<EventData>\n<Events>\n<Event>1<EventData></EventData><Eventing/></Event></Events>\n", []string{"xml: <Event>1<EventData></EventData><Eventing/></Event>"}},
	{"event in an event", "<Event>1<Event>2</Event>", []string{"xml: <Event>1<Event>2</Event>"}},
	{"evtx_dump", "Record 1\n<?xml version=\"1.0\"?>\n<Event>\n1</Event>\n\nRecord 2\n<?xml version=\"1.0\"?>\n<Event>2</Event>",
		[]string{"xml: <Event>\n1</Event>", "xml: <Event>2</Event>"}},
	{"truncated, then another", `<Event><System>` + sys("2"), []string{"bad open: <Event><System>", "xml: " + sys("2")}},
	{"truncated tag, then another", `<Event xmlns=` + sys("2") + "\n", []string{"bad open: <Event xmlns=", "xml: " + sys("2")}},
	{"truncated, then a line", "<Event><System>\nx\n{\"a\":1}\n", []string{"bad open: <Event><System>\nx\n", `json: {"a":1}`}},
	{"truncated at the end", sys("1") + "\n<Event><System>", []string{"xml: " + sys("1"), "bad open: <Event><System>"}},
	{"truncated in cdata", "<Event><![CDATA[x\n" + sys("2"), []string{"bad open: <Event><![CDATA[x\n", "xml: " + sys("2")}},
	{"truncated comment", "<!-- x\n<Event>1</Event>", []string{"json: <!-- x", "xml: <Event>1</Event>"}},
}

var mixedCases = []frameCase{
	{"syslog", "<134>Jan 1 host app: <Event>1</Event>\nJan 1 <EventX <Event\n>2</Event> tail\n",
		[]string{"xml: <Event>1</Event>", "xml: <Event\n>2</Event>", "json: tail"}},
	{"both kinds", "{\"a\":\"<Event>\"}\n<Event>{\"x\"\n</Event>{\"b\":2}\n[{\"c\":3}]<Event>4</Event>",
		[]string{`json: {"a":"<Event>"}`, "xml: <Event>{\"x\"\n</Event>", `json: {"b":2}`, `json: {"c":3}`, "xml: <Event>4</Event>"}},
	{"truncated line among lines", "{\"a\":1}\n{\"b\":\"x\n{\"c\":3}\n", []string{`json: {"a":1}`, `json: {"b":"x`, `json: {"c":3}`}},
	{"truncated behind a comma", "{\"a\":1,\n{\"b\":2}\n{\"c\":3}\n", []string{"bad open: {\"a\":1,\n", `json: {"b":2}`, `json: {"c":3}`}},
	{"truncated in an array", "{\"a\":[\n{\"b\":2}\n{\"c\":3}\n", []string{"bad open: {\"a\":[\n", `json: {"b":2}`, `json: {"c":3}`}},
	{"indented, cut off, then lines", "{\n  \"a\": {\n    \"x\": 1,\n    \"y\":\n{\"b\":2}\n{\"c\":3}\n",
		[]string{"bad open: {\n  \"a\": {\n    \"x\": 1,\n    \"y\":\n", `json: {"b":2}`, `json: {"c":3}`}},
	{"indented, cut off in a string", "{\n  \"a\": \"x\n{\n  \"b\": 2\n}\n", []string{"bad open: {\n  \"a\": \"x\n", "json: {\n  \"b\": 2\n}"}},
	{"indented, cut off behind a backslash", "{\n  \"a\": \"x\\\n{\n  \"b\": \"y\"\n}\n", []string{"bad open: {\n  \"a\": \"x\\\n", "json: {\n  \"b\": \"y\"\n}"}},
	{"indented, cut off, then an event", "{\n  \"a\": 1,\n<Event>\n2</Event>", []string{"bad open: {\n  \"a\": 1,\n", "xml: <Event>\n2</Event>"}},
	{"cut off at the brace", "{\n{\n  \"a\": 1\n}\n", []string{"json: {", "json: {\n  \"a\": 1\n}"}},
	{"no object", "{foo,\nbar\n{\"a\":1}\n", []string{"json: {foo,", "json: bar", `json: {"a":1}`}},
	{"indented array, cut off in it", "[\n  {\n    \"a\": {\n      \"x\": 1,\n  {\n    \"b\": 2\n  },\n  {\n    \"c\": 3\n  }\n]\n",
		[]string{"bad open: {\n    \"a\": {\n      \"x\": 1,\n", "json: {\n    \"b\": 2\n  }", "json: {\n    \"c\": 3\n  }"}},
	{"array cut off, then lines", "[{\"a\":1},{\"b\":\n{\"c\":3}\n{\"d\":4}\n", []string{`json: {"a":1}`, "bad open: {\"b\":\n", `json: {"c":3}`, `json: {"d":4}`}},
	{"a thread in brackets", "[{main}] x, y\n{\"a\":1}\n", []string{"json: {main}] x, y", `json: {"a":1}`}},
	{"stray less-than signs", "a < b\n< c\n<\n<1>\n<x y\n{\"a\":1}\n", []string{"json: a < b", "json: < c", "json: <", "json: <1>", "json: <x y", `json: {"a":1}`}},
}

func TestFrame(t *testing.T) {
	for _, cases := range [][]frameCase{jsonCases, xmlCases, mixedCases} {
		for _, c := range cases {
			check(t, c.name, c.doc, Framer{}, c.want)
		}
	}
}

// check compares the records of a document, given at once and byte by byte.
func check(t *testing.T, name, doc string, f Framer, want []string) {
	t.Helper()
	for way, chunk := range map[string]func(int) int{"whole": whole, "by bytes": func(int) int { return 1 }} {
		if got := show(doc, frame(t, []byte(doc), f, chunk)); !slices.Equal(got, want) {
			t.Errorf("%s, %s:\n got %q\nwant %q", name, way, got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	const doc = "{\"a\":1,\n\"b\":2}\n[{\"c\":3}] <Event>4\n</Event> < {\"d\":5}<Event>6</Event>\nRecord 7\n"
	check(t, "ndjson", doc, Framer{Format: NDJSON}, []string{`json: {"a":1,`, `json: "b":2}`, `json: [{"c":3}] <Event>4`,
		`json: </Event> < {"d":5}<Event>6</Event>`, "json: Record 7"})
	check(t, "xml", doc, Framer{Format: EventXML}, []string{"xml: <Event>4\n</Event>", "xml: <Event>6</Event>"})
}

// A record that is too long costs itself only, whatever its kind.
func TestTooLong(t *testing.T) {
	const limit = 100
	pad := strings.Repeat("x", 3*limit)
	lines := strings.Repeat("yyyy\n", limit)
	for _, c := range []struct{ name, long, sep string }{
		{"line", `{"a":"` + pad + `"}`, "\n"},
		{"text", pad, "\n"},
		{"indented", "{\n  \"a\": [\n    {\n    \"x\": \"" + pad + "\"\n    }\n  ]\n}", "\n"},
		{"indented, many lines", "{\n  \"a\":\n" + strings.Repeat("  1,\n", limit) + "  1\n}", "\n"},
		{"event", sys(pad), "\n"},
		{"event on the same line", sys(pad), ""},
		{"event over lines", sys(lines), "\n"},
		{"event over lines, end to end", sys(lines), ""},
		{"open event", "<Event>" + pad, "\n"},
		{"string", `"` + pad + `"`, "\n"},
	} {
		goods := []string{sys("g")}
		if c.sep == "\n" {
			goods = append(goods, `{"g":1}`)
		}
		if !strings.Contains(c.name, "event") { // whose lines may begin with braces
			goods = append(goods, "{\n\"h\":2}")
		}
		for _, good := range goods {
			kind := "json: "
			if good[0] == '<' {
				kind = "xml: "
			}
			doc := good + c.sep + c.long + c.sep + good + c.sep
			for _, size := range []int{1, 7, 64, 1000, len(doc)} {
				recs := frame(t, []byte(doc), Framer{Max: limit}, func(int) int { return size })
				got := show(doc, recs)
				if len(got) != 3 || got[0] != kind+good || recs[1].why != TooLong || got[2] != kind+good {
					t.Errorf("%s, %d bytes at once: %q", c.name, size, got)
				}
			}
		}
	}
}

// The limit is the same for every kind.
func TestLimit(t *testing.T) {
	const limit = 90
	for _, form := range []string{`{"a":"%s"}`, "{\n\"a\":\"%s\"}", `[{"a":"%s"}]`, "<Event>%s</Event>", "%s"} {
		empty := len(strings.Trim(fmt.Sprintf(form, ""), "[]"))
		for over := range 3 {
			doc := fmt.Sprintf(form, strings.Repeat("x", limit-empty+over)) + "\n"
			recs := frame(t, []byte(doc), Framer{Max: limit}, whole)
			want := Fine
			if over > 0 {
				want = TooLong
			}
			if len(recs) != 1 || recs[0].why != want {
				t.Errorf("%s, %d bytes too long: %q", form, over, show(doc, recs))
			}
		}
	}
	huge := Framer{Max: int(^uint(0) >> 1)}
	check(t, "no limit", "{\"a\":1}\n{\"b\":2}", huge, []string{`json: {"a":1}`, `json: {"b":2}`})
}

// Objects on a line without an end are framed by their brackets until its end
// is in sight; the rest of the line is one record.
func TestLongLine(t *testing.T) {
	object := `{"text":"` + strings.Repeat("}", 100) + `"}`
	n := 3 * longLine / len(object)
	doc := strings.Repeat(object, n)
	for _, last := range []string{"", "\n", "\n{\"b\":2}\n"} {
		doc := doc + last
		recs := frame(t, []byte(doc), Framer{}, whole)
		end := 0
		for _, r := range recs {
			if r.kind != JSON || r.lo > end+1 || (r.hi-r.lo)%len(object) != 0 && r.lo < len(object)*n {
				t.Fatalf("record %+v behind %d", r, end)
			}
			end = r.hi
		}
		if len(recs) < n/2 {
			t.Errorf("%d records of %d objects", len(recs), n)
		}
		again := frame(t, []byte(doc), Framer{}, func(int) int { return 100_000 })
		if !slices.Equal(recs, again) {
			t.Errorf("%d records at once, %d in chunks", len(recs), len(again))
		}
	}
}
