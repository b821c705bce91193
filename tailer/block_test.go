package tailer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"sluice/internal/record"
)

// framed returns the records of a document, given at once, as text at offset.
func framed(doc []byte, format record.Format, limit int) (recs []string) {
	f := record.Framer{Format: format, Max: limit}
	for at := 0; ; {
		r, n, ok := f.Next(doc[at:], true)
		if !ok {
			return recs
		}
		recs = append(recs, line(int64(at+r.Lo), r, doc[at+r.Lo:at+r.Hi]))
		at += n
	}
}

func line(offset int64, r record.Record, text []byte) string {
	return fmt.Sprintf("%d %d %d %s", offset, r.Kind, r.Why, text)
}

// readAll reads all blocks, each released before the next, from a pool of one.
func readAll(t *testing.T, src io.Reader, format record.Format, limit int) (recs []string, err error) {
	t.Helper()
	rd := NewReader(src, NewPool(1), format, limit)
	end := int64(0)
	for {
		b, err := rd.Next()
		if b != nil {
			if b.Offset < end || len(b.Records) == 0 {
				t.Fatalf("a block of %d records at %d, behind %d", len(b.Records), b.Offset, end)
			}
			at := 0
			for _, r := range b.Records {
				if r.Lo < at || r.Hi <= r.Lo || r.Hi > len(b.Data) {
					t.Fatalf("record %+v behind %d of %d bytes", r, at, len(b.Data))
				}
				at = r.Hi
				recs = append(recs, line(b.Offset+int64(r.Lo), r, b.Data[r.Lo:r.Hi]))
			}
			end = b.Offset + int64(len(b.Data))
			b.Release()
		}
		if errors.Is(err, io.EOF) {
			return recs, nil
		}
		if err != nil {
			if b, again := rd.Next(); b != nil || again != io.EOF {
				t.Fatalf("behind an error: %v, %v", b, again)
			}
			return recs, err
		}
	}
}

func TestReader(t *testing.T) {
	lines, events, indented := new(strings.Builder), new(strings.Builder), new(strings.Builder)
	for i := range 8_000 {
		fmt.Fprintf(lines, "{\"n\":%d,\"t\":%q}\r\n", i, strings.Repeat("x", i%100))
		fmt.Fprintf(events, "<Event a='b'><System><EventID>%d</EventID>\n</System>%s</Event>", i, strings.Repeat("y\n", i%50))
		fmt.Fprintf(indented, "{\n  \"n\": [\n    %d\n  ]\n}\n", i)
	}
	long := strings.Repeat("z", 5*blockSize)
	for name, doc := range map[string]string{
		"empty": "", "blank": strings.Repeat("\n", 3*blockSize), "short": "{}", "lines": lines.String(),
		"events": "<Events>" + events.String() + "</Events>\n", "indented": indented.String(),
		"array":   "[" + strings.ReplaceAll(strings.TrimSpace(indented.String()), "\n}\n", "\n},\n") + "]",
		"long":    "{\"a\":1}\n{\"b\":\"" + long + "\"}\n{\"c\":1}\n<Event>" + long + "</Event>{\n\"d\":\"" + long + "\"\n}\n{\"e\":1}",
		"mixed":   lines.String() + events.String() + long + "\n" + indented.String(),
		"text":    strings.Repeat("no record at all\n", 50_000),
		"comment": "<!--" + long + "--><Event>1</Event>", "cut off": lines.String() + "<Event><System>" + lines.String(),
	} {
		for _, format := range []record.Format{record.Auto, record.NDJSON, record.EventXML} {
			for _, limit := range []int{0, blockSize} {
				want := framed([]byte(doc), format, limit)
				for _, size := range []int{1 << 30, 4099} {
					got, err := readAll(t, &chunkReader{doc: []byte(doc), size: size}, format, limit)
					if err != nil {
						t.Errorf("%s: %v", name, err)
					}
					compare(t, fmt.Sprintf("%s, format %d, limit %d, reads of %d", name, format, limit, size), got, want)
				}
			}
		}
	}
}

func compare(t *testing.T, name string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("%s: %d records, want %d; the first to differ is %d", name, len(got), len(want), i)
			return
		}
	}
}

// A read error comes once, behind all that was read before.
func TestReaderError(t *testing.T) {
	errBad := errors.New("bad disk")
	for _, lines := range []int{0, 1, 100_000} {
		doc := []byte(strings.Repeat("{\"a\":1}\n", lines) + "{\"b\":")
		got, err := readAll(t, &chunkReader{doc: doc, size: 1000, err: errBad}, record.Auto, 0)
		if !errors.Is(err, errBad) || len(got) != lines+1 {
			t.Errorf("%d lines: %d records, %v", lines, len(got), err)
		}
	}
	if got, err := readAll(t, &chunkReader{err: errBad}, record.Auto, 0); !errors.Is(err, errBad) || len(got) != 0 {
		t.Errorf("nothing read: %d records, %v", len(got), err)
	}
}

// endless gives n copies of a byte.
func endless(b byte, n int64) io.Reader { return io.LimitReader(constant(b), n) }

type constant byte

func (c constant) Read(p []byte) (int, error) {
	p[0] = byte(c)
	for n := 1; n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
	return len(p), nil
}

// A line of 200 MB, or another record of 40 MB, needs no more memory than the limit, and costs itself only.
func TestReaderGiantLine(t *testing.T) {
	const limit = 2 << 20
	for name, src := range map[string]io.Reader{
		"object": io.MultiReader(strings.NewReader("{\"a\":1}\n{\"x\":\""), endless('x', 200<<20), strings.NewReader("\"}\n{\"b\":2}\n")),
		"text":   io.MultiReader(strings.NewReader("{\"a\":1}\n"), endless('x', 40<<20), strings.NewReader("\n{\"b\":2}\n")),
		"nul":    io.MultiReader(strings.NewReader("{\"a\":1}\n"), endless(0, 40<<20), strings.NewReader("\n{\"b\":2}\n")),
		"event":  io.MultiReader(strings.NewReader("{\"a\":1}\n<Event>"), endless('x', 40<<20), strings.NewReader("</Event>{\"b\":2}\n")),
	} {
		rd := NewReader(src, NewPool(1), record.Auto, limit)
		var texts []string
		for {
			b, err := rd.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if cap(b.Data) > 2*limit+2*blockSize || cap(rd.rest) > 2*limit {
				t.Fatalf("%s: a block of %d bytes, %d kept", name, cap(b.Data), cap(rd.rest))
			}
			for _, r := range b.Records {
				if r.Why == record.TooLong {
					texts = append(texts, "too long")
				} else {
					texts = append(texts, string(b.Data[r.Lo:r.Hi]))
				}
			}
			b.Release()
		}
		got := strings.ReplaceAll(strings.Join(texts, " "), "too long ", "")
		if got != `{"a":1} {"b":2}` || (name != "nul") != bytes.Contains([]byte(strings.Join(texts, " ")), []byte("too long")) {
			t.Errorf("%s: %q", name, texts)
		}
	}
}
