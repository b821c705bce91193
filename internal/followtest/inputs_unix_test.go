//go:build unix

package followtest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What is there at the first start may be passed over; then a restart goes on.
func TestFromEnd(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	appendTo(t, s.path("a.ndjson"), lines(events(0, 50)))
	p := s.start("--from", "end")
	// Until the file is known to be passed over, what comes may be as well.
	if !p.until(func() bool { return generation(t, s.state) > 0 }) {
		t.Fatal("no position is saved")
	}
	s.write("a.ndjson", 4)
	s.write("b.ndjson", 4) // a new file is read from its start
	s.reach(p)
	p.killed()
	s.write("a.ndjson", 4)
	s.finish("--from", "end")
}

// Standard input and FIFOs are followed to their ends.
func TestFault30Pipes(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	p := s.command(nil, "-")
	r, w, err := os.Pipe()
	must(t, err)
	p.cmd.Stdin = r
	p.launch(true)
	r.Close()
	for range 3 {
		_, err := w.WriteString(lines(s.make(3)))
		must(t, err)
		s.reach(p) // each is printed while the pipe is open
	}
	last := s.make(1)
	_, err = w.WriteString(lines(last)[:100])
	must(t, err)
	_, err = w.WriteString(lines(last)[100:])
	must(t, err)
	w.Close()
	if code := p.status(); code != 0 {
		t.Errorf("status %d at the end of standard input: %s", code, p.errors())
	}
	s.check()

	s = newSetup(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	must(t, syscall.Mkfifo(fifo, 0o600))
	p = s.start(fifo)
	for range 3 { // writers come and go
		w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
		must(t, err)
		_, err = w.WriteString(lines(s.make(3)))
		must(t, err)
		must(t, w.Close())
		s.reach(p)
		s.write("a.ndjson", 3)
		s.reach(p)
	}
	p.stop()
	s.check()
}

// Windows close by the clock, the rows of a closed one are final and printed once more
// at most after a kill.
func TestWindowsCloseOverKills(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	final := func() (n int) {
		for _, r := range s.view.rows {
			if r.Final {
				n++
			}
		}
		return n
	}
	s.write("a.ndjson", 30) // in the past: their windows are due at once
	p := s.start("--window", "1h")
	s.reach(p)
	if !p.until(func() bool { return final() == 3 }) {
		t.Fatalf("%d final rows", final())
	}
	p.killed()
	p = s.start("--window", "1h")
	s.write("a.ndjson", 30) // late now: rows of their own
	s.reach(p)
	p.killed()
	p = s.start("--window", "1h")
	s.write("a.ndjson", 30)
	s.reach(p)
	p.stop()
	if diff := s.want.differs(s.view.of("One")); diff != "" {
		t.Error(diff)
	}
}
