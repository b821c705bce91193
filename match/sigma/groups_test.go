package sigma_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/match"
	"sluice/match/prefilter"
	"sluice/match/rule"
)

// What a published rule finds does not depend on which others run with it: random groups
// of 1 to 200 find, over events made for some of them, what each finds alone.
func TestPublishedGroups(t *testing.T) {
	dir := published(t)
	rng := rand.New(rand.NewPCG(51, 52))
	s, g := &satisfier{rng: rng}, corpus.New(51)
	var rules []*rule.Rule
	for _, name := range files(t, filepath.Join(dir, "rules/windows"), ".yml") {
		if r, _ := compileFile(t, name); r != nil {
			rules = append(rules, r.Rule)
		}
	}
	found := 0
	for n := range 40 {
		size := 1 + rng.IntN(200)
		var group []*rule.Rule
		for _, i := range rng.Perm(len(rules))[:size] {
			group = append(group, rules[i])
		}
		var data bytes.Buffer
		for i := range 200 {
			shape := corpus.ByName(shapesOf[i%len(shapesOf)])
			rec := shape.Render(s.event(g, group[rng.IntN(size)], fmt.Sprintf("h%d", i)))
			if rng.IntN(4) == 0 {
				rec = corpus.Respell(rng, shape.Format, rec)
			}
			data.Write(append(rec, '\n'))
		}
		var want []string
		for i := range group {
			for _, line := range foundBy(group[i:i+1], match.Options{NoPrefilter: true}, data.Bytes()) {
				want = append(want, fmt.Sprintf("%d%s", i, strings.TrimPrefix(line, "0")))
			}
		}
		slices.Sort(want)
		found += len(want)
		for _, opt := range []match.Options{{}, {NoPrefilter: true}, {Prefilter: prefilter.Options{ByID: true}}, {Prefilter: prefilter.Options{NoGate: true}}} {
			if got := foundBy(group, opt, data.Bytes()); !slices.Equal(got, want) {
				t.Errorf("group %d of %d rules, %+v: %d hits together, %d alone; the first that differ: %q", n, size, opt, len(got), len(want), differing(got, want))
			}
		}
	}
	t.Logf("%d hits", found)
	if found < 1000 {
		t.Error("the test shows little")
	}
}

// differing returns the first few that only one of two lists has.
func differing(a, b []string) (out []string) {
	for _, list := range [][2][]string{{a, b}, {b, a}} {
		for _, s := range list[0] {
			if !slices.Contains(list[1], s) && len(out) < 6 {
				out = append(out, s)
			}
		}
	}
	return out
}
