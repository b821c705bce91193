package tailer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"sluice/internal/record"
)

// Follower follows files; see the package comment.
type Follower struct {
	cfg   FollowConfig
	pool  *Pool
	watch *watcher // nil without hints
	pipes *pipes

	all     map[uint64]*source
	known   map[fileID]*source // those in a file
	byPath  map[string]*source // likewise
	waiting map[fileID]*candidate
	old     map[string]bool // families that were there before
	queue   []*source
	out     []*Chunk // to hand out, without records
	sources uint64   // how many there have been
	looks   uint64
	opened  int // files that are open
	limit   int // how many may be

	now       time.Time
	scanned   bool // at least once
	scan      bool // wanted
	scanAt    time.Time
	scanAgain time.Time // when folders have changed so lately that it may not show; zero if not
	tickAt    time.Time
	dueAt     time.Time // not behind any time that a source is reminded at; zero if none
	ticks     int
	dirs      map[string]*folder
	names     map[string]bool // paths that may be inputs, there or not
	told      map[string]bool // what cannot be read, by path

	mark []byte // scratch of fetch
	raw  []byte // likewise

	// For tests: what opens files, and what is called before Next waits.
	opener func(string) (*os.File, error)
	idle   func()
}

const (
	// scanEvery is how many reconciles pass before folders are listed although
	// nothing tells that they have changed.
	scanEvery = 10
	// tidyEvery is the shortest time between two scans, which hints may ask for at
	// any rate.
	tidyEvery = 5 * time.Millisecond
)

// Follow begins to follow. It reads nothing yet; an error means that cfg makes
// no sense. What cannot be read now is told to Log and tried again.
func Follow(cfg FollowConfig) (*Follower, error) { return follow(cfg, true) }

// follow does without hints of the system if it is told so.
func follow(cfg FollowConfig, hints bool) (*Follower, error) {
	if len(cfg.Args) == 0 {
		return nil, errors.New("there is nothing to follow")
	}
	for _, glob := range cfg.Exclude {
		if _, err := filepath.Match(glob, ""); err != nil {
			return nil, fmt.Errorf("cannot exclude %s: %w", glob, err)
		}
	}
	setDefault(&cfg.Max, record.DefaultMax)
	setDefault(&cfg.FlushAfter, 30*time.Second)
	setDefault(&cfg.Reconcile, time.Second)
	setDefault(&cfg.RotateWait, 5*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Pool == nil {
		cfg.Pool = NewPool(2*runtime.GOMAXPROCS(0) + 2)
	}
	f := &Follower{
		cfg: cfg, pool: cfg.Pool, opener: openPlain, limit: max(16, descriptors()/2), scan: true,
		all: map[uint64]*source{}, known: map[fileID]*source{}, byPath: map[string]*source{},
		waiting: map[fileID]*candidate{}, old: map[string]bool{}, dirs: map[string]*folder{},
		told: map[string]bool{}, mark: make([]byte, markerSize),
	}
	f.now = cfg.Now()
	for _, p := range cfg.Restore {
		f.old[family(p.Path)] = true
		f.restoreSource(p)
	}
	f.pipes = newPipes()
	if hints {
		var err error
		if f.watch, err = newWatcher(); err != nil {
			f.event(Event{What: Unwatched, Err: err})
		}
	}
	return f, nil
}

func setDefault[T int | time.Duration](v *T, value T) {
	if *v <= 0 {
		*v = value
	}
}

// Next waits for the next chunk until ctx ends, whose error it then returns. It
// returns io.EOF when nothing can come any more: all inputs were pipes, and they
// have ended. It is for one goroutine.
func (f *Follower) Next(ctx context.Context) (*Chunk, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f.setNow()
		f.hints()
		if !f.scanAgain.IsZero() && !f.scanAgain.After(f.now) {
			f.scan = true
		}
		if f.scan && !f.now.Before(f.scanAt) {
			f.scanNow()
		}
		if !f.now.Before(f.tickAt) {
			f.tick()
		}
		f.wake()
		c, err := f.nextPiped(ctx)
		if c == nil && err == nil && len(f.queue) > 0 {
			s := f.queue[0]
			f.queue = f.queue[1:]
			s.queued = false
			if f.all[s.n] == s {
				c, err = f.read(ctx, s)
			}
		} else if c == nil && err == nil {
			err = f.wait(ctx)
		}
		if c != nil || err != nil {
			return c, err
		}
	}
}

// Close ends following. Blocks that are in use stay valid.
func (f *Follower) Close() error {
	for _, s := range f.all {
		f.closeFile(s)
	}
	for _, c := range f.waiting {
		c.close(f)
	}
	f.pipes.close()
	if f.watch != nil {
		return f.watch.close()
	}
	return nil
}

