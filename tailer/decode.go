package tailer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// ErrEventLog is returned for a binary Windows event log.
var ErrEventLog = errors.New("it is a binary event log (.evtx)")

var (
	gzipMagic = []byte{0x1f, 0x8b}
	evtxMagic = []byte("ElfFile\x00")
)

// Decode turns a file's bytes into UTF-8 text: it unpacks gzip and zstd, and
// transcodes UTF-16, with or without byte order mark. The returned function
// frees what Decode allocated; it does not close src.
func Decode(src io.Reader) (io.Reader, func(), error) {
	br := bufio.NewReaderSize(&sticky{src: src}, 64<<10)
	free := func() {}
	head, _ := br.Peek(8)
	var text io.Reader = br
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, free, fmt.Errorf("gzip: %w", err)
		}
		text = z
	case isZstd(head):
		// One goroutine beside ours; the window is what the format promises to
		// stay under unless the packer was told otherwise.
		z, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, free, fmt.Errorf("zstd: %w", err)
		}
		free = z.Close
		text = z
	case bytes.HasPrefix(head, evtxMagic):
		return nil, free, ErrEventLog
	}
	if text != io.Reader(br) {
		br = bufio.NewReaderSize(text, 64<<10)
		head, _ = br.Peek(8)
		if bytes.HasPrefix(head, evtxMagic) {
			return nil, free, ErrEventLog
		}
	}
	return decodeText(br, head), free, nil
}

// isZstd recognises a frame, and the skippable frame that pzstd writes first.
func isZstd(head []byte) bool {
	return bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}) ||
		len(head) >= 4 && head[0]&0xf0 == 0x50 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18
}

// sticky repeats an error, which looking at the first bytes would else lose.
type sticky struct {
	src io.Reader
	err error
}

func (s *sticky) Read(p []byte) (n int, err error) {
	if s.err == nil {
		n, s.err = s.src.Read(p)
	}
	return n, s.err
}

func decodeText(br *bufio.Reader, head []byte) io.Reader {
	switch order := utf16Of(head); {
	case bytes.HasPrefix(head, bom):
		br.Discard(len(bom))
	case order != notUTF16:
		if head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff {
			br.Discard(2) // the byte order mark
		}
		return &utf16Reader{src: br, big: order == bigEndian}
	}
	return br
}

type byteOrder uint8

const (
	notUTF16 byteOrder = iota
	littleEndian
	bigEndian
)

// utf16Of tells the byte order of UTF-16 from the first bytes of a file.
func utf16Of(head []byte) byteOrder {
	at := func(i int) byte {
		if i < len(head) {
			return head[i]
		}
		return 1
	}
	switch {
	case at(0) == 0xff && at(1) == 0xfe:
		return littleEndian
	case at(0) == 0xfe && at(1) == 0xff:
		return bigEndian
	// Without a mark: an export begins with ASCII, so every other byte is NUL.
	case at(0) != 0 && at(1) == 0 && at(2) != 0 && at(3) == 0:
		return littleEndian
	case at(0) == 0 && at(1) != 0 && at(2) == 0 && at(3) != 0:
		return bigEndian
	}
	return notUTF16
}

// utf16Reader transcodes UTF-16 to UTF-8. A lone surrogate and an odd last byte
// become U+FFFD each.
type utf16Reader struct {
	src  io.Reader
	big  bool
	raw  []byte
	odd  int    // how many bytes of raw, 0 or 1, wait for the other half of a unit
	buf  []byte // memory of out
	out  []byte // transcoded and not yet read
	high rune   // a high surrogate that waits for its other half, or 0
	err  error
}

func (r *utf16Reader) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.refill()
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

func (r *utf16Reader) refill() {
	if r.raw == nil {
		r.raw = make([]byte, 64<<10)
	}
	out, raw := r.buf[:0], r.raw
	n, err := r.src.Read(raw[r.odd:])
	n += r.odd
	for i := 0; i+1 < n; i += 2 {
		u := rune(raw[i]) | rune(raw[i+1])<<8
		if r.big {
			u = rune(raw[i])<<8 | rune(raw[i+1])
		}
		out = r.add(out, u)
	}
	if r.odd = n % 2; r.odd == 1 {
		raw[0] = raw[n-1]
	}
	if err != nil {
		if r.high != 0 {
			out = utf8.AppendRune(out, utf8.RuneError)
		}
		if r.odd == 1 {
			out = utf8.AppendRune(out, utf8.RuneError)
		}
	}
	r.out, r.buf, r.err = out, out, err
}

// add appends code unit u.
func (r *utf16Reader) add(out []byte, u rune) []byte {
	if r.high != 0 {
		pair := utf16.DecodeRune(r.high, u)
		r.high = 0
		if pair != utf8.RuneError {
			return utf8.AppendRune(out, pair)
		}
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	if 0xd800 <= u && u < 0xdc00 {
		r.high = u
		return out
	}
	return utf8.AppendRune(out, u) // a lone low surrogate becomes U+FFFD
}
