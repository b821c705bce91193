package anchor

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// A kernel's tables accept at each offset any byte that some window of a bucket
// has there, so a bucket is hit by mixtures of its windows too: abc and xyz
// together accept abz. Which windows share a bucket can make the difference of a
// hundred between all hits.

// rounds bounds how often each window is moved. It takes about ten rounds
// until none moves.
const rounds = 16

// Buckets gives each window, of which the first Width bytes count, one of n
// buckets, such that all buckets together are hit rarely. Windows are put where
// they add the fewest hits, the most common first; then each is moved to where
// it adds fewer than where it is, until none moves.
//
// Merging the cheapest pair of buckets, again and again, instead took longer and
// ended with up to ten times the hits before windows were moved, and with about
// as many after.
func Buckets(windows []string, n int) []int {
	s := newSharing(windows, n)
	for _, w := range s.order {
		s.put(w, math.Inf(1))
	}
	for range rounds {
		moved := false
		for _, w := range s.order {
			moved = s.move(w) || moved
		}
		if !moved {
			break
		}
	}
	return s.bucket
}

// Neighbours is Buckets in no time: windows that begin alike share a bucket, however
// many hits that makes.
func Neighbours(windows []string, n int) []int {
	order := make([]int, len(windows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(windows[a], windows[b]) })
	bucket := make([]int, len(windows))
	for rank, w := range order {
		bucket[w] = rank * n / len(windows)
	}
	return bucket
}

// sharing says which windows share a bucket.
type sharing struct {
	windows []classes
	order   []int // windows, the most common first
	bucket  []int // of each window
	groups  []group
	tries   [][]try // by window and group
	last    int     // version
}

// group is a bucket's windows as one.
type group struct {
	classes classes
	rate    float64
	version int // another one whenever the windows are others
}

// try is what joining a group came to: rounds later most groups are the same.
type try struct {
	version int // of the group, or 0
	rate    float64
	least   bool // the rate is at least that
}

func newSharing(windows []string, n int) *sharing {
	s := &sharing{bucket: make([]int, len(windows)), groups: make([]group, n)}
	for b := range s.groups {
		s.groups[b].version = s.next()
	}
	rates := make([]float64, len(windows))
	for w, window := range windows {
		s.windows = append(s.windows, classesOf(window))
		s.order = append(s.order, w)
		s.tries = append(s.tries, make([]try, n))
		rates[w] = rate(s.windows[w])
	}
	slices.SortStableFunc(s.order, func(v, w int) int { return cmp.Compare(rates[w], rates[v]) })
	return s
}

func (s *sharing) next() int {
	s.last++
	return s.last
}

// put adds window w, which is in no group, to the group whose rate grows least,
// if one grows by less than most.
func (s *sharing) put(w int, most float64) (done bool) {
	var best float64
	for b, g := range s.groups {
		if rate := s.join(w, b, g.rate+most); rate < g.rate+most {
			best, most, done = rate, rate-g.rate, true
			s.bucket[w] = b
		}
	}
	if done {
		g := &s.groups[s.bucket[w]]
		*g = group{g.classes.with(s.windows[w]), best, s.next()}
	}
	return done
}

// join returns the rate of group b with window w in it, or anything from limit on
// if it is that.
func (s *sharing) join(w, b int, limit float64) float64 {
	g, t := &s.groups[b], &s.tries[w][b]
	if t.version == g.version && (!t.least || t.rate >= limit) {
		return t.rate
	}
	*t = try{version: g.version, rate: g.rate}
	if joined := g.classes.with(s.windows[w]); joined != g.classes {
		t.rate = rateUpTo(joined, limit)
		t.least = t.rate > limit
	}
	return t.rate
}

// move puts window w into another group if that lowers the sum of all rates.
func (s *sharing) move(w int) bool {
	from := s.bucket[w]
	old := s.groups[from]
	rest := s.without(w)
	if rest == old.classes {
		return false
	}
	s.groups[from] = group{rest, rate(rest), s.next()}
	// A little less than what leaving saves: rounding must not move windows
	// around and around.
	saved := (old.rate - s.groups[from].rate) * (1 - 1e-9)
	if s.put(w, saved) {
		return true
	}
	s.groups[from] = old
	return false
}

// without returns the classes of the group of w as if w were not in it.
func (s *sharing) without(w int) (c classes) {
	for v, b := range s.bucket {
		if b == s.bucket[w] && v != w {
			c = c.with(s.windows[v])
		}
	}
	return c
}
