package tailer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/nxadm/tail"
)

// These tests show, for docs/decisions/follow.md, what github.com/nxadm/tail does
// with files that are rotated and lines that are written in parts. Each runs in a
// process of its own, since the library may end it, and several times, since it
// depends on timing. One that shows nothing is skipped: then the decision is to be
// made anew.

// outcome is what the library made of what was written.
type outcome struct{ Written, Missing, Repeated, Broken int }

var nxadmScenarios = map[string]struct {
	config tail.Config
	run    func(w *nxadmWriter)
	shows  func(outcome) bool
}{
	"lines in two parts": {
		// CompleteLines off, as by default.
		tail.Config{Follow: true, ReOpen: true},
		func(w *nxadmWriter) {
			for i := range 1500 {
				w.halves(i)
			}
		},
		func(o outcome) bool { return o.Missing > 0 && o.Broken > 0 },
	},
	"rotation by rename": {
		tail.Config{Follow: true, ReOpen: true, CompleteLines: true},
		func(w *nxadmWriter) {
			for i := range 20000 {
				w.line(i)
				if i%1000 == 999 {
					w.rename(i)
				}
			}
		},
		func(o outcome) bool { return o.Missing > 0 },
	},
	"copytruncate and regrowth": {
		tail.Config{Follow: true, ReOpen: true, CompleteLines: true, Poll: true},
		func(w *nxadmWriter) {
			for i := range 10 {
				w.line(i)
			}
			time.Sleep(600 * time.Millisecond) // two of its polls
			os.Truncate(w.path, 0)
			for i := 10; i < 40; i++ {
				w.line(i)
			}
		},
		func(o outcome) bool { return o.Missing > 0 },
	},
	"an unterminated line before a rotation": {
		tail.Config{Follow: true, ReOpen: true, CompleteLines: true},
		func(w *nxadmWriter) {
			w.line(0)
			w.text(`{"n":1}`)
			w.n++
			time.Sleep(300 * time.Millisecond)
			w.rename(0)
			w.line(2)
		},
		func(o outcome) bool { return o.Missing > 0 },
	},
	"a stat that fails": {
		tail.Config{Follow: true, ReOpen: true, CompleteLines: true, Poll: true},
		func(w *nxadmWriter) {
			w.line(0)
			time.Sleep(300 * time.Millisecond)
			os.Rename(filepath.Dir(w.path), filepath.Dir(w.path)+".old")
			os.WriteFile(filepath.Dir(w.path), nil, 0o644) // a file where there was a folder
			time.Sleep(600 * time.Millisecond)
		},
		func(outcome) bool { return false }, // it ends the process
	},
	"StopAtEOF": {
		tail.Config{Follow: true, ReOpen: true, CompleteLines: true},
		func(w *nxadmWriter) {
			for i := range 50000 {
				w.line(i)
			}
			w.stopAtEOF = true
		},
		func(o outcome) bool { return o.Missing > 0 },
	},
}

// nxadmWriter writes numbered lines and rotates.
type nxadmWriter struct {
	path      string
	f         *os.File
	n         int // lines written
	stopAtEOF bool
}

func (w *nxadmWriter) text(s string) { w.f.WriteString(s) }

func (w *nxadmWriter) line(i int) {
	w.text(fmt.Sprintf("{\"n\":%d}\n", i))
	w.n++
}

func (w *nxadmWriter) halves(i int) {
	w.text(`{"n":`)
	time.Sleep(50 * time.Microsecond)
	w.text(fmt.Sprintf("%d}\n", i))
	w.n++
}

func (w *nxadmWriter) rename(i int) {
	os.Rename(w.path, fmt.Sprint(w.path, ".", i))
	w.f.Close()
	w.f, _ = os.OpenFile(w.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
}

// runNxadm runs a scenario and counts what came.
func runNxadm(dir, name string) (o outcome, err error) {
	sc := nxadmScenarios[name]
	w := &nxadmWriter{path: filepath.Join(dir, "logs", "app.json")}
	if err := os.Mkdir(filepath.Dir(w.path), 0o755); err != nil {
		return o, err
	}
	if w.f, err = os.OpenFile(w.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644); err != nil {
		return o, err
	}
	sc.config.Logger = tail.DiscardingLogger
	t, err := tail.TailFile(w.path, sc.config)
	if err != nil {
		return o, err
	}
	time.Sleep(20 * time.Millisecond)
	seen := map[int]int{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case line, ok := <-t.Lines:
				if !ok {
					return
				}
				var rec struct{ N *int }
				if json.Unmarshal([]byte(line.Text), &rec) != nil || rec.N == nil {
					o.Broken++
					continue
				}
				seen[*rec.N]++
			case <-time.After(1500 * time.Millisecond): // far longer than its polls
				return
			}
		}
	}()
	sc.run(w)
	if w.stopAtEOF {
		t.StopAtEOF()
	}
	<-done
	o.Written = w.n
	o.Missing = w.n - len(seen)
	for _, n := range seen {
		o.Repeated += n - 1
	}
	return o, nil
}

func TestNxadmTailLosesRecords(t *testing.T) {
	if name := os.Getenv("SLUICE_NXADM"); name != "" {
		o, err := runNxadm(os.Getenv("SLUICE_NXADM_DIR"), name)
		if err != nil {
			t.Fatal(err)
		}
		json.NewEncoder(os.Stderr).Encode(o)
		return
	}
	t.Parallel()
	for name, sc := range nxadmScenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 5 {
				child := exec.Command(os.Args[0], "-test.run", "^TestNxadmTailLosesRecords$")
				child.Env = append(os.Environ(), "SLUICE_NXADM="+name, "SLUICE_NXADM_DIR="+t.TempDir())
				out, err := child.CombinedOutput()
				var o outcome
				for line := range bytes.Lines(out) {
					if json.Unmarshal(line, &o) == nil {
						break
					}
				}
				if err != nil && o.Written == 0 {
					t.Logf("it has ended the process: %v %.300s", err, out)
					return
				}
				if sc.shows(o) {
					t.Logf("%d records written: %d missing, %d repeated, %d broken", o.Written, o.Missing, o.Repeated, o.Broken)
					return
				}
			}
			t.Skip("SKIPPED: nothing was lost in five runs; docs/decisions/follow.md says that it is")
		})
	}
}
