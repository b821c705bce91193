package tailer

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestFault01RenameWhileTheWriterGoesOn(t *testing.T) {
	for _, arg := range []string{"app.json", ".", "app*"} {
		r := newRig(t, arg)
		w, err := os.Create(r.path("app.json"))
		r.must(err)
		defer w.Close()
		a, b, c, d := recs("a", 0, 50), recs("b", 0, 50), recs("c", 0, 50), recs("d", 0, 50)
		r.put(w, lines(a))
		r.drain()
		r.rename("app.json", "app.json.1")
		r.write("app.json", lines(c))
		r.put(w, lines(b)) // behind the rename
		r.drain()
		r.want(join(a, b, c)...)
		r.pass(time.Minute) // long after RotateWait
		r.put(w, lines(d))
		r.pass(time.Second)
		r.want(join(a, b, c, d)...)
		r.rest()
		r.want(join(a, b, c, d)...)
		r.stop()
		r.drain()
		r.rest()
		r.want(join(a, b, c, d)...)
	}
}

func TestFault02SeveralRotationsBetweenLooks(t *testing.T) {
	for _, down := range []bool{false, true} {
		for _, arg := range []string{"app.json", "."} {
			r := newRig(t, arg)
			var all []string
			next := func(n int) {
				part := recs("r", len(all), n)
				all = append(all, part...)
				r.write("app.json", lines(part))
			}
			next(20)
			r.drain()
			next(20)
			if down {
				r.stop()
			}
			for range 3 { // as logrotate shifts them
				for i := 3; i >= 1; i-- {
					os.Rename(r.path(fmt.Sprint("app.json.", i)), r.path(fmt.Sprint("app.json.", i+1)))
				}
				r.rename("app.json", "app.json.1")
				next(20)
			}
			r.drain()
			r.want(all...)
			r.rest()
			r.want(all...)
		}
	}
}

func TestFault02RotatedBeforeTheFirstLook(t *testing.T) {
	r := newRig(t, "app.json")
	r.write("app.json.1", lines(recs("old", 0, 20)))
	r.write("app-20261101.json", lines(recs("older", 0, 20)))
	a, b := recs("a", 0, 20), recs("b", 0, 20)
	r.write("app.json", lines(a))
	r.rest()
	r.want(a...) // what was rotated before we came was not asked for
	r.stop()
	r.rename("app.json.1", "app.json.2")
	r.rename("app.json", "app.json.1")
	r.write("app.json", lines(b))
	r.rest()
	r.want(join(a, b)...)
}

func TestFault03RenameWhileDown(t *testing.T) {
	for _, arg := range []string{"app.json", "."} {
		for _, to := range []string{"app.json.1", "app.json-20261125", "app-2026-11-25T10.json"} {
			r := newRig(t, arg)
			a, b, c := recs("a", 0, 50), recs("b", 0, 50), recs("c", 0, 50)
			r.write("app.json", lines(a))
			r.drain()
			r.stop()
			r.write("app.json", lines(b))
			r.rename("app.json", to)
			r.write("app.json", lines(c))
			r.drain()
			r.want(join(a, b, c)...)
			r.rest()
			r.want(join(a, b, c)...)
		}
	}
}

func TestFault04RotatedAndPacked(t *testing.T) {
	for _, ext := range []string{".gz", ".zst"} {
		for _, arg := range []string{"app.json", "."} {
			for _, down := range []bool{false, true} {
				t.Run(fmt.Sprint(ext, arg, down), func(t *testing.T) {
					r := newRig(t, arg)
					a, b, c := recs("a", 0, 500), recs("b", 0, 500), recs("c", 0, 50)
					r.write("app.json", lines(a))
					r.drain()
					if down {
						r.stop()
					}
					r.write("app.json", lines(b))
					r.rename("app.json", "app.json.1")
					r.write("app.json", lines(c))
					packed := pack(t, lines(a)+lines(b), ext)
					r.write("app.json.1"+ext, packed[:len(packed)/2])
					if !down {
						r.drain()
					}
					r.write("app.json.1"+ext, packed[len(packed)/2:])
					if !down {
						r.drain()
					}
					r.must(os.Remove(r.path("app.json.1")))
					r.drain()
					r.rest()
					r.want(join(a, b, c)...)
					r.rename("app.json.1"+ext, "app.json.2"+ext)
					r.rest()
					r.stop()
					r.rest()
					r.want(join(a, b, c)...)
					r.must(os.Remove(r.path("app.json.2" + ext)))
					r.rest()
					if n := len(r.after(len(r.chunks)).positions); n != 1 {
						t.Errorf("%d positions are kept, want 1", n)
					}
				})
			}
		}
	}
}

