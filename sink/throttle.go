package sink

import (
	"fmt"

	"sluice/match/detection"
	"sluice/match/row"
)

// Throttle tells which rows make no risk events since an earlier one of their detection
// did, within the period of its throttling and with the same values of its fields (Splunk:
// alert.suppress, .fields and .period). As there, a row's time is that at which its search
// ran: behind its window by the lag. Rows that are in no window are of one run.
//
// Rows must come in the order of their windows. The zero Throttle has seen none. It keeps
// the values of each row that it lets pass.
type Throttle struct {
	ran map[string]int64
}

// Suppresses reports whether r, a row of d that makes risk events, is to make none, and
// else takes note of it.
func (t *Throttle) Suppresses(d *detection.Detection, r row.Named) bool {
	period := int64(d.Throttle.Duration())
	if period == 0 {
		return false
	}
	key := throttleKey(d, r)
	last, known := t.ran[key]
	if known && r.Span.Ran < saturated(last, period) {
		return true
	}
	if t.ran == nil {
		t.ran = map[string]int64{}
	}
	t.ran[key] = r.Span.Ran
	return false
}

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
