//go:build unix

package followtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// The state is damaged in every way: the next run starts, says so, and goes on from the
// generation before or anew. While the inputs are there, all is counted once.
func TestFault20DamagedState(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for range 2 {
		s.write("a.ndjson", 4)
		p := s.start()
		s.reach(p)
		p.stop()
	}
	good := map[string][]byte{}
	for _, name := range []string{"checkpoint.0", "checkpoint.1"} {
		b, err := os.ReadFile(filepath.Join(s.state, name))
		must(t, err)
		good[name] = b
	}
	step := 97
	if long() {
		step = 11
	}
	n := 0
	try := func(what, name string, bad []byte, both bool) {
		state := filepath.Join(t.TempDir(), "state")
		must(t, os.Mkdir(state, 0o700))
		for other, b := range good {
			if other == name || both {
				b = bad
			}
			must(t, os.WriteFile(filepath.Join(state, other), b, 0o600))
		}
		again := *s
		again.state, again.view = state, newView()
		p := again.start()
		again.reach(p)
		p.stop()
		again.check()
		if !strings.Contains(p.errors(), "is damaged") {
			t.Errorf("%s: nothing is said: %s", what, p.errors())
		}
		if n++; t.Failed() {
			t.Fatalf("%s, %s", name, what)
		}
	}
	for name, b := range good {
		for at := 0; at < len(b); at += step {
			bad := slices.Clone(b)
			bad[at] ^= byte(1 << (at % 8))
			try(fmt.Sprint("a bit of byte ", at), name, bad, at%3 == 0)
			try(fmt.Sprint("cut to ", at), name, b[:at], at%2 == 0)
		}
		try("zeros", name, make([]byte, len(b)), false)
		try("zeros", name, make([]byte, len(b)), true)
		try("another version", name, append([]byte("sluice state 999\n"), b...), true)
	}
	t.Logf("%d damaged states", n)
}

// Two processes do not use one state.
func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.write("a.ndjson", 4)
	p := s.start()
	s.reach(p)
	other := s.start()
	if code := other.status(); code != 2 || !strings.Contains(other.errors(), fmt.Sprint(p.cmd.Process.Pid)) {
		t.Errorf("status %d, stderr %s", code, other.errors())
	}
	s.write("a.ndjson", 4)
	s.reach(p)
	p.killed()
	s.finish() // the lock of a killed process holds nobody up
}

// A run with other rules than the one before goes on with those that stayed, and says
// what it drops; new ones begin there.
func TestRestartWithOtherRules(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	setRules(t, s.rules, map[string]string{"One": "ipinfo.io", "Gone": "ipinfo"})
	s.write("a.ndjson", 6)
	p := s.start()
	s.reach(p)
	s.reachOf(p, "Gone", s.want)
	p.killed()
	setRules(t, s.rules, map[string]string{"One": "ipinfo.io", "New": "ipinfo.io"})
	p = s.start()
	s.reach(p)
	p.said("is left out: it is not in force now")
	fresh := sums{}
	list := s.make(5)
	fresh.add(list...)
	appendTo(t, s.path("a.ndjson"), lines(list))
	s.reach(p)
	s.reachOf(p, "New", fresh)
	p.stop()
	s.check()
}

// SIGTERM and SIGINT under load end the run in bounded time with all that it has read
// saved.
func TestFault26EndsUnderLoad(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := newSetup(t)
		s.write("a.ndjson", 1)
		p := s.start("-j", "2")
		s.reach(p)
		for range 40 {
			s.write("a.ndjson", 500)
		}
		p.signal(sig)
		for range 5 {
			s.write("a.ndjson", 500)
		}
		if code := p.status(); code != 0 {
			t.Errorf("%v: status %d, %s", sig, code, p.errors())
		}
		p.quietly()
		s.finish()
	}
}

// A run that is killed now and then while events flow, with rotations.
func TestKilledNowAndThen(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.write("a.ndjson", 1)
	for i := range 8 {
		p := s.start("-j", fmt.Sprint(1+i%2))
		if i == 0 {
			s.reach(p) // rotated files are not read by a first run
		}
		for k := range 1 + i {
			s.write("a.ndjson", 50)
			if k == 2 {
				s.rotate("a.ndjson", 9)
			}
		}
		if i%2 == 0 {
			p.until(func() bool { return p.lines > 2 })
		}
		p.killed()
	}
	s.finish()
}
