//go:build linux

package tailer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestFault30LargeOffsets(t *testing.T) {
	r := newRig(t)
	a, b := recs("a", 0, 20), recs("b", 0, 20)
	f, err := os.Create(r.path("app.json"))
	r.must(err)
	defer f.Close()
	if _, err := f.Seek(5<<30+1, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	r.put(f, "\n"+lines(a))
	r.drain()
	r.want(a...)
	if n := r.chunks[len(r.chunks)-1].pos.Offset; n < 5<<30 {
		t.Errorf("the position is %d", n)
	}
	r.stop()
	r.put(f, lines(b))
	r.rest()
	r.want(join(a, b)...)
}

func TestFault30FromEnd(t *testing.T) {
	event := func(i int) string { return fmt.Sprintf("<Event><System/>\n%d</Event>", i) }
	old, a, b := recs("old", 0, 500), recs("a", 0, 5), recs("b", 0, 5)
	r := newRig(t)
	r.cfg.FromEnd = true
	r.write("app.json", lines(old)+a[0][:20])
	r.write("wide.json", string(asUTF16("\ufeff"+lines(old), false)))
	r.write("old.xml", "<Events>\n"+event(1)+"\n<Event>\n")
	r.write("old.json.gz", pack(t, lines(old), ".gz"))
	r.write("empty.json", "")
	r.drain()
	r.want()
	r.write("app.json", a[0][20:]+"\n")
	r.write("wide.json", string(asUTF16(lines(recs("w", 0, 3)), false)))
	r.write("old.xml", "<System/></Event>"+event(3))
	r.write("empty.json", lines(a[1:]))
	r.drain()
	want := join(a, recs("w", 0, 3), []string{"<Event>\n<System/></Event>", event(3)})
	r.want(want...)
	r.stop()
	r.write("new.json", lines(b)) // appeared while we were down: not from the end
	r.rest()
	r.want(join(want, b)...)
}

func TestFault30OddFiles(t *testing.T) {
	r := newRig(t, ".", "missing/deep/app.json")
	a := recs("a", 0, 5)
	r.write("empty.json", "")
	r.must(os.MkdirAll(r.path("sub/deep"), 0o755))
	r.must(os.Symlink("/dev/zero", r.path("zero.json")))
	r.must(os.Symlink(".", r.path("loop")))
	r.drain()
	r.write("sub/deep/app.json", lines(a[:2]))
	r.must(os.MkdirAll(r.path("missing/deep"), 0o755))
	r.write("missing/deep/app.json", lines(a[2:3]))
	r.write("packed.json.gz", pack(t, lines(a[3:]), ".gz"))
	r.write(".hidden", lines(a))
	r.rest()
	r.want(a...)
	r.stop()
	r.rest()
	r.want(a...)
}

func TestFault30PackedInParts(t *testing.T) {
	r := newRig(t)
	a, b := recs("a", 0, 3000), recs("b", 0, 30)
	packed := pack(t, lines(a), ".gz")
	for i := 0; i < len(packed); i += 1000 {
		r.write("a.json.gz", packed[i:min(len(packed), i+1000)])
		r.drain()
		if i == 4000 {
			r.stop()
		}
	}
	r.rest()
	r.want(a...)
	r.write("a.json.gz", pack(t, lines(b), ".gz")) // another member
	r.rest()
	r.want(join(a, b)...)
	r.write("cut.json.gz", packed[:len(packed)/2])
	r.write("bad.json.gz", packed[:2000]+strings.Repeat("?", 2000))
	r.rest()
	if r.saw(Unreadable) != 2 {
		t.Errorf("told of %d files that cannot be read to their end, want 2: %v", r.saw(Unreadable), r.events)
	}
}

func TestFault30FIFO(t *testing.T) {
	r := newRig(t, "pipe")
	r.must(unix.Mkfifo(r.path("pipe"), 0o600))
	r.cfg.Now = nil
	r.follow()
	a, b := recs("a", 0, 5000), recs("b", 0, 5)
	go func() {
		for _, text := range []string{lines(a) + b[0], lines(b[1:])} { // the first ends without a line feed
			w, err := os.OpenFile(r.path("pipe"), os.O_WRONLY, 0)
			if err == nil {
				io.WriteString(w, text)
				w.Close()
			}
			time.Sleep(2 * idlePipe)
		}
	}()
	r.until(len(a) + len(b))
	r.want(join(a, b)...)
}

// A pipe that is removed ends, and another one of its name is read.
func TestFault30FIFOReplaced(t *testing.T) {
	r := newRig(t, "pipe")
	r.cfg.Now = nil
	for i := range 3 {
		r.must(unix.Mkfifo(r.path("pipe"), 0o600))
		if r.drain(); len(r.f.pipes.byID) != 1 {
			t.Fatalf("%d pipes are read", len(r.f.pipes.byID))
		}
		go func() {
			if w, err := os.OpenFile(r.path("pipe"), os.O_WRONLY, 0); err == nil {
				io.WriteString(w, recs("p", i, 1)[0]+"\n")
				w.Close()
			}
		}()
		r.until(1)
		r.must(os.Remove(r.path("pipe")))
		for end := time.Now().Add(2 * time.Second); len(r.f.pipes.byID) > 0 && time.Now().Before(end); {
			r.drain()
			time.Sleep(time.Millisecond)
		}
	}
	r.want(recs("p", 0, 3)...)
}

// until reads until n records have come.
func (r *rig) until(n int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for got := 0; got < n; {
		c, err := r.f.Next(ctx)
		if err != nil {
			r.t.Fatalf("%v after %d of %d records", err, got, n)
		}
		if c.Block != nil {
			got += len(c.Block.Records)
		}
		r.take(c)
	}
}

func TestFault30Stdin(t *testing.T) {
	in, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func(old *os.File) { os.Stdin = old }(os.Stdin)
	os.Stdin = in
	r := newRig(t)
	r.cfg.Args, r.cfg.Now = []string{Stdin}, nil
	a := recs("a", 0, 5000)
	go func() { io.WriteString(w, strings.Join(a, "\n")); w.Close() }()
	r.follow()
	ctx := context.Background()
	for {
		c, err := r.f.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		r.must(err)
		r.take(c)
	}
	r.want(a...)
	if !r.chunks[len(r.chunks)-1].gone {
		t.Error("standard input is not gone although it has ended")
	}
}

func TestFault31FilesThatComeAndGo(t *testing.T) {
	before, open := runtime.NumGoroutine(), descriptorsOpen(t)
	r := newRig(t)
	r.hints = true
	var all []string
	files, rounds := 1000, 10
	if testing.Short() {
		files = 100
	}
	for round := range rounds {
		for i := range files {
			part := recs(fmt.Sprint(round, "-", i), 0, 1)
			all = append(all, part...)
			r.write(fmt.Sprint("f", i, ".json"), part[0]+"\n")
		}
		r.drain()
		for i := range files {
			r.must(os.Remove(r.path(fmt.Sprint("f", i, ".json"))))
		}
		r.pass(time.Second)
		r.pass(time.Minute)
	}
	r.want(all...)
	f := r.f
	if n := len(f.all) + len(f.known) + len(f.byPath) + len(f.waiting) + len(f.told) + f.opened; n != 0 {
		t.Errorf("%d things are remembered of files that are gone", n)
	}
	if n := len(r.after(len(r.chunks)).positions); n != 0 {
		t.Errorf("%d positions are kept", n)
	}
	r.close()
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, before there were %d", n, before)
	}
	if n := descriptorsOpen(t); n > open {
		t.Errorf("%d descriptors, before there were %d", n, open)
	}
}

