package tailer

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func ctimeOf(s *syscall.Stat_t) int64 { return s.Ctim.Nano() }

// nextData returns the offset at or behind off where the file holds data and not
// a hole, or off.
func nextData(f *os.File, off int64) int64 {
	at, err := unix.Seek(int(f.Fd()), off, unix.SEEK_DATA)
	if err != nil {
		return off
	}
	return max(at, off)
}

// readBoth fills mark and then rest from off on, in one call, so that mark
// vouches for rest.
func readBoth(f *os.File, mark, rest []byte, off int64) (int, error) {
	for {
		n, err := unix.Preadv(int(f.Fd()), [][]byte{mark, rest}, off)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}
