package tailer

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// candidate is a file of which it is not known yet whether it is a new one or
// holds what has been read from another.
type candidate struct {
	entry
	since  time.Time // it has not changed since
	f      *os.File  // nil if it is not open
	z      *unpacked
	packed bool
	copied bool      // it holds what is read elsewhere, so it is not read
	of     *source   // what reads it, when that was found out
	judged time.Time // since, then
	maybe  bool      // it looks as if it might
	early  bool      // it was there at the first scan
	heads  []uint64  // see headsOf
}

// scanNow lists the files to follow and gives each a source.
func (f *Follower) scanNow() {
	f.scan, f.scanAgain = false, time.Time{}
	began := f.cfg.Now()
	l := f.list()
	f.watchFolders(l)
	f.openPipes(l.pipes)
	f.present(l)
	f.candidates(l)
	f.resolve()
	f.giveUp()
	for path := range f.told {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			delete(f.told, path)
		}
	}
	f.scanned = true
	// Scans of very many files must not take more than a twentieth of the time.
	f.scanAt = f.now.Add(max(tidyEvery, 20*f.cfg.Now().Sub(began)))
}

// present notes under which names the known files stand, if any.
func (f *Follower) present(l *listing) {
	for _, s := range f.all {
		if s.lost {
			continue
		}
		if i, ok := l.byID[s.st.id]; ok {
			e := l.entries[i]
			if s.absent {
				s.absent = false
				f.enqueue(s)
			}
			if e.path != s.path {
				// With hard links, the name that it has may be as good as ever.
				if st, err := statPath(s.path); err != nil || st.id != s.st.id {
					f.renamed(s, e)
				}
			}
			continue
		}
		st, err := statPath(s.path)
		gone := err == nil && st.id != s.st.id || errors.Is(err, fs.ErrNotExist)
		if gone && !s.absent {
			s.absent = true
			s.changed = f.now
			s.caught, s.settled = false, false // perhaps it was written to, or anew
			if s.f == nil {                    // nothing can be read from it any more
				f.unplace(s)
				s.lost = true
			} else {
				f.enqueue(s)
			}
		}
	}
}

// candidates keeps the files that are nobody's.
func (f *Follower) candidates(l *listing) {
	for id, c := range f.waiting {
		i, ok := l.byID[id]
		_, known := f.known[id]
		if !ok && !known && c.f != nil && !c.packed && !c.maybe && !c.copied {
			f.begin(c) // it is gone already, but it can still be read
			continue
		}
		if !ok || known {
			c.close(f)
			delete(f.waiting, id)
			continue
		}
		e := l.entries[i]
		if !e.st.sameAs(c.st) || e.path != c.path {
			c.since, c.heads = f.now, nil
			if c.z != nil {
				c.z.close()
			}
		}
		c.entry = e
	}
	for _, e := range l.entries {
		if f.known[e.st.id] == nil && f.waiting[e.st.id] == nil {
			f.waiting[e.st.id] = &candidate{entry: e, since: f.now, early: !f.scanned}
		}
	}
}

// resolve gives candidates a source: first those whose file an earlier run has
// read, then the others.
func (f *Follower) resolve() {
	lost, kin := map[fileID][]*source{}, newRelatives()
	for _, s := range f.all {
		s.hope = false
		if s.restore && !s.final {
			lost[s.st.id] = append(lost[s.st.id], s)
		}
		kin.add(s)
	}
	for id, c := range f.waiting {
		for _, s := range lost[id] {
			if f.resume(c, s) {
				break
			}
		}
	}
	for _, c := range f.inOrder() {
		if s := f.settle(c, kin); s != nil {
			kin.add(s)
		}
	}
}

// inOrder returns the candidates: those that are not rotated first, then by name.
func (f *Follower) inOrder() (all []*candidate) {
	for _, c := range f.waiting {
		all = append(all, c)
	}
	sortCandidates(all)
	return all
}

// resume goes on with s, of an earlier run, in c, which is where it was.
func (f *Follower) resume(c *candidate, s *source) bool {
	if !s.lost || !c.open(f) {
		return false
	}
	in := c.contents()
	switch {
	case s.pos.Skip:
		in = c.f
	case c.packed != s.pos.Packed:
		return false
	}
	if like, err := s.pos.compare(in); err != nil || like != same {
		return false
	}
	f.event(Event{What: Resumed, Path: c.path, Offset: s.pos.Offset})
	f.give(c, s)
	return true
}

