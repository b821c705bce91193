package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/pipeline"
	"sluice/match"
	"sluice/match/detection"
	"sluice/match/row"
	"sluice/match/rule"
	"sluice/sink"
)

// testFlags are the flags of `sluice test`.
type testFlags struct {
	ruleFlags
	data   string
	strict bool
	output string
	junit  string
	hec    hecFlags
}

// What became of a test.
const (
	passed  = "pass"
	failed  = "fail"
	skipped = "skip"
	broken  = "error" // it could not be run
)

// outcome is what became of one test, and the line of -o json.
type outcome struct {
	Detection string  `json:"detection"`
	File      string  `json:"file"`
	Line      int     `json:"line,omitempty"`
	Test      string  `json:"test"`
	Result    string  `json:"result"`
	Rows      int     `json:"rows"`
	Malformed int64   `json:"malformed,omitempty"` // records of the data
	Seconds   float64 `json:"seconds"`
	Reason    string  `json:"reason,omitempty"`
	// Integration is nil if no integration test was asked for.
	Integration *integration `json:"integration,omitempty"`
}

func (c *cli) testCommand() *cobra.Command {
	f := testFlags{output: "text"}
	cmd := &cobra.Command{
		Use:   "test [flags] PATH...",
		Short: "Run the tests of detection files on local copies of their data",
		Long: `Run the tests that detection files hold, on local copies of their data. A test
passes if the search finds a row in which every risk object has a value, or what
the test's want says.

The data of a test is a path relative to its detection file. That of a URL is
looked for below --data, by the URL's path or by any end of it: for
https://host/a/b/datasets/x.log that is DIR/a/b/datasets/x.log, and so on to
DIR/datasets/x.log and DIR/x.log. A test whose data is not there is skipped.

With --hec, the risk events of a test that passed are then sent to Splunk's HTTP
Event Collector, and the integration test passes if its indexer acknowledges all
of them.

Exit status: 0; 1 if a test failed; 2 if something could not be run.`,
		Example: `  sluice test --data attack_data/ detections/
  sluice test --strict --junit report.xml detections/
  SLUICE_HEC_TOKEN=… sluice test --hec https://splunk:8088 detections/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := outputs(f.output); err != nil {
				return err
			}
			in, err := f.hec.integrator(cmd)
			if err != nil {
				return err
			}
			return c.test(cmd.Context(), f, in, args)
		},
	}
	fl := cmd.Flags()
	f.ruleFlags.add(cmd)
	fl.StringVar(&f.data, "data", "", "folder that holds the data of tests whose data is a URL")
	fl.BoolVar(&f.strict, "strict", false, "a test without its data fails")
	fl.StringVarP(&f.output, "output", "o", f.output, "how to print: text or json (one object a line)")
	fl.StringVar(&f.junit, "junit", "", "also write the results as JUnit XML to this file")
	f.hec.add(cmd)
	fl.BoolVarP(&c.quiet, "quiet", "q", false, "no warnings and no progress")
	fl.SortFlags = false
	return cmd
}

// test runs the unit tests of paths and, unless in is nil, the integration tests.
func (c *cli) test(ctx context.Context, f testFlags, in *integrator, paths []string) error {
	l, err := f.loader()
	if err != nil {
		return err
	}
	l.Regressions = true
	found := loadAll(l, paths)
	c.problems(l.Problems)
	total := 0
	for _, d := range found {
		total += len(d.Tests)
	}
	bar := &bar{c: c, total: int64(total), tests: true}
	bar.begin()
	var list []outcome
	for _, d := range found {
		for i := range d.Tests {
			if ctx.Err() != nil {
				break
			}
			o, rows := runTest(ctx, d, &d.Tests[i], f)
			if in != nil {
				o.Integration = in.test(ctx, d, o, rows)
			}
			list = append(list, o)
			bar.read.Add(1)
		}
	}
	bar.stop()
	if ctx.Err() != nil {
		return errInterrupted
	}
	c.verdict(list)
	return c.results(list, l.Problems, found, f)
}

var errInterrupted = errors.New("interrupted: no result is told")

// verdict sets the exit status.
func (c *cli) verdict(list []outcome) {
	for _, o := range list {
		switch {
		case o.Result == broken:
			c.code = exitError
		case (o.Result == failed || o.Integration != nil && o.Integration.Result == failed) && c.code == exitOK:
			c.code = exitNoMatch
		}
	}
}

// runTest runs a unit test and returns the rows, too.
func runTest(ctx context.Context, d *detection.Detection, t *detection.Test, f testFlags) (o outcome, found []row.Named) {
	start := time.Now()
	o = outcome{Detection: d.Name, File: d.File, Line: t.Line, Test: t.Name}
	defer func() { o.Seconds = time.Since(start).Seconds() }()
	var files []string
	for _, a := range t.Data {
		file, err := locate(a.Data, d.File, f.data)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			o.Result, o.Reason = skipped, err.Error()
			if f.strict {
				o.Result = failed
			}
			return o, nil
		case err != nil:
			o.Result, o.Reason = broken, err.Error()
			return o, nil
		}
		files = append(files, file)
	}
	rows, res, err := find(ctx, d, files)
	if err != nil {
		o.Result, o.Reason = broken, err.Error()
		return o, nil
	}
	o.Rows, o.Malformed = len(rows), res.Malformed
	if o.Result, o.Reason = passed, t.Judge(&d.Risk, rows, res.Matched); o.Reason != "" {
		o.Result = failed
	}
	return o, res.Rows
}

// locate returns where the data of a test lies. An error that is fs.ErrNotExist
// says that there is none.
func locate(data, file, base string) (string, error) {
	u, err := url.Parse(data)
	if err != nil || u.Host == "" { // a path, perhaps with a drive letter
		p := filepath.FromSlash(data)
		if !filepath.IsAbs(p) {
			p = filepath.Join(filepath.Dir(file), p)
		}
		return p, there(p)
	}
	if base == "" {
		return "", fmt.Errorf("no local copy of %s (hint: --data DIR): %w", data, fs.ErrNotExist)
	}
	if !isFolder(base) {
		return "", fmt.Errorf("cannot look for data in %s: no such folder", base)
	}
	rest := strings.Trim(path.Clean("/"+u.Path), "/") // stays below base
	for name := rest; ; {
		p := filepath.Join(base, filepath.FromSlash(name))
		if err := there(p); !errors.Is(err, fs.ErrNotExist) {
			return p, err
		}
		_, end, more := strings.Cut(name, "/")
		if !more {
			return "", fmt.Errorf("neither %s nor an end of it lies below %s: %w", rest, base, fs.ErrNotExist)
		}
		name = end
	}
}

func isFolder(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.IsDir()
}

// there returns nil if p is a file.
func there(p string) error {
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", p, fs.ErrNotExist)
	case err != nil:
		return fmt.Errorf("cannot read %s: %w", p, err)
	case info.IsDir():
		return fmt.Errorf("cannot read %s: it is a folder", p)
	}
	return nil
}

// find runs a detection over files as `sluice run` does, and returns its rows and
// what they come from.
func find(ctx context.Context, d *detection.Detection, files []string) ([]detection.Row, *pipeline.Result, error) {
	rules := []*rule.Rule{d.Rule}
	res, err := pipeline.Run(ctx, pipeline.Config{
		Files:   files,
		Rules:   rules,
		Set:     match.Compile(rules, match.Options{}),
		Threads: runtime.GOMAXPROCS(0),
	})
	if err != nil {
		return nil, nil, err
	}
	if len(res.Errors) > 0 {
		return nil, res, errors.Join(res.Errors...)
	}
	enc := &sink.Encoder{Detections: []*detection.Detection{d}}
	rows := make([]detection.Row, 0, len(res.Rows))
	for _, r := range res.Rows {
		row, err := detection.ParseRow(enc.Stats(r))
		if err != nil {
			return nil, res, fmt.Errorf("cannot read a row: %w", err)
		}
		rows = append(rows, row)
	}
	return rows, res, nil
}
