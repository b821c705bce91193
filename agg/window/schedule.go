package window

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Schedule says when a search runs and over which time, as Splunk writes it
// (savedsearches.conf: cron_schedule, dispatch.earliest_time, dispatch.latest_time).
type Schedule struct {
	Cron, Earliest, Latest string
}

// Spec returns the windows of the runs, if they tile time: the runs come at equal
// distances, each day alike, and each searches exactly the time since the one before.
// Times of day are UTC.
func (s Schedule) Spec() (Spec, error) {
	first, period, err := runs(s.Cron)
	if err != nil {
		return Spec{}, err
	}
	from, err := before(first, s.Earliest)
	if err != nil {
		return Spec{}, err
	}
	to, err := before(first, s.Latest)
	if err != nil {
		return Spec{}, err
	}
	// Snapping takes the same from every run if it does so from the next one.
	nextFrom, _ := before(first+period, s.Earliest)
	nextTo, _ := before(first+period, s.Latest)
	if nextFrom-from != period || nextTo-to != period {
		return Spec{}, fmt.Errorf("%s to %s snaps to other times in each run", s.Earliest, s.Latest)
	}
	switch {
	case to-from != period:
		return Spec{}, fmt.Errorf("each run searches %v of time and there is one each %v", time.Duration(to-from), time.Duration(period))
	case to > first:
		return Spec{}, fmt.Errorf("latest time %s is behind the run", s.Latest)
	}
	return Spec{Period: period, Offset: mod(from, period), Lag: first - to}, nil
}

const day = int64(24 * time.Hour)

// runs returns when on a day the first run of a cron schedule is, and the distance of
// runs, in nanoseconds.
func runs(cron string) (first, period int64, err error) {
	fields := strings.Fields(cron)
	if len(fields) != 5 {
		return 0, 0, fmt.Errorf("cron schedule %q has not five fields", cron)
	}
	minutes, err := cronField(fields[0], 60)
	if err != nil {
		return 0, 0, err
	}
	hours, err := cronField(fields[1], 24)
	if err != nil {
		return 0, 0, err
	}
	for _, f := range fields[2:] {
		if f != "*" {
			return 0, 0, fmt.Errorf("cron schedule %q is not the same each day", cron)
		}
	}
	var at []int64
	for h := range hours {
		for m := range minutes {
			if hours[h] && minutes[m] {
				at = append(at, int64(h)*int64(time.Hour)+int64(m)*int64(time.Minute))
			}
		}
	}
	period = day / int64(len(at))
	for i, t := range at {
		if t != at[0]+int64(i)*period {
			return 0, 0, fmt.Errorf("cron schedule %q runs at unequal distances", cron)
		}
	}
	return at[0], period, nil
}

// cronField reads a field of a cron schedule: numbers, ranges, * and steps.
func cronField(text string, n int) (set []bool, err error) {
	set = make([]bool, n)
	for part := range strings.SplitSeq(text, ",") {
		span, by, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			if step, err = strconv.Atoi(by); err != nil || step < 1 {
				return nil, fmt.Errorf("%q is no step of a cron schedule", part)
			}
		}
		lo, hi := 0, n-1
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			if lo, err = strconv.Atoi(from); err == nil && ranged {
				hi, err = strconv.Atoi(to)
			} else if !stepped {
				hi = lo
			}
			if err != nil || lo < 0 || hi < lo || hi >= n {
				return nil, fmt.Errorf("%q is no field of a cron schedule", part)
			}
		}
		for i := lo; i <= hi; i += min(step, n) {
			set[i] = true
		}
	}
	return set, nil
}

var (
	relative  = regexp.MustCompile(`^(?:-([0-9]{1,7})([a-z]+))?(?:@([a-z]+))?$`)
	timeUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	unitNames = map[string]string{
		"sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
		"hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
	}
)

// before returns the time that a modifier such as -70m@m names from now.
func before(now int64, text string) (int64, error) {
	m := relative.FindStringSubmatch(text)
	if text == "now" || text == "now()" {
		return now, nil
	}
	if m == nil || text == "" {
		return 0, fmt.Errorf("%q is no time such as -70m@m", text)
	}
	unit := func(name string) int64 {
		if long, ok := unitNames[name]; ok {
			name = long
		}
		return int64(timeUnits[name])
	}
	if m[1] != "" {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		u := unit(m[2])
		if u == 0 || n > MaxLength/u {
			return 0, fmt.Errorf("%q is no time such as -70m@m", text)
		}
		now -= n * u
	}
	if m[3] != "" {
		u := unit(m[3])
		if u == 0 {
			return 0, fmt.Errorf("%q snaps to no second, minute, hour or day", text)
		}
		now -= mod(now, u)
	}
	return now, nil
}
