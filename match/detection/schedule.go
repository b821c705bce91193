package detection

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"sluice/agg/window"
)

// scheduling reads when the search of d runs: from deployment.scheduling, which files of
// the later generations may carry (contentctl's schema of a deployment). What it does
// not say is as in window.Scheduled. A schedule whose windows do not tile time is kept as
// an error for those who need it, and the one of Splunk's content is taken.
func (f *file) scheduling(deployment *yaml.Node, d *Detection) {
	n := member(deployment, "scheduling")
	if n == nil {
		return
	}
	s := window.Schedule{Cron: "0 * * * *", Earliest: "-70m@m", Latest: "-10m@m"}
	for key, to := range map[string]*string{"cron_schedule": &s.Cron, "earliest_time": &s.Earliest, "latest_time": &s.Latest} {
		if v := member(n, key); v != nil {
			f.text(to, "deployment.scheduling."+key)(v)
		}
	}
	spec, err := s.Spec()
	if err == nil {
		d.Windows = spec
		return
	}
	e := &Error{File: f.name, Line: n.Line, Column: n.Column, Check: CheckSchema, Warning: true}
	e.Msg = fmt.Sprintf("cannot use the schedule for windows: %v (instead: 0 * * * * from -70m@m to -10m@m)", err)
	d.Unscheduled = e
	if f.l.Lint {
		f.l.fail(e)
	}
}

// Duration returns the period of a throttle; one that no int64 holds is the longest
// there is.
func (t Throttle) Duration() time.Duration {
	if t.Period == "" {
		return 0
	}
	unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour}[t.Period[len(t.Period)-1]]
	n, err := strconv.ParseInt(t.Period[:len(t.Period)-1], 10, 64)
	if err != nil || unit == 0 || n > math.MaxInt64/int64(unit) {
		return math.MaxInt64
	}
	return time.Duration(n) * unit
}
