//go:build unix

package followtest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// writer writes a log as services do: an event or several at once, or a part of one and
// then the rest, into a file that it renames now and then.
type writer struct {
	s      *setup
	rng    *rand.Rand
	name   string
	host   string
	render func(event) string
	keep   int // rotated files
	rotate time.Duration
	want   sums
	n      int
	count  int // rotations
}

func (w *writer) run(stop <-chan struct{}) error {
	f, err := w.open()
	if err != nil {
		return err
	}
	defer func() { f.Close() }()
	last := time.Now()
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(time.Duration(w.rng.IntN(4)) * time.Millisecond):
		}
		if err := w.write(f); err != nil {
			return err
		}
		if time.Since(last) < w.rotate {
			continue
		}
		last = time.Now()
		w.count++
		if err := rotate(w.s.path(w.name), w.keep); err != nil {
			return err
		}
		if err := w.write(f); err != nil { // some are late
			return err
		}
		f.Close()
		if f, err = w.open(); err != nil {
			return err
		}
	}
}

func (w *writer) open() (*os.File, error) {
	return os.OpenFile(w.s.path(w.name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
}

func (w *writer) write(f *os.File) error {
	text := ""
	for range 1 + w.rng.IntN(8) {
		e := event{w.host, int64(w.n*7919) % 1_000_000, w.n}
		w.n++
		w.want.add(e)
		text += w.render(e)
	}
	if cut := w.rng.IntN(4 * len(text)); cut < len(text) {
		if _, err := io.WriteString(f, text[:cut]); err != nil {
			return err
		}
		time.Sleep(time.Duration(w.rng.IntN(20)) * time.Millisecond)
		text = text[cut:]
	}
	_, err := io.WriteString(f, text)
	return err
}

// soakTime is SLUICE_FOLLOW_SOAK, or short.
func soakTime(t *testing.T) time.Duration {
	d := 3 * time.Second
	if text := os.Getenv("SLUICE_FOLLOW_SOAK"); text != "" {
		var err error
		d, err = time.ParseDuration(text)
		must(t, err)
	}
	return d
}

// TestSoak has several writers, two rotations a second, streams of NDJSON and XML, jq as
// the consumer, and a process that is killed or stopped now and then. In the end the
// consumer knows what the writers have counted.
func TestSoak(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	var writers []*writer
	for i := range 4 {
		w := &writer{
			s: s, rng: rand.New(rand.NewPCG(uint64(i), 60)), name: fmt.Sprint("w", i, ".ndjson"), host: fmt.Sprint("pc", i),
			render: event.json, keep: 12, rotate: 2 * time.Second, want: sums{},
		}
		if i == 3 {
			w.name, w.render = "w3.xml", event.xml
		}
		writers = append(writers, w)
	}
	rng := rand.New(rand.NewPCG(1, 61))
	p := startJq(s)
	stop := make(chan struct{})
	var all sync.WaitGroup
	for _, w := range writers {
		all.Go(func() {
			if err := w.run(stop); err != nil {
				t.Error(err)
			}
		})
	}
	restarts, most := 0, 0
	for end := time.Now().Add(soakTime(t)); time.Now().Before(end); restarts++ {
		p.until(func() bool { return len(s.view.rows) == len(writers) })
		time.Sleep(time.Duration(300+rng.IntN(3000)) * time.Millisecond)
		most = max(most, resident(t, p.cmd.Process.Pid))
		if rng.IntN(4) == 0 {
			p.stop()
		} else {
			p.killed()
		}
		time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
		p = startJq(s)
	}
	close(stop)
	all.Wait()
	rotations := 0
	for _, w := range writers {
		rotations += w.count
		for host, sum := range w.want {
			s.want[host] = sum
		}
	}
	s.reach(p)
	p.stop()
	s.check()
	t.Logf("%d events, %d rotations, %d restarts, %d rows, at most %d KiB", total(s.want), rotations, restarts, s.view.lines, most)
	if most > 128<<10 {
		t.Errorf("it took %d KiB", most)
	}
}

// startJq starts a process whose rows come through jq, or straight where there is none.
func startJq(s *setup) *process {
	p := s.command(nil, "--every", "100ms", "--flush-after", "30s", "-j", "2", s.dir)
	jq, err := exec.LookPath("jq")
	if err != nil {
		s.t.Log("SKIPPED: jq is not there; rows are read by this test")
		p.launch(true)
		return p
	}
	p.launch(false)
	r, w, err := os.Pipe()
	must(s.t, err)
	filter := exec.Command(jq, "--unbuffered", "-c", ".")
	filter.Stdin, filter.Stdout = p.stdout, w
	must(s.t, filter.Start())
	w.Close()
	p.stdout.Close()
	p.stdout = r
	p.consume()
	go filter.Wait() // what a killed process has written of a line is an error to jq
	s.t.Cleanup(func() {
		filter.Process.Signal(syscall.SIGKILL)
		r.Close()
	})
	return p
}
