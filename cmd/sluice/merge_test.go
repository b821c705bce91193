package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/corpus"
)

// sluice runs the command and returns what it prints, which must be all there is to tell.
func sluice(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	c := &cli{stdin: os.Stdin, stdout: &out, stderr: &errs}
	if code := c.execute(context.Background(), args); code != exitOK {
		t.Fatalf("%v: exit status %d: %s", args, code, &errs)
	}
	return out.Bytes()
}

// mergeRules group by several fields, some of which are missing, and have every kind of
// statistic.
const mergeRules = `name: N%d
id: i%d
type: TTP
search: EventCode=4104 | eval n=len(ScriptBlockText) | stats %s
rba:
  message: on $dest$
  risk_objects: [{field: dest, type: system, score: 10}]
`

// Partial rows of any split of the inputs, merged in any order and some of them twice,
// print byte by byte what one run over all prints.
func TestMergeEqualsRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(61, 62))
	g := corpus.New(63)
	var files []string
	for i := range 8 {
		shape := &corpus.Shapes[rng.IntN(len(corpus.Shapes))]
		var lines [][]byte
		for range 1 + rng.IntN(60) {
			lines = append(lines, shape.Render(g.Next()))
		}
		files = append(files, save(t, dir, fmt.Sprint("events", i), append(bytes.Join(lines, []byte("\n")), '\n')))
	}
	for i, stats := range []string{
		"count min(_time) as firstTime max(_time) as lastTime by dest Path user_id",
		"count values(Path) as paths dc(n) as sizes list(ScriptBlockText) as texts by dest | sort - count | head 5",
		"avg(n) as mean stdev(n) as sd var(n) as v sum(n) as sum sumsq(n) as sq min(n) as lo max(n) as hi range(n) as r mode(n) as m by dest",
		"first(n) as f last(n) as l earliest(ScriptBlockText) as e latest(_time) as u count(Path) as p by dest | where p>=0 | convert ctime(u)",
	} {
		save(t, dir, fmt.Sprintf("rules/%d.yml", i), fmt.Appendf(nil, mergeRules, i, i, stats))
	}
	rules := []string{"-r", filepath.Join(dir, "rules")}
	for round, opts := range [][]string{nil, {"--window", "auto"}, {"--nulls", "splunk"}, {"--window", "15m", "--lag", "0s"}, {"--window", "1d", "--nulls", "splunk"}} {
		var parts []string
		for i, rest := 0, files; len(rest) > 0; i++ {
			n := 1 + rng.IntN(len(rest))
			args := append(append([]string{"run", "-q", "-o", "partial", "-j", "2"}, rules...), opts...)
			parts = append(parts, save(t, dir, fmt.Sprint("part", round, i), sluice(t, append(args, rest[:n]...)...)))
			rest = rest[n:]
		}
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		some := parts[:1+rng.IntN(len(parts))]
		merged := sluice(t, append(append([]string{"merge", "-o", "partial"}, rules...), some...)...)
		parts = append(parts, save(t, dir, fmt.Sprint("merged", round), merged))
		for _, output := range []string{"stats", "risk"} {
			run := append(append(append([]string{"run", "-q", "-o", output}, rules...), opts...), files...)
			want := sluice(t, run...)
			got := sluice(t, append(append([]string{"merge", "-o", output}, rules...), parts...)...)
			if !bytes.Equal(got, want) || len(want) == 0 {
				t.Errorf("%v -o %s: merged\n%.2000s\nwant\n%.2000s", opts, output, got, want)
			}
		}
	}
}

func save(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
