package record

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// value makes a JSON value of the kinds that events have.
func value(rnd *rand.Rand, depth int) any {
	switch n := rnd.IntN(6); {
	case n < 2 && depth > 0:
		m := map[string]any{}
		for range rnd.IntN(4) {
			m[text(rnd)] = value(rnd, depth-1)
		}
		return m
	case n == 2 && depth > 0:
		a := []any{}
		for range rnd.IntN(4) {
			a = append(a, value(rnd, depth-1))
		}
		return a
	case n == 3:
		return rnd.IntN(1000)
	case n == 4:
		return []any{nil, true, false, -1.5}[rnd.IntN(4)]
	}
	return text(rnd)
}

func text(rnd *rand.Rand) string {
	parts := []string{"a", "{", "}", "[", "]", ",", ":", "\"", "\\", "\n", "<Event>", "</Event>", "é", " ", "Record 1"}
	var b strings.Builder
	for range rnd.IntN(6) {
		b.WriteString(parts[rnd.IntN(len(parts))])
	}
	return b.String()
}

func objects(rnd *rand.Rand) []json.RawMessage {
	list := []json.RawMessage{}
	for range rnd.IntN(6) {
		m := map[string]any{"id": rnd.IntN(100)}
		for range rnd.IntN(4) {
			m[text(rnd)] = value(rnd, 3)
		}
		b, _ := json.Marshal(m)
		list = append(list, b)
	}
	return list
}

func indent(b []byte, prefix string) string {
	var out bytes.Buffer
	json.Indent(&out, b, "", prefix)
	return out.String()
}

func join(list []json.RawMessage, sep string, form func([]byte) string) string {
	var parts []string
	for _, v := range list {
		parts = append(parts, form(v))
	}
	return strings.Join(parts, sep)
}

// jsonDocs writes objects in the ways that tools do.
func jsonDocs(list []json.RawMessage) map[string]string {
	plain := func(b []byte) string { return string(b) }
	spaced := func(b []byte) string { return indent(b, "  ") }
	tabbed := func(b []byte) string { return indent(b, "\t") }
	array, _ := json.Marshal(list)
	return map[string]string{
		"lines":                join(list, "\n", plain) + "\n",
		"crlf":                 join(list, "\r\n", plain),
		"indented":             join(list, "\n", spaced),
		"tabs, end to end":     join(list, "", tabbed),
		"array":                string(array),
		"array, indented":      indent(array, "    "),
		"array of lines":       "[\n" + join(list, ",\n", plain) + "\n]\n",
		"array of arrays":      "[" + string(array) + ",[" + string(array) + "]]",
		"indented, then array": join(list, "\n", spaced) + "\n" + string(array),
	}
}

// values decodes a stream and flattens root arrays.
func values(t *testing.T, doc string) (out []string) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(doc)); ; {
		var v json.RawMessage
		err := d.Decode(&v)
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("%v in %q", err, doc)
		}
		out = append(out, flat(v)...)
	}
}

func flat(v json.RawMessage) (out []string) {
	var list []json.RawMessage
	if v[0] != '[' || json.Unmarshal(v, &list) != nil {
		return []string{string(v)}
	}
	for _, x := range list {
		out = append(out, flat(x)...)
	}
	return out
}

func TestJSONReference(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 800 {
		for name, doc := range jsonDocs(objects(rnd)) {
			var got []string
			for _, r := range frame(t, []byte(doc), Framer{}, whole) {
				if r.kind != JSON {
					t.Fatalf("%s: record %+v of %q", name, r, doc)
				}
				got = append(got, strings.TrimSuffix(doc[r.lo:r.hi], "\r"))
			}
			if want := values(t, doc); !slices.Equal(got, want) {
				t.Fatalf("%s:\n%q\ngot  %q\nwant %q", name, doc, got, want)
			}
		}
	}
}

