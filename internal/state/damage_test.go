package state

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// twoGenerations gives the files of a small state: the older and the newest.
func twoGenerations(t testing.TB) (older, newest []byte) {
	t.Helper()
	m := newMemFS(nil)
	s := memStore(m)
	for range 2 {
		if err := saveNext(s); err != nil {
			t.Fatal(err)
		}
	}
	return m.live[slots[0]].content(), m.live[slots[1]].content()
}

// damages calls f with every truncation, every flip of a bit, every end of zeros,
// and a few other shapes of good.
func damages(good []byte, f func(what string, bad []byte)) {
	for n := range good {
		f(fmt.Sprintf("cut to %d bytes", n), good[:n])
		zeros := slices.Clone(good)
		clear(zeros[n:])
		if !bytes.Equal(zeros, good) {
			f(fmt.Sprintf("zeros from %d", n), zeros)
		}
		for bit := range 8 {
			bad := slices.Clone(good)
			bad[n] ^= 1 << bit
			f(fmt.Sprintf("bit %d of byte %d", bit, n), bad)
		}
		f(fmt.Sprintf("without byte %d", n), slices.Concat(good[:n], good[n+1:]))
		f(fmt.Sprintf("a zero at %d", n), slices.Concat(good[:n], []byte{0}, good[n:]))
	}
	f("twice", slices.Concat(good, good))
	f("a line", []byte("hello\n"))
}

// start loads from two slots and checks what it gives, and that the store goes on.
func start(a, b []byte, want uint64, damaged int) error {
	m := newMemFS(map[string][]byte{slots[0]: a, slots[1]: b})
	s := memStore(m)
	sections, info, err := s.Load()
	if err != nil {
		return err
	}
	if info.Generation != want || len(info.Damaged) != damaged {
		return fmt.Errorf("%+v, want generation %d and %d damaged", info, want, damaged)
	}
	if err := exact(want, sections); err != nil {
		return err
	}
	if want == 0 && !strings.Contains(strings.Join(info.Warnings, "\n"), "NO STATE IS LEFT") || len(info.Warnings) <= damaged {
		return fmt.Errorf("warnings %q", info.Warnings)
	}
	for _, d := range info.Damaged {
		bad := a
		if strings.HasSuffix(d.File, slots[1]) {
			bad = b
		}
		if kept := m.live[strings.TrimPrefix(d.Kept, "dir/")]; kept == nil || !bytes.Equal(kept.content(), bad) {
			return fmt.Errorf("the damaged file is not kept: %+v", d)
		}
	}
	if err := saveNext(s); err != nil {
		return err
	}
	if _, info, err = memStore(m).Load(); err != nil || info.Generation != want+1 || len(info.Damaged) > 0 {
		return fmt.Errorf("after the next Save: %+v, %v", info, err)
	}
	return nil
}

func TestEveryDamage(t *testing.T) {
	t.Parallel()
	older, newest := twoGenerations(t)
	n := 0
	for _, swap := range []bool{false, true} { // it is all one in which slot the newest is
		try := func(a, b []byte, want uint64, damaged int) error {
			if swap {
				a, b = b, a
			}
			n++
			return start(a, b, want, damaged)
		}
		damages(newest, func(what string, bad []byte) {
			if err := try(older, bad, 1, 1); err != nil {
				t.Errorf("newest, %s: %v", what, err)
			}
			if err := try(bad, bad, 0, 2); err != nil {
				t.Errorf("both, %s: %v", what, err)
			}
		})
		damages(older, func(what string, bad []byte) {
			if err := try(bad, newest, 2, 1); err != nil {
				t.Errorf("older, %s: %v", what, err)
			}
		})
	}
	t.Logf("%d damaged states of two files of %d bytes", n, len(newest))
}

func TestReasons(t *testing.T) {
	t.Parallel()
	older, newest := twoGenerations(t)
	flip := func(at int) []byte {
		bad := slices.Clone(newest)
		bad[at] ^= 4
		return bad
	}
	for want, bad := range map[string][]byte{
		"it is empty":                           {},
		"it is filled with zeros":               make([]byte, 4096),
		"3 bytes are too few":                   newest[:3],
		"does not begin as a state file":        flip(0),
		"does not end as a state file":          newest[:len(newest)-1],
		"its checksum is wrong":                 flip(40),
		"version 5 of the format, and this":     flip(8),
		"version 2 of the format, and this":     reseal(append([]byte(magic+"\x02"), newest[9:]...)),
		"checksum is right, but its head":       reseal(slices.Concat(newest[:16], make([]byte, 8), newest[24:])),
		"checksum is right, but its directory ": reseal(slices.Concat(newest[:len(newest)-32], make([]byte, 8), newest[len(newest)-24:])),
	} {
		if err := start(older, bad, 1, 1); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		_, err := parse(bytes.NewReader(bad), int64(len(bad)), false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// The number of damaged files that are kept is bounded.
func TestDamagedFilesAreBounded(t *testing.T) {
	t.Parallel()
	m := newMemFS(nil)
	for range 5 {
		s := memStore(m)
		for range 2 {
			if err := saveNext(s); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range slots {
			m.live[name] = &inode{writes: [][]byte{[]byte("x")}, synced: 1}
		}
	}
	if _, info, err := memStore(m).Load(); err != nil || len(info.Damaged) != 2 || len(m.live) != 2 {
		t.Errorf("%d files, %+v, %v", len(m.live), info, err)
	}
}

func TestOtherHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		saved, here Host
		other       bool
	}{
		{Host{"a", "1"}, Host{"a", "1"}, false},
		{Host{"a", "1"}, Host{"b", "1"}, false}, // renamed
		{Host{"a", "1"}, Host{"a", "2"}, true},
		{Host{"a", ""}, Host{"a", "2"}, false},
		{Host{"a", ""}, Host{"b", "2"}, true},
	} {
		m := newMemFS(nil)
		s := memStore(m)
		s.host = c.saved
		if err := saveNext(s); err != nil {
			t.Fatal(err)
		}
		s = memStore(m)
		s.host = c.here
		sections, info, err := s.Load()
		if err != nil || info.OtherHost != c.other || info.Host != c.saved || (len(info.Warnings) == 1) != c.other {
			t.Errorf("%+v: %+v, %v", c, info, err)
		}
		if err := exact(1, sections); err != nil { // to use it or not is the caller's choice
			t.Error(err)
		}
	}
}
