// Package window tells of a time in which window of a detection's it lies, and when
// that window is closed: windows of one Spec tile time, without a gap and without an
// overlap.
package window

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Spec is windows of one length, side by side: one is [n·Period + Offset, (n+1)·Period +
// Offset) in Unix nanoseconds, for each whole n. Ends that an int64 cannot hold are the
// least or the greatest time instead.
type Spec struct {
	Period int64 // nanoseconds, above 0
	Offset int64 // from 0 up to Period
	Lag    int64 // how long behind its end a window is closed, and its search runs; not below 0
	Open   bool  // windows are never closed
}

const (
	// Min is the least start of a window: one less stands for no window (agg.NoWindow).
	Min = math.MinInt64 + 1
	// Max is the greatest end.
	Max = math.MaxInt64
	// MaxLength bounds periods and lags. A hundred years leave room in an int64.
	MaxLength = int64(36500 * 24 * time.Hour)
)

// Scheduled are the windows of Splunk's content where a detection says nothing else: cron
// 0 * * * *, earliest -70m@m, latest -10m@m (contentctl's template of a deployment).
// So an hour is cut at minute 50, and its search runs ten minutes later.
var Scheduled = Spec{Period: int64(time.Hour), Offset: int64(50 * time.Minute), Lag: int64(10 * time.Minute)}

// Of returns the window of a time: start ≤ nanos < end. The least int64 counts as Min.
func (s Spec) Of(nanos int64) (start, end int64) {
	nanos = max(nanos, Min)
	into := mod(mod(nanos, s.Period)-s.Offset, s.Period) // 0 ≤ into < Period
	start, end = Min, Max
	if nanos >= Min+into {
		start = nanos - into
	}
	if left := s.Period - into; nanos <= Max-left {
		end = nanos + left
	}
	return start, end
}

// mod is the remainder that is not below 0.
func mod(a, b int64) int64 {
	if a %= b; a < 0 {
		a += b
	}
	return a
}

// End returns the end of the window that begins at start.
func (s Spec) End(start int64) int64 {
	_, end := s.Of(start)
	return end
}

// Ran returns when the search of the window that ends at end runs.
func (s Spec) Ran(end int64) int64 {
	if end > Max-s.Lag {
		return Max
	}
	return end + s.Lag
}

// Closed reports whether the window that begins at start is closed once time has come to
// mark: no more of it is expected.
func (s Spec) Closed(start, mark int64) bool {
	return !s.Open && mark >= s.Ran(s.End(start))
}

// ParseLength reads a length of time: a number and s, m, h or d. At most MaxLength.
func ParseLength(text string) (nanos int64, err error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	if text == "" || units[text[len(text)-1]] == 0 || text[0] == '+' || text[0] == '-' {
		return 0, fmt.Errorf("want a number and s, m, h or d, such as 15m")
	}
	unit := int64(units[text[len(text)-1]])
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 64)
	switch {
	case err != nil:
		return 0, fmt.Errorf("want a number and s, m, h or d, such as 15m")
	case n > MaxLength/unit:
		return 0, fmt.Errorf("at most %dd can be counted", MaxLength/int64(24*time.Hour))
	}
	return n * unit, nil
}
