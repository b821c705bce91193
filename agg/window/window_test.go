package window

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// plain computes a window with numbers that cannot overflow.
func plain(s Spec, nanos int64) (start, end int64) {
	t, p, o := big.NewInt(nanos), big.NewInt(s.Period), big.NewInt(s.Offset)
	n := new(big.Int).Sub(t, o)
	n.Div(n, p) // Euclidean: rounds down, as the period is above 0
	lo := n.Mul(n, p)
	lo.Add(lo, o)
	hi := new(big.Int).Add(lo, p)
	clamp := func(x *big.Int) int64 {
		switch {
		case x.Cmp(big.NewInt(Min)) < 0:
			return Min
		case x.Cmp(big.NewInt(Max)) > 0:
			return Max
		}
		return x.Int64()
	}
	return clamp(lo), clamp(hi)
}

func TestOfEqualsPlain(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	specs := []Spec{Scheduled, {Period: 1}, {Period: MaxLength}, {Period: MaxLength, Offset: MaxLength - 1}, {Period: int64(time.Minute), Offset: 7}}
	for range 50 {
		p := 1 + rng.Int64N(MaxLength)
		specs = append(specs, Spec{Period: p, Offset: rng.Int64N(p), Lag: rng.Int64N(MaxLength)})
	}
	for _, s := range specs {
		times := []int64{math.MinInt64, Min, Min + 1, -1, 0, 1, Max - 1, Max}
		for range 200 {
			at := int64(rng.Uint64())
			start, end := s.Of(at)
			times = append(times, at, start, end, start-1, end-1)
		}
		for _, at := range times {
			start, end := s.Of(at)
			if lo, hi := plain(s, max(at, Min)); start != lo || end != hi {
				t.Fatalf("%+v of %d is %d to %d, want %d to %d", s, at, start, end, lo, hi)
			}
			if again := s.End(start); again != end {
				t.Fatalf("%+v: the window from %d ends at %d and at %d", s, start, end, again)
			}
			if at > math.MinInt64 && (at < start || at >= end && end != Max) {
				t.Fatalf("%+v: %d is not from %d to %d", s, at, start, end)
			}
			if s.Ran(end) < end || s.Closed(start, end-1) && s.Lag > 0 || s.Closed(start, s.Ran(end)) != true {
				t.Fatalf("%+v: closed at %d, end %d", s, s.Ran(end), end)
			}
		}
	}
}

// The windows of Splunk's content are cut at minute 50, before and after the epoch.
func TestScheduled(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-11-20T09:49:59.999999999Z": "2026-11-20T08:50:00Z",
		"2026-11-20T09:50:00Z":           "2026-11-20T09:50:00Z",
		"1969-12-31T23:50:00Z":           "1969-12-31T23:50:00Z",
		"1969-12-31T23:49:59.999999999Z": "1969-12-31T22:50:00Z",
	} {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		start, end := Scheduled.Of(at.UnixNano())
		if got := time.Unix(0, start).UTC().Format(time.RFC3339Nano); got != want || end-start != int64(time.Hour) {
			t.Errorf("%s is in the window from %s of %v, want from %s", text, got, time.Duration(end-start), want)
		}
	}
	start, end := Scheduled.Of(0)
	late := end + int64(10*time.Minute)
	if Scheduled.Closed(start, late-1) || !Scheduled.Closed(start, late) {
		t.Error("the window is not closed ten minutes behind its end")
	}
	open := Scheduled
	open.Open = true
	if open.Closed(start, Max) {
		t.Error("an open window is closed")
	}
}