// give puts s into the file of c.
func (f *Follower) give(c *candidate, s *source) {
	delete(f.waiting, c.st.id)
	f.closeFile(s)
	f.unplace(s)
	if !s.pos.Skip {
		s.pos.Packed = c.packed
	}
	f.place(s, c.path, c.st)
	s.rotated = s.rotated || isRotatedPath(c.path)
	s.first = c.heads
	if c.f != nil {
		if c.z != nil {
			c.z.close()
		}
		f.hold(s, c.f)
		f.looks++
		s.used = f.looks
		c.f, c.z = nil, nil
	}
}

// settle finds out what c is, and returns its source if it has one now.
func (f *Follower) settle(c *candidate, kin *relatives) *source {
	if f.waiting[c.st.id] != c {
		return nil
	}
	if !c.open(f) {
		for _, s := range kin.all[family(c.path)] {
			s.hope = true
		}
		return nil
	}
	if s := c.of; s != nil && f.all[s.n] == s && !s.lost && s.caught && c.judged.Equal(c.since) {
		return nil // nothing has changed, and looking again may take long
	}
	c.of = nil
	wait := false
	for _, s := range kin.of(c) {
		switch f.relate(c, s) {
		case heir:
			f.event(Event{What: Moved, Path: c.path, Offset: s.pos.Offset})
			f.give(c, s)
			f.out = append(f.out, f.chunk(s, nil, false)) // it is to be found there
			return s
		case copied:
			if !c.copied {
				c.copied = true
				f.event(Event{What: Copied, Path: c.path})
			}
			wait = true
			if c.judged = c.since; s.pos.Offset > 0 {
				c.of = s
			}
		case undecided:
			wait, s.hope = true, true
		case ended:
			s.pos.Skip, s.pos.Offset, s.pos.Marks = true, 0, nil
			if s.pos.advance(c.f, c.st.size) == nil {
				f.give(c, s)
				f.out = append(f.out, f.chunk(s, nil, false))
				return s
			}
		}
	}
	if wait {
		if c.z != nil {
			c.z.close() // its memory
		}
		if f.opened > f.limit/2 {
			c.close(f)
		}
		return nil
	}
	return f.begin(c)
}

// relation is what a candidate is to a source.
type relation uint8

const (
	stranger  relation = iota
	heir               // the source goes on in it
	copied             // it holds what the source reads elsewhere
	ended              // it holds what the source has read, and less
	undecided          // this cannot be told yet
)

func (f *Follower) relate(c *candidate, s *source) relation {
	rotated := isRotatedPath(c.path)
	switch {
	case s.pos.Skip || s.final:
		return stranger
	case rotated && s.absent && !s.lost && !s.caught:
		return undecided // it may hold something else by now
	case !s.lost && !s.absent && !rotated:
		return stranger // nobody copies a file to a name that is still written to
	case !s.lost && !s.caught && len(c.heads) == 0 && f.since(c.since) >= f.cfg.RotateWait:
		return stranger // too short for any copy
	case !s.lost && !s.caught:
		return undecided // what is read of it comes first
	}
	young := f.since(c.since) < f.cfg.RotateWait
	if c.packed && young && !s.lost && s.pos.Offset > 0 {
		// It may still be written: unpacking it again and again would take long.
		if s.pos.beginsLike(c.contents()) {
			c.maybe = true
			return undecided
		}
		return stranger
	}
	like, err := f.liken(c, s)
	c.maybe = c.maybe || err == nil && like != differs
	switch {
	case err != nil && young:
		return undecided
	case err != nil, like == differs, like != same && s.lost && s.st.id == c.st.id:
		return stranger // or its own file, truncated
	case !s.lost && s.pos.Offset == 0 && len(s.partial) < firstMark:
		if like != unknown && young { // it may be one, but many records begin so
			return undecided
		}
		return stranger
	case like == same && (s.lost || s.absent && !rotated):
		return heir
	case like == same:
		return copied
	case like == shorter && !rotated: // it has been cut
		return stranger
	case like == shorter && !s.lost && !f.sameEnd(c, s):
		return stranger
	case like == shorter && !s.lost:
		return copied
	case like == shorter && young, like == unknown && rotated && young && s.pos.Offset > 0:
		return undecided
	case like == shorter:
		return ended
	}
	return stranger
}

// liken compares c with what s has read, or seen if that is nothing yet.
func (f *Follower) liken(c *candidate, s *source) (likeness, error) {
	if s.pos.Offset > 0 {
		like, err := s.pos.compare(c.contents())
		if like == same && s.pos.Offset < firstMark {
			// Many files begin so; a copy ends there, too.
			var next [1]byte
			if n, _ := c.contents().ReadAt(next[:], s.pos.Offset+s.behind); n > 0 {
				like = unknown
			}
		}
		return like, err
	}
	if len(s.partial) == 0 {
		return unknown, nil
	}
	buf := make([]byte, len(s.partial))
	n, err := c.contents().ReadAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return differs, err
	}
	switch {
	case bytes.Equal(buf[:n], s.partial):
		return same, nil
	case n > 0 && bytes.HasPrefix(s.partial, buf[:n]):
		return shorter, nil
	}
	return differs, nil
}

