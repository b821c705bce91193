package tailer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"
)

// soakWriter writes records as fast as it can, in parts, and rotates meanwhile.
type soakWriter struct {
	r     *rig
	name  string
	rnd   *rand.Rand
	f     *os.File
	n     int
	wrote []string
}

func (w *soakWriter) open() {
	var err error
	w.f, err = os.OpenFile(w.r.path(w.name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	w.r.must(err)
}

func (w *soakWriter) write() {
	part := recs(w.name+" of a soak, longer than the first mark is, which is 64 bytes", w.n, 1+w.rnd.IntN(40))
	w.n += len(part)
	w.wrote = append(w.wrote, part...)
	text := lines(part)
	for text != "" {
		k := min(len(text), 1+w.rnd.IntN(len(text)))
		w.r.put(w.f, text[:k])
		text = text[k:]
	}
}

// rotate shifts up to six old files and makes room for a new one.
func (w *soakWriter) rotate(copied bool) {
	for _, ext := range []string{"", ".gz"} {
		w.r.must(ignoreMissing(os.Remove(w.r.path(w.name + ".6" + ext))))
		for i := 5; i >= 1; i-- {
			from, to := fmt.Sprint(w.name, ".", i, ext), fmt.Sprint(w.name, ".", i+1, ext)
			w.r.must(ignoreMissing(os.Rename(w.r.path(from), w.r.path(to))))
		}
	}
	if text, err := os.ReadFile(w.r.path(w.name + ".3")); err == nil { // as gzip does
		packed := pack(w.r.t, string(text), ".gz")
		w.r.write(w.name+".3.gz", packed[:len(packed)/2])
		w.r.write(w.name+".3.gz", packed[len(packed)/2:])
		w.r.must(os.Remove(w.r.path(w.name + ".3")))
	}
	if copied {
		w.r.copytruncate(w.name, w.name+".1") // while nobody writes, so nothing is lost
		return
	}
	w.r.rename(w.name, w.name+".1")
	w.write() // behind the rename
	w.f.Close()
	w.open()
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// TestSoak follows writers in real time, with hints, and restarts now and then.
func TestSoak(t *testing.T) {
	t.Parallel()
	span := 1500 * time.Millisecond
	if testing.Short() {
		span = time.Second
	}
	for name, args := range map[string][]string{"names": {"a.json", "b.json", "c.json"}, "folder": {"."}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, args...)
			r.hints, r.cfg.Now = true, nil
			r.cfg.Reconcile, r.cfg.RotateWait, r.cfg.FlushAfter = 20*time.Millisecond, 200*time.Millisecond, time.Hour
			r.drain()
			var writers []*soakWriter
			var wait sync.WaitGroup
			end := time.Now().Add(span)
			for i, name := range []string{"a.json", "b.json", "c.json"} {
				w := &soakWriter{r: r, name: name, rnd: rand.New(rand.NewPCG(uint64(i), 1))}
				writers = append(writers, w)
				wait.Go(func() {
					w.open()
					defer func() { w.f.Close() }()
					for next := time.Now(); time.Now().Before(end); {
						w.write()
						if i != 2 && time.Now().After(next) {
							w.rotate(i == 1)
							next = time.Now().Add(time.Duration(100+w.rnd.IntN(200)) * time.Millisecond)
						}
						time.Sleep(time.Duration(w.rnd.IntN(2000)) * time.Microsecond)
					}
				})
			}
			for time.Now().Before(end) {
				r.during(300 * time.Millisecond)
				r.stop()
				r.follow()
			}
			wait.Wait()
			r.during(800 * time.Millisecond)
			var all []string
			for _, w := range writers {
				all = append(all, w.wrote...)
			}
			r.want(all...)
			t.Logf("%d records, %d rotations, %d truncations", len(all), r.saw(Rotated), r.saw(Truncated))
		})
	}
}

// during reads for a while.
func (r *rig) during(d time.Duration) {
	r.f.idle = nil
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	for {
		c, err := r.f.Next(ctx)
		if err != nil {
			return
		}
		r.take(c)
	}
}