func TestParseLength(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1s": 1e9, "15m": 900e9, "1h": 3600e9, "1d": 86400e9, "0m": 0, "36500d": MaxLength,
		"": -1, "h": -1, "1": -1, "1w": -1, "-1h": -1, "+1h": -1, "1.5h": -1, "36501d": -1, "99999999999999999999h": -1, "1h ": -1,
	} {
		got, err := ParseLength(text)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q is %d (%v), want %d", text, got, err, want)
		}
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	m, h := int64(time.Minute), int64(time.Hour)
	for _, c := range []struct {
		cron, earliest, latest string
		want                   Spec
		err                    string
	}{
		{"0 * * * *", "-70m@m", "-10m@m", Scheduled, ""},
		{"0 * * * *", "-70min@min", "-600s", Scheduled, ""},
		{"0 * * * *", "-1h@h", "@h", Spec{Period: h}, ""},
		{"7 * * * *", "-1h@h", "@h", Spec{Period: h, Lag: 7 * m}, ""},
		{"7 * * * *", "-60m", "now", Spec{Period: h, Offset: 7 * m}, ""},
		{"*/15 * * * *", "-20m@m", "-5m@m", Spec{Period: 15 * m, Offset: 10 * m, Lag: 5 * m}, ""},
		{"3,18,33,48 * * * *", "-15m", "now", Spec{Period: 15 * m, Offset: 3 * m}, ""},
		{"3-59/15 * * * *", "-15m", "now", Spec{Period: 15 * m, Offset: 3 * m}, ""},
		{"* * * * *", "-1m@m", "@m", Spec{Period: m}, ""},
		{"10 0 * * *", "-1450m@m", "-10m@m", Spec{Period: 24 * h, Lag: 10 * m}, ""},
		{"30 2 * * *", "-1d@d", "@d", Spec{Period: 24 * h, Lag: 150 * m}, ""},
		{"5 */6 * * *", "-6h@h", "-0h@h", Spec{Period: 6 * h, Lag: 5 * m}, ""},
		{"0 * * * *", "-2h", "now", Spec{}, "searches 2h0m0s of time"},
		{"0 * * * *", "-1d@d", "@d", Spec{}, "snaps to other times"},
		{"*/7 * * * *", "-7m", "now", Spec{}, "unequal distances"},
		{"0 9-17 * * *", "-1h", "now", Spec{}, "unequal distances"},
		{"0 0 * * 1", "-7d", "now", Spec{}, "not the same each day"},
		{"0 0 1 * *", "-30d", "now", Spec{}, "not the same each day"},
		{"0 * * *", "-1h", "now", Spec{}, "five fields"},
		{"60 * * * *", "-1h", "now", Spec{}, "no field"},
		{"*/0 * * * *", "-1h", "now", Spec{}, "no step"},
		{"a * * * *", "-1h", "now", Spec{}, "no field"},
		{"0 * * * *", "-1w", "now", Spec{}, "no time"},
		{"0 * * * *", "", "now", Spec{}, "no time"},
		{"0 * * * *", "-1h", "rt", Spec{}, "no time"},
		{"0 * * * *", "-1mon@mon", "@mon", Spec{}, "no time"},
		{"0 * * * *", "@w", "now", Spec{}, "snaps to no"},
	} {
		got, err := Schedule{c.cron, c.earliest, c.latest}.Spec()
		switch {
		case c.err == "" && (err != nil || got != c.want):
			t.Errorf("%s from %s to %s: %+v, %v, want %+v", c.cron, c.earliest, c.latest, got, err, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s from %s to %s: %v, want an error about %q", c.cron, c.earliest, c.latest, err, c.err)
		}
	}
}

// Whatever a schedule says, its windows are sound, and equal what each run searches.
func FuzzSchedule(f *testing.F) {
	f.Add("0 * * * *", "-70m@m", "-10m@m")
	f.Add("3-59/15 * * * *", "-15m", "now")
	f.Add("10 0 * * *", "-1450m@m", "-10m@m")
	f.Fuzz(func(t *testing.T, cron, earliest, latest string) {
		s, err := Schedule{cron, earliest, latest}.Spec()
		if err != nil {
			return
		}
		if s.Period <= 0 || s.Period > day || s.Offset < 0 || s.Offset >= s.Period || s.Lag < 0 {
			t.Fatalf("%+v", s)
		}
		first, period, _ := runs(cron)
		for k := range int64(3) {
			from, _ := before(first+k*period, earliest)
			to, _ := before(first+k*period, latest)
			if start, end := s.Of(from); start != from || end != to || s.Ran(end) != first+k*period {
				t.Fatalf("run %d searches %d to %d, the window is %d to %d, closed at %d", k, from, to, start, end, s.Ran(end))
			}
		}
	})
}
