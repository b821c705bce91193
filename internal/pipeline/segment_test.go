package pipeline_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/pipeline"
	"sluice/match"
	"sluice/match/rule"
)

// A mapped file that is truncated while it is read costs what is gone: the run
// ends, and no record is counted twice.
func TestTruncatedWhileRead(t *testing.T) {
	const n = 20000
	good := append(corpus.ByName("otrf").Render(corpus.New(44).Match()), '\n')
	path := writeFile(t, "shrinks", bytes.Repeat(good, n))
	irs := []*rule.Rule{loadRules(t)[0].Rule}
	var once sync.Once
	res, err := pipeline.Run(context.Background(), pipeline.Config{
		Files: []string{path}, Rules: irs, Set: match.Compile(irs, match.Options{}), Threads: 2, Segment: 256 << 10,
		Event: func(dst []byte, h *match.Hit) []byte {
			once.Do(func() {
				if err := os.Truncate(path, int64(n/2*len(good))); err != nil {
					t.Error(err)
				}
			})
			return append(dst, "hit\n"...)
		},
		Events: new(bytes.Buffer),
	})
	if err != nil || len(res.Errors) > 0 {
		t.Fatal(err, res.Errors)
	}
	checkIdentity(t, res)
	if res.Matched < n/2 || res.Matched >= n || res.Malformed > 1 {
		t.Errorf("%+v, want from %d to %d matched", res.Counts, n/2, n)
	}
}

// The events of a file in segments come in the order of the file, each once.
func TestEventsOfSegments(t *testing.T) {
	var text strings.Builder
	g := corpus.New(45)
	shape := corpus.ByName("otrf")
	for range 500 {
		e := g.Match()
		text.Write(shape.Render(e))
		text.WriteByte('\n')
	}
	path := writeFile(t, "events", []byte(text.String()))
	irs := []*rule.Rule{loadRules(t)[0].Rule}
	var first string
	for _, segment := range []int{1 << 30, 100, 4000, 100_000} {
		var out bytes.Buffer
		_, err := pipeline.Run(context.Background(), pipeline.Config{
			Files: []string{path}, Rules: irs, Set: match.Compile(irs, match.Options{AllFields: true}), Threads: 3, Segment: segment,
			Event: func(dst []byte, h *match.Hit) []byte {
				for i := range h.Event.Names() {
					dst = append(dst, bytes.Join(h.Event.Values(i), []byte("|"))...)
				}
				return append(dst, '\n')
			},
			Events: &out,
		})
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = out.String()
		}
		if out.String() != first || strings.Count(first, "\n") < 500 {
			t.Errorf("segments of %d bytes give %d bytes of events, the whole file %d", segment, out.Len(), len(first))
		}
	}
}

// What a framer remembers decides, too: inside an array the two objects of a
// line are two records, elsewhere one. A guess that forgets the array is right
// about where a record begins and wrong about the records.
func TestSegmentsInArray(t *testing.T) {
	good := corpus.ByName("otrf").Render(corpus.New(46).Match())
	line := append(append(bytes.Clone(good), good...), '\n')
	path := writeFile(t, "array", append([]byte("[\n"), bytes.Repeat(line, 100)...))
	res := engine(t, []string{path}, loadRules(t)[:1], match.Options{}, false, 2)
	if res.Records != 200 || res.Matched != 200 {
		t.Errorf("%+v, want 200 records, each matched", res.Counts)
	}
}

// Blank segments cost what they are long, each, and not what is behind them.
func TestBlankSegments(t *testing.T) {
	good := corpus.ByName("otrf").Render(corpus.New(47).Match())
	for _, blank := range []string{"\n", "\x00"} {
		blanks := bytes.Repeat([]byte(blank), 8<<20)
		path := writeFile(t, "blank", bytes.Join([][]byte{append(good, '\n'), blanks, append(good, '\n'), blanks, good}, nil))
		res := engine(t, []string{path}, loadRules(t)[:1], match.Options{}, false, 2)
		if res.Records != 3 || res.Matched != 3 {
			t.Errorf("%q: %+v, want 3 records, each matched", blank, res.Counts)
		}
	}
}
