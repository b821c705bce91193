//go:build linux || darwin || freebsd

package tailer

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func statOf(path string, info fs.FileInfo) stat {
	s := stat{size: info.Size(), mode: info.Mode(), mtime: info.ModTime().UnixNano(), links: 1}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.id = fileID{uint64(sys.Dev), uint64(sys.Ino)}
		s.links = uint64(sys.Nlink)
		s.ctime = ctimeOf(sys)
	}
	return s
}

// descriptors is how many files may be open at once.
func descriptors() int {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 256
	}
	return int(min(uint64(r.Cur), 1<<20))
}

// openPlain opens a file without waiting, should it have become a pipe.
func openPlain(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}
