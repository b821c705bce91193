package tailer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// unpacked reads what a packed file unpacks to at any offset. Going forward is
// cheap, going back unpacks from the start again.
type unpacked struct {
	f     *os.File
	text  io.Reader // nil before the first read
	free  func()
	lo    int64  // offset of kept[0]
	kept  []byte // what was unpacked last
	err   error  // that ended text
	short []byte // scratch to pass over text
}

// isPacked reports whether a file that begins with head is packed.
func isPacked(head []byte) bool {
	return len(head) >= len(gzipMagic) && head[0] == gzipMagic[0] && head[1] == gzipMagic[1] || isZstd(head)
}

// unpack begins to read the packed file f, which stays the caller's.
func (u *unpacked) start() error {
	u.close()
	src := bufio.NewReaderSize(io.NewSectionReader(u.f, 0, 1<<62), 64<<10)
	head, _ := src.Peek(8)
	switch {
	case isZstd(head):
		z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return fmt.Errorf("zstd: %w", err)
		}
		u.text, u.free = z, z.Close
	case isPacked(head):
		z, err := gzip.NewReader(src)
		if err != nil {
			return fmt.Errorf("gzip: %w", err)
		}
		u.text, u.free = z, func() { z.Close() }
	default:
		return errors.New("it is no longer packed")
	}
	return nil
}

// ReadAt returns io.EOF where the text ends, io.ErrUnexpectedEOF where the packed
// file ends before it.
func (u *unpacked) ReadAt(p []byte, off int64) (int, error) {
	if u.text == nil || off < u.lo {
		if err := u.start(); err != nil {
			return 0, err
		}
	}
	for u.err == nil && u.lo+int64(len(u.kept)) < off {
		u.pass(off)
	}
	if drop := min(off-u.lo, int64(len(u.kept))); drop > 0 {
		u.kept = append(u.kept[:0], u.kept[drop:]...)
		u.lo += drop
	}
	if off > u.lo {
		return 0, u.err
	}
	for u.err == nil && len(u.kept) < len(p) {
		have := len(u.kept)
		if cap(u.kept) < len(p) {
			u.kept = append(make([]byte, 0, len(p)), u.kept...)
		}
		var n int
		n, u.err = u.text.Read(u.kept[have:len(p)])
		u.kept = u.kept[:have+n]
	}
	n := copy(p, u.kept)
	if n < len(p) {
		return n, u.err
	}
	return n, nil
}

// pass unpacks on towards off and keeps only what stands at or behind it.
func (u *unpacked) pass(off int64) {
	u.lo += int64(len(u.kept))
	u.kept = u.kept[:0]
	if u.short == nil {
		u.short = make([]byte, 64<<10)
	}
	var n int
	n, u.err = u.text.Read(u.short[:min(int64(len(u.short)), off-u.lo)])
	u.lo += int64(n)
}

// close frees the memory of unpacking. The next ReadAt begins anew.
func (u *unpacked) close() {
	if u.free != nil {
		u.free()
	}
	*u = unpacked{f: u.f, short: u.short}
}