func descriptorsOpen(t *testing.T) int {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Logf("cannot count descriptors: %v", err)
	}
	return len(names)
}

// Hints of the system wake Next at once.
func TestNextIsWoken(t *testing.T) {
	r := newRig(t)
	r.hints = true
	r.cfg.Now, r.cfg.Reconcile = nil, time.Hour
	r.write("app.json", lines(recs("a", 0, 1)))
	r.follow()
	if r.f.watch == nil {
		t.Skip("SKIPPED: this system gives no hints")
	}
	r.until(1)
	var took []time.Duration
	for i := range 21 {
		wrote := make(chan time.Time, 1)
		go func() {
			time.Sleep(10 * time.Millisecond) // so that Next waits
			now := time.Now()
			f, err := os.OpenFile(r.path("app.json"), os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				io.WriteString(f, recs("b", i, 1)[0]+"\n")
				f.Close()
			}
			wrote <- now
		}()
		r.until(1)
		took = append(took, time.Since(<-wrote))
	}
	slices.Sort(took)
	t.Logf("append to record: median %v, most %v", took[10], took[20])
	go func() {
		time.Sleep(10 * time.Millisecond)
		os.WriteFile(r.path("other.json"), []byte(lines(recs("c", 0, 1))), 0o644)
	}()
	r.until(1) // a new file, too
}

func TestExclude(t *testing.T) {
	r := newRig(t)
	r.cfg.Exclude = []string{"*.tmp", "skip", r.path("sub/b*"), "*.gz"}
	r.must(os.MkdirAll(r.path("skip"), 0o755))
	r.must(os.MkdirAll(r.path("sub"), 0o755))
	a := recs("a", 0, 3)
	for i, name := range []string{"a.json", "sub/a.json", "b.json"} {
		r.write(name, a[i]+"\n")
	}
	for _, name := range []string{"a.tmp", "skip/a.json", "sub/b.json", "a.json.1.gz"} {
		r.write(name, lines(recs(name, 0, 3)))
	}
	r.rest()
	r.want(a...)
	if _, err := Follow(FollowConfig{Args: []string{"."}, Exclude: []string{"[x"}}); err == nil {
		t.Error("a glob that is none is taken")
	}
}

// What other programs write in the same folder costs no scans.
func TestUnrelatedHints(t *testing.T) {
	r := newRig(t, "app.json")
	r.hints = true
	r.follow()
	if r.f.watch == nil {
		t.Skip("SKIPPED: this system gives no hints")
	}
	r.write("app.json", lines(recs("a", 0, 3)))
	r.drain()
	r.pass(time.Second)
	r.write("other.json", "x")
	r.write("other.json", "x")
	r.rename("other.json", "other.json.1")
	hinted := func() bool {
		for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
			r.f.watch.mu.Lock()
			n := len(r.f.watch.named)
			r.f.watch.mu.Unlock()
			if n > 0 {
				time.Sleep(5 * time.Millisecond) // for what comes with it
				return true
			}
		}
		return false
	}
	if !hinted() {
		t.Fatal("no hint has come")
	}
	if r.f.hints(); r.f.scan {
		t.Error("names that are no input's have it list the folder")
	}
	r.rename("app.json", "app.json.1")
	if !hinted() {
		t.Fatal("no hint has come")
	}
	if r.f.hints(); !r.f.scan {
		t.Error("a rotation does not have it list the folder")
	}
}
