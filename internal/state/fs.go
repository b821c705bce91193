package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// fsys is what the store needs of a file system, on the files of one folder. Tests
// put in others, which fail and crash.
type fsys interface {
	Create(name string) (writer, error) // a new file in place of what was there, for the user alone
	Open(name string) (reader, int64, error)
	Rename(from, to string) error // replaces what is at to
	Remove(name string) error
	SyncDir() error
}

type writer interface {
	io.WriteCloser
	Sync() error
}

type reader interface {
	io.ReaderAt
	io.Closer
}

// dirFS is a folder of the system.
type dirFS string

func (d dirFS) Create(name string) (writer, error) {
	path := join(string(d), name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err // and not a nil *os.File in an interface
	}
	return f, nil
}

// Open gives a regular file and its size. It does not wait at a named pipe.
func (d dirFS) Open(name string) (reader, int64, error) {
	path := join(string(d), name)
	st, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !st.Mode().IsRegular() {
		return nil, 0, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	if st, err = f.Stat(); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, st.Size(), nil
}

func (d dirFS) Rename(from, to string) error {
	return rename(join(string(d), from), join(string(d), to))
}

func (d dirFS) Remove(name string) error { return os.Remove(join(string(d), name)) }

func (d dirFS) SyncDir() error { return syncDir(string(d)) }

func join(dir, name string) string { return filepath.Join(dir, name) }

// makeDir creates a folder with its parents, for the user alone, so that a power cut
// does not take it away again.
func makeDir(dir string) error {
	st, err := os.Stat(dir)
	if err == nil {
		if !st.IsDir() {
			return fmt.Errorf("%s is not a folder", dir)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := syncDir(parent); err != nil && !passing(err) { // it may be writable and not readable
		return err
	}
	return nil
}
