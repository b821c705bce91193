//go:build (linux || darwin || freebsd) && (amd64 || arm64)

package tailer

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the first n bytes of f.
func mapFile(f *os.File, n int64) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, int(n), unix.PROT_READ, unix.MAP_SHARED)
}

func unmapFile(b []byte) { unix.Munmap(b) }
