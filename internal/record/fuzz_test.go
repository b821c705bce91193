package record

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// FuzzFrame checks that framing does not depend on how the bytes arrive, and
// that what lies between records is nothing that should have been one.
func FuzzFrame(f *testing.F) {
	for _, cases := range [][]frameCase{jsonCases, xmlCases, mixedCases} {
		for _, c := range cases {
			f.Add([]byte(c.doc), uint64(len(c.doc)))
		}
	}
	f.Fuzz(checkProperties)
}

func checkProperties(t *testing.T, doc []byte, seed uint64) {
	for _, format := range []Format{Auto, NDJSON, EventXML} {
		for _, limit := range []int{0, 1, 6, 25, 90} {
			framer := Framer{Format: format, Max: limit}
			want := frame(t, doc, framer, whole)
			checkOrder(t, doc, want, framer)
			rnd := rand.New(rand.NewPCG(seed, uint64(limit)))
			size := 1 + rnd.IntN(20)
			for name, chunk := range map[string]func(int) int{
				"by bytes":  func(int) int { return 1 },
				"in pieces": func(int) int { return size },
				"at random": func(int) int { return rnd.IntN(2 * size) },
				"but one":   func(left int) int { return max(1, left-1) },
			} {
				if got := frame(t, doc, framer, chunk); !slices.Equal(got, want) {
					t.Fatalf("format %d, limit %d, %s (%d):\n%q\ngot  %q\nwant %q", format, limit, name, size,
						doc, show(string(doc), got), show(string(doc), want))
				}
			}
			if got := frameAnew(t, doc, framer, size); !slices.Equal(got, want) {
				t.Fatalf("format %d, limit %d, restored (%d):\n%q\ngot  %q\nwant %q", format, limit, size,
					doc, show(string(doc), got), show(string(doc), want))
			}
		}
	}
}

// frameAnew cuts doc with a new framer for every step, which is given the state of
// the one before and only the bytes behind what that has passed.
func frameAnew(t testing.TB, doc []byte, f Framer, chunk int) (recs []rec) {
	t.Helper()
	lo, hi := 0, min(chunk, len(doc))
	for {
		next := Framer{Format: f.Format, Max: f.Max}
		next.Restore(f.State())
		f = next
		r, n, ok := f.Next(doc[lo:hi:hi], hi == len(doc))
		if ok {
			recs = append(recs, rec{lo + r.Lo, lo + r.Hi, r.Kind, r.Why})
		}
		lo += n
		switch {
		case ok:
		case hi == len(doc):
			return recs
		default:
			hi = min(hi+chunk, len(doc))
		}
	}
}

func checkOrder(t *testing.T, doc []byte, recs []rec, f Framer) {
	t.Helper()
	end, dropped := 0, false
	for _, r := range append(slices.Clone(recs), rec{lo: len(doc), hi: len(doc)}) {
		if r.lo < end {
			t.Fatalf("record %+v begins before %d", r, end)
		}
		if f.Max > 0 && r.why != TooLong && r.hi-r.lo > f.Max {
			t.Fatalf("record %+v is longer than %d", r, f.Max)
		}
		if (r.kind == Bad) != (r.why != Fine) {
			t.Fatalf("record %+v", r)
		}
		if gap := doc[end:r.lo]; !dropped && !holdsNothing(gap, bytes.HasPrefix(doc[r.lo:], tagEvent), f.Format) {
			t.Fatalf("format %d, limit %d: no record in %q of\n%q", f.Format, f.Max, gap, doc)
		}
		end, dropped = r.hi, r.why == TooLong
	}
}

