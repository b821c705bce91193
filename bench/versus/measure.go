package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// measure times the rows in turn, so often as there are rounds: what slows the
// machine down for a while slows all of them.
func measure(ctx context.Context, cfg config, rows []*row) error {
	for round := range cfg.rounds {
		fmt.Fprintf(cfg.log, "%s: round %d of %d\n", rows[0].corpus, round+1, cfg.rounds)
		if err := warm(rows); err != nil {
			return err
		}
		for _, r := range rows {
			if r.argv == nil {
				continue
			}
			if err := r.run(ctx); err != nil {
				return fmt.Errorf("cannot measure %s, %d detections, %s: %w", r.corpus, r.detections, r.engine, err)
			}
		}
	}
	return nil
}

// warm reads each file once, so that no row pays for the disk.
func warm(rows []*row) error {
	var seen []string
	buf := make([]byte, 1<<20)
	for _, r := range rows {
		if slices.Contains(seen, r.file.path) {
			continue
		}
		seen = append(seen, r.file.path)
		f, err := os.Open(r.file.path)
		if err != nil {
			return fmt.Errorf("cannot read corpus: %w", err)
		}
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, f, buf)
		f.Close()
		if err != nil {
			return fmt.Errorf("cannot read corpus: %w", err)
		}
	}
	return nil
}

// run times the command once and checks what it prints.
func (r *row) run(ctx context.Context) error {
	cmd, cancel := command(ctx, r.argv...)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil && !isNoMatch(r, err) {
		return fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	if err := r.verify(stdout.Bytes(), stderr.Bytes()); err != nil {
		return err
	}
	if r.clock != nil {
		if took, err = r.clock(stdout.Bytes()); err != nil {
			return err
		}
	}
	r.took = append(r.took, took)
	return nil
}

// median returns the middle of the times, or false if there are none.
func (r *row) median() (time.Duration, bool) {
	if len(r.took) == 0 {
		return 0, false
	}
	t := slices.Sorted(slices.Values(r.took))
	return (t[(len(t)-1)/2] + t[len(t)/2]) / 2, true
}

// speed returns GB/s, or 0 if the row was not measured.
func (r *row) speed() float64 {
	t, ok := r.median()
	if !ok {
		return 0
	}
	return float64(r.file.size) / 1e9 / t.Seconds()
}
