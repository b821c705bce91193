// Command agg measures the table of package agg beside other concurrent maps, on the
// same observations, with verified counts.
//
//	go run ./bench/agg [-rounds 3] [-record FILE] [-keys 1000,1000000,10000000]
//
// Each cell is a process of its own. Cells take turns, so what slows the machine down
// for a while slows all designs. A count that is wrong makes the command fail.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
)

// cell is one design at one load.
type cell struct {
	design  string
	threads int
	load
	results []result
}

// result is what a process measured.
type result struct {
	nanos float64 // per observation, wall
	bytes float64 // per group, beyond the text of its key
}

func main() { os.Exit(Main()) }

// Main runs the command line and returns the exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := execute(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "agg: %v\n", err)
		}
		return 1
	}
	return 0
}

func execute(ctx context.Context, args []string, out, log io.Writer) error {
	fl := flag.NewFlagSet("agg", flag.ContinueOnError)
	fl.SetOutput(log)
	rounds := fl.Int("rounds", 3, "how often each cell is timed")
	record := fl.String("record", "", "write the page to this file, too, after each round")
	keys := fl.String("keys", "1000,1000000,10000000", "numbers of groups")
	part := fl.String("cell", "", "measure this cell; agg starts itself so")
	if err := fl.Parse(args); err != nil {
		return err
	}
	if *part != "" {
		return child(*part, out)
	}
	if fl.NArg() > 0 || *rounds < 1 {
		return errors.New("cannot run: want no argument, and at least one round")
	}
	cells, err := makeCells(*keys)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot start cells: %w", err)
	}
	var text []byte
	for round := range *rounds {
		for i := range cells {
			fmt.Fprintf(log, "round %d of %d: %s\n", round+1, *rounds, cells[i].name())
			if err := cells[i].run(ctx, self); err != nil {
				return err
			}
		}
		text = page(cells, round+1)
		if *record == "" {
			continue
		}
		if err := os.WriteFile(*record, text, 0o644); err != nil {
			return fmt.Errorf("cannot record the run: %w", err)
		}
	}
	_, err = out.Write(text)
	return err
}

// run measures the cell once.
func (c *cell) run(ctx context.Context, self string) error {
	text, err := exec.CommandContext(ctx, self, "-cell", c.name()).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return fmt.Errorf("cannot measure %s: %w", c.name(), err)
	}
	var r result
	if _, err := fmt.Sscan(string(text), &r.nanos, &r.bytes); err != nil {
		return fmt.Errorf("cannot read what %s measured: %w", c.name(), err)
	}
	c.results = append(c.results, r)
	return nil
}

// makeCells lists what is measured, in turns: the designs of one load follow each other.
func makeCells(keys string) (cells []cell, err error) {
	for _, text := range strings.Split(keys, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1<<26 {
			return nil, fmt.Errorf("cannot use -keys %q: want numbers such as 1000,1000000", keys)
		}
		loads := []load{{keys: n}, {keys: n, zipf: true}}
		if n <= 1000 { // a text is not in each of a million groups
			loads = append(loads, load{keys: n, long: true})
		}
		for _, l := range loads {
			for _, d := range designs {
				for threads := 1; threads <= d.most; threads++ {
					cells = append(cells, cell{design: d.name, threads: threads, load: l})
				}
			}
		}
	}
	return cells, nil
}

// name is the cell as the argument of -cell.
func (c *cell) name() string {
	return fmt.Sprintf("%s,%d,%d,%v,%v", c.design, c.threads, c.keys, c.zipf, c.long)
}

// child measures the cell of that name, and prints its result.
func child(name string, out io.Writer) error {
	f := strings.Split(name, ",")
	if len(f) != 5 {
		return fmt.Errorf("cannot measure %q: want five parts", name)
	}
	threads, err1 := strconv.Atoi(f[1])
	keys, err2 := strconv.Atoi(f[2])
	i := slices.IndexFunc(designs, func(d design) bool { return d.name == f[0] })
	if err := errors.Join(err1, err2); err != nil || i < 0 || threads < 1 || keys < 1 {
		return fmt.Errorf("cannot measure %q: no such cell", name)
	}
	r, err := measure(designs[i], threads, load{keys: keys, zipf: f[3] == "true", long: f[4] == "true"})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, r.nanos, r.bytes)
	return err
}
