package tailer

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// These tests show what the package comment says can be lost, or come twice.

func TestLostWhileDown(t *testing.T) {
	r := newRig(t, "app.json")
	a, lost, b := recs("a", 0, 5), recs("lost", 0, 5), recs("b", 0, 5)
	r.write("app.json", lines(a))
	r.drain()
	r.stop()
	r.write("app.json", lines(lost))
	r.must(os.Remove(r.path("app.json")))
	r.write("app.json", lines(b))
	r.rest()
	r.want(join(a, b)...)
}

func TestLostBehindRotateWait(t *testing.T) {
	r := newRig(t, "app.json")
	w, err := os.Create(r.path("app.json"))
	r.must(err)
	defer w.Close()
	a, b := recs("a", 0, 5), recs("b", 0, 5)
	r.put(w, lines(a))
	r.drain()
	r.must(os.Remove(r.path("app.json")))
	for range 4 {
		r.pass(time.Second)
	}
	r.put(w, lines(b)) // in time
	r.pass(time.Second)
	r.want(join(a, b)...)
	r.pass(time.Minute)
	r.put(w, lines(recs("lost", 0, 5)))
	r.rest()
	r.want(join(a, b)...)
}

func TestLostInAnotherFolder(t *testing.T) {
	r := newRig(t, "app.json")
	r.must(os.Mkdir(r.path("old"), 0o755))
	a, lost, b := recs("a", 0, 5), recs("lost", 0, 5), recs("b", 0, 5)
	r.write("app.json", lines(a))
	r.drain()
	r.stop()
	r.write("app.json", lines(lost))
	r.copytruncate("app.json", "old/app.json.1")
	r.write("app.json", lines(b))
	r.rest()
	r.want(join(a, b)...)
	// But a renamed file is known anywhere, if it is followed there.
	r = newRig(t, "app.json", "old")
	r.must(os.Mkdir(r.path("old"), 0o755))
	r.write("app.json", lines(a))
	r.drain()
	r.stop()
	r.write("app.json", lines(lost))
	r.rename("app.json", "old/x")
	r.write("app.json", lines(b))
	r.rest()
	r.want(join(a, lost, b)...)
}

func TestTwiceWhenMovedBack(t *testing.T) {
	r := newRig(t, "app.json")
	r.must(os.Mkdir(r.path("away"), 0o755))
	a := recs("a", 0, 5)
	r.write("app.json", lines(a))
	r.drain()
	r.rename("app.json", "away/app.json")
	r.pass(time.Second)
	r.rename("away/app.json", "app.json") // soon enough
	r.rest()
	r.want(a...)
	r.rename("app.json", "away/app.json")
	r.rest()
	r.rename("away/app.json", "app.json")
	r.rest()
	r.want(join(a, a)...)
}

func TestTwiceWhenTiny(t *testing.T) {
	r := newRig(t)
	tiny := `{"n":1}`
	r.write("app.json", tiny+"\n")
	r.drain()
	r.copytruncate("app.json", "app.json.1")
	r.write("app.json.1", "{\"n\":2}\n") // the copy is not all that was read
	r.rest()
	r.want(tiny, tiny, `{"n":2}`)
}

// A packed copy may stay beside what was packed. It is not unpacked at every scan.
func TestFault04PackedBesideTheOriginal(t *testing.T) {
	for _, arg := range []string{"app.json", "."} {
		r := newRig(t, arg)
		a, b := recs("a", 0, 2000), recs("b", 0, 20)
		r.write("app.json", lines(a))
		r.drain()
		r.rename("app.json", "app.json.1")
		r.write("app.json.1.gz", pack(t, lines(a), ".gz"))
		r.write("app.json", lines(b))
		r.rest()
		r.rest()
		r.want(join(a, b)...)
		if len(r.f.waiting) != 1 {
			t.Fatalf("%d files wait to be known, want the packed one", len(r.f.waiting))
		}
		for _, c := range r.f.waiting {
			if c.of == nil || c.z.text != nil {
				t.Error("the packed file is unpacked again and again")
			}
		}
		r.must(os.Remove(r.path("app.json.1")))
		r.rest()
		r.want(join(a, b)...)
		r.wantPlaces("app.json", "app.json.1.gz")
	}
}

// Thousands of numbered files that begin alike are not compared each with each.
func TestFault31NumberedFiles(t *testing.T) {
	r := newRig(t)
	var all []string
	for i := range 1000 {
		part := recs("an export of events that all begin with the same first bytes, like XML", i, 3)
		all = append(all, part...)
		r.write(fmt.Sprintf("events-%d.json", i), lines(part))
	}
	r.drain()
	r.want(all...)
	r.stop()
	r.rest()
	r.want(all...)
}
