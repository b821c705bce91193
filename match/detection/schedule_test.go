package detection

import (
	"math"
	"strings"
	"testing"
	"time"

	"sluice/agg/window"
)

// A detection's windows are those of the schedule that it carries, if they tile time.
func TestSchedule(t *testing.T) {
	t.Parallel()
	daily := window.Spec{Period: int64(24 * time.Hour), Lag: int64(10 * time.Minute)}
	for _, c := range []struct {
		deployment string
		want       window.Spec
		refused    string
	}{
		{"", window.Scheduled, ""},
		{"deployment: {name: mine}\n", window.Scheduled, ""},
		{"deployment: {scheduling: {cron_schedule: 10 0 * * *, earliest_time: -1450m@m, latest_time: -10m@m, schedule_window: auto}}\n", daily, ""},
		{"deployment: {scheduling: {cron_schedule: 0 * * * *}}\n", window.Scheduled, ""},
		{"deployment: {scheduling: {earliest_time: -90m@m}}\n", window.Scheduled, "each run searches 1h20m0s"},
		{"deployment: {scheduling: {cron_schedule: 0 0 * * 1}}\n", window.Scheduled, "not the same each day"},
	} {
		src := "name: N\nid: i\nversion: 1\ntype: TTP\n" + search + c.deployment
		d, problems := load(src)
		if d == nil || problems != "" {
			t.Fatalf("%s: %s", c.deployment, problems)
		}
		if d.Windows != c.want {
			t.Errorf("%s: windows %+v, want %+v", c.deployment, d.Windows, c.want)
		}
		if (d.Unscheduled != nil) != (c.refused != "") || d.Unscheduled != nil && !strings.Contains(d.Unscheduled.Error(), c.refused) {
			t.Errorf("%s: %v, want %q", c.deployment, d.Unscheduled, c.refused)
		}
		if d.Unscheduled != nil && d.Unscheduled.Line == 0 {
			t.Errorf("%v has no place", d.Unscheduled)
		}
	}
}

func TestThrottleDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"": 0, "0s": 0, "30s": 30 * time.Second, "15m": 15 * time.Minute, "24h": 24 * time.Hour,
		"9223372036854775807s": math.MaxInt64, "99999999999999999999h": math.MaxInt64,
	} {
		if got := (Throttle{Period: text}).Duration(); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}
