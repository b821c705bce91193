package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/match/prefilter/internal/anchor/ngram"
)

// The shipped table is what the documented file gives, and costs learnt from the
// first half of its events choose windows that are rare in the second half.
func TestRealEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 177 MB of events")
	}
	dir := os.Getenv("SLUICE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, "windows-events.ndjson.gz")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED, NO REAL EVENTS: %v (set SLUICE_DATA to their folder)", err)
	}
	const half = 92_013 / 2
	literals := names(t)
	all, first, second := newLearner(), newLearner(), newWindowCounts(literals)
	err := eachEvent(path, func(event []byte) {
		if all.add(event); all.scripts.events+all.others.events <= half {
			first.add(event)
		} else {
			second.add(event)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := os.ReadFile("../ngram/events.table")
	if err != nil {
		t.Fatal(err)
	}
	if made := tableOf(t, all); !bytes.Equal(made, shipped) {
		t.Error("the shipped table is not the one that these events give: go generate ./match/prefilter/internal/anchor/ngram")
	}
	table, err := ngram.Load(tableOf(t, first))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, table, second, literals)
}

// compare chooses a window of each literal and counts how often it is there.
func compare(t *testing.T, table *ngram.Table, second *windowCounts, literals []string) {
	chosen, best, worst := 0.0, 0.0, 0.0
	for _, lit := range literals {
		least, most, window, cost := math.Inf(1), 0.0, "", math.Inf(1)
		for i := 0; i+ngram.Width <= len(lit); i++ {
			w := lit[i : i+ngram.Width]
			if c := rateOf(table, w); c < cost {
				window, cost = w, c
			}
			least, most = min(least, second.rate(w)), max(most, second.rate(w))
		}
		if rate := second.rate(window); rate > 20+2*least {
			t.Logf("%q of %q: %.1f expected, %.1f there; the rarest %.1f", window, lit, cost, rate, least)
		}
		chosen, best, worst = chosen+second.rate(window), best+least, worst+most
	}
	t.Logf("windows of %d literals, in a million bytes: %.0f chosen, %.0f at best, %.0f at worst", len(literals), chosen, best, worst)
	if chosen > 1.25*best {
		t.Error("that is too many")
	}
	errors, common, low := 0.0, 0, 0
	for w := range second.scripts {
		if rate := second.rate(w); rate >= 10 {
			e := math.Log2(rateOf(table, w) / rate)
			errors += math.Abs(e)
			common++
			if e < -2 {
				low++
			}
		}
	}
	t.Logf("of %d windows that stand in a million bytes ten times, costs are wrong by 2^%.2f on average, and four times too low for %d",
		common, errors/float64(common), low)
}

func names(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile("../testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		if len(name) >= ngram.Width {
			list = append(list, name)
		}
	}
	return list
}

func tableOf(t *testing.T, l *learner) []byte {
	t.Helper()
	table, err := l.table()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// windowCounts counts the windows of some literals, with case folded and no
// other bytes taken for the same.
type windowCounts struct {
	scripts, others          map[string]int
	begins                   []bool // whether a window begins with these three bytes
	scriptBytes, othersBytes int
}

func newWindowCounts(literals []string) *windowCounts {
	c := &windowCounts{map[string]int{}, map[string]int{}, make([]bool, 1<<24), 0, 0}
	for _, lit := range literals {
		for i := 0; i+ngram.Width <= len(lit); i++ {
			c.scripts[lit[i:i+ngram.Width]] = 0
			c.begins[int(lit[i])<<16|int(lit[i+1])<<8|int(lit[i+2])] = true
		}
	}
	return c
}

func (c *windowCounts) add(event []byte) {
	counts, n := c.others, &c.othersBytes
	if script.Match(event) {
		counts, n = c.scripts, &c.scriptBytes
	}
	*n += len(event)
	text := bytes.ToLower(event)
	for i := 0; i+ngram.Width <= len(text); i++ {
		if !c.begins[int(text[i])<<16|int(text[i+1])<<8|int(text[i+2])] {
			continue
		}
		if w := text[i : i+ngram.Width]; c.known(w) {
			counts[string(w)]++
		}
	}
}

func (c *windowCounts) known(w []byte) bool {
	_, ok := c.scripts[string(w)]
	return ok
}

func (c *windowCounts) rate(w string) float64 {
	return 0.5e6 * (float64(c.scripts[w])/float64(c.scriptBytes) + float64(c.others[w])/float64(c.othersBytes))
}
