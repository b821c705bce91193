package tailer

import (
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// watcher hears from inotify that something in a folder may have changed. It
// watches folders and not files: one watch serves all files of a folder, and
// tells of new ones.
type watcher struct {
	f     *os.File
	ready chan struct{} // something is there to take

	mu      sync.Mutex
	byWatch map[int32]string // folders
	byPath  map[string]int32
	written map[string]bool // paths of files
	named   map[string]bool // paths that lead to something else, or to nothing, now
	all     bool            // hints were lost, or a folder
	done    chan struct{}
}

// maxHints is how many changed files are remembered; more are as good as all.
const maxHints = 1 << 14

const watchMask = unix.IN_MODIFY | unix.IN_ATTRIB | unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM |
	unix.IN_MOVED_TO | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR

func newWatcher() (*watcher, error) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	w := &watcher{
		f: os.NewFile(uintptr(fd), "inotify"), ready: make(chan struct{}, 1), done: make(chan struct{}),
		byWatch: map[int32]string{}, byPath: map[string]int32{}, written: map[string]bool{}, named: map[string]bool{},
	}
	go w.run()
	return w, nil
}

// add watches a folder.
func (w *watcher) add(dir string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.byPath[dir]; ok {
		return nil
	}
	conn, err := w.f.SyscallConn()
	if err != nil {
		return err
	}
	var wd int
	var addErr error
	if err := conn.Control(func(fd uintptr) { wd, addErr = unix.InotifyAddWatch(int(fd), dir, watchMask) }); err != nil {
		return err
	}
	if addErr != nil {
		return os.NewSyscallError("inotify_add_watch", addErr)
	}
	w.byWatch[int32(wd)], w.byPath[dir] = dir, int32(wd)
	return nil
}

// drop ends watching a folder.
func (w *watcher) drop(dir string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wd, ok := w.byPath[dir]
	if !ok {
		return
	}
	delete(w.byPath, dir)
	if w.byWatch[wd] == dir {
		delete(w.byWatch, wd)
		w.remove(wd)
	}
}

func (w *watcher) remove(wd int32) {
	if conn, err := w.f.SyscallConn(); err == nil {
		conn.Control(func(fd uintptr) { unix.InotifyRmWatch(int(fd), uint32(wd)) })
	}
}

// take returns what has changed since it was called last.
func (w *watcher) take() (written, named []string, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	written = slices.AppendSeq(written, maps.Keys(w.written))
	named = slices.AppendSeq(named, maps.Keys(w.named))
	clear(w.written)
	clear(w.named)
	all, w.all = w.all, false
	return written, named, all
}

func (w *watcher) run() {
	defer close(w.done)
	buf := make([]byte, 64<<10)
	for {
		n, err := w.f.Read(buf)
		if err != nil {
			return
		}
		w.mu.Lock()
		for b := buf[:n]; len(b) >= unix.SizeofInotifyEvent; {
			size := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
			w.hint(int32(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint32(b[4:]), b[unix.SizeofInotifyEvent:size])
			b = b[size:]
		}
		w.mu.Unlock()
		select {
		case w.ready <- struct{}{}:
		default:
		}
	}
}

func (w *watcher) hint(wd int32, mask uint32, name []byte) {
	dir, ok := w.byWatch[wd]
	switch {
	case mask&unix.IN_Q_OVERFLOW != 0:
		w.all = true
	case mask&unix.IN_IGNORED != 0:
		if ok {
			delete(w.byWatch, wd)
			delete(w.byPath, dir)
		}
		w.all = true
	case mask&unix.IN_MOVE_SELF != 0 && ok:
		// Its path leads to another folder now, or to none.
		delete(w.byWatch, wd)
		delete(w.byPath, dir)
		w.remove(wd)
		w.all = true
	case !ok || len(name) == 0:
	case len(w.written)+len(w.named) >= maxHints:
		w.all = true
	default:
		path := filepath.Join(dir, strings.TrimRight(string(name), "\x00"))
		if mask&(unix.IN_MODIFY|unix.IN_ATTRIB) != 0 && mask&unix.IN_ISDIR == 0 {
			w.written[path] = true
		} else {
			w.named[path] = true
		}
	}
}

func (w *watcher) close() error {
	err := w.f.Close()
	<-w.done
	return err
}
