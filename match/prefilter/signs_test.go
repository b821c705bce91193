package prefilter

import (
	"slices"
	"testing"

	"sluice/match/rule"
)

// A rule is a candidate only where its event id's digits stand, each rule by its own; one
// that needs none, wherever its anchor does.
func TestSigns(t *testing.T) {
	t.Parallel()
	f := New([]*rule.Rule{
		compileRule(t, `EventCode=4104 Text="*quokka*"`),
		compileRule(t, `EventCode=4688 Text="*quokka*"`),
		compileRule(t, `EventCode=4104 Text="*zebra*"`),
		compileRule(t, `Text="*zebra quokka*"`),
		compileRule(t, `EventCode=1 Text="*quokka*"`),
	}, Options{})
	if f.gate != nil || f.classes != nil || len(f.signs.texts) != 2 {
		t.Fatalf("the set has another plan: signs %q", f.signs.texts)
	}
	s := f.NewScanner()
	for raw, want := range map[string][]int{
		`{"EventID":4104,"Text":"see quokka"}`:            {0, 4},
		`{"EventID":4688,"Text":"see QUOKKA"}`:            {1, 4},
		`{"EventID":4688,"Text":"zebra quokka"}`:          {1, 3, 4},
		`{"EventID":4104,"Text":"4688 zebra quokka"}`:     {0, 1, 2, 3, 4},
		`{"EventID":7,"Text":"zebra quokka"}`:             {3, 4},
		`{"EventID":4104,"Text":"nothing of the kind"}`:   nil,
		`{"EventID":4104,"Text":"a zebra and no scheme"}`: {2},
	} {
		if got := s.Candidates(nil, []byte(raw)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", raw, got, want)
		}
	}
}