func TestNDJSONReference(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 800 {
		var doc []byte
		for range rnd.IntN(20) {
			doc = append(doc, pieces[rnd.IntN(len(pieces))]...)
		}
		want := []string{}
		for _, l := range bytes.Split(doc, []byte("\n")) {
			if l = bytes.TrimLeft(l, " \r\t\x00"); len(l) > 0 {
				want = append(want, "json: "+string(l))
			}
		}
		check(t, "lines", string(doc), Framer{Format: NDJSON}, want)
	}
}

// xmlDoc writes events in the ways that tools do, with what may hide their ends.
func xmlDoc(rnd *rand.Rand) string {
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	var b strings.Builder
	b.WriteString(pick("", "<?xml version=\"1.0\"?>", "<?xml version='1.0'?>\r\n"))
	root := pick("", "Events", "root")
	if root != "" {
		b.WriteString("<" + root + pick("", " a='b'") + ">")
	}
	for range rnd.IntN(6) {
		b.WriteString(pick("", "\n", "\r\n  ", "<!-- <Event>x</Event> -->", "<!--\n-->"))
		if rnd.IntN(8) == 0 {
			b.WriteString("<Event" + pick("", " a='b'", " ") + "/>")
			continue
		}
		b.WriteString("<Event" + pick("", " xmlns='http://x/event/'", "\n a=\"b\"") + ">")
		for range rnd.IntN(5) {
			b.WriteString(pick("<System><EventID>1</EventID></System>", "text\n{\"a\":1}\n", "<![CDATA[</Event><Event><System>]]>",
				"<!-- </Event> <![CDATA[ -->", "<EventData><Data Name='x'>&lt;</Data></EventData>", "<Eventing/>", "\n"))
		}
		b.WriteString("</Event" + pick("", " ", "\n") + ">")
	}
	if root != "" {
		b.WriteString("</" + root + ">")
	}
	return b.String() + pick("", "\n")
}

// eventsOf returns the Event elements of a document that stand at most one
// level deep, by encoding/xml.
func eventsOf(t *testing.T, doc string) []string {
	t.Helper()
	out, depth, start, in := []string{}, 0, 0, 0
	for d := xml.NewDecoder(strings.NewReader(doc)); ; {
		at := int(d.InputOffset())
		token, err := d.Token()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("%v in %q", err, doc)
		}
		switch x := token.(type) {
		case xml.StartElement:
			if depth++; x.Name.Local == "Event" && in == 0 && depth <= 2 {
				start, in = at, depth
			}
		case xml.EndElement:
			if in == depth {
				out = append(out, "xml: "+doc[start:d.InputOffset()])
				in = 0
			}
			depth--
		}
	}
}

func TestXMLReference(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 800 {
		doc := xmlDoc(rnd)
		want := eventsOf(t, doc)
		check(t, "auto", doc, Framer{}, want)
		check(t, "xml", doc, Framer{Format: EventXML}, want)
	}
}

// Documents behind each other give their records behind each other.
func TestConcatenation(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	for range 1000 {
		docs := []string{xmlDoc(rnd)}
		for _, doc := range jsonDocs(objects(rnd)) {
			docs = append(docs, doc)
		}
		a, b := docs[rnd.IntN(len(docs))], docs[rnd.IntN(len(docs))]
		want := show(a, frame(t, []byte(a), Framer{}, whole))
		want = append(want, show(b, frame(t, []byte(b), Framer{}, whole))...)
		check(t, fmt.Sprintf("%q behind %q", b, a), a+"\n"+b, Framer{}, want)
	}
}

// A document that is cut off anywhere costs at most its last record, and none
// of the lines behind it.
func TestTruncated(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	const tail = "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n"
	for range 1000 {
		docs := []string{}
		for _, doc := range jsonDocs(objects(rnd)) {
			docs = append(docs, doc)
		}
		slices.Sort(docs)
		doc := docs[rnd.IntN(len(docs))]
		doc = doc[:rnd.IntN(len(doc)+1)] + "\n" + tail
		got := show(doc, frame(t, []byte(doc), Framer{}, whole))
		if n := len(got); n < 3 || !slices.Equal(got[n-3:], []string{`json: {"n":1}`, `json: {"n":2}`, `json: {"n":3}`}) {
			t.Fatalf("%q: %q", doc, got)
		}
	}
}
