package reference

import (
	"strings"
	"testing"
	"time"
)

// FuzzRead reads arbitrary text: no panic, the same fields at every reading,
// and nothing lost by the prefilter.
func FuzzRead(f *testing.F) {
	for _, c := range shapeCases {
		f.Add(c.text)
	}
	f.Add("<Event>\n<!-- </Event>\n--><System/></Event> {} \x00 [")
	rules := filterRules()
	filter := newPrefilter(rules)
	f.Fuzz(func(t *testing.T, text string) {
		framer := framer{emit: func(rec record) {
			events, _ := decode(rec)
			for _, ev := range events {
				ev.when(time.UTC)
				fields := ev.fields()
				for _, r := range rules {
					if (reader{fields, r.Values}).accepts(r.Where) && !filter.candidate(rec.text) {
						t.Errorf("the prefilter drops %q, which %s accepts", rec.text, r.Where)
					}
				}
			}
		}}
		for line := range strings.SplitSeq(text, "\n") {
			framer.line(line)
		}
		framer.end()
	})
}
