//go:build linux

package tailer

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestFault21Permissions(t *testing.T) {
	r := newRig(t)
	a, b, c := recs("a", 0, 5), recs("b", 0, 5), recs("c", 0, 5)
	r.write("app.json", lines(a))
	r.follow()
	denied := true
	r.f.opener = func(path string) (*os.File, error) { // root may read anything
		if denied {
			return nil, &os.PathError{Op: "open", Path: path, Err: syscall.EACCES}
		}
		return openPlain(path)
	}
	for range 20 {
		r.pass(time.Second)
	}
	if r.saw(Unreadable) != 1 {
		t.Errorf("told %d times, want once: %v", r.saw(Unreadable), r.events)
	}
	denied = false
	r.pass(time.Second)
	r.want(a...)
	if r.saw(Readable) != 1 {
		t.Errorf("told %d times that it can be read again: %v", r.saw(Readable), r.events)
	}
	// While we are down, another run cannot open it: its position stays.
	r.stop()
	r.follow()
	denied = true
	r.f.opener = func(path string) (*os.File, error) {
		if denied {
			return nil, &os.PathError{Op: "open", Path: path, Err: syscall.EACCES}
		}
		return openPlain(path)
	}
	r.write("app.json", lines(b))
	r.rest()
	r.stop()
	r.write("app.json", lines(c))
	r.rest()
	r.want(join(a, b, c)...)
}

