package state

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"
)

// memStore is a store without a lock whose files are in several small writes.
func memStore(m *memFS) *Store {
	s := newStore(m, "dir")
	s.host = Host{"here", "1"}
	s.now = func() time.Time { return time.Unix(1700000000, 5) }
	s.buffer = 64
	return s
}

// content is what generation n of a test holds.
func content(n uint64) map[string][]byte {
	return map[string][]byte{
		"offsets": fmt.Appendf(nil, "{\"generation\":%d}\n", n),
		"counts":  bytes.Repeat([]byte{byte(n), 0xff}, int(20+n)),
	}
}

// saveNext saves the content that belongs to the number that Save chooses.
func saveNext(s *Store) error {
	section := func(name string) Section {
		return Section{name, func(w io.Writer) error {
			_, err := w.Write(content(s.generation)[name])
			return err
		}}
	}
	return s.Save(section("offsets"), section("counts"))
}

// exact reports an error if sections are not exactly those of generation n.
func exact(n uint64, sections map[string][]byte) error {
	want := content(n)
	if n == 0 {
		want = nil
	}
	if len(sections) != len(want) {
		return fmt.Errorf("generation %d has %d sections", n, len(sections))
	}
	for name, b := range want {
		if !bytes.Equal(sections[name], b) {
			return fmt.Errorf("generation %d: section %s is %q", n, name, sections[name])
		}
	}
	return nil
}

// survivors loads from every disk that a power cut may leave now, and checks that it
// gives a generation from low to high. It returns how many disks that were.
func survivors(m *memFS, low, high uint64) (n int, err error) {
	m.images(func(disk map[string][]byte) bool {
		n++
		sections, info, e := memStore(newMemFS(disk)).Load()
		switch {
		case e != nil:
			err = e
		case info.Generation < low || info.Generation > high:
			err = fmt.Errorf("generation %d is not in [%d, %d]", info.Generation, low, high)
		case len(info.Damaged) > 0:
			err = fmt.Errorf("a crash left damage: %v", info.Damaged)
		default:
			err = exact(info.Generation, sections)
		}
		return err == nil
	})
	return n, err
}

// crashes saves generations and looks behind every call at what a power cut would
// leave. Behind every call it also lets the process end, but not the machine: a
// second one loads and saves, under the same eyes. spoil may put the store wrong.
func crashes(m *memFS, spoil func(*Store)) (disks int, err error) {
	type promise struct{ low, high uint64 } // saved for certain; begun
	look := func(p promise) {
		if err == nil { // one mistake is enough, and a disk full of them has very many images
			var n int
			n, err = survivors(m, p.low, p.high)
			disks += n
		}
	}
	run := func(s *Store, p *promise, saves int) {
		for range saves {
			if spoil != nil {
				spoil(s)
			}
			p.high = s.generation + 1
			if e := saveNext(s); e != nil {
				panic(e)
			}
			p.low = s.generation
			look(*p)
		}
	}
	second := func(p promise) {
		if err != nil {
			return
		}
		saved := *m
		defer func() { *m = saved }()
		m.live, m.durable = maps.Clone(m.live), maps.Clone(m.durable)
		m.after = func() { look(p) }
		s := memStore(m)
		_, info, e := s.Load()
		if e != nil || info.Generation < p.low || info.Generation > p.high {
			err = fmt.Errorf("a second process loads generation %d, not of [%d, %d]: %v", info.Generation, p.low, p.high, e)
			return
		}
		p.low = info.Generation
		look(p)
		run(s, &p, 2)
	}
	var p promise
	m.after = func() { look(p); second(p) }
	s := memStore(m)
	if _, _, e := s.Load(); e != nil {
		return disks, e
	}
	run(s, &p, 3)
	return disks, err
}

func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	for _, rough := range []bool{false, true} {
		m := newMemFS(nil)
		m.rough = rough
		n, err := crashes(m, nil)
		if err != nil {
			t.Errorf("rough %v: %v", rough, err)
		}
		if n < 1000 {
			t.Errorf("rough %v: only %d disks were looked at", rough, n)
		}
		t.Logf("rough %v: %d disks", rough, n)
	}
}

// The test above must find what would be wrong.
func TestCrashTestFindsMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		m     memFS
		spoil func(*Store)
		want  string
	}{
		"data not synced":   {m: memFS{noSync: true}, want: "is not in"},
		"folder not synced": {m: memFS{noDir: true}, want: "is not in"},
		"the newest slot is replaced": {m: memFS{rough: true}, want: "is not in", spoil: func(s *Store) {
			s.slot = 1 - s.slot
		}},
	} {
		m := newMemFS(nil)
		m.rough, m.noSync, m.noDir = c.m.rough, c.m.noSync, c.m.noDir
		if _, err := crashes(m, c.spoil); err == nil || !strings.Contains(err.Error(), c.want) && !strings.Contains(err.Error(), "damage") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A crash in the middle of a reset leaves the newest generation or none.
func TestCrashDuringReset(t *testing.T) {
	t.Parallel()
	for _, saves := range []uint64{1, 2, 3} {
		m := newMemFS(nil)
		s := memStore(m)
		for range saves {
			if err := saveNext(s); err != nil {
				t.Fatal(err)
			}
		}
		looked := 0
		m.after = func() {
			m.images(func(disk map[string][]byte) bool {
				looked++
				sections, info, err := memStore(newMemFS(disk)).Load()
				if err == nil {
					err = exact(info.Generation, sections)
				}
				if err != nil || info.Generation != 0 && info.Generation != saves {
					t.Errorf("after %d saves: generation %d, %v", saves, info.Generation, err)
				}
				return true
			})
		}
		if err := s.Reset(); err != nil {
			t.Fatal(err)
		}
		m.after = nil
		if n, err := survivors(m, 0, 0); err != nil || n == 0 || looked < 5 {
			t.Errorf("after the reset: %v (%d disks, %d before)", err, n, looked)
		}
		if err := saveNext(s); err != nil {
			t.Error(err)
		}
		if _, info, err := s.Load(); err != nil || info.Generation != saves+1 {
			t.Errorf("after a reset: %+v, %v", info, err)
		}
	}
}
