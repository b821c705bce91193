package state

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"syscall"
)

// memFS is a folder on a disk that remembers what has been synced. Its hook may
// make calls fail; images lists what a power cut may leave.
type memFS struct {
	live    map[string]*inode
	durable map[string]*inode
	pending []dirOp // not yet synced changes of names
	hook    func(op string) error
	after   func() // called behind each call
	rough   bool   // renames are not atomic
	noSync  bool   // mistakes of a disk, which tests must find
	noDir   bool
}

// inode is the content of a file: its writes, of which the first synced ones are on
// the disk.
type inode struct {
	writes [][]byte
	synced int
}

func (i *inode) content() []byte { return bytes.Join(i.writes, nil) }

// dirOp changes names at once: to an inode, or to none.
type dirOp map[string]*inode

func newMemFS(files map[string][]byte) *memFS {
	m := &memFS{live: map[string]*inode{}}
	for name, b := range files {
		m.live[name] = &inode{writes: [][]byte{b}, synced: 1}
	}
	m.durable = maps.Clone(m.live)
	return m
}

// call runs the hook of an operation and gives the function to defer.
func (m *memFS) call(op string) (func(), error) {
	done := func() {
		if m.after != nil {
			m.after()
		}
	}
	if m.hook != nil {
		return done, m.hook(op)
	}
	return done, nil
}

func (m *memFS) change(op dirOp) {
	for name, i := range op {
		if i == nil {
			delete(m.live, name)
		} else {
			m.live[name] = i
		}
	}
	m.pending = append(m.pending, op)
}

func (m *memFS) Create(name string) (writer, error) {
	done, err := m.call("create")
	defer done()
	if err != nil {
		return nil, err
	}
	i := &inode{}
	m.change(dirOp{name: i})
	return &memFile{m, i}, nil
}

func (m *memFS) Open(name string) (reader, int64, error) {
	done, err := m.call("open")
	defer done()
	if err != nil {
		return nil, 0, err
	}
	i := m.live[name]
	if i == nil {
		return nil, 0, fs.ErrNotExist
	}
	b := i.content()
	return &memReader{m, bytes.NewReader(b)}, int64(len(b)), nil
}

func (m *memFS) Rename(from, to string) error {
	done, err := m.call("rename")
	defer done()
	if err != nil {
		return err
	}
	i := m.live[from]
	if i == nil {
		return fs.ErrNotExist
	}
	if m.rough {
		m.change(dirOp{to: nil})
		if m.after != nil {
			m.after()
		}
		m.change(dirOp{to: i})
		m.change(dirOp{from: nil})
	} else {
		m.change(dirOp{to: i, from: nil})
	}
	return nil
}

func (m *memFS) Remove(name string) error {
	done, err := m.call("remove")
	defer done()
	if err != nil {
		return err
	}
	if m.live[name] == nil {
		return fs.ErrNotExist
	}
	m.change(dirOp{name: nil})
	return nil
}

func (m *memFS) SyncDir() error {
	done, err := m.call("syncdir")
	defer done()
	if err != nil || m.noDir {
		return err
	}
	m.durable, m.pending = maps.Clone(m.live), nil
	return nil
}

type memFile struct {
	m *memFS
	i *inode
}

// Write may be short: half of the bytes go with an error.
func (f *memFile) Write(b []byte) (int, error) {
	done, err := f.m.call("write")
	defer done()
	n := len(b)
	if err == errShort {
		n, err = n/2, syscall.ENOSPC
	} else if err != nil {
		return 0, err
	}
	f.i.writes = append(f.i.writes, bytes.Clone(b[:n]))
	return n, err
}

var errShort = fmt.Errorf("short write")

func (f *memFile) Sync() error {
	done, err := f.m.call("sync")
	defer done()
	if err == nil && !f.m.noSync {
		f.i.synced = len(f.i.writes)
	}
	return err
}

func (f *memFile) Close() error {
	done, err := f.m.call("close")
	defer done()
	return err
}

type memReader struct {
	m *memFS
	r io.ReaderAt
}

func (r *memReader) ReadAt(b []byte, at int64) (int, error) {
	done, err := r.m.call("read")
	defer done()
	if err != nil {
		return 0, err
	}
	return r.r.ReadAt(b, at)
}

func (r *memReader) Close() error {
	done, err := r.m.call("close")
	defer done()
	return err
}

// images calls f with every disk that a power cut at this moment may leave, until it
// returns false: any of the pending changes of names are lost, and of each file that
// stands in a slot, any of the unsynced writes are lost, and one may be torn at any
// byte.
func (m *memFS) images(f func(map[string][]byte) bool) {
	if len(m.pending) > 12 {
		panic("too many pending changes to try all")
	}
	for keep := range 1 << len(m.pending) {
		names := maps.Clone(m.durable)
		for n, op := range m.pending {
			if keep>>n&1 == 1 {
				maps.Copy(names, op)
			}
		}
		for a := range names[slots[0]].remains {
			for b := range names[slots[1]].remains {
				disk := map[string][]byte{}
				for i, part := range [][]byte{a, b} {
					if part != nil {
						disk[slots[i]] = part
					}
				}
				if !f(disk) {
					return
				}
			}
		}
	}
}

// remains calls f with every content that a power cut may leave of a file; nil if
// there is none.
func (i *inode) remains(f func([]byte) bool) {
	if i == nil {
		f(nil)
		return
	}
	open := i.writes[i.synced:]
	for keep := range 1 << len(open) {
		for torn := -1; torn < len(open); torn++ {
			size := 1
			if torn >= 0 {
				size = len(open[torn])
			}
			for at := range size {
				b, hole := i.torn(keep, torn, at)
				// With a hole the size got to the disk, but not the bytes.
				if !f(b) || hole > 0 && !f(append(slices.Clip(b), make([]byte, hole)...)) {
					return
				}
			}
		}
	}
}

// torn builds the content with those unsynced writes that are in keep, and the first
// bytes of the torn one; and the length of what was lost behind it.
func (i *inode) torn(keep, torn, at int) (content []byte, hole int) {
	content = append(content, bytes.Join(i.writes[:i.synced], nil)...)
	for n, w := range i.writes[i.synced:] {
		part := w
		if n == torn {
			part = w[:at]
		} else if keep>>n&1 == 0 {
			part = nil
		}
		if len(part) > 0 {
			content = append(append(content, make([]byte, hole)...), part...)
			hole = 0
		}
		hole += len(w) - len(part)
	}
	return content, hole
}
