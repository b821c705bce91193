package tailer

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// entry is a file that a scan has found.
type entry struct {
	path  string // without links
	st    stat
	input bool // an argument names it; else it is a rotated file of one that is
}

// listing is what a scan finds.
type listing struct {
	f       *Follower
	entries []entry
	byID    map[fileID]int
	bases   map[string]bool // inputs, there or not, as paths without links
	links   map[string]bool // other names that lead to them
	folders map[string]bool // where new files may appear; true if under any name
	pipes   []string
	real    map[string]string // folders without links
	failed  map[string]error
}

// folder is one that is watched.
type folder struct {
	st     stat
	polled bool // no hints come from it
	any    bool // files of any name may be inputs
}

// list finds all files that are to be followed now.
func (f *Follower) list() *listing {
	l := &listing{
		f: f, byID: map[fileID]int{}, bases: map[string]bool{}, links: map[string]bool{},
		folders: map[string]bool{}, real: map[string]string{}, failed: map[string]error{},
	}
	for _, arg := range f.cfg.Args {
		if arg == Stdin {
			l.pipes = append(l.pipes, Stdin)
			continue
		}
		if abs, err := filepath.Abs(arg); err == nil {
			arg = abs
		}
		l.arg(arg)
	}
	l.rotated()
	return l
}

func (l *listing) arg(arg string) {
	info, err := os.Stat(arg)
	switch {
	case err == nil:
		l.named(arg, info, true)
	case strings.ContainsAny(arg, "*?["):
		l.glob(arg)
	default:
		l.missing(arg, err)
	}
}

// named adds a file or a folder that an argument names.
func (l *listing) named(path string, info fs.FileInfo, explicit bool) {
	if info.IsDir() {
		l.folder(path)
		return
	}
	l.link(path)
	l.file(path, info, explicit)
}

// link notes that path, which may be a link, leads to an input.
func (l *listing) link(path string) {
	dir := l.realDir(filepath.Dir(path))
	l.links[filepath.Join(dir, filepath.Base(path))] = true
	l.watch(dir, false)
}

// watch notes a folder where a file may appear, perhaps under any name.
func (l *listing) watch(dir string, any bool) { l.folders[dir] = l.folders[dir] || any }

// missing notes where a file that is not there will appear.
func (l *listing) missing(path string, err error) {
	if !errors.Is(err, fs.ErrNotExist) {
		l.fail(path, err)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if target, err := os.Readlink(path); err == nil {
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(path), target)
			}
			l.bases[filepath.Join(l.realDir(filepath.Dir(target)), filepath.Base(target))] = true
		}
	}
	dir := l.realDir(filepath.Dir(path))
	l.bases[filepath.Join(dir, filepath.Base(path))] = true
	for any := false; ; any = true {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			l.watch(l.realDir(dir), any)
			return
		}
		if dir == filepath.Dir(dir) {
			return
		}
		dir = filepath.Dir(dir)
	}
}

func (l *listing) glob(pattern string) {
	matches, err := filepath.Glob(pattern)
	if err != nil {
		l.fail(pattern, err)
	}
	for _, path := range matches {
		if info, err := os.Stat(path); err == nil {
			l.named(path, info, false)
		} else {
			l.missing(path, err)
		}
	}
	for dir := filepath.Dir(pattern); ; dir = filepath.Dir(dir) {
		dirs, _ := filepath.Glob(dir)
		for _, d := range dirs {
			if info, err := os.Stat(d); err == nil && info.IsDir() {
				l.watch(l.realDir(d), true)
			}
		}
		if !strings.ContainsAny(dir, "*?[") && len(dirs) > 0 || dir == filepath.Dir(dir) {
			return
		}
	}
}

// folder adds the files below root, as Expand does.
func (l *listing) folder(root string) {
	root = l.realDir(root)
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		hidden := path != root && strings.HasPrefix(filepath.Base(path), ".")
		switch {
		case err != nil:
			if !errors.Is(err, fs.ErrNotExist) {
				l.fail(path, err)
			}
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir() && (hidden || path != root && l.excluded(path)):
			return fs.SkipDir
		case d.IsDir():
			l.watch(path, true)
		case !hidden:
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				l.file(path, info, false)
			}
		}
		return nil
	})
}