// setNow reads the clock. It does not go back: waits would begin anew.
func (f *Follower) setNow() {
	if now := f.cfg.Now(); now.After(f.now) {
		f.now = now
	}
}

func (f *Follower) since(t time.Time) time.Duration { return f.now.Sub(t) }

func (f *Follower) event(e Event) {
	if f.cfg.Log != nil {
		f.cfg.Log(e)
	}
}

// unreadable tells that path cannot be read, once.
func (f *Follower) unreadable(path string, err error) {
	if !f.told[path] {
		f.told[path] = true
		f.event(Event{What: Unreadable, Path: path, Err: Reason(err)})
	}
}

func (f *Follower) readable(path string) {
	if f.told[path] {
		delete(f.told, path)
		f.event(Event{What: Readable, Path: path})
	}
}

func (f *Follower) enqueue(s *source) {
	if !s.queued {
		s.queued = true
		f.queue = append(f.queue, s)
	}
}

func (f *Follower) scanSoon() { f.scan = true }

// hints takes what the system tells of changes.
func (f *Follower) hints() {
	if f.watch == nil {
		return
	}
	written, named, all := f.watch.take()
	for _, path := range written {
		if s := f.byPath[path]; s != nil {
			f.enqueue(s)
		} else if f.isWaiting(path) {
			f.scan = true
		}
	}
	for _, path := range named {
		if d := f.dirs[filepath.Dir(path)]; d == nil || d.any || f.names[path] || f.names[family(path)] || f.byPath[path] != nil {
			f.scan = true
			break
		}
	}
	if all {
		f.scan = true
		f.tickAt = f.now
	}
}

func (f *Follower) isWaiting(path string) bool {
	for _, c := range f.waiting {
		if c.path == path {
			return true
		}
	}
	return false
}

// undecided reports whether it is still to be found out what some file is.
func (f *Follower) undecided() bool {
	for _, c := range f.waiting {
		if !c.copied {
			return true
		}
	}
	return false
}

// tick looks at all files: hints are no more than that.
func (f *Follower) tick() {
	f.tickAt = f.now.Add(f.cfg.Reconcile)
	f.ticks++
	for _, s := range f.all {
		if !s.queued && !s.lost && f.stale(s) {
			f.enqueue(s)
		}
	}
	if f.ticks%scanEvery == 0 || f.undecided() || f.foldersChanged() {
		f.scan = true
	}
}

// stale reports whether the file of s has changed since the last look, or is to
// be looked at anyway.
func (f *Follower) stale(s *source) bool {
	if !s.settled {
		return true
	}
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
	return err != nil || !st.sameAs(s.st) || st.links == 0 && !s.absent
}

// remind has s looked at at a time.
func (f *Follower) remind(s *source, at time.Time) {
	s.due = at
	if f.dueAt.IsZero() || at.Before(f.dueAt) {
		f.dueAt = at
	}
}

// wake looks at sources for which the time has come.
func (f *Follower) wake() {
	if f.dueAt.IsZero() || f.dueAt.After(f.now) {
		return
	}
	f.dueAt = time.Time{}
	for _, s := range f.all {
		switch {
		case s.due.IsZero():
		case s.due.After(f.now):
			f.remind(s, s.due)
		default:
			s.due = time.Time{}
			f.enqueue(s)
		}
	}
}

// wait waits for a hint, a pipe or the time of the next look.
func (f *Follower) wait(ctx context.Context) error {
	if f.idle != nil {
		f.idle()
	}
	if f.ended() {
		return io.EOF
	}
	timer := time.NewTimer(max(0, f.until().Sub(f.now)))
	defer timer.Stop()
	var hint <-chan struct{}
	if f.watch != nil {
		hint = f.watch.ready
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-hint:
	case <-f.pipes.ready:
	}
	return nil
}

// until is when to look again without a hint.
func (f *Follower) until() time.Time {
	until := f.tickAt
	if f.scan && f.scanAt.Before(until) {
		until = f.scanAt
	}
	again := f.scanAgain
	if !again.IsZero() && again.Before(f.scanAt) {
		again = f.scanAt // before that nothing is scanned
	}
	for _, at := range []time.Time{f.dueAt, again} {
		if !at.IsZero() && at.Before(until) {
			until = at
		}
	}
	return until
}

// ended reports that nothing can come any more.
func (f *Follower) ended() bool {
	for _, arg := range f.cfg.Args {
		if arg != Stdin {
			return false
		}
	}
	return f.scanned && f.pipes.open() == 0
}
