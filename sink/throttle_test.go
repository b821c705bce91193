package sink

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sluice/match/detection"
	"sluice/match/row"
)

// A row passes unless an earlier one of its values ran less than the period before.
func TestThrottle(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(41, 42))
	d := testDetection()
	d.Throttle = detection.Throttle{Fields: []string{"dest", "Path"}, Period: "2h"}
	free := testDetection()
	for range 100 {
		var throttle Throttle
		passed := map[string][]time.Duration{}
		at := time.Duration(0)
		for range 60 {
			r := testRow([]string{"a", "b", "a 1:b", "-"}[rng.IntN(4)], fmt.Sprint(rng.IntN(9)), []string{"x", "-", ""}[rng.IntN(3)])
			if throttle.Suppresses(free, r) {
				t.Fatal("a detection without throttling is throttled")
			}
			r.Span = row.Span{Windowed: true, Timed: true, Ran: int64(at)}
			key := fmt.Sprintf("%q %q %v %v", r.Get("dest").Texts(), r.Get("Path").Texts(), r.Get("dest").IsNull(), r.Get("Path").IsNull())
			want := false
			for _, p := range passed[key] {
				want = want || at-p < 2*time.Hour
			}
			if !want {
				passed[key] = append(passed[key], at)
			}
			if got := throttle.Suppresses(d, r); got != want {
				t.Fatalf("%s at %v: suppressed %v, want %v, as it passed at %v", key, at, got, want, passed[key])
			}
			at += time.Duration(rng.IntN(3)) * time.Hour / 2
		}
	}
}

// Rows in no window are of one run, apart from those of windows; periods do not overflow.
func TestThrottleWithoutWindows(t *testing.T) {
	t.Parallel()
	d := testDetection()
	d.Throttle = detection.Throttle{Fields: []string{"dest"}, Period: "1s"}
	var throttle Throttle
	in := testRow("a", "u", "p")
	in.Span = row.Span{Windowed: true, Timed: true, Ran: math.MaxInt64 - 1}
	for i, c := range []struct {
		r    row.Named
		want bool
	}{{testRow("a", "u", "p"), false}, {testRow("a", "v", "q"), true}, {testRow("b", "u", "p"), false}, {in, false}, {in, true}} {
		if got := throttle.Suppresses(d, c.r); got != c.want {
			t.Errorf("row %d: suppressed %v, want %v", i, got, c.want)
		}
	}
	d.Throttle.Period = "0s"
	if throttle.Suppresses(d, in) {
		t.Error("a period of 0 suppresses")
	}
}

// What is over is dropped, and changes no answer.
func TestThrottleForgets(t *testing.T) {
	t.Parallel()
	d := &detection.Detection{Throttle: detection.Throttle{Fields: []string{"dest"}, Period: "1h"}}
	hour := int64(time.Hour)
	if int64(d.Throttle.Duration()) != hour {
		t.Fatalf("the period is %v", d.Throttle.Duration())
	}
	rng := rand.New(rand.NewPCG(5, 6))
	var th Throttle
	plain := map[string]int64{}
	at, most := int64(0), 0
	for range 200_000 {
		at += rng.Int64N(hour / 200)
		dest := fmt.Sprint("pc", rng.IntN(50_000))
		r := row.Named{Columns: []string{"dest"}, Values: []row.Value{row.OfText(dest)}, Span: row.Span{Windowed: true, Timed: true, Ran: at}}
		last, known := plain[dest]
		want := known && at < last+hour
		if !want {
			plain[dest] = at
		}
		if got := th.Suppresses(d, r); got != want {
			t.Fatalf("%s at %d: %v, want %v", dest, at, got, want)
		}
		most = max(most, len(th.until))
	}
	if most > 4*minSweep {
		t.Errorf("%d of %d values were kept", most, len(plain))
	}
}
