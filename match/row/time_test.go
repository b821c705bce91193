package row

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestAppendTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 2, 3, 4, 5, 6, 70_080_009, time.UTC) // a Saturday, day 34
	for layout, want := range map[string]string{
		"%Y-%m-%dT%H:%M:%S":   "2024-02-03T04:05:06", // security_content_ctime
		"%m/%d/%Y %H:%M:%S":   "02/03/2024 04:05:06", // convert's default
		"%F %T":               "2024-02-03 04:05:06",
		"%y|%j|%e|%I %p":      "24|034| 3|04 AM",
		"%a %A %b %B":         "Sat Saturday Feb February",
		"%Z %z":               "UTC +0000",
		"%s":                  "1706933106",
		"%S.%N":               "06.070080009",
		"%S.%Q":               "06.070",
		"%S.%f":               "06.070080",
		"%1N %3N %6N %9N %3Q": "0 070 070080 070080009 070",
		"100%%":               "100%",
		"%":                   "%",
		"%H%":                 "04%",
		"%K %3":               "%K %3", // unknown
		"Jan 2006 MST 15":     "Jan 2006 MST 15",
		"":                    "",
	} {
		if got := string(AppendTime([]byte("x"), at, layout)); got != "x"+want {
			t.Errorf("%q gives %q, want %q", layout, got[1:], want)
		}
	}
	zone := time.FixedZone("CEST", 7200)
	if got, want := string(AppendTime(nil, at.In(zone), "%H %p %Z %z")), "06 AM CEST +0200"; got != want {
		t.Errorf("in a zone: %q, want %q", got, want)
	}
	if got, want := string(AppendTime(nil, at.Add(12*time.Hour), "%I %p")), "04 PM"; got != want {
		t.Errorf("after noon: %q, want %q", got, want)
	}
}

func TestAppendEpoch(t *testing.T) {
	t.Parallel()
	for nanos, want := range map[int64]string{
		0:                      "0",
		1:                      "0.000000001",
		-1:                     "-0.000000001",
		-1_500_000_000:         "-1.5",
		1_714_554_753e9:        "1714554753",
		1_714_554_753_123e6:    "1714554753.123",
		1_714_554_753_123456e3: "1714554753.123456",
		1_000_000_010:          "1.00000001",
		math.MaxInt64:          "9223372036.854775807",
		math.MinInt64:          "-9223372036.854775808",
	} {
		got := string(AppendEpoch(nil, nanos))
		if got != want {
			t.Errorf("%d ns: %s, want %s", nanos, got, want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s is no JSON number", got)
		}
	}
}
