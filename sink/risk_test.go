package sink

import (
	"bytes"
	"encoding/json"
	"testing"

	"sluice/match/detection"
)

// An object may have a message of its own, and an optional one makes no event of
// a row that lacks it.
func TestRiskObjects(t *testing.T) {
	t.Parallel()
	d := testDetection()
	d.Risk.Message = "on $dest$"
	d.Risk.Objects[1].Message = "by $user_id$"
	d.Risk.Objects[1].Optional = true
	e := &Encoder{Detections: []*detection.Detection{d}}
	for user, want := range map[string][]string{"u": {"on pc", "by u"}, "-": {"on pc"}} {
		var got []string
		for line := range bytes.Lines(e.Risk(testRow("pc", user, "-"))) {
			var o struct {
				Message string `json:"risk_message"`
			}
			if err := json.Unmarshal(line, &o); err != nil {
				t.Fatal(err)
			}
			got = append(got, o.Message)
		}
		if len(got) != len(want) || got[0] != want[0] || got[len(got)-1] != want[len(want)-1] {
			t.Errorf("user %s: messages %q, want %q", user, got, want)
		}
	}
}
