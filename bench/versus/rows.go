package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"time"

	"sluice/match/prefilter"
)

// key names a row: a corpus, the number of detections (0 for programs that
// know none), and the engine.
type key struct {
	corpus     string
	detections int
	engine     string
}

// row is one command that is timed, and its times.
type row struct {
	key
	file    file
	argv    []string // nil if the program is missing
	inside  bool     // runs a part of sluice in this program
	verify  func(stdout, stderr []byte) error
	clock   func(stdout []byte) (time.Duration, error) // nil times the whole command
	summary string                                     // the line of --stats
	took    []time.Duration
}

// The engines that are other programs.
const (
	ripgrep   = "rg -ci"
	wordCount = "wc -l"
	duckDB    = "DuckDB"
	byHand    = "nxadm/tail stack"
)

// onThreads names the command with so many threads.
func onThreads(n int) string { return "sluice, " + plural(n, "thread") }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// makeRows returns what is timed in turn on a corpus.
func makeRows(cfg config, binary string, b *body, sets []*set, want *truth) (rows []*row) {
	add := func(engine string, n int, f file, argv []string) *row {
		r := &row{key: key{b.name, n, engine}, file: f, argv: argv}
		rows = append(rows, r)
		return r
	}
	whole := b.whole
	add(ripgrep, 0, whole, program(cfg.tools.rg, "-ci", addresses, whole.path)).verify = counted(b.found * whole.times)
	add(wordCount, 0, whole, program(cfg.tools.wc, "-l", whole.path)).verify = counted(b.lines * whole.times)
	for _, name := range distinct(oneFloor, floorOf(onThreads(threads()))) {
		add(name, 0, whole, []string{cfg.self, "-engine", name, whole.path}).verify = counted(whole.size)
	}
	if !b.xml {
		duck := add(duckDB, 1, whole, cfg.tools.duckArgs(whole.path))
		duck.verify = counted(want.hits(sets[0], whole.times))
		if cfg.tools.duckdb == "" {
			duck.clock = secondField
		}
		add(byHand, 1, b.sample, program(cfg.self, "-engine", theStack, b.sample.path)).verify = countedRows(want.hits(sets[0], b.sample.times))
	}
	for _, s := range sets {
		lines, ofSample := want.lines(s, whole.times), want.lines(s, b.sample.times)
		for _, n := range distinct(1, threads()) {
			argv := []string{binary, "run", "--stats", "--threads", strconv.Itoa(n), whole.path}
			if s.dir != "" {
				argv = append(argv, "-r", s.dir)
			}
			r := add(onThreads(n), s.n, whole, argv)
			r.verify = func(stdout, stderr []byte) error {
				r.summary = lastLine(stderr)
				return errors.Join(same(stdout, lines), summed(r.summary, b.records*whole.times))
			}
		}
		if !cfg.parts {
			continue
		}
		for _, k := range prefilter.Kernels() {
			r := add(string(k), s.n, whole, []string{cfg.self, "-engine", string(k), "-rules", s.dir, whole.path})
			r.inside, r.verify = true, func(stdout, _ []byte) error { return same(stdout, lines) }
		}
		for _, part := range []string{noGate, noPrefilter} {
			r := add(part, s.n, b.sample, []string{cfg.self, "-engine", part, "-rules", s.dir, b.sample.path})
			r.inside, r.verify = true, func(stdout, _ []byte) error { return same(stdout, ofSample) }
		}
	}
	return rows
}

// distinct returns a and b, once if they are equal.
func distinct[T comparable](a, b T) []T {
	if a == b {
		return []T{a}
	}
	return []T{a, b}
}

// program returns a command line, or nil if the program is missing.
func program(path string, args ...string) []string {
	if path == "" {
		return nil
	}
	return append([]string{path}, args...)
}

// counted checks the number that a command prints.
func counted(want int64) func(stdout, stderr []byte) error {
	return func(stdout, _ []byte) error {
		n, err := number(stdout)
		if err == nil && n != want {
			err = fmt.Errorf("it counts %d, want %d", n, want)
		}
		return err
	}
}

// countedRows checks the sum of the rows that a command prints.
func countedRows(want int64) func(stdout, stderr []byte) error {
	return func(stdout, _ []byte) error {
		var sum int64
		for d := json.NewDecoder(bytes.NewReader(stdout)); d.More(); {
			var row struct{ Count int64 }
			if err := d.Decode(&row); err != nil {
				return err
			}
			sum += row.Count
		}
		if sum != want {
			return fmt.Errorf("its rows count %d, want %d", sum, want)
		}
		return nil
	}
}

// same compares rows with those of the reference.
func same(got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("its %d rows are not the reference's %d", bytes.Count(got, []byte("\n")), bytes.Count(want, []byte("\n")))
}

// summed checks that every record of a run is accounted for.
func summed(line string, records int64) error {
	var s struct{ Records, Skipped, Decoded, Malformed int64 }
	if err := json.Unmarshal([]byte(line), &s); err != nil {
		return fmt.Errorf("cannot read its summary: %w", err)
	}
	if s.Records != records || s.Records != s.Skipped+s.Decoded || s.Malformed != 0 {
		return fmt.Errorf("its summary is %s, want %d records, none malformed", line, records)
	}
	return nil
}

func lastLine(text []byte) string {
	text = bytes.TrimSpace(text)
	return string(text[bytes.LastIndexByte(text, '\n')+1:])
}

// secondField reads the seconds that stand behind a count.
func secondField(out []byte) (time.Duration, error) {
	_, field, _ := bytes.Cut(bytes.TrimSpace(out), []byte(","))
	s, err := strconv.ParseFloat(string(field), 64)
	if err != nil {
		return 0, fmt.Errorf("cannot read seconds %q", field)
	}
	return time.Duration(s * float64(time.Second)), nil
}

// isNoMatch tells the status with which rg says that nothing was found.
func isNoMatch(r *row, err error) bool {
	var exit *exec.ExitError
	return r.engine == ripgrep && errors.As(err, &exit) && exit.ExitCode() == 1
}