// holdsNothing reports whether gap, which lies between records, is right to be
// none: white space, commas and brackets of arrays, tags, comments and headers,
// and in front of an event the rest of its line. Looking for events only, other
// text is nothing, too.
func holdsNothing(gap []byte, beforeEvent bool, format Format) bool {
	for len(gap) > 0 {
		line, _, cut := bytes.Cut(gap, []byte("\n"))
		if format == Auto && beforeEvent && !cut && gap[0] != '{' && !isTag(gap, tagEvent) {
			return true
		}
		n := 0
		switch b := gap[0]; {
		case isBlank(b):
			n = 1
		case format == NDJSON:
			return false
		case isTag(gap, tagEvent):
			return false
		case bytes.HasPrefix(gap, commentStart) && bytes.Contains(gap[4:], commentEnd):
			n = 4 + bytes.Index(gap[4:], commentEnd) + 3
		case format == EventXML:
			n = 1
		case b == ',' || b == '[' || b == ']':
			n = 1
		case b == '<' && bytes.IndexByte(line, '>') > 0:
			n = bytes.IndexByte(line, '>') + 1
			if bytes.IndexByte(gap[1:n], '<') >= 0 {
				n = 0
			}
		case isRecordHeader(line):
			n = len(line)
		}
		if n == 0 {
			return false
		}
		gap = gap[n:]
	}
	return true
}

// pieces are what hostile and damaged documents are made of.
var pieces = []string{
	"{", "}", "[", "]", ",", ":", "\"", "\\", "\n", "\r\n", " ", "\x00", "x", "1", "<", ">", "</", "/>",
	`{"a":1}`, `"b":2,`, "{\n \"a\": [\n", "\n {\"", "<Event>", "<Event ", "</Event>", "</Event", "<System>", "<Event><System>",
	"<![CDATA[", "]]>", "<!--", "-->", "<?xml?>", "<Events>", "Record 1", "[{", "}\n{", "},\n  {",
}

func TestProperties(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		var doc []byte
		for range rnd.IntN(30) {
			doc = append(doc, pieces[rnd.IntN(len(pieces))]...)
		}
		checkProperties(t, doc, rnd.Uint64())
		if t.Failed() {
			return
		}
	}
}

// Hostile documents end, and give the same records however they arrive. A
// framer that looks at the rest of a document for each of its parts would not
// end in the time that tests are given.
func TestHostile(t *testing.T) {
	const size = 5 << 18 // more than longLine
	for _, unit := range []string{
		"{", "[", "[{", "{,\n", "{\"a\":[\n", "{\"a\":{\n", "{\"a\":\"\n", "{\"a\":1,\n ", "[\n", "[ ", "[1,", "{\"a\":\\\"", "}", "]", ",",
		"<", "<a", "<a>", "<a>\n", "< ", "<\n", "<Event", "<Event ", "<Event>", "<Event>\n", "<Event \n", "<Event><System>", "<Event/>",
		"<Event><![CDATA[", "<Event><![CDATA[\n", "<Event><!--", "<!--", "<!--\n", "<!-- <Event>\n", "</Event", "</Event ", "<Event></Event  ",
		"x<Event", "x<Event \n", "\x00", "\n", "Record 1\n", "[\"", "[\"\\", "{}", `{"a":1}`, "[{\"a\":1},\n", "{\"a\":1,\n{", "<Event>\n{\"", "x",
	} {
		checkHostile(t, strings.Repeat(unit, size/len(unit)), Framer{}, size)
		for _, start := range []string{"", "<Event>", "[{\"a\":1}"} {
			doc := start + strings.Repeat(unit, size/32/len(unit))
			checkHostile(t, doc, Framer{Max: 10_000}, 20_000)
			checkHostile(t, doc, Framer{Format: EventXML, Max: 10_000}, 20_000)
		}
	}
}

// checkHostile reads a document at once, and growing by as much again each time
// up to most bytes.
func checkHostile(t *testing.T, doc string, f Framer, most int) {
	t.Helper()
	want := frame(t, []byte(doc), f, whole)
	read := most / 8
	got := frame(t, []byte(doc), f, func(int) int {
		read = min(2*read, most)
		return read
	})
	if !slices.Equal(got, want) {
		t.Errorf("%.40q, format %d, limit %d: %d records, %d at once", doc, f.Format, f.Max, len(got), len(want))
	}
}
