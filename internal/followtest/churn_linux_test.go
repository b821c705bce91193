package followtest

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// Files that come and go leave no goroutine, descriptor or memory behind, nor any
// position in the state. It is not parallel: it counts what this process holds.
func TestFault31FilesThatComeAndGo(t *testing.T) {
	files := 600
	if long() {
		files = 10_000
	}
	const wave = 100
	before := runtime.NumGoroutine()
	m := newModel(t, 31)
	var base, after held
	for n := 0; n < files; n += wave {
		for i := range wave {
			m.write(fmt.Sprint("d/churn", n+i, ".ndjson"), 1)
		}
		m.settle()
		for i := range wave {
			must(t, os.Remove(m.path(fmt.Sprint("d/churn", n+i, ".ndjson"))))
		}
		if n == 2*wave {
			base = m.forgotten()
		}
	}
	after = m.forgotten()
	m.settle()
	if after.goroutines > base.goroutines+3 || after.files > base.files || after.positions > base.positions {
		t.Errorf("after %d files %+v, and %+v before", files, after, base)
	}
	if after.heap > base.heap+2<<20 {
		t.Errorf("the heap has grown from %d to %d bytes", base.heap, after.heap)
	}
	t.Logf("%+v, then %+v", base, after)
	m.end()
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines are left, %d were there", runtime.NumGoroutine(), before)
		}
	}
}

// held is what this process holds.
type held struct {
	goroutines, files, positions int
	heap                         uint64
}

// forgotten waits until files that are gone are forgotten, and looks.
func (m *model) forgotten() (h held) {
	m.t.Helper()
	for end := time.Now().Add(patience); ; {
		m.pass(10 * time.Second)
		m.mu.Lock()
		h.positions = len(m.saved.Positions)
		m.mu.Unlock()
		if h.positions <= 1 {
			break
		}
		if time.Now().After(end) {
			m.fail("files that are gone", fmt.Sprint(h.positions, " positions are kept"))
		}
	}
	time.Sleep(50 * time.Millisecond)
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	fds, err := os.ReadDir("/proc/self/fd")
	must(m.t, err)
	h.goroutines, h.files, h.heap = runtime.NumGoroutine(), len(fds), s.HeapAlloc
	return h
}
