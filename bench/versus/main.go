// Command versus measures sluice against other tools on the same files, with
// verified counts, and says which of its targets it meets.
//
//	go run ./bench/versus [flags] [DIR]
//
// DIR keeps the corpora for the next run; without it they go to a temporary
// folder. A count that differs from another's makes the command fail.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// config is what a run measures, and with what.
type config struct {
	dir    string
	data   string // real events to make the corpora of; "" generates them
	xml    string
	size   int64 // of a dense corpus; a sparse one is twice as large
	rounds int
	sets   []int  // detections of each rule set
	parts  bool   // measure parts of sluice too
	splunk string // folder of splunk/security_content; "" without
	sigma  string // folder of SigmaHQ/sigma; "" without
	tools  tools
	self   string // this program, which runs parts of sluice as engines
	log    io.Writer
}

func main() { os.Exit(Main()) }

// Main runs the command line and returns the exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := execute(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "versus: %v\n", err)
		}
		return 1
	}
	return 0
}

func execute(ctx context.Context, args []string, out, log io.Writer) error {
	cfg := config{log: log}
	fl := flag.NewFlagSet("versus", flag.ContinueOnError)
	fl.SetOutput(log)
	size := fl.String("size", "1GiB", "size of a dense corpus; a sparse one is twice as large")
	record := fl.String("record", "", "write the page to this file too")
	fl.IntVar(&cfg.rounds, "rounds", 5, "how often each command is timed")
	fl.StringVar(&cfg.data, "data", "", "make the NDJSON corpora of the lines of this file: flat Security-Datasets objects")
	fl.StringVar(&cfg.xml, "xml", "", "make the XML corpora of the events of this file")
	fl.BoolVar(&cfg.parts, "parts", true, "time sluice with each kernel and without stages too")
	fl.StringVar(&cfg.splunk, "splunk", "", "measure the detections of this copy of splunk/security_content too")
	fl.StringVar(&cfg.sigma, "sigma", "", "measure the rules of this copy of SigmaHQ/sigma too")
	sets := fl.String("sets", "1,103,265", "sizes of the generated sets; what the reference finds of a large one takes minutes")
	part := fl.String("engine", "", "run this part of sluice, or the stack, over the file given; versus starts itself so")
	rules := fl.String("rules", "", "rules of -engine; none are the built-in ones")
	if err := fl.Parse(args); err != nil {
		return err
	}
	if fl.NArg() > 1 || *part != "" && fl.NArg() != 1 || cfg.rounds < 1 {
		return errors.New("cannot run: want one folder, and at least one round")
	}
	if *part != "" {
		return engine(*part, *rules, fl.Arg(0), out)
	}
	var err error
	if cfg.size, err = parseSize(*size); err != nil {
		return err
	}
	if cfg.sets, err = parseSets(*sets); err != nil {
		return err
	}
	if cfg.self, err = os.Executable(); err != nil {
		return fmt.Errorf("cannot start engines: %w", err)
	}
	if cfg.dir = fl.Arg(0); cfg.dir == "" {
		if cfg.dir, err = os.MkdirTemp("", "versus-*"); err != nil {
			return fmt.Errorf("cannot make corpora: %w", err)
		}
		defer os.RemoveAll(cfg.dir)
	}
	cfg.tools = findTools(ctx)
	page, err := versus(ctx, cfg)
	if err != nil {
		return err
	}
	if *record != "" {
		if err := os.WriteFile(*record, page, 0o644); err != nil {
			return fmt.Errorf("cannot record the run: %w", err)
		}
	}
	_, err = out.Write(page)
	return err
}

// versus makes what is to be measured, measures it and returns the page.
func versus(ctx context.Context, cfg config) ([]byte, error) {
	if err := os.MkdirAll(cfg.dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make corpora: %w", err)
	}
	binary, err := build(ctx, cfg.dir)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(cfg.log, "built %s\n", binary)
	sets, err := makeSets(cfg)
	if err != nil {
		return nil, err
	}
	corpora, err := makeCorpora(cfg)
	if err != nil {
		return nil, err
	}
	given, err := publishedSets(cfg.splunk, cfg.sigma)
	if err != nil {
		return nil, err
	}
	r := &report{cfg: cfg, binary: binary, corpora: corpora}
	for _, c := range corpora {
		fmt.Fprintf(cfg.log, "%s: what the reference finds\n", c.name)
		want, err := findTruth(c, sets)
		if err != nil {
			return nil, err
		}
		rows := makeRows(cfg, binary, c, sets, want)
		more, err := publishedRows(ctx, cfg, binary, c, given)
		if err != nil {
			return nil, err
		}
		if err := measure(ctx, cfg, slices.Concat(rows, more)); err != nil {
			return nil, err
		}
		r.rows, r.given = append(r.rows, rows...), append(r.given, more...)
	}
	return r.page(ctx), nil
}

// parseSize reads a number of bytes such as 1GiB.
func parseSize(s string) (int64, error) {
	for _, u := range []struct {
		suffix string
		factor int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"", 1}} {
		if digits, ok := strings.CutSuffix(s, u.suffix); ok {
			if n, err := strconv.ParseInt(digits, 10, 32); err == nil && n > 0 {
				return n * u.factor, nil
			}
			break
		}
	}
	return 0, fmt.Errorf("cannot use -size %q: want a size such as 1GiB", s)
}

// parseSets reads sizes of sets, with commas between; the first one is 1.
func parseSets(s string) (sizes []int, err error) {
	for text := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("cannot use -sets %q: want sizes such as 1,103", s)
		}
		sizes = append(sizes, n)
	}
	if sizes[0] != 1 || !slices.IsSorted(sizes) {
		return nil, fmt.Errorf("cannot use -sets %q: want 1 first, then larger ones", s)
	}
	return sizes, nil
}

// threads is what a run on all cores uses.
func threads() int { return runtime.GOMAXPROCS(0) }