// sameEnd reports whether the last bytes of c stand in the file of s too, where it
// is plain: between the last mark and there, c may differ.
func (f *Follower) sameEnd(c *candidate, s *source) bool {
	if c.z != nil || s.pos.Packed || !f.open(s) {
		return true
	}
	var a, b [markerSize]byte
	x, errA := before(c.f, c.st.size, a[:])
	y, errB := before(s.f, c.st.size, b[:])
	if errA != nil || errB != nil || bytes.Equal(x, y) {
		return true
	}
	// Or the file of s was truncated since it was looked at.
	mark, err := before(s.f, s.pos.Offset, b[:])
	return err != nil || hash(mark) != s.pos.Marker
}

// begin makes a new source of c.
func (f *Follower) begin(c *candidate) *source {
	s := f.newSource(c.path, c.st)
	s.pos.Packed = c.packed
	old := c.early && len(f.cfg.Restore) == 0 && f.cfg.FromEnd
	if !c.input && c.early && !f.old[family(c.path)] {
		old = true // it was rotated before we came
	}
	var err error
	if old && (c.packed || !c.input) {
		s.pos.Skip, s.pos.Packed = true, false
		err = s.pos.advance(c.f, c.st.size)
	} else if old {
		err = s.toEnd(c)
	}
	if err != nil {
		f.unreadable(c.path, err)
		f.sources--
		delete(f.all, s.n)
		return nil
	}
	if !s.pos.Skip {
		f.event(Event{What: Found, Path: c.path, Offset: s.pos.Offset})
	}
	// That it was seen is to be known in another run, though it be empty: it may be rotated
	// with what is written to it until then.
	f.out = append(f.out, f.chunk(s, nil, false))
	f.give(c, s)
	return s
}

// giveUp ends the sources whose file is gone, if nothing can be where they go on.
func (f *Follower) giveUp() {
	for _, s := range f.all {
		if !s.lost || s.final || s.hope {
			continue
		}
		// A list made while files are renamed may lack one, so that it is in none is
		// believed only after a while.
		if s.restore && s.pos.Offset > 0 && (f.since(s.changed) < f.cfg.RotateWait || f.mayReturn(s)) {
			continue
		}
		s.final = true
		f.enqueue(s)
	}
}

// keepMissing is how long the position of a file is kept that is not there at a start.
const keepMissing = 7 * 24 * time.Hour

// mayReturn reports whether the file of s, of an earlier run, may still be there
// although no argument leads to it now: a link may point elsewhere for a while, a
// folder be closed to us, or a file system not be mounted yet. Were its position
// forgotten, all of it would count again when it is back.
func (f *Follower) mayReturn(s *source) bool {
	st, err := statPath(s.path)
	if _, listed := f.known[st.id]; err == nil && (listed || f.waiting[st.id] != nil) {
		return false
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err != nil || st.id == s.st.id
	}
	if s.pos.Missing == 0 {
		s.pos.Missing = f.now.Unix()
		f.out = append(f.out, f.chunk(s, nil, false))
	}
	return f.now.Sub(time.Unix(s.pos.Missing, 0)) < keepMissing
}

// open opens the file of c, once.
func (c *candidate) open(f *Follower) bool {
	if c.f != nil {
		c.begins()
		return true
	}
	file, err := f.openFile(c.path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !isLimit(err) {
			f.unreadable(c.path, err)
		}
		return false
	}
	info, err := file.Stat()
	if err != nil || statOf(c.path, info).id != c.st.id {
		file.Close()
		f.opened--
		f.scanSoon()
		return false
	}
	f.readable(c.path)
	c.f = file
	c.begins()
	return true
}

// begins notes how c begins, of which more may stand there than at the last scan.
func (c *candidate) begins() {
	if len(c.heads) == maxHeads {
		return
	}
	var first [8]byte
	n, _ := c.f.ReadAt(first[:], 0)
	if c.packed = isPacked(first[:n]); c.packed && c.z == nil {
		c.z = &unpacked{f: c.f}
	} else if !c.packed && c.z != nil {
		c.z.close()
		c.z = nil
	}
	c.heads = headsOf(c.contents())
}

func (c *candidate) contents() contents {
	if c.z != nil {
		return c.z
	}
	return c.f
}

func (c *candidate) close(f *Follower) {
	if c.z != nil {
		c.z.close()
		c.z = nil
	}
	if c.f != nil {
		c.f.Close()
		c.f = nil
		f.opened--
	}
}