// file adds a file once, whatever names lead to it.
func (l *listing) file(path string, info fs.FileInfo, explicit bool) {
	if l.excluded(path) {
		return
	}
	real := l.realFile(path)
	mode := info.Mode()
	switch {
	case mode.IsRegular():
		l.bases[real] = true
		l.watch(filepath.Dir(real), false)
		l.add(entry{real, statOf(real, info), true})
	case mode&fs.ModeNamedPipe != 0, explicit && mode&fs.ModeCharDevice != 0:
		l.pipes = append(l.pipes, real)
	default:
		l.fail(path, errors.New("it is no file that can be followed"))
	}
}

func (l *listing) add(e entry) {
	if _, ok := l.byID[e.st.id]; !ok {
		l.byID[e.st.id] = len(l.entries)
		l.entries = append(l.entries, e)
	}
}

// rotated adds the files to which inputs have been renamed or copied.
func (l *listing) rotated() {
	dirs := map[string]bool{}
	for base := range l.bases {
		dirs[filepath.Dir(base)] = true
	}
	for dir := range dirs {
		d, err := os.Open(dir)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				l.fail(dir, err)
			}
			continue
		}
		names, err := d.Readdirnames(-1)
		d.Close()
		if err != nil {
			l.fail(dir, err)
		}
		slices.Sort(names)
		for _, name := range names {
			path := filepath.Join(dir, name)
			if s := stem(name); s == name || !l.bases[filepath.Join(dir, s)] || l.bases[path] || l.excluded(path) {
				continue
			}
			if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
				l.add(entry{path, statOf(path, info), false})
			}
		}
	}
}

func (l *listing) excluded(path string) bool {
	for _, glob := range l.f.cfg.Exclude {
		if ok, _ := filepath.Match(glob, filepath.Base(path)); ok {
			return true
		}
		if abs, err := filepath.Abs(glob); err == nil {
			if ok, _ := filepath.Match(abs, path); ok {
				return true
			}
		}
	}
	return false
}

// realDir is a folder's path without links.
func (l *listing) realDir(dir string) string {
	if real, ok := l.real[dir]; ok {
		return real
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		real = dir
	}
	l.real[dir] = real
	return real
}

// realFile is a file's path without links.
func (l *listing) realFile(path string) string {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real
		}
	}
	return filepath.Join(l.realDir(filepath.Dir(path)), filepath.Base(path))
}

func (l *listing) fail(path string, err error) {
	if _, ok := l.failed[path]; !ok && !isLimit(err) {
		l.failed[path] = err
		l.f.unreadable(path, err)
	}
}

// watchFolders has the system tell what changes in the folders of l.
func (f *Follower) watchFolders(l *listing) {
	f.names = l.links
	maps.Copy(f.names, l.bases)
	for dir, any := range l.folders {
		st, err := statPath(dir)
		if err != nil {
			continue
		}
		d := f.dirs[dir]
		if d == nil {
			d = &folder{}
			f.dirs[dir] = d
		}
		d.any = any
		if !st.sameAs(d.st) {
			d.st = st
			f.scanAgain = f.now.Add(settleAfter)
		}
		if f.watch == nil {
			continue
		}
		if err := f.watch.add(dir); err == nil {
			d.polled = false
		} else if !d.polled {
			d.polled = true
			f.event(Event{What: Unwatched, Path: dir, Err: err})
		}
	}
	for dir := range f.dirs {
		if _, ok := l.folders[dir]; !ok {
			delete(f.dirs, dir)
			if f.watch != nil {
				f.watch.drop(dir)
			}
		}
	}
}

// foldersChanged reports whether names may have changed since the last scan.
func (f *Follower) foldersChanged() bool {
	for dir, d := range f.dirs {
		st, err := statPath(dir)
		if err != nil || !st.sameAs(d.st) {
			return true
		}
	}
	return false
}
