// Package state keeps one checkpoint of named sections of bytes, durably.
//
// Theorem: whatever happens to the process, the machine or the disk while
// generation k+1 is saved, a later Load gives generation k or k+1, exactly as it
// was saved; and if Save returned nil, k+1. What the disk damages afterwards is
// found by length and checksum, and said; then the other kept generation is
// given, or if that is damaged too, none. Wrong bytes are never given, and a start
// is never refused because of damage.
//
// # How
//
// A folder has two slots, checkpoint.0 and checkpoint.1. Save writes checkpoint.tmp,
// syncs it, renames it over the slot that does not hold the newest good
// generation, and syncs the folder. Load takes the good slot of the higher
// generation. At each step:
//
//   - Until the rename, only checkpoint.tmp changes, which Load does not read. A
//     crash, a full disk or an error leaves both slots as they were; the next
//     Save begins with a new file, since after a failed sync nobody knows
//     which of the old one's pages are on the disk.
//   - The rename replaces the older slot in one step by a file that is on the disk.
//     Whether a power cut keeps or loses it, the slot of generation k is not
//     touched: Load gives k+1 or k. Not even a file system whose renames
//     are not atomic could cost more than the older slot.
//   - Once the folder is synced, the rename stays. If that sync fails, k+1 may
//     be found later or not, so Save reports an error; the slot of k is still the one
//     that the next Save spares, and k+2 goes where k+1 would be. One
//     process does not use a number twice.
//
// One file and a copy of its predecessor would need two renames, between which
// there is no current file. Writing into a slot in place would save the rename,
// but a failed write would then leave one generation instead of two. The price
// is room for a third file while one is written.
//
// What is lost: everything, if both slots are damaged, and what a disk loses that
// says it has synced. Two processes cannot save to a folder at the same time,
// which is locked; on network file systems that holds as far as their locks do.
//
// The tests fail every call in turn, crash at every call with each way in which what
// was not synced may be lost, kill a process at each of its system calls, and flip
// every bit.
package state

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// The files of a state folder.
const (
	lockName   = "lock"
	tmpName    = "checkpoint.tmp"
	damagedExt = ".damaged" // behind a slot's name: what was found there; the last one is kept
)

var slots = [2]string{"checkpoint.0", "checkpoint.1"}

// Info says what Load gave.
type Info struct {
	Generation uint64    // counts from 1; 0: there was nothing to load
	Time       time.Time // when it was saved, by the clock of that time
	Host       Host      // where it was saved
	// OtherHost is set if that was another machine. What the sections say of files,
	// devices and inodes is then not true of this one; it is for the caller
	// to use them or not.
	OtherHost bool
	// Damaged lists the files that could not be used. If there are any, what was
	// loaded may be a generation older than the last that was saved.
	Damaged []Damage
	// Warnings are sentences for people: on damage, on another host, and if the
	// folder cannot be synced.
	Warnings []string
}

// Damage is a file of the state folder that could not be used.
type Damage struct {
	File   string // its path
	Kept   string // the path to which it was moved; empty if that failed
	Reason string
}

// Store is a locked state folder. It is for one goroutine at a time.
type Store struct {
	fs         fsys
	lock       *os.File
	dir        string
	host       Host
	now        func() time.Time
	buffer     int    // bytes
	loaded     bool   // the fields below are known
	slot       int    // of the newest good generation; Save spares it
	generation uint64 // the highest number that was used
}

// bufferSize is the size of the writes to a checkpoint, in bytes.
const bufferSize = 256 << 10

var errClosed = errors.New("the state is closed")

