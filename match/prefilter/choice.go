package prefilter

import (
	"sync"
	"sync/atomic"
)

// later is a plan that is hit less often than one made at once, and takes
// milliseconds to make: a stream that the gate is enough for need not spend them,
// and one that it is not enough for need not wait for them.
type later struct {
	plan  func() *plan // makes it once; who asks meanwhile waits
	start sync.Once
	made  atomic.Bool // set by the goroutine that start starts
}

// ready reports whether the plan is made. The first call starts that.
func (l *later) ready() bool {
	l.start.Do(func() {
		go func() {
			l.plan()
			l.made.Store(true)
		}()
	})
	return l.made.Load()
}

// choice is between the two plans of a set that has both. The gate is the faster
// one as long as few records pass it: it looks for one literal. In a stream of
// nothing but the event id that the rules are for, it opens every record, and the
// anchors find at once the few that count.
type choice struct {
	anchors  bool
	looked   int // bytes since the choice, the recent ones if by the gate
	opened   int // of those, in records that were opened
	since    int // bytes since the choice, all
	wait     int // bytes for the anchors before the gate is tried again
	switches int64
}

const (
	// fewBytes is how much is looked at before the gate may be left. A few hundred
	// kilobytes of one event id are usual in any stream.
	fewBytes = 4 << 20
	// dense is the share of the bytes, one in dense, that makes it be left.
	dense = 4
	// minWait and maxWait are how much is looked at by the anchors before the gate
	// is tried again, as it does not show meanwhile how much would pass it. A try
	// costs fewBytes, so each that fails at once doubles the wait.
	minWait = 16 << 20
	maxWait = 256 << 20
)

// choose returns the search for the next n bytes.
func (s *Scanner) choose(n int) *search {
	c := &s.choice
	switch {
	case s.gate == nil:
		return s.anchors
	case s.f.anchors == nil:
		return s.gate
	case c.anchors && c.since >= c.wait:
		c.turn(false)
	case !c.anchors && c.looked >= fewBytes && c.opened > c.looked/dense && s.f.swept.ready():
		if c.since < 4*fewBytes {
			c.wait = min(2*c.wait, maxWait)
		} else {
			c.wait = 0
		}
		c.wait = max(c.wait, minWait)
		c.turn(true)
		if s.anchors == nil {
			s.sweepByAnchors()
		}
	case !c.anchors && c.looked >= 2*fewBytes:
		c.looked, c.opened = c.looked/2, c.opened/2 // what is recent counts
	}
	c.looked += n
	c.since += n
	if c.anchors {
		return s.anchors
	}
	return s.gate
}

// fewConfirmed is how many bytes of records are confirmed by the plan made at once
// before the better one is made, on another core.
const fewConfirmed = 512 << 10

// improve has records, of which the next one has n bytes, confirmed by the plan that
// takes time to make, once it pays and that is done: windows that were dealt to
// buckets in no time are hit up to a hundred times as often. A gigabyte of which a
// twentieth passes the gate: 265 detections took 0.086 s more than one, and then
// 0.053 s; 103 took 0.036 s more, and then 0.022 s.
func (s *Scanner) improve(n int) {
	if s.anchors != nil {
		return
	}
	if s.looked += n; s.looked > fewConfirmed && s.f.swept.ready() {
		s.sweepByAnchors()
	}
}

// sweepByAnchors makes the searches of the plan that takes time to make.
func (s *Scanner) sweepByAnchors() {
	p := s.f.swept.plan()
	s.anchors, s.confirm = newSearch(p), newSearch(p)
}

func (c *choice) turn(anchors bool) {
	*c = choice{anchors: anchors, wait: c.wait, switches: c.switches + 1}
}

// Switches returns how often the search has changed between the gate and the
// anchors.
func (s *Scanner) Switches() int64 { return s.choice.switches }
