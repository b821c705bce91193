package sink

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"sluice/agg/window"
	"sluice/match/detection"
	"sluice/match/row"
)

// A row of a window says which, in the zone of printed times; its risk events say it as
// Splunk's do. Columns of those names are printed under others, but only then.
func TestWindowOfRow(t *testing.T) {
	t.Parallel()
	d := testDetection()
	d.Risk.Message = "on $dest$"
	e := &Encoder{Detections: []*detection.Detection{d}, Zone: time.FixedZone("", 3600)}
	start := time.Date(2026, 11, 20, 8, 50, 0, 0, time.UTC).UnixNano()
	w := window.Scheduled
	r := testRow("pc", "u", "-")
	r.Columns = append(slices.Clone(r.Columns), "late", "window_end")
	r.Values = append(r.Values, row.OfText("x"), row.OfText("y"))
	parse := func(line []byte) map[string]any {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		return m
	}
	check := func(line []byte, want map[string]any) map[string]any {
		t.Helper()
		names(t, line)
		m := parse(line)
		for name, v := range want {
			if m[name] != v {
				t.Errorf("%s is %v, want %v: %s", name, m[name], v, line)
			}
		}
		return m
	}
	first := func(lines []byte) []byte { return lines[:slices.Index(lines, '\n')+1] }

	check(e.Stats(r), map[string]any{"window_start": nil, "late": "x", "window_end": "y"})
	all := check(first(e.Risk(r)), map[string]any{"info_min_time": "0.000", "info_max_time": "+Infinity", "late": "x"})

	r.Span = row.Span{Windowed: true, Timed: true, Start: start, End: w.End(start)}
	on := check(e.Stats(r), map[string]any{
		"window_start": "2026-11-20T09:50:00", "window_end": "2026-11-20T10:50:00", "orig_late": "x", "orig_window_end": "y",
	})
	if _, late := on["late"]; late {
		t.Error("a row is late that is not")
	}
	risk := check(first(e.Risk(r)), map[string]any{"info_min_time": "1795164600.000", "info_max_time": "1795168200.000", "orig_late": "x"})
	if risk["orig_sid"] == all["orig_sid"] {
		t.Error("orig_sid is the same for a window and for all time")
	}

	r.Span.Late = true
	check(e.Stats(r), map[string]any{"late": true})
	check(first(e.Risk(r)), map[string]any{"late": true})

	r.Span = row.Span{Windowed: true}
	if m := check(e.Stats(r), map[string]any{"window_start": nil, "window_end": nil}); len(m) != len(on) {
		t.Errorf("members %v, want those of %v", m, on)
	}
	check(first(e.Risk(r)), map[string]any{"info_min_time": "0.000", "info_max_time": "+Infinity"})
}
