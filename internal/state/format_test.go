package state

import (
	"bytes"
	"errors"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// reseal makes length and checksum of a file right.
func reseal(b []byte) []byte {
	if len(b) < headSize+footSize {
		return b
	}
	b = slices.Clone(b)
	order.PutUint64(b[len(b)-16:], uint64(len(b)))
	order.PutUint64(b[len(b)-8:], crc64.Checksum(b[:len(b)-8], table))
	return b
}

// FuzzParse reads any bytes, as they are and with a right checksum. What is read is
// what encode writes: written again, it is the same file.
func FuzzParse(f *testing.F) {
	older, newest := twoGenerations(f)
	f.Add(older, false)
	f.Add(newest, true)
	f.Add(reseal(slices.Concat(newest[:60], newest[70:])), true)
	f.Add(make([]byte, headSize+footSize), true)
	f.Fuzz(func(t *testing.T, b []byte, seal bool) {
		if seal {
			if len(b) >= headSize+footSize {
				copy(b, magic+"\x01\x00\x00\x00")
			}
			b = reseal(b)
		}
		readsWhatIsWritten(t, b)
	})
}

// Damage behind which somebody has put a right checksum.
func TestRightChecksum(t *testing.T) {
	t.Parallel()
	older, newest := twoGenerations(t)
	for _, good := range [][]byte{older, newest} {
		damages(good, func(_ string, bad []byte) { readsWhatIsWritten(t, reseal(bad)) })
		// A directory with something behind it.
		end := len(good) - footSize
		bad := slices.Concat(good[:end], []byte{0}, good[end:])
		order.PutUint64(bad[end+1:], order.Uint64(bad[end+1:])+1)
		readsWhatIsWritten(t, reseal(bad))
		// Sizes that only add up if they overflow.
		bad = bytes.Clone(good)
		first := bytes.LastIndex(bad, []byte("offsets")) + len("offsets")
		second := bytes.LastIndex(bad, []byte("counts")) + len("counts")
		order.PutUint64(bad[first:], order.Uint64(bad[first:])+1<<63)
		order.PutUint64(bad[second:], order.Uint64(bad[second:])+1<<63)
		readsWhatIsWritten(t, reseal(bad))
	}
}

// readsWhatIsWritten checks that a file is refused or, written again, the same.
func readsWhatIsWritten(t *testing.T, b []byte) {
	t.Helper()
	c, err := parse(bytes.NewReader(b), int64(len(b)), true)
	lean, err2 := parse(bytes.NewReader(b), int64(len(b)), false)
	if (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
		t.Fatalf("with data: %v; without: %v", err, err2)
	}
	if err != nil {
		return
	}
	if lean.data != nil || lean.head != c.head || !slices.Equal(lean.entries, c.entries) {
		t.Fatalf("with data: %+v; without: %+v", c, lean)
	}
	data := c.sections()
	var list []Section
	for _, e := range c.entries {
		list = append(list, Bytes(e.name, data[e.name]))
	}
	var out bytes.Buffer
	if err := encode(&out, c.head, list); err != nil || !bytes.Equal(out.Bytes(), b) {
		t.Fatalf("%q is written again as %q: %v", b, out.Bytes(), err)
	}
}

// FuzzDamage spoils a state that is larger than what is read at once: a run of bytes is
// filled, moved, cut out or doubled. It is found, or nothing was changed.
func FuzzDamage(f *testing.F) {
	var file bytes.Buffer
	data := make([]byte, bufferSize+bufferSize/3)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range data[:len(data)/2] { // the rest are zeros
		data[i] = byte(random.Uint32())
	}
	if err := encode(&file, head{7, time.Unix(1, 1), Host{"h", "i"}}, []Section{Bytes("data", data)}); err != nil {
		f.Fatal(err)
	}
	good := file.Bytes()
	for range 200 {
		f.Add(byte(random.Uint32()), random.Uint32(), random.Uint32()%8192, random.Uint32())
	}
	f.Fuzz(func(t *testing.T, kind byte, at, n, to uint32) {
		size := uint32(len(good))
		at, to = at%size, to%size
		run := good[at:min(uint64(at)+uint64(n), uint64(size))]
		bad := bytes.Clone(good)
		switch kind % 6 {
		case 0:
			clear(bad[at : at+uint32(len(run))])
		case 1:
			copy(bad[to:], run)
		case 2:
			bad = slices.Concat(good[:at], good[at+uint32(len(run)):])
		case 3:
			bad = slices.Concat(good[:to], run, good[to:])
		case 4:
			bad[at] ^= 1 << (n % 8)
		case 5:
			bad = bad[:at]
		}
		for _, keep := range []bool{false, true} {
			_, err := parse(bytes.NewReader(bad), int64(len(bad)), keep)
			if same := bytes.Equal(bad, good); (err == nil) != same {
				t.Fatalf("kind %d at %d, %d bytes, to %d: same %v, %v", kind, at, n, to, same, err)
			}
		}
	})
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	m := newMemFS(nil)
	s := memStore(m)
	if err := saveNext(s); err != nil {
		t.Fatal(err)
	}
	own := errors.New("my own")
	half := Section{"half", func(w io.Writer) error {
		_, _ = w.Write([]byte("some bytes"))
		return own
	}}
	endless := Section{"endless", func(w io.Writer) error {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
		}
	}}
	many := make([]Section, maxSections+1)
	for i := range many {
		many[i] = Bytes(strings.Repeat("x", i%250+1)+strings.Repeat("y", i/250), nil)
	}
	for want, list := range map[string][]Section{
		"is empty, too long":   {Bytes("", nil)},
		"\"a\" is empty":       {Bytes("a", nil), Bytes("a", nil)},
		"too long":             {Bytes(strings.Repeat("n", maxName+1), nil)},
		"my own":               {Bytes("a", nil), half},
		"1001 sections":        many,
		"larger than 10737418": {endless},
	} {
		if want == "larger than 10737418" {
			if testing.Short() {
				continue // it takes seconds under the race detector
			}
			s.fs = discardFS{m}
		}
		err := s.Save(list...)
		s.fs = m
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if want == "my own" && !errors.Is(err, own) {
			t.Errorf("%v does not wrap the section's error", err)
		}
		sections, info, err := s.Load()
		if err == nil {
			err = exact(info.Generation, sections)
		}
		if err != nil || info.Generation != 1 || m.live[tmpName] != nil {
			t.Errorf("%s: after a refused Save: %+v, %v", want, info, err)
		}
	}
	if err := s.Save(many[:maxSections]...); err != nil {
		t.Error(err)
	}
	if sections, _, err := s.Load(); err != nil || len(sections) != maxSections {
		t.Errorf("%d sections, %v", len(sections), err)
	}
	if err := s.Save(); err != nil { // none is well, too
		t.Error(err)
	}
}

// discardFS throws away what is written.
type discardFS struct{ *memFS }

func (discardFS) Create(string) (writer, error) { return discard{}, nil }

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Sync() error                 { return nil }
func (discard) Close() error                { return nil }

func TestClosed(t *testing.T) {
	t.Parallel()
	s := memStore(newMemFS(nil))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Load()
	for _, err := range []error{err, s.Save(), s.Reset()} {
		if !errors.Is(err, errClosed) {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
