package match_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/detections"
	"sluice/internal/corpus"
	"sluice/internal/corpus/ruleset"
	"sluice/internal/record"
	"sluice/match"
	"sluice/match/detection"
	"sluice/match/prefilter"
	"sluice/match/rule"
)

// generated returns n rules in the shapes of published detections, with words of letters
// beyond ASCII in every third one or so.
func generated(t *testing.T, n int, seed uint64) (rules []*rule.Rule) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "rules")
	made := ruleset.Generate(n, seed)
	for i, r := range ruleset.GenerateWith(corpus.Words, n, seed) {
		if i%3 == 0 {
			made[i] = r
		}
	}
	if err := ruleset.Write(dir, made); err != nil {
		t.Fatal(err)
	}
	var l detection.Loader
	l.LoadMacros(detections.FS, "builtin")
	for _, d := range l.Load(dir) {
		rules = append(rules, d.Rule)
	}
	if len(rules) != n || len(l.Problems) > 0 {
		t.Fatalf("%d rules, %v", len(rules), l.Problems)
	}
	return rules
}

// literals appends what the comparisons of e look for.
func literals(dst []string, e rule.Expr) []string {
	switch e := e.(type) {
	case rule.And:
		for _, x := range e {
			dst = literals(dst, x)
		}
	case rule.Or:
		for _, x := range e {
			dst = literals(dst, x)
		}
	case rule.Compare:
		if e.Field == "ScriptBlockText" {
			dst = append(dst, strings.Join(e.Value.Pieces(), " "))
		}
	}
	return dst
}

// scripts returns events of which many hold what some rule looks for, whole or
// in part, in every shape and spelling.
func scripts(rng *rand.Rand, seed uint64, rules []*rule.Rule, n int) []byte {
	g := corpus.New(seed)
	var recs [][]byte
	for range n {
		e := g.Script()
		var text strings.Builder
		for range 1 + rng.IntN(3) {
			for _, lit := range literals(nil, rules[rng.IntN(len(rules))].Where) {
				switch rng.IntN(8) {
				case 0:
				case 1:
					lit = strings.ToUpper(lit)
					fallthrough
				case 2:
					part := []rune(lit)
					text.WriteString(string(part[:rng.IntN(len(part)+1)]))
				case 3, 4:
					text.WriteString(corpus.Recase(rng, lit))
				default:
					text.WriteString(lit)
				}
				text.WriteString([]string{"", " ", "\n", "'", `"`, "<", "x"}[rng.IntN(7)])
			}
		}
		for i := range e.Data {
			if e.Data[i].Name == "ScriptBlockText" {
				e.Data[i].Value = text.String() + e.Data[i].Value[:min(len(e.Data[i].Value), 300)]
			}
		}
		if rng.IntN(8) == 0 {
			e.EventID = 4103
		}
		s := &corpus.Shapes[rng.IntN(len(corpus.Shapes))]
		rec := s.Render(e)
		if rng.IntN(2) == 0 {
			rec = corpus.Respell(rng, s.Format, rec)
		}
		recs = append(recs, rec)
	}
	return append(bytes.Join(recs, []byte("\n")), '\n')
}

// hits returns what the rules accept, with the numbers that ids gives them.
func hits(rules []*rule.Rule, ids []int, opt match.Options, data []byte) (list []string, c match.Counts) {
	sc := match.Compile(rules, opt).NewScanner()
	sc.Hit = func(h *match.Hit) {
		if h.First {
			list = append(list, fmt.Sprintf("%d at %d", ids[h.Rule], h.At))
		}
	}
	var framer record.Framer
	var records []record.Record
	for at := 0; ; {
		r, n, ok := framer.Next(data[at:], true)
		if !ok {
			break
		}
		records = append(records, record.Record{Lo: at + r.Lo, Hi: at + r.Hi, Kind: r.Kind, Why: r.Why})
		at += n
	}
	sc.Scan(data, records)
	slices.Sort(list)
	return list, sc.Counts
}

// The gate, the anchors, both, either kernel, the literals of one record at a
// time, event ids, and no prefilter at all: the hits of every set are the same, with
// a literal that all rules need, without, and with one that some need.
func TestEveryWayOverGeneratedSets(t *testing.T) {
	rng := rand.New(rand.NewPCG(91, 92))
	sizes := []int{1, 1, 2, 3, 5, 8, 13, 21, 40, 70, 103, 150, 220, 265, 300}
	if testing.Short() {
		sizes = []int{1, 3, 30, 300}
	}
	gated := generated(t, 300, 7)
	open, mixed := make([]*rule.Rule, len(gated)), slices.Clone(gated)
	for i, r := range gated {
		open[i] = &rule.Rule{Where: withoutID(r.Where), By: r.By, Fill: r.Fill}
		if i%3 == 0 {
			mixed[i] = open[i]
		}
	}
	data := scripts(rng, 93, gated, 300)
	found, skipped := 0, int64(0)
	for _, all := range [][]*rule.Rule{gated, open, mixed} {
		for _, n := range sizes {
			ids := rng.Perm(len(all))[:n]
			var rules []*rule.Rule
			for _, id := range ids {
				rules = append(rules, all[id])
			}
			want, _ := hits(rules, ids, match.Options{NoPrefilter: true}, data)
			found += len(want)
			for _, opt := range ways() {
				got, c := hits(rules, ids, match.Options{Prefilter: opt}, data)
				if skipped += c.Skipped; !slices.Equal(got, want) {
					t.Fatalf("%d rules, %+v: %d hits, want %d: %s", n, opt, len(got), len(want), differ(got, want))
				}
			}
		}
	}
	if found < 1000 || skipped < 1000 {
		t.Errorf("%d hits, %d records skipped: the test shows little", found, skipped)
	}
}

func ways() (opts []prefilter.Options) {
	opts = append(opts, prefilter.Options{NoGate: true, NoAnchors: true}, prefilter.Options{NoAnchors: true})
	for _, k := range prefilter.Kernels() {
		opts = append(opts, prefilter.Options{Kernel: k}, prefilter.Options{Kernel: k, NoGate: true}, prefilter.Options{Kernel: k, ByID: true})
	}
	return opts
}

// withoutID returns e without its comparisons of the event id.
func withoutID(e rule.Expr) rule.Expr {
	and, ok := e.(rule.And)
	if !ok {
		return e
	}
	var rest rule.And
	for _, x := range and {
		if c, ok := x.(rule.Compare); !ok || c.Field != "EventCode" {
			rest = append(rest, withoutID(x))
		}
	}
	return rest
}

// differ returns the first hit that only one of two sorted lists has.
func differ(got, want []string) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got), i < len(want) && want[i] < got[i]:
			return "missing " + want[i]
		case i >= len(want), got[i] < want[i]:
			return "wrong " + got[i]
		}
	}
	return ""
}