// A packer makes its file first, and writes to it when it has read enough.
func TestFault04EmptyAtFirst(t *testing.T) {
	r := newRig(t, "app.json")
	a, b := recs("a", 0, 500), recs("b", 0, 50)
	r.write("app.json", lines(a))
	r.drain()
	r.rename("app.json", "app.json.1")
	r.write("app.json", lines(b))
	r.write("app.json.1.gz", "")
	r.drain()
	r.drain()
	r.write("app.json.1.gz", pack(t, lines(a), ".gz"))
	r.drain()
	r.must(os.Remove(r.path("app.json.1")))
	r.rest()
	r.want(join(a, b)...)
	r.stop()
	r.rest()
	r.want(join(a, b)...)
}

func TestFault05Copytruncate(t *testing.T) {
	for _, arg := range []string{"app.json", "."} {
		r := newRig(t, arg)
		a, b, c := recs("a", 0, 50), recs("b", 0, 50), recs("c", 0, 10)
		r.write("app.json", lines(a))
		r.drain()
		r.write("app.json", lines(b)) // read by nobody before it is truncated
		r.copytruncate("app.json", "app.json.1")
		r.write("app.json", lines(c))
		r.drain()
		r.rest()
		r.want(join(a, b, c)...)
		if r.saw(Truncated) != 1 {
			t.Errorf("%d truncations, want 1: %v", r.saw(Truncated), r.events)
		}
		r.wantPlaces("app.json", "app.json.1")
	}
}

func TestFault06CopytruncateRegrown(t *testing.T) {
	for _, down := range []bool{false, true} {
		for _, arg := range []string{"app.json", "."} {
			r := newRig(t, arg)
			a, b, c := recs("a", 0, 20), recs("b", 0, 20), recs("c", 0, 100)
			r.write("app.json", lines(a))
			r.drain()
			if down {
				r.stop()
			}
			r.write("app.json", lines(b))
			r.copytruncate("app.json", "app.json.1")
			r.write("app.json", lines(c)) // longer than a and b
			r.drain()
			r.rest()
			r.want(join(a, b, c)...)
		}
	}
}

// What copytruncate loses: bytes that were written behind the copy and truncated
// before we read them.
func TestFault06CopytruncateLosesWhatNobodyCopied(t *testing.T) {
	r := newRig(t, "app.json")
	a, lost, c := recs("a", 0, 20), recs("lost", 0, 5), recs("c", 0, 20)
	r.write("app.json", lines(a))
	r.drain()
	r.copy("app.json", "app.json.1")
	r.write("app.json", lines(lost))
	r.must(os.Truncate(r.path("app.json"), 0))
	r.write("app.json", lines(c))
	r.drain()
	r.rest()
	r.want(join(a, c)...)
	r.wantPlaces("app.json", "app.json.1")
}

// The copy may be shorter than what has been read, and grow while we look.
func TestFault06CopyInProgress(t *testing.T) {
	for _, arg := range []string{"app.json", "."} {
		r := newRig(t, arg)
		a, b, c := recs("a", 0, 200), recs("b", 0, 5), recs("c", 0, 20)
		r.write("app.json", lines(a))
		r.drain()
		r.write("app.json.1", lines(a)[:3000])
		r.drain()
		r.write("app.json.1", lines(a)[3000:])
		r.drain()
		r.write("app.json", lines(b)) // read, and not in the copy
		r.drain()
		r.must(os.Truncate(r.path("app.json"), 0))
		r.drain()
		r.write("app.json", lines(c))
		r.drain()
		r.rest()
		r.want(join(a, b, c)...)
		r.stop()
		r.rest()
		r.want(join(a, b, c)...)
	}
}

// We begin while a copy is being made that the arguments name, too.
func TestFault06StartInACopy(t *testing.T) {
	r := newRig(t)
	a, b := recs("a", 0, 200), recs("b", 0, 20)
	r.write("app.json", lines(a))
	r.copy("app.json", "app.json.1")
	r.drain()
	r.must(os.Truncate(r.path("app.json"), 0))
	r.write("app.json", lines(b))
	r.rest()
	r.want(join(a, b)...)
}

