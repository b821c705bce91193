package tailer

import (
	"bytes"
	"fmt"
	"io"
)

// Mapping is a large file of plain UTF-8 text in memory, as long as it was when
// it was mapped. Another process may change its bytes at any time, or truncate
// the file: reading behind its end then faults, see debug.SetPanicOnFault.
type Mapping struct {
	Text []byte // without a byte order mark; valid until Close
	all  []byte
	f    *counted
}

// Map maps what Open returned, if that is a regular file which Decode would
// leave as it is and which has at least min bytes. Otherwise it returns nil, and the file
// stands where it stood.
func Map(src io.ReadCloser, min int64) *Mapping {
	f, ok := src.(*counted)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() < max(min, 8) {
		return nil
	}
	if at, err := f.Seek(0, io.SeekCurrent); err != nil || at != 0 {
		return nil // standard input that someone has read from
	}
	var head [8]byte
	if _, err := f.File.ReadAt(head[:], 0); err != nil || !isPlain(head[:]) {
		return nil
	}
	all, err := mapFile(f.File, info.Size())
	if err != nil {
		return nil
	}
	return &Mapping{Text: bytes.TrimPrefix(all, bom), all: all, f: f}
}

// Rest returns a reader of what stands in the file from offset on in the text,
// up to where the file ends by now.
func (m *Mapping) Rest(offset int) (io.Reader, error) {
	_, err := m.f.Seek(int64(len(m.all)-len(m.Text)+offset), io.SeekStart)
	if err != nil {
		return nil, fmt.Errorf("cannot go on at offset %d: %w", offset, Reason(err))
	}
	return m.f, nil
}

// Close unmaps the text. It does not close the file.
func (m *Mapping) Close() { unmapFile(m.all) }

var bom = []byte{0xef, 0xbb, 0xbf}

// isPlain reports whether Decode leaves a file that begins with head as it is,
// but for a byte order mark of UTF-8.
func isPlain(head []byte) bool {
	return !bytes.HasPrefix(head, gzipMagic) && !isZstd(head) && !bytes.HasPrefix(head, evtxMagic) &&
		utf16Of(head) == notUTF16
}
