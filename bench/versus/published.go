package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"sluice/detections"
	"sluice/match/detection"
)

// The rows of published detections, which versus is given by folders: none of them is
// in this repository.

// published is a set of published detections.
type published struct {
	name string
	n    int
	args []string // -r and files or folders
}

// powerShell is how the searches of Splunk's content for event 4104 begin.
const powerShell = "`powershell`"

// publishedSets returns the sets that there are: of Splunk's content the first one,
// ten, a hundred and all detections of PowerShell, with Sigma's rules for script
// blocks besides, and all of Sigma's rules for Windows.
func publishedSets(content, sigma string) (sets []published, err error) {
	var files []string
	if content != "" {
		var l detection.Loader
		l.LoadMacros(detections.FS, "builtin")
		for _, d := range l.Load(filepath.Join(content, "detections")) {
			if strings.HasPrefix(strings.TrimSpace(d.Search), powerShell) {
				files = append(files, "-r", d.File)
			}
		}
		all := len(files) / 2
		if all == 0 {
			return nil, fmt.Errorf("cannot measure published detections: none for PowerShell loads from %s", content)
		}
		for _, n := range []int{1, 10, 100, all} {
			if n <= all {
				sets = append(sets, published{"Splunk, PowerShell", n, files[:2*n]})
			}
		}
	}
	if sigma == "" {
		return sets, nil
	}
	scripts, windows := filepath.Join(sigma, "rules", "windows", "powershell", "powershell_script"), filepath.Join(sigma, "rules", "windows")
	for _, s := range []published{
		{"Splunk and Sigma, PowerShell", len(files) / 2, append(files[:len(files):len(files)], "-r", scripts)},
		{"Sigma, Windows", 0, []string{"-r", windows}},
	} {
		var l detection.Loader
		if s.n += len(l.Load(s.args[len(s.args)-1])); s.n == len(files)/2 {
			return nil, fmt.Errorf("cannot measure published detections: none loads from %s", s.args[len(s.args)-1])
		}
		sets = append(sets, s)
	}
	return sets, nil
}

// effort is what --stats says of a run.
type effort struct {
	Records, Candidates, Skipped, Decoded, Malformed, Matched, Rows int64
}

// publishedRows returns what is timed of the published sets on a corpus. What a run
// finds in the whole is what it finds in the unit without the prefilter, so many times.
func publishedRows(ctx context.Context, cfg config, binary string, b *body, sets []published) (rows []*row, err error) {
	for _, s := range sets {
		argv := append([]string{binary, "run", "--quiet", "--stats"}, s.args...)
		want, err := summary(ctx, append(argv[:len(argv):len(argv)], "--no-prefilter", b.unit.path))
		if err != nil {
			return nil, fmt.Errorf("cannot measure %s on %s: %w", s.name, b.name, err)
		}
		for _, n := range distinct(1, threads()) {
			r := &row{key: key{b.name, s.n, s.name + ", " + plural(n, "thread")}, file: b.whole}
			r.argv = append(argv[:len(argv):len(argv)], "--threads", strconv.Itoa(n), b.whole.path)
			r.verify = func(_, stderr []byte) error {
				r.summary = lastLine(stderr)
				return equals(r.summary, want, b.whole.times)
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// summary runs sluice and returns what --stats says.
func summary(ctx context.Context, argv []string) (e effort, err error) {
	cmd, cancel := command(ctx, argv...)
	defer cancel()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return e, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return e, json.Unmarshal([]byte(lastLine(stderr.Bytes())), &e)
}

// equals compares a run over so many units with one over the unit.
func equals(line string, unit effort, times int64) error {
	var got effort
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		return fmt.Errorf("cannot read its summary: %w", err)
	}
	if got.Matched != unit.Matched*times || got.Rows != unit.Rows || got.Records != unit.Records*times ||
		got.Malformed != 0 || got.Records != got.Skipped+got.Decoded {
		return fmt.Errorf("its summary is %s, want %d times that of the unit: %+v", line, times, unit)
	}
	return nil
}

// published prints those rows, and what the records cost.
func (r *report) published(b *bytes.Buffer) {
	b.WriteString("## Published detections\n\n" +
		"Verified: records and matches are so many times those that the unit has without the prefilter, rows as many.\n\n" +
		"| corpus | detections | which | s | GB/s | vs rg | candidates | decoded | matched | rows |\n" +
		"| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	speed := r.speeds()
	for _, x := range r.given {
		var e effort
		took, ok := x.median()
		if !ok || json.Unmarshal([]byte(x.summary), &e) != nil {
			continue
		}
		fmt.Fprintf(b, "| %s | %d | %s | %.3f | %.2f | %s | %d | %d | %d | %d |\n", x.corpus, x.detections, x.engine,
			took.Seconds(), x.speed(), ratio(x.speed(), speed(key{x.corpus, 0, ripgrep})), e.Candidates, e.Decoded, e.Matched, e.Rows)
	}
	b.WriteByte('\n')
}
