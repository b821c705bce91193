package state

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"testing"
)

// fault makes the n-th call fail, or from there on all.
type fault struct {
	n       int
	forever bool
	err     error
	calls   int
	hit     string // the first operation that failed
}

func (f *fault) hook(op string) error {
	f.calls++
	if f.calls != f.n && !(f.forever && f.calls > f.n) {
		return nil
	}
	if f.hit == "" {
		f.hit = op
	}
	if f.err == errShort && op != "write" {
		return syscall.ENOSPC
	}
	return f.err
}

// session loads, saves and loads again while calls fail, then on a disk that is whole
// again. A generation that was saved may only be missed where reading failed, and
// then it is said. It returns an error if a promise is broken.
func session(f *fault) error {
	m := newMemFS(nil)
	s := memStore(m)
	var low, high uint64 // saved for certain; begun
	check := func(s *Store, when string, whole bool) error {
		sections, info, err := s.Load()
		if err != nil {
			if whole || !errors.Is(err, f.err) || !passing(f.err) {
				return fmt.Errorf("%s: Load: %w", when, err)
			}
			return nil
		}
		if info.Generation < low && len(info.Damaged) > 0 && (f.hit == "open" || f.hit == "read" || f.forever) {
			low = info.Generation // a slot that could not be read was moved aside
		}
		if info.Generation < low || info.Generation > high {
			return fmt.Errorf("%s: generation %d is not in [%d, %d]", when, info.Generation, low, high)
		}
		return exact(info.Generation, sections)
	}
	m.hook = f.hook
	for i := range 6 {
		if i == 3 { // another process goes on
			s = memStore(m)
			if err := check(s, "restart", false); err != nil {
				return err
			}
		}
		err := saveNext(s)
		high = max(high, s.generation)
		if err == nil {
			low = s.generation
		} else if f.hit == "" {
			return fmt.Errorf("save %d: %w", i, err)
		}
		if err := check(s, "at once", false); err != nil {
			return err
		}
	}
	m.hook = nil
	if f.hit == "" {
		return nil
	}
	if _, err := survivors(m, low, high); err != nil {
		return fmt.Errorf("power cut: %w", err)
	}
	return healed(m, s, &low, &high, check)
}

// healed goes on with a store whose disk is whole again, and then with another one.
func healed(m *memFS, s *Store, low, high *uint64, check func(*Store, string, bool) error) error {
	if err := check(s, "healed", true); err != nil {
		return err
	}
	for range 2 {
		if err := saveNext(s); err != nil {
			return fmt.Errorf("Save on a disk that is whole again: %w", err)
		}
		*low, *high = s.generation, s.generation
		if err := check(s, "saved again", true); err != nil {
			return err
		}
		// The store must not only say so: that generation is on the disk, whatever is cut.
		if _, err := survivors(m, *low, *low); err != nil {
			return fmt.Errorf("power cut after healing: %w", err)
		}
		s = memStore(m)
		if err := check(s, "restart on a healed disk", true); err != nil {
			return err
		}
	}
	if m.live[tmpName] != nil {
		return errors.New("a temporary file is left")
	}
	return nil
}

func TestEveryCallFails(t *testing.T) {
	t.Parallel()
	for _, e := range []error{syscall.EIO, syscall.ENOSPC, syscall.EROFS, syscall.EMFILE, syscall.EACCES, errShort} {
		for _, forever := range []bool{false, true} {
			hits := map[string]int{}
			n := 1
			for ; ; n++ {
				f := &fault{n: n, forever: forever, err: e}
				if err := session(f); err != nil {
					t.Errorf("%v at call %d (%s), forever %v: %v", e, n, f.hit, forever, err)
				}
				if f.hit == "" {
					break
				}
				hits[f.hit]++
			}
			for _, op := range []string{"create", "write", "sync", "close", "rename", "syncdir", "open", "read"} {
				if hits[op] == 0 {
					t.Errorf("%v: no %s failed in %d calls: %v", e, op, n, hits)
				}
			}
		}
	}
}

// A state that cannot be opened for want of permission or descriptors is neither
// damaged nor empty, and nobody may save over it.
func TestPassingErrors(t *testing.T) {
	t.Parallel()
	for _, e := range []error{syscall.EACCES, syscall.EMFILE} {
		for _, op := range []string{"open", "read"} {
			m := newMemFS(nil)
			if err := saveNext(memStore(m)); err != nil {
				t.Fatal(err)
			}
			before := maps.Clone(m.live)
			m.hook = func(o string) error {
				if o == op {
					return e
				}
				return nil
			}
			s := memStore(m)
			if _, _, err := s.Load(); !errors.Is(err, e) {
				t.Errorf("%v at %s: Load: %v", e, op, err)
			}
			if err := saveNext(s); !errors.Is(err, e) {
				t.Errorf("%v at %s: Save: %v", e, op, err)
			}
			if !maps.Equal(before, m.live) {
				t.Errorf("%v at %s: files were changed", e, op)
			}
		}
	}
}

// A file that could not be synced or closed is not trusted, and not synced again.
func TestFailedSyncIsNotRetried(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"sync", "close"} {
		m := newMemFS(nil)
		s := memStore(m)
		if _, _, err := s.Load(); err != nil {
			t.Fatal(err)
		}
		var ops []string
		m.hook = func(op string) error {
			ops = append(ops, op)
			if op == bad && !slices.Contains(ops[:len(ops)-1], bad) {
				return syscall.EIO
			}
			return nil
		}
		if err := saveNext(s); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s fails: %v", bad, err)
		}
		if got := ops[len(ops)-2:]; !slices.Equal(got, []string{"close", "remove"}) {
			t.Errorf("%s fails: %v", bad, ops)
		}
		if err := saveNext(s); err != nil || s.generation != 2 {
			t.Errorf("generation %d: %v", s.generation, err)
		}
	}
}
