// Package anchor chooses the short windows of literals by which a vector kernel
// looks for them, and says which of them share one bit of its tables.
//
// A window that is common decides the speed of the whole search, so costs come
// from counts of real event text; see ngram. Costs decide nothing else: with the
// worst windows and buckets a kernel finds the same literals.
package anchor

import (
	"strings"

	"sluice/match/prefilter/internal/anchor/ngram"
)

// Width is how many bytes of a window a kernel looks at.
const Width = ngram.Width

// Rarest returns where in lit, a folded literal, its rarest window begins, and
// the window's cost. The window is Width bytes, or the whole of a shorter
// literal; of equals it is the first.
func Rarest(lit string) (at int, cost float64) {
	cost = Cost(lit)
	for i := 1; i+Width <= len(lit); i++ {
		if c := Cost(lit[i:]); c < cost {
			at, cost = i, c
		}
	}
	return at, cost
}

// Cost returns how often the first Width bytes of window, or fewer if it is
// shorter, are to be expected in a million bytes of event text. It is never 0.
func Cost(window string) float64 {
	cost := rate(classesOf(window))
	if strings.Contains(namespace, window[:min(len(window), Width)]) {
		return max(cost, events)
	}
	return cost
}

// Every event of XML names its namespace, of which the counts, most of which come from
// JSON, know too little: a million bytes hold some hundreds of events.
const (
	namespace = "xmlns='http://schemas.microsoft.com/win/2004/08/events/event'"
	events    = 700
)

// classes are the bytes that a bucket accepts at each offset.
type classes [Width]ngram.Class

func classesOf(window string) (c classes) {
	for i := range c {
		c[i] = ngram.Any
		if i < len(window) {
			c[i] = ngram.Only(window[i])
		}
	}
	return c
}

func (c classes) with(d classes) classes {
	for i := range c {
		c[i] |= d[i]
	}
	return c
}

func rate(c classes) float64 {
	return ngram.Events().Rate((*[Width]ngram.Class)(&c))
}

// rateUpTo returns the rate, or anything above limit if it is above limit.
func rateUpTo(c classes, limit float64) float64 {
	return ngram.Events().RateUpTo((*[Width]ngram.Class)(&c), limit)
}
