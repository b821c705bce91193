package tailer

import (
	"testing"
	"time"
)

// A file that was seen empty is known in the next run, when it has been rotated with
// what was written to it, and when it is written to late.
func TestFault03EmptyThenRotatedWhileDown(t *testing.T) {
	t.Parallel()
	r := newRig(t, "app.json")
	r.write("app.json", "")
	r.drain()
	r.stop()
	all := recs("app", 0, 5)
	r.write("app.json", lines(all[:3]))
	r.rename("app.json", "app.json.1")
	r.drain()
	r.want(all[:3]...)
	r.write("app.json.1", lines(all[3:]))
	r.drain()
	r.want(all...)
}

// While a scan is put off, because the one before has taken long, the follower sleeps.
func TestNextSleepsUntilTheScan(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("app.json", lines(recs("app", 0, 1)))
	r.drain()
	r.f.scan, r.f.scanAt = false, r.clock.Add(500*settleAfter)
	r.f.scanAgain = r.clock.Add(-settleAfter)
	r.f.tickAt, r.f.dueAt = r.clock.Add(500*settleAfter), time.Time{}
	if until := r.f.until(); until.Before(r.f.tickAt) {
		t.Errorf("it waits until %v before that", r.f.tickAt.Sub(until))
	}
}
