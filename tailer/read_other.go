//go:build !linux

package tailer

import (
	"errors"
	"io"
	"os"
)

// readBoth fills mark and rest from off on. Rest is read first, so that mark,
// if it is still as it was, vouches for it.
func readBoth(f *os.File, mark, rest []byte, off int64) (int, error) {
	n, err := f.ReadAt(rest, off+int64(len(mark)))
	m, markErr := f.ReadAt(mark, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if errors.Is(markErr, io.EOF) {
		markErr = nil
	}
	if m < len(mark) {
		return m, markErr
	}
	return m + n, errors.Join(err, markErr)
}
