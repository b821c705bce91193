package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/pipeline"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/row"
	"sluice/match/rule"
	"sluice/match/spl"
)

func compileAll(t *testing.T, searches ...string) (rules []*rule.Rule) {
	t.Helper()
	for _, s := range searches {
		r, err := spl.Compile(s, spl.Env{})
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r)
	}
	return rules
}

// manyGroups writes n events of as many groups, the first half of them twice.
func manyGroups(t *testing.T, n int) string {
	t.Helper()
	var b bytes.Buffer
	for i := range n + n/2 {
		fmt.Fprintf(&b, `{"EventID":4104,"Channel":"C","Hostname":"h%06d","ScriptBlockText":"invoke it","UserID":"S-%d","Path":"p"}`+"\n", i%n, i%3)
	}
	path := filepath.Join(t.TempDir(), "groups.ndjson")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whatever the limit, the number of workers and the size of segments, the rows of each
// rule and its overflow row count all its events.
func TestLimitCountsAll(t *testing.T) {
	t.Parallel()
	const n = 6000
	path := manyGroups(t, n)
	rules := compileAll(t, `EventCode=4104 | stats count min(_time) by dest user_id`, `EventCode=4104 | stats count values(dest) by user_id`,
		`EventCode=4104 | stats count by dest Path | where count>0 | sort dest`)
	for _, memory := range []int{4 << 10, 256 << 10, 1 << 20, 0} {
		for _, threads := range []int{1, 3} {
			for _, segment := range []int{0, 1 << 20, 20_000} {
				cfg := pipeline.Config{Files: []string{path}, Rules: rules, Set: match.Compile(rules, match.Options{}), Threads: threads, Segment: segment, MaxMemory: memory}
				res, err := pipeline.Run(context.Background(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				counts, over := make([]int64, len(rules)), int64(0)
				for _, g := range res.Groups {
					counts[g.Rule] += g.Count
					if g.Overflow {
						over += g.Count
					}
				}
				for i, c := range counts {
					if c != n+n/2 {
						t.Errorf("%d bytes, %d workers, segments of %d: rule %d counts %d", memory, threads, segment, i, c)
					}
				}
				if over != res.Overflow || (over > 0) != (memory > 0 && memory < 1<<20) && memory != 1<<20 {
					t.Errorf("%d bytes: %d overflowed, result says %d", memory, over, res.Overflow)
				}
				if memory == 0 && (res.Printed != 3+2*n || res.LeftOut > 0) {
					t.Errorf("%d rows, %d left out", res.Printed, res.LeftOut)
				}
				shown := int64(0)
				for _, r := range res.Rows {
					if r.Rule == 2 || r.Overflow {
						shown++
					}
				}
				if memory == 1<<20 && res.LeftOut == 0 && over == 0 {
					t.Errorf("a limit of %d leaves out nothing", memory)
				}
				if memory == 4<<10 && shown == 0 {
					t.Error("no overflow row is shown")
				}
			}
		}
	}
}

// Rows that are streamed are those that are kept otherwise; after an error no more come.
func TestRowsAreStreamed(t *testing.T) {
	t.Parallel()
	path := manyGroups(t, 500)
	rules := compileAll(t, `EventCode=4104 | stats count by dest user_id`, `EventCode=4104 | stats count by dest | sort -dest`)
	cfg := pipeline.Config{Files: []string{path}, Rules: rules, Set: match.Compile(rules, match.Options{}), Threads: 2}
	kept, err := pipeline.Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var streamed []row.Named
	cfg.Row = func(r row.Named) error {
		streamed = append(streamed, r)
		return nil
	}
	res, err := pipeline.Run(context.Background(), cfg)
	if err != nil || len(res.Rows) > 0 || len(res.Groups) > 0 || res.Printed != len(kept.Rows) || len(kept.Rows) < 1000 {
		t.Fatalf("%v, %d rows, %d groups, %d printed, %d kept", err, len(res.Rows), len(res.Groups), res.Printed, len(kept.Rows))
	}
	names := make([]reference.Rule, len(rules))
	if got, want := printNamed(names, streamed), printNamed(names, kept.Rows); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("streamed %.300s, kept %.300s", got, want)
	}
	full := errors.New("full")
	calls := 0
	cfg.Row = func(row.Named) error {
		calls++
		return full
	}
	if _, err := pipeline.Run(context.Background(), cfg); !errors.Is(err, full) || calls != 1 {
		t.Errorf("error %v after %d calls", err, calls)
	}
}
