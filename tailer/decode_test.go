package tailer

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const sample = "{\"a\":\"\u00e4\u20ac\U0001f600\u4e2d\"}\n{\"b\":2}\n"

func gz(t testing.TB, doc []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(doc); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zst(t testing.TB, doc []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(doc, nil)
}

func utf16Bytes(units []uint16, big bool) []byte {
	var b []byte
	for _, u := range units {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}

func encode16(text string, big bool) []byte { return utf16Bytes(utf16.Encode([]rune(text)), big) }

// decoded reads all of src, decoded.
func decoded(src io.Reader) (string, error) {
	text, free, err := Decode(src)
	defer free()
	if err != nil {
		return "", err
	}
	got, err := io.ReadAll(text)
	return string(got), err
}

func TestDecode(t *testing.T) {
	big := strings.Repeat(sample, 20_000)
	le, be := encode16(sample, false), encode16(sample, true)
	for _, c := range []struct {
		name string
		doc  []byte
		want string
	}{
		{"empty", nil, ""},
		{"one byte", []byte("x"), "x"},
		{"plain", []byte(sample), sample},
		{"utf-8 mark", []byte("\xef\xbb\xbf" + sample), sample},
		{"part of a mark", []byte("\xef\xbb"), "\xef\xbb"},
		{"invalid utf-8", []byte("\xff\xff{}\xc0"), "\xff\xff{}\xc0"},
		{"nul run", []byte("\x00\x00\x00\x00{}"), "\x00\x00\x00\x00{}"},
		{"gzip", gz(t, []byte(sample)), sample},
		{"gzip of nothing", gz(t, nil), ""},
		{"gzip of a mark", gz(t, []byte("\xef\xbb\xbf{}")), "{}"},
		{"gzip members", slices.Concat(gz(t, []byte(sample)), gz(t, nil), gz(t, []byte("x"))), sample + "x"},
		{"gzip, large", gz(t, []byte(big)), big},
		{"gzip of utf-16", gz(t, le), sample},
		{"zstd", zst(t, []byte(sample)), sample},
		{"zstd frames", slices.Concat(zst(t, []byte(sample)), zst(t, []byte("x"))), sample + "x"},
		{"zstd behind a skippable frame", slices.Concat([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"), zst(t, []byte(big))), big},
		{"zstd of utf-16", zst(t, be), sample},
		{"utf-16le", le, sample},
		{"utf-16be", be, sample},
		{"utf-16le mark", slices.Concat([]byte{0xff, 0xfe}, le), sample},
		{"utf-16be mark", slices.Concat([]byte{0xfe, 0xff}, be), sample},
		{"utf-16 mark only", []byte{0xff, 0xfe}, ""},
		{"utf-16, large", encode16(big, false), big},
		{"utf-16, odd", append(encode16("{}", false), 'x'), "{}\ufffd"},
		{"utf-16, high surrogate last", utf16Bytes([]uint16{'{', '}', 0xd83d}, true), "{}\ufffd"},
		{"utf-16, high surrogate and odd", append(utf16Bytes([]uint16{'{', '}', 0xd83d}, false), 1), "{}\ufffd\ufffd"},
		{"utf-16, lone surrogates", utf16Bytes([]uint16{'{', '}', 0xde00, 0xd83d, 0xd83d, 0xde00, 0xd83d, 'x'}, false), "{}\ufffd\ufffd\U0001f600\ufffdx"},
	} {
		for way, src := range map[string]io.Reader{
			"whole":         bytes.NewReader(c.doc),
			"by bytes":      iotest.OneByteReader(bytes.NewReader(c.doc)),
			"by halves":     iotest.HalfReader(bytes.NewReader(c.doc)),
			"end with data": iotest.DataErrReader(bytes.NewReader(c.doc)),
		} {
			if got, err := decoded(src); err != nil || got != c.want {
				t.Errorf("%s, %s: %.80q, %v; want %.80q", c.name, way, got, err, c.want)
			}
		}
	}
}

func TestDecodeEventLog(t *testing.T) {
	doc := []byte("ElfFile\x00\x00\x00\x00")
	for _, doc := range [][]byte{doc, gz(t, doc), zst(t, doc)} {
		if _, err := decoded(bytes.NewReader(doc)); !errors.Is(err, ErrEventLog) {
			t.Errorf("%q: %v", doc, err)
		}
	}
}

// noise is text that hardly compresses.
func noise(n int) string {
	var b strings.Builder
	for x := uint32(1); b.Len() < n; x = x*1664525 + 1013904223 {
		b.WriteByte('a' + byte(x>>24)%26)
	}
	return b.String()
}

// What can be read of a damaged file is delivered, then the error.
func TestDecodeTruncated(t *testing.T) {
	text := noise(1 << 20)
	for name, doc := range map[string][]byte{
		"gzip": gz(t, []byte(text)), "gzip of utf-16": gz(t, encode16(text, false)),
		"zstd": zst(t, []byte(text)), "zstd of utf-16": zst(t, encode16(text, true)),
	} {
		got, err := decoded(bytes.NewReader(doc[:len(doc)/2]))
		if err == nil || len(got) < len(text)/4 || !strings.HasPrefix(text, strings.TrimSuffix(got, "\ufffd")) {
			t.Errorf("%s: %d of %d bytes, %v", name, len(got), len(text), err)
		}
	}
	for _, doc := range []string{"\x1f\x8b", "\x1f\x8b\x08\x00\x00", "\x1f\x8bnothing of the kind", "\x28\xb5\x2f\xfd"} {
		if got, err := decoded(strings.NewReader(doc)); err == nil || errors.Is(err, io.EOF) || got != "" {
			t.Errorf("%q: %q, %v", doc, got, err)
		}
	}
}

// An error is told even when it comes with the first bytes and only once.
func TestDecodeError(t *testing.T) {
	for _, head := range []string{"", "{", `{"a":1}`, "\xff\xfe{\x00", "{\x00}\x00", sample} {
		errBad := errors.New("bad disk")
		src := io.MultiReader(strings.NewReader(head), &onceReader{err: errBad})
		got, err := decoded(src)
		if !errors.Is(err, errBad) {
			t.Errorf("%q: %q, %v", head, got, err)
		}
	}
}

type onceReader struct{ err error }

func (r *onceReader) Read([]byte) (int, error) {
	err := r.err
	r.err = io.EOF
	return 0, err
}

// FuzzDecode compares the transcoder with unicode/utf16, wherever reads end.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("a\x00\x3d\xd8\x00\xde"), false, uint8(3))
	f.Add([]byte("\xd8\x3d\xd8\x3d\xde\x00\xdc"), true, uint8(1))
	f.Fuzz(func(t *testing.T, doc []byte, big bool, size uint8) {
		mark, units := []byte{0xff, 0xfe}, make([]uint16, len(doc)/2)
		if big {
			mark = []byte{0xfe, 0xff}
		}
		for i := range units {
			lo, hi := doc[2*i], doc[2*i+1]
			if big {
				lo, hi = hi, lo
			}
			units[i] = uint16(lo) | uint16(hi)<<8
		}
		want := string(utf16.Decode(units))
		if len(doc)%2 == 1 {
			want += string(utf8.RuneError)
		}
		got, err := decoded(&chunkReader{doc: slices.Concat(mark, doc), size: int(size%64) + 1})
		if err != nil || got != want {
			t.Errorf("%q, big %t: %q, %v; want %q", doc, big, got, err, want)
		}
	})
}

// chunkReader gives at most size bytes at once, and err at the end.
type chunkReader struct {
	doc  []byte
	size int
	err  error
}

func (r *chunkReader) Read(p []byte) (int, error) {
	if len(r.doc) == 0 {
		if r.err == nil {
			return 0, io.EOF
		}
		return 0, r.err
	}
	n := copy(p[:min(len(p), r.size)], r.doc)
	r.doc = r.doc[n:]
	return n, nil
}
