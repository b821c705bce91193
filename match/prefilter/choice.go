package prefilter

// choice is between the two plans of a set that has both. The gate is the faster
// one as long as few records pass it: it looks for one literal. In a stream of
// nothing but the event id that the rules are for, it opens every record, and the
// anchors find at once the few that count.
type choice struct {
	anchors  bool
	looked   int // bytes since the choice
	opened   int // of those, in records that were opened
	switches int64
}

const (
	// fewBytes is how much is looked at before the gate may be left.
	fewBytes = 1 << 20
	// dense is the share of the bytes, one in dense, that makes it be left.
	dense = 4
	// manyBytes is how much is looked at by the anchors before the gate is tried
	// again, as it does not show meanwhile how much would pass it.
	manyBytes = 256 << 20
)

// choose returns the search for the next n bytes.
func (s *Scanner) choose(n int) *search {
	c := &s.choice
	switch {
	case s.gate == nil:
		return s.anchors
	case s.anchors == nil:
		return s.gate
	case c.anchors && c.looked >= manyBytes,
		!c.anchors && c.looked >= fewBytes && c.opened > c.looked/dense:
		*c = choice{anchors: !c.anchors, switches: c.switches + 1}
	case !c.anchors && c.looked >= 2*fewBytes:
		c.looked, c.opened = c.looked/2, c.opened/2 // what is recent counts
	}
	c.looked += n
	if c.anchors {
		return s.anchors
	}
	return s.gate
}

// Switches returns how often the search has changed between the gate and the
// anchors.
func (s *Scanner) Switches() int64 { return s.choice.switches }
