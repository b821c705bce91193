package sink

import (
	"fmt"
	"maps"

	"sluice/match/detection"
	"sluice/match/row"
)

// Throttle tells which rows make no risk events since an earlier one of their detection
// did, within the period of its throttling and with the same values of its fields (Splunk:
// alert.suppress, .fields and .period). As there, a row's time is that at which its search
// ran: behind its window by the lag. Rows that are in no window are of one run.
//
// Rows must come about in the order of their windows. The zero Throttle has seen none. It
// keeps the values of each row that it lets pass, until the period is over.
type Throttle struct {
	until map[string]int64
	sweep int // how many there may be until those that are over are dropped
}

// Suppresses reports whether r, a row of d that makes risk events, is to make none, and
// else takes note of it.
func (t *Throttle) Suppresses(d *detection.Detection, r row.Named) bool {
	period := int64(d.Throttle.Duration())
	if period == 0 {
		return false
	}
	key := throttleKey(d, r)
	if until, known := t.until[key]; known && r.Span.Ran < until {
		return true
	}
	if t.until == nil {
		t.until = map[string]int64{}
	}
	t.until[key] = saturated(r.Span.Ran, period)
	if len(t.until) > t.sweep {
		maps.DeleteFunc(t.until, func(_ string, until int64) bool { return until <= r.Span.Ran })
		t.sweep = max(minSweep, 2*len(t.until))
	}
	return false
}

// minSweep is at how many values it is worth looking for some to drop.
const minSweep = 1024

// saturated adds a period to a time, up to the greatest one.
func saturated(a, period int64) int64 {
	if sum := a + period; sum > a {
		return sum
	}
	return 1<<63 - 1
}

// throttleKey is the same for rows with the same values. A missing value is one as well.
func throttleKey(d *detection.Detection, r row.Named) string {
	key := fmt.Appendf(nil, "%d %t", r.Rule, r.Span.Timed)
	for _, name := range d.Throttle.Fields {
		v := r.Get(name)
		key = fmt.Appendf(key, " %d", v.Len())
		for _, text := range v.Texts() {
			key = fmt.Appendf(key, " %d:%s", len(text), text)
		}
	}
	return string(key)
}
