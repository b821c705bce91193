package bench

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sluice/internal/pipeline"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/prefilter"
	"sluice/match/rule"
)

var specs = []Spec{
	{Name: "ndjson-sparse", Shape: "otrf", Size: 64 << 20, Every: 1000},
	{Name: "ndjson-dense", Shape: "winlogbeat8", Size: 64 << 20, Every: 2},
	{Name: "xml-sparse", Shape: "xml-splunk", Size: 64 << 20, Every: 1000},
	{Name: "xml-dense", Shape: "xml-splunk", Size: 64 << 20, Every: 2},
}

// counts are what every engine must find.
type counts struct{ records, matched, counted int64 }

func BenchmarkRun(b *testing.B) {
	r, err := Rule()
	if err != nil {
		b.Fatal(err)
	}
	type engine struct {
		name string
		run  func(path string) (counts, error)
	}
	engines := []engine{
		{"sluice-1", func(p string) (counts, error) { return sluice(p, r, 1, match.Options{}) }},
		{"anchors-1", func(p string) (counts, error) {
			return sluice(p, r, 1, match.Options{Prefilter: prefilter.Options{NoGate: true}})
		}},
		{"gate-1", func(p string) (counts, error) {
			return sluice(p, r, 1, match.Options{Prefilter: prefilter.Options{NoAnchors: true}})
		}},
		{"literals-1", func(p string) (counts, error) {
			return sluice(p, r, 1, match.Options{Prefilter: prefilter.Options{NoGate: true, NoAnchors: true}})
		}},
		{"sluice-all", func(p string) (counts, error) { return sluice(p, r, runtime.GOMAXPROCS(0), match.Options{}) }},
		{"no-prefilter-1", func(p string) (counts, error) { return sluice(p, r, 1, match.Options{NoPrefilter: true}) }},
		{"reference-1", func(p string) (counts, error) { return slow(p, r) }},
	}
	for _, k := range prefilter.Kernels() {
		opt := match.Options{Prefilter: prefilter.Options{Kernel: k}}
		engines = append(engines, engine{"kernel-" + strings.ToLower(string(k)) + "-1", func(p string) (counts, error) { return sluice(p, r, 1, opt) }})
	}
	for _, s := range specs {
		if testing.Short() {
			s.Size = 1 << 20
		}
		c, err := s.Generate(filepath.Join(b.TempDir(), s.Name))
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range engines {
			b.Run(s.Name+"/"+e.name, func(b *testing.B) {
				b.SetBytes(c.Size)
				for b.Loop() {
					got, err := e.run(c.Path)
					if err != nil {
						b.Fatal(err)
					}
					if want := (counts{c.Records, c.Matched, c.Matched}); got != want {
						b.Fatalf("%+v, want %+v", got, want)
					}
				}
			})
		}
	}
}

func sluice(path string, r *rule.Rule, threads int, opt match.Options) (counts, error) {
	rules := []*rule.Rule{r}
	res, err := pipeline.Run(context.Background(), pipeline.Config{
		Files: []string{path}, Rules: rules, Set: match.Compile(rules, opt), Threads: threads,
	})
	if err != nil {
		return counts{}, err
	}
	c := counts{records: res.Records, matched: res.Matched}
	for _, row := range res.Groups {
		c.counted += row.Count
	}
	return c, nil
}

func slow(path string, r *rule.Rule) (counts, error) {
	res, err := reference.Run([]string{path}, []reference.Rule{{Name: "builtin", Rule: r}}, reference.Options{Prefilter: true})
	if err != nil {
		return counts{}, err
	}
	c := counts{records: res.Records, matched: res.Matched}
	for _, row := range res.Rows {
		c.counted += row.Count
	}
	return c, nil
}

// The benchmark's counts are checked in every test run too.
func TestCounts(t *testing.T) {
	r, err := Rule()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range specs {
		s.Size = 1 << 20
		c, err := s.Generate(filepath.Join(t.TempDir(), s.Name))
		if err != nil {
			t.Fatal(err)
		}
		want := counts{c.Records, c.Matched, c.Matched}
		if got, err := sluice(c.Path, r, 2, match.Options{}); err != nil || got != want {
			t.Errorf("%s: sluice %+v, %v, want %+v", s.Name, got, err, want)
		}
		if got, err := slow(c.Path, r); err != nil || got != want {
			t.Errorf("%s: reference %+v, %v, want %+v", s.Name, got, err, want)
		}
	}
}