// The same with real permissions, which need another user than root.
func TestFault21RealPermissions(t *testing.T) {
	if os.Getuid() == 0 && os.Getenv("SLUICE_CHILD") == "" {
		dir := openTemp(t)
		self, err := os.ReadFile(os.Args[0])
		if err == nil {
			err = os.WriteFile(dir+"/self.test", self, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(dir+"/self.test", "-test.run", "^TestFault21RealPermissions$", "-test.v")
		child.Dir = dir
		child.Env = append(os.Environ(), "SLUICE_CHILD=1", "TMPDIR="+dir)
		child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := child.CombinedOutput()
		if err != nil && bytes.Contains(out, []byte("--- FAIL")) {
			t.Fatalf("as another user: %v\n%s", err, out)
		} else if err != nil {
			t.Skipf("SKIPPED: cannot run as another user: %v %s", err, out)
		}
		return
	}
	r := newRig(t, "sub", "app.json")
	a, b := recs("a", 0, 5), recs("b", 0, 5)
	r.must(os.Mkdir(r.path("sub"), 0o755))
	r.write("sub/x.json", lines(a))
	r.write("app.json", lines(b))
	r.must(os.Chmod(r.path("app.json"), 0))
	r.must(os.Chmod(r.path("sub"), 0))
	for range 20 {
		r.pass(time.Second)
	}
	if r.saw(Unreadable) != 2 {
		t.Errorf("told %d times, want twice: %v", r.saw(Unreadable), r.events)
	}
	r.must(os.Chmod(r.path("sub"), 0o755))
	r.rest()
	r.want(a...)
	r.must(os.Chmod(r.path("sub"), 0)) // and away again: nothing is forgotten
	r.rest()
	r.stop()
	r.rest()
	r.stop()
	r.must(os.Chmod(r.path("sub"), 0o755))
	r.must(os.Chmod(r.path("app.json"), 0o644))
	r.rest()
	r.want(join(a, b)...)
}

// openTemp is a folder that every user may write to.
func openTemp(t *testing.T) string {
	dir, err := os.MkdirTemp("", "sluice-child-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFault22TooManyFiles(t *testing.T) {
	r := newRig(t)
	open := 0
	r.follow()
	r.f.opener = func(path string) (*os.File, error) {
		open = r.f.opened
		if open >= 8 {
			return nil, &os.PathError{Op: "open", Path: path, Err: syscall.EMFILE}
		}
		return openPlain(path)
	}
	var all []string
	for round := range 3 {
		for i := range 40 {
			part := recs(fmt.Sprint("f", i), round*3, 3)
			all = append(all, part...)
			r.write(fmt.Sprint("f", i, ".json"), lines(part))
		}
		r.rest()
		r.want(all...)
	}
	if r.f.opened > 8 {
		t.Errorf("%d files are open", r.f.opened)
	}
	r.must(os.Remove(r.path("f3.json")))
	r.rest()
	r.want(all...)
}

func TestFault22OwnBound(t *testing.T) {
	r := newRig(t)
	r.follow()
	r.f.limit = 5
	var all []string
	for i := range 30 {
		part := recs(fmt.Sprint("f", i), 0, 3)
		all = append(all, part...)
		r.write(fmt.Sprint("f", i, ".json"), lines(part))
	}
	r.rest()
	r.want(all...)
	if r.f.opened > 5 {
		t.Errorf("%d files are open, want 5 at most", r.f.opened)
	}
}

// Hints that are lost, or never come, cost no record.
func TestFault22LostHints(t *testing.T) {
	r := newRig(t)
	r.hints = true
	r.follow()
	if r.f.watch == nil {
		t.Skip("SKIPPED: this system gives no hints")
	}
	r.drain()
	a, b := recs("a", 0, 5), recs("b", 0, 5)
	r.f.watch.mu.Lock()
	r.f.watch.hint(-1, unix.IN_Q_OVERFLOW, nil)
	r.f.watch.mu.Unlock()
	r.write("a.json", lines(a))
	r.f.hints()
	if !r.f.scan || r.f.tickAt.After(r.f.now) {
		t.Error("an overflow does not make it look at everything")
	}
	r.drain()
	r.want(a...)
	r.f.watch.close()
	r.f.watch = nil
	r.write("a.json", lines(b))
	r.rest()
	r.want(join(a, b)...)
}

func TestFault23Clocks(t *testing.T) {
	r := newRig(t)
	a, b := recs("a", 0, 20), recs("b", 0, 20)
	r.write("app.json", lines(a[:10])+a[10][:9])
	future := time.Now().Add(1000 * time.Hour)
	r.must(os.Chtimes(r.path("app.json"), future, future))
	r.drain()
	r.clock = r.clock.Add(-1000 * time.Hour)
	r.drain()
	r.write("app.json", a[10][9:]+"\n")
	r.must(os.Chtimes(r.path("app.json"), future, future)) // as it was, but for its size
	r.pass(time.Second)
	r.clock = r.clock.Add(100000 * time.Hour)
	r.drain()
	r.write("app.json", lines(a[11:]))
	r.drain()
	r.want(a...)
	r.rename("app.json", "app.json.1")
	r.must(os.Chtimes(r.path("app.json.1"), time.Unix(0, 0), time.Unix(0, 0)))
	r.write("app.json", lines(b))
	r.clock = r.clock.Add(-50000 * time.Hour)
	r.drain()
	r.rest()
	r.want(join(a, b)...)
}

// Written anew in the same length, with the same times: within the coarseness of
// the file system's clock that happens.
func TestFault23CoarseTimes(t *testing.T) {
	r := newRig(t)
	a, b := recs("a", 0, 20), recs("b", 0, 20)
	at := time.Unix(1.7e9, 0)
	r.write("app.json", lines(a))
	r.must(os.Chtimes(r.path("app.json"), at, at))
	r.drain()
	r.must(os.WriteFile(r.path("app.json"), []byte(lines(b)), 0o644))
	r.must(os.Chtimes(r.path("app.json"), at, at))
	for _, s := range r.f.all { // as if ctime had not told either
		s.st, _ = statPath(s.path)
	}
	r.pass(50 * time.Millisecond)
	r.rest()
	r.want(join(a, b)...)
}

// A folder's times may not tell of a new file either, for a moment.
func TestFault23CoarseTimesOfAFolder(t *testing.T) {
	r := newRig(t)
	a, b := recs("a", 0, 20), recs("b", 0, 20)
	r.write("a.json", lines(a))
	r.drain()
	r.write("b.json", lines(b))
	d := r.f.dirs[r.dir]
	d.st, _ = statPath(r.dir)
	r.clock = r.clock.Add(2 * settleAfter)
	r.f.tickAt = r.clock.Add(time.Hour)
	r.look()
	r.want(join(a, b)...)
}

// The file shrinks, grows or goes between being found and being opened.
func TestFault29ChangedBeforeItIsOpened(t *testing.T) {
	for _, what := range []string{"truncate", "delete", "replace", "grow"} {
		r := newRig(t, "app.json")
		a, b := recs("a", 0, 20), recs("b", 0, 20)
		r.write("app.json", lines(a))
		r.follow()
		once := false
		want := b
		r.f.opener = func(path string) (*os.File, error) {
			if !once {
				once = true
				switch what {
				case "truncate":
					r.must(os.Truncate(path, 0))
					r.write("app.json", lines(b))
				case "delete":
					r.must(os.Remove(path))
					want = nil
				case "replace":
					r.write("new", lines(b))
					r.rename("new", "app.json")
				case "grow":
					r.write("app.json", lines(b))
					want = join(a, b)
				}
			}
			return openPlain(path)
		}
		r.drain()
		r.rest()
		r.want(want...)
	}
}
