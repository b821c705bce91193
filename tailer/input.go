package tailer

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// Stdin is the argument that stands for standard input.
const Stdin = "-"

// Expand turns arguments into the files to read, in order and each once: a
// folder becomes the regular files below it, but for hidden ones and for links
// to other folders; a glob that names no file itself becomes its matches. What
// cannot be listed is returned as errors beside the files that can.
func Expand(args []string) (files []string, errs []error) {
	x := expander{seen: map[string]bool{}}
	for _, arg := range args {
		x.arg(arg)
	}
	return x.files, x.errs
}

type expander struct {
	seen  map[string]bool
	files []string
	errs  []error
}

func (x *expander) arg(arg string) {
	if arg == Stdin {
		x.add(arg)
		return
	}
	_, err := os.Stat(arg)
	switch {
	case err != nil && strings.ContainsAny(arg, "*?["):
		matches, globErr := filepath.Glob(arg)
		if globErr == nil && len(matches) == 0 {
			globErr = fs.ErrNotExist
		}
		if globErr != nil {
			x.errs = append(x.errs, fmt.Errorf("cannot read %s: %w", arg, globErr))
		}
		for _, m := range matches {
			x.path(m)
		}
	default:
		x.path(arg)
	}
}

// path adds a file or a folder.
func (x *expander) path(path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		x.fail(path, err)
	case info.IsDir():
		x.folder(path)
	default:
		x.add(path)
	}
}

func (x *expander) folder(root string) {
	// WalkDir follows a link to a folder only when the path says that it is one.
	if info, err := os.Lstat(root); err == nil && !info.IsDir() {
		root += string(filepath.Separator)
	}
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		hidden := path != root && strings.HasPrefix(filepath.Base(path), ".")
		switch {
		case err != nil:
			x.fail(path, err)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir() && hidden:
			return fs.SkipDir
		case !d.IsDir() && !hidden:
			// Stat follows links: a link to a file is read, a device is not.
			if info, err := os.Stat(path); err != nil {
				x.fail(path, err)
			} else if info.Mode().IsRegular() {
				x.add(path)
			}
		}
		return nil
	})
}

// add appends path unless the same file stands there already, under this name
// or through links.
func (x *expander) add(path string) {
	key := path
	if path != Stdin {
		if abs, err := filepath.Abs(path); err == nil {
			key = abs
		}
		if real, err := filepath.EvalSymlinks(key); err == nil {
			key = real
		}
	}
	if !x.seen[key] {
		x.seen[key] = true
		x.files = append(x.files, path)
	}
}

func (x *expander) fail(path string, err error) {
	x.errs = append(x.errs, fmt.Errorf("cannot read %s: %w", path, Reason(err)))
}

// Reason strips the path that os puts into its errors, which our own messages
// name already.
func Reason(err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		return pe.Err
	}
	return err
}

// Size returns the sum of the sizes of files, or 0 when one of them, such as a
// pipe, has none that is known.
func Size(files []string) (total int64) {
	for _, path := range files {
		if path == Stdin {
			return 0
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return 0
		}
		total += info.Size()
	}
	return total
}

// Open opens a file, or standard input, for Decode. Bytes read are added to
// progress.
func Open(path string, progress *atomic.Int64) (io.ReadCloser, error) {
	f := os.Stdin
	if path != Stdin {
		var err error
		if f, err = os.Open(path); err != nil {
			return nil, Reason(err)
		}
		if info, err := f.Stat(); err == nil && info.IsDir() {
			f.Close()
			return nil, fmt.Errorf("is a directory")
		}
	}
	return &counted{File: f, n: progress}, nil
}

type counted struct {
	*os.File
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	c.n.Add(int64(n))
	if err != nil {
		err = reasonOrEOF(err)
	}
	return n, err
}

func reasonOrEOF(err error) error {
	if err == io.EOF {
		return err
	}
	return Reason(err)
}
