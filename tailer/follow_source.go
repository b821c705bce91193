package tailer

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"sluice/internal/record"
)

// source is one stream: what is written to one file, under whatever names, and
// goes on in a copy of it when the file is gone.
type source struct {
	n      uint64
	pos    Position      // of what was handed out
	framer record.Framer // there
	path   string        // a file's, without links
	st     stat          // at the last look
	f      *os.File      // nil if not open
	z      *unpacked     // of f, if it is packed
	used   uint64        // when f was used last, in looks

	queued  bool
	rotated bool // its name says that nothing will be written to it soon
	absent  bool // no name leads to it any more
	lost    bool // what it held is not in its file any more, or the file is not known yet
	restore bool // the file is not known yet
	hope    bool // it is lost, but some file may be where it goes on
	final   bool // it has ended; what there is of it comes now
	flush   bool // what there is of it comes now
	caught  bool // its end has been reached once
	waiting bool // its partial record has been told of

	first   []uint64  // the heads of the file when it was found
	partial []byte    // what stood behind pos when last read; at most maxPartial of it
	behind  int64     // how much stood there
	changed time.Time // when it last changed, as far as looks tell
	read    time.Time // when its end was read last
	settled bool      // and its end was read long enough after that
	due     time.Time // when to look again without a hint; zero if never
}

const (
	// maxPartial is how much of a partial record is kept.
	maxPartial = 64 << 10
	// settleAfter is how long a time stamp may stay the same although a file
	// changes: file systems' clocks are coarse.
	settleAfter = 100 * time.Millisecond
	// rereadAfter is how long a partial record of more than maxPartial bytes
	// waits to be read anew, unless it has grown by a quarter.
	rereadAfter = 20 * time.Millisecond
)

func (f *Follower) newSource(path string, st stat) *source {
	f.sources++
	s := &source{n: f.sources, path: path, st: st, changed: f.now}
	s.pos = Position{Path: path, Dev: st.id.dev, Inode: st.id.ino}
	s.framer = record.Framer{Format: f.cfg.Format, Max: f.cfg.Max}
	f.all[s.n] = s
	return s
}

// restoreSource is a source whose file is still to be found.
func (f *Follower) restoreSource(p Position) {
	f.sources++
	s := &source{n: f.sources, path: p.Path, pos: p, lost: true, restore: true, changed: f.now}
	s.st.id = fileID{p.Dev, p.Inode}
	s.framer = record.Framer{Format: f.cfg.Format, Max: f.cfg.Max}
	s.framer.Restore(p.Frame)
	f.all[s.n] = s
}

// place says that s is in the file st at path from now on.
func (f *Follower) place(s *source, path string, st stat) {
	f.known[st.id] = s
	f.byPath[path] = s
	s.path, s.st = path, st
	s.pos.Path, s.pos.Dev, s.pos.Inode = path, st.id.dev, st.id.ino
	s.lost, s.restore, s.absent, s.settled = false, false, false, false
	if s.pos.Missing != 0 { // which is to be known
		s.pos.Missing = 0
		f.out = append(f.out, f.chunk(s, nil, false))
	}
	s.changed = f.now
	f.enqueue(s)
}

// lose takes s from its file, which holds something else now.
func (f *Follower) lose(s *source) {
	f.event(Event{What: Truncated, Path: s.path, Offset: s.pos.Offset})
	f.unplace(s)
	if s.f != nil && (s.absent || s.st.links == 0) {
		f.inherit(s)
	}
	f.closeFile(s)
	s.lost = true
	if s.final {
		f.enqueue(s)
	}
	f.scanSoon()
}

// inherit begins a new source in the open file of s: no name leads to it any
// more, so nobody else can.
func (f *Follower) inherit(s *source) {
	next := f.newSource(s.path, s.st)
	next.absent = true
	next.f, s.f = s.f, nil
	if s.z != nil {
		s.z.close()
		s.z = nil
	}
	f.known[s.st.id] = next
	f.enqueue(next)
}

// failed is called when the file of s could not be read.
func (f *Follower) failed(s *source) {
	f.remind(s, f.now.Add(f.cfg.Reconcile))
	if s.final {
		f.closeFile(s)
		f.enqueue(s)
	}
}

// unplace says that s is in no file.
func (f *Follower) unplace(s *source) {
	if f.known[s.st.id] == s {
		delete(f.known, s.st.id)
	}
	if f.byPath[s.path] == s {
		delete(f.byPath, s.path)
	}
}

// look sees whether the file of s has changed and returns true if it is to be
// read.
func (f *Follower) look(s *source) bool {
	var st stat
	var err error
	if s.f != nil {
		var info os.FileInfo
		if info, err = s.f.Stat(); err == nil {
			st = statOf(s.path, info)
		}
	} else {
		st, err = statPath(s.path)
	}
	switch {
	case err != nil, s.f == nil && st.id != s.st.id:
		f.scanSoon()
		return false
	case st.links == 0 && !s.absent:
		f.scanSoon()
	}
	if !st.sameAs(s.st) {
		s.st, s.changed, s.settled = st, f.now, false
		s.waiting = false
	}
	if s.pos.Skip {
		return f.lookSkipped(s)
	}
	return !s.settled || s.final
}