// Open creates the folder if it is not there, with its parents, and locks it.
// If another process has it, the error names that process.
func Open(dir string) (*Store, error) {
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("cannot create the state folder: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := newStore(dirFS(dir), dir)
	s.lock = lock
	return s, nil
}

func newStore(fs fsys, dir string) *Store {
	return &Store{fs: fs, dir: dir, host: thisHost(), now: time.Now, buffer: bufferSize}
}

// Load reads the newest good generation. The sections are the caller's, and share one
// piece of memory; without a state there are none, and Generation is 0. Damaged
// files are moved aside, at most one for each slot. An error means that nobody
// can tell what the state is, as for want of permission or descriptors: then
// nothing was changed.
func (s *Store) Load() (map[string][]byte, Info, error) {
	return s.load(true)
}

// load is Load; without keep it gives no sections.
func (s *Store) load(keep bool) (map[string][]byte, Info, error) {
	if s.fs == nil {
		return nil, Info{}, errClosed
	}
	found, err := scan(s.fs, keep)
	if err != nil {
		return nil, Info{}, fmt.Errorf("cannot read the state in %s: %w", s.dir, err)
	}
	var info Info
	info.Damaged = s.setAside(found)
	// A process that was killed behind its rename has not synced the folder. What
	// is given must not be gone after a power cut.
	if err := s.fs.SyncDir(); err != nil {
		info.Warnings = append(info.Warnings, fmt.Sprintf("cannot sync the state folder %s: %v", s.dir, err))
	}
	s.loaded, s.slot = true, 1 // an empty state begins with slot 0
	c := found.newest()
	if c == nil {
		info.warn(s.dir)
		return map[string][]byte{}, info, nil
	}
	s.slot, s.generation = found.at, max(s.generation, c.generation)
	info.Generation, info.Time, info.Host = c.generation, c.time, c.host
	info.OtherHost = c.host.differs(s.host)
	info.warn(s.dir)
	return c.sections(), info, nil
}

// setAside moves damaged files out of the slots, so that they can be looked at.
func (s *Store) setAside(found *found) (list []Damage) {
	for i, reason := range found.damage {
		if reason == nil {
			continue
		}
		d := Damage{File: s.path(slots[i]), Reason: reason.Error()}
		if s.fs.Rename(slots[i], slots[i]+damagedExt) == nil {
			d.Kept = d.File + damagedExt
		}
		list = append(list, d)
	}
	return list
}

// warn puts what people should know into sentences.
func (info *Info) warn(dir string) {
	for _, d := range info.Damaged {
		text := fmt.Sprintf("the state file %s is damaged: %s", d.File, d.Reason)
		if d.Kept != "" {
			text += "; it is kept as " + d.Kept
		}
		info.Warnings = append(info.Warnings, text)
	}
	switch at := info.Time.UTC().Format(time.RFC3339); {
	case info.Generation == 0 && len(info.Damaged) > 0:
		info.Warnings = append(info.Warnings, fmt.Sprintf("NO STATE IS LEFT in %s: starting from nothing", dir))
	case len(info.Damaged) > 0:
		info.Warnings = append(info.Warnings, fmt.Sprintf(
			"using generation %d of the state, saved at %s, which may not be the last one", info.Generation, at))
	}
	if info.OtherHost {
		info.Warnings = append(info.Warnings, fmt.Sprintf("the state in %s was saved on another host, %q", dir, info.Host.Name))
	}
}

// Save writes the sections as the next generation and returns when they are on the
// disk. After an error the last generation is still there, though the new one may be
// found instead of it if only the last step failed, and Save may be called again.
// A section's Write is called once.
func (s *Store) Save(sections ...Section) error {
	if s.fs == nil {
		return errClosed
	}
	if !s.loaded {
		if _, _, err := s.load(false); err != nil {
			return err
		}
	}
	if err := s.save(sections); err != nil {
		return fmt.Errorf("cannot save the state in %s: %w", s.dir, err)
	}
	return nil
}

func (s *Store) save(sections []Section) error {
	s.generation++
	if err := s.write(sections); err != nil {
		_ = s.fs.Remove(tmpName) // a full disk needs the room; the next Save replaces it anyway
		return err
	}
	slot := 1 - s.slot
	if err := s.fs.Rename(tmpName, slots[slot]); err != nil {
		_ = s.fs.Remove(tmpName)
		return err
	}
	if err := s.fs.SyncDir(); err != nil {
		return err
	}
	s.slot = slot
	return nil
}

// write makes the temporary file, synced.
func (s *Store) write(sections []Section) error {
	f, err := s.fs.Create(tmpName)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, s.buffer)
	err = encode(w, head{s.generation, s.now(), s.host}, sections)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Reset removes the state and the damaged files. A crash meanwhile leaves the newest
// generation or nothing.
func (s *Store) Reset() error {
	if s.fs == nil {
		return errClosed
	}
	if !s.loaded {
		if _, _, err := s.load(false); err != nil {
			return err
		}
	}
	older, newest := slots[1-s.slot], slots[s.slot]
	for _, name := range []string{tmpName, older, older + damagedExt, newest + damagedExt, "", newest, ""} {
		var err error
		if name == "" { // what was removed stays so, before the newest goes
			err = s.fs.SyncDir()
		} else if err = s.fs.Remove(name); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err != nil {
			return fmt.Errorf("cannot reset the state in %s: %w", s.dir, err)
		}
	}
	return nil
}

// Close releases the lock. It saves nothing.
func (s *Store) Close() error {
	s.fs = nil
	if s.lock == nil {
		return nil
	}
	lock := s.lock
	s.lock = nil
	return lock.Close()
}

func (s *Store) path(name string) string { return join(s.dir, name) }