func TestFault07Rewritten(t *testing.T) {
	r := newRig(t, "app.json")
	a, b := recs("a", 0, 50), recs("b", 0, 50)
	r.write("app.json", lines(a))
	r.drain()
	r.must(os.WriteFile(r.path("app.json"), []byte(lines(b)), 0o644)) // of the same length
	r.drain()
	r.want(join(a, b)...)
	// Truncated to another length than zero: what is left is a new generation.
	half := b[:25]
	r.must(os.Truncate(r.path("app.json"), int64(len(lines(half)))))
	r.rest()
	r.want(join(a, b, half)...)
	// Under the name of a rotated file, that is the same.
	r = newRig(t, "app.json")
	r.write("app.json", lines(b))
	r.drain()
	r.rename("app.json", "app.json.1")
	r.rest()
	r.stop()
	r.must(os.Truncate(r.path("app.json.1"), int64(len(lines(half)))))
	r.rest()
	r.want(join(b, half)...)
}

func TestFault08SameHead(t *testing.T) {
	r := newRig(t)
	head := recs("head", 0, 30)
	a, b := recs("a", 0, 50), recs("b", 0, 80)
	r.write("app.json", lines(join(head, a)))
	r.write("other.json", lines(join(head, b)))
	r.drain()
	r.write("app.json.1", lines(join(head, recs("c", 0, 300))))
	r.drain()
	r.rest()
	r.want(join(head, head, head, a, b, recs("c", 0, 300))...)
	r.stop()
	r.write("app.json", lines(recs("a", 50, 5)))
	r.write("other.json", lines(recs("b", 80, 5)))
	r.rest()
	r.want(join(head, head, head, recs("a", 0, 55), recs("b", 0, 85), recs("c", 0, 300))...)
}

// Numbered files that begin alike are no copies of each other.
func TestFault08NumberedFilesOfTheSameHead(t *testing.T) {
	for i := range 8 {
		n, down := []int{1, 60, 100, 300}[i/2], i%2 == 1 // the next files are longer, or shorter
		r := newRig(t)
		head := recs("head", 0, n)
		var all []string
		for i := range 4 {
			size := 10 * (i + 1)
			if down {
				size = 50 - size
			}
			part := join(head, recs(fmt.Sprint("f", i), 0, size))
			all = append(all, part...)
			r.write(fmt.Sprint("app-", i, ".json"), lines(part))
		}
		r.drain() // one look is enough
		r.want(all...)
		r.write("app-0.json", lines(recs("more", 10, 3)))
		r.write("app-9.json", lines(join(head, recs("f9", 0, 100))))
		r.rest()
		all = join(all, recs("more", 10, 3), head, recs("f9", 0, 100))
		r.want(all...)
		r.stop()
		r.rest()
		r.want(all...)
	}
}

func TestFault09InodeReused(t *testing.T) {
	for _, down := range []bool{false, true} {
		for _, n := range []int{5, 200} { // shorter and longer than what was read
			r := newRig(t, "app.json")
			a, b := recs("a", 0, 50), recs("b", 0, n)
			r.write("app.json", lines(a))
			r.drain()
			if down {
				r.stop()
			} else {
				for _, s := range r.f.all {
					r.f.closeFile(s) // an open file keeps its inode
				}
			}
			was, err := statPath(r.path("app.json"))
			r.must(err)
			r.must(os.Remove(r.path("app.json")))
			r.write("app.json", lines(b))
			if is, err := statPath(r.path("app.json")); err == nil && is.id != was.id {
				t.Logf("this file system gave another inode")
			}
			r.drain()
			r.rest()
			r.want(join(a, b)...)
		}
	}
}

func TestFault10Deleted(t *testing.T) {
	r := newRig(t, "app.json")
	w, err := os.Create(r.path("app.json"))
	r.must(err)
	defer w.Close()
	a, b, c := recs("a", 0, 50), recs("b", 0, 50), recs("c", 0, 50)
	r.put(w, lines(a))
	r.drain()
	r.must(os.Remove(r.path("app.json")))
	r.put(w, lines(b))
	r.drain()
	r.want(join(a, b)...)
	r.rest()
	if r.f.opened != 0 || len(r.f.all) != 0 {
		t.Errorf("%d files are open for %d sources of a file that is gone", r.f.opened, len(r.f.all))
	}
	if n := len(r.after(len(r.chunks)).positions); n != 0 {
		t.Errorf("%d positions are kept", n)
	}
	r.write("app.json", lines(c))
	r.rest()
	r.want(join(a, b, c)...)
}