// lookSkipped sees whether the file of s, which is not read, is still the same.
func (f *Follower) lookSkipped(s *source) bool {
	if s.settled {
		return false
	}
	s.settled = f.since(s.changed) >= settleAfter
	s.caught = true
	if !s.settled {
		f.remind(s, s.changed.Add(settleAfter))
	}
	if !f.open(s) {
		return false
	}
	defer f.closeFile(s)
	if like, err := s.pos.compare(s.f); err != nil || like != same && s.pos.Offset > 0 {
		f.lose(s)
		return false
	}
	if s.st.size > s.pos.Offset {
		s.pos.advance(s.f, s.st.size)
	}
	return false
}

// throttled reports whether a large partial record is better read later.
func (f *Follower) throttled(s *source) bool {
	if s.behind <= maxPartial || s.final || s.z != nil {
		return false
	}
	if s.st.size-s.pos.Offset-s.behind >= s.behind/4 || f.since(s.read) >= rereadAfter {
		return false
	}
	f.remind(s, s.read.Add(rereadAfter))
	return true
}

// reached is called when the end of s has been read, and says when to look again.
// err is what ended a packed file.
func (f *Follower) reached(s *source, behind []byte, err error) {
	if !s.caught && len(f.waiting) > 0 {
		f.scanSoon() // some wait for this
	}
	s.caught = true
	s.read = f.now
	s.behind = int64(len(behind))
	s.partial = append(s.partial[:0], behind[:min(len(behind), maxPartial)]...)
	quiet := f.since(s.changed)
	s.settled = quiet >= settleAfter || s.z != nil
	s.due = time.Time{}
	if s.pos.Text != Unknown && err == nil {
		f.readable(s.path)
	}
	if s.z != nil {
		s.z.close()
		if err != nil && !(isCutShort(err) && quiet < f.cfg.RotateWait) {
			f.unreadable(s.path, err)
		}
	}
	switch {
	case !s.settled:
		f.remind(s, s.changed.Add(settleAfter))
	case s.absent, s.closing() && s.behind > 0:
		f.remind(s, s.changed.Add(f.cfg.RotateWait))
	case s.behind > 0 && !s.waiting:
		f.remind(s, s.changed.Add(f.cfg.FlushAfter))
	}
}

// closing reports that s has been rotated away: nothing is written to it soon.
func (s *source) closing() bool { return s.absent || s.rotated || s.z != nil }

// overdue does what waiting for s has come to, when its end has been read and
// nothing has changed. It returns whether its rest is to be read as it is.
func (f *Follower) overdue(s *source) (flush bool) {
	quiet := f.since(s.changed)
	switch {
	case s.absent && quiet >= f.cfg.RotateWait:
		s.lost = true // perhaps it goes on in a copy
		f.unplace(s)
		f.scanSoon()
	case s.behind > 0 && s.closing() && quiet >= f.cfg.RotateWait:
		return true
	case s.behind > 0 && !s.waiting && quiet >= f.cfg.FlushAfter:
		s.waiting = true
		if s.behind <= maxPartial && s.complete() {
			return true
		}
		f.event(Event{What: Waiting, Path: s.path, Offset: s.pos.Offset})
	}
	return false
}

// complete reports whether the partial record is one that only lacks its line
// feed.
func (s *source) complete() bool {
	text := s.partial
	if s.pos.Text == UTF16LE || s.pos.Text == UTF16BE {
		text, _ = appendUTF16(nil, text, s.pos.Text == UTF16BE, true)
	}
	return isJSON(text)
}

// open opens the file of s if it is not open.
func (f *Follower) open(s *source) bool {
	f.looks++
	s.used = f.looks
	if s.f != nil {
		return true
	}
	file, err := f.openFile(s.path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			f.scanSoon()
		} else if !isLimit(err) {
			f.unreadable(s.path, err)
		}
		f.remind(s, f.now.Add(f.cfg.Reconcile))
		return false
	}
	f.readable(s.path)
	info, err := file.Stat()
	if err != nil || statOf(s.path, info).id != s.st.id {
		file.Close()
		f.opened--
		f.scanSoon()
		return false
	}
	f.hold(s, file)
	return true
}

// hold gives s an open file.
func (f *Follower) hold(s *source, file *os.File) {
	s.f, s.z = file, nil
	if s.pos.Packed {
		s.z = &unpacked{f: file}
	}
}

func (f *Follower) closeFile(s *source) {
	if s.z != nil {
		s.z.close()
		s.z = nil
	}
	if s.f != nil {
		s.f.Close()
		s.f = nil
		f.opened--
	}
}

// remove forgets s.
func (f *Follower) remove(s *source) {
	f.unplace(s)
	f.closeFile(s)
	delete(f.all, s.n)
	f.event(Event{What: Deleted, Path: s.path, Offset: s.pos.Offset})
}

// renamed notes that the file of s has another name now.
func (f *Follower) renamed(s *source, e entry) {
	path := e.path
	if f.byPath[s.path] == s {
		delete(f.byPath, s.path)
	}
	f.byPath[path] = s
	s.path, s.pos.Path = path, path
	s.rotated = !e.input || isRotatedPath(path)
	s.changed = f.now
	f.event(Event{What: Rotated, Path: path, Offset: s.pos.Offset})
	f.enqueue(s)
}

func isRotatedPath(path string) bool { return isRotated(filepath.Base(path)) }
