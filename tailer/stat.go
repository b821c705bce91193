package tailer

import (
	"io/fs"
	"os"
)

// fileID tells files apart while they exist.
type fileID struct{ dev, ino uint64 }

// stat is what is looked at to see whether a file has changed.
type stat struct {
	id           fileID
	links        uint64
	size         int64
	mtime, ctime int64 // ns; compared for being the same, never for order
	mode         fs.FileMode
}

// sameAs reports that nothing tells of a change since the other.
func (s stat) sameAs(o stat) bool {
	return s.id == o.id && s.size == o.size && s.mtime == o.mtime && s.ctime == o.ctime
}

func statPath(path string) (stat, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stat{}, Reason(err)
	}
	return statOf(path, info), nil
}