func TestFault11Symlink(t *testing.T) {
	r := newRig(t, "link.json", "link2.json")
	r.must(os.Mkdir(r.path("pods"), 0o755))
	link := func(to string) {
		os.Remove(r.path("tmp"))
		r.must(os.Symlink(r.path(to), r.path("tmp")))
		r.rename("tmp", "link.json")
	}
	a, b, c := recs("a", 0, 50), recs("b", 0, 50), recs("c", 0, 50)
	r.write("pods/0.log", lines(a))
	link("pods/0.log")
	r.must(os.Symlink(r.path("link.json"), r.path("link2.json"))) // to the same file
	r.drain()
	r.want(a...)
	link("pods/1.log") // dangling
	r.write("pods/0.log", lines(b))
	r.pass(time.Second)
	r.pass(time.Minute)
	r.write("pods/1.log", lines(c))
	r.pass(time.Second)
	r.want(join(a, b, c)...)
	link("pods/0.log") // and back
	r.write("pods/0.log", lines(recs("d", 0, 5)))
	r.rest()
	r.want(join(a, b, c, recs("d", 0, 5))...)
}

func TestFault12HardLinksAndOverlap(t *testing.T) {
	r := newRig(t, ".", "app*", "app.json")
	a := recs("a", 0, 50)
	r.write("app.json", lines(a[:20]))
	r.must(os.Link(r.path("app.json"), r.path("other.json")))
	r.drain()
	r.write("other.json", lines(a[20:]))
	r.rest()
	r.want(a...)
	r.must(os.Remove(r.path("app.json")))
	r.write("other.json", lines(recs("b", 0, 5)))
	r.rest()
	r.want(join(a, recs("b", 0, 5))...)
}

// A file that is not there at a start, as its file system is not mounted yet, is read on
// when it is back, however many starts later; one that has been missing for long is
// forgotten.
func TestMissingAtStart(t *testing.T) {
	for _, starts := range []int{1, 3} {
		r := newRig(t, "mount", "other")
		r.must(os.Mkdir(r.path("mount"), 0o755))
		a, b, c := recs("a", 0, 50), recs("b", 0, 50), recs("c", 0, 50)
		r.write("mount/app.json", lines(a))
		r.write("other", lines(c))
		r.drain()
		r.rename("mount", "elsewhere")
		for n := range starts {
			r.stop()
			if n == 1 {
				r.must(os.Mkdir(r.path("mount"), 0o755))
			}
			r.rest()
			r.pass(50 * time.Hour)
			r.drain()
		}
		if starts > 1 {
			r.must(os.Remove(r.path("mount")))
		}
		r.rename("elsewhere", "mount")
		r.write("mount/app.json", lines(b))
		r.rest()
		r.want(join(a, b, c)...)
		for _, p := range r.after(len(r.chunks)).positions {
			if p.Missing != 0 {
				t.Errorf("%s is missing still", p.Path)
			}
		}

		r.must(os.RemoveAll(r.path("mount")))
		r.stop()
		r.rest()
		if n := len(r.after(len(r.chunks)).positions); n != 2 {
			t.Errorf("%d positions are kept", n)
		}
		r.pass(keepMissing)
		r.rest()
		r.stop()
		r.rest()
		if n := len(r.after(len(r.chunks)).positions); n != 1 {
			t.Errorf("%d positions are kept", n)
		}
	}
}

// A file that is missing from the first list of folders, since it was renamed meanwhile,
// and under whose name another one stands, goes on when it is found.
func TestRenamedDuringTheFirstScan(t *testing.T) {
	r := newRig(t, "app.json")
	a, b, c := recs("a", 0, 50), recs("b", 0, 50), recs("c", 0, 50)
	r.write("app.json", lines(a))
	r.drain()
	r.rename("app.json", "app.json.1")
	r.write("app.json", lines(b))
	r.drain()
	r.stop()
	r.must(os.Mkdir(r.path("unseen"), 0o755))
	r.rename("app.json.1", "unseen/x")
	r.rename("app.json", "app.json.1")
	r.write("app.json", lines(c))
	r.drain()
	r.rename("unseen/x", "app.json.2")
	r.drain()
	r.want(join(a, b, c)...)
	r.rest()
	r.want(join(a, b, c)...)
}
