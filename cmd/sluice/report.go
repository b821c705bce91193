package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"sluice/internal/pipeline"
	"sluice/tailer"
)

// summary is the line that --stats prints.
type summary struct {
	Files      int    `json:"files"`
	Bytes      int64  `json:"bytes"`
	Records    int64  `json:"records"`
	Candidates int64  `json:"candidates"`
	Skipped    int64  `json:"skipped"`
	Decoded    int64  `json:"decoded"`
	Malformed  int64  `json:"malformed"`
	Matched    int64  `json:"matched"`
	Capped     int64  `json:"capped,omitempty"`
	Rows       int    `json:"rows"`
	Late       *int64 `json:"late,omitempty"`      // with windows: counted in rows of their own
	Throttled  int64  `json:"throttled,omitempty"` // risk events
	Cut        int64  `json:"cut,omitempty"`       // rows with fewer values than there were, or left out
	// Overflow counts the events under each key for which there was no memory, LeftOut
	// the rows that commands behind stats did not see for want of it.
	Overflow int64 `json:"overflow,omitempty"`
	LeftOut  int64 `json:"left_out,omitempty"`
	// SplunkDrops counts the matched events that Splunk's stats would drop for a
	// missing BY field, and by which field.
	SplunkDrops  int64            `json:"splunk_drops"`
	SplunkFields map[string]int64 `json:"splunk_drops_by_field,omitempty"`
	Switches     int64            `json:"strategy_switches"`
	Seconds      float64          `json:"seconds"`
	Speed        float64          `json:"gb_per_second"`
}

// roomOfRows is the room that pipeline.Rows has.
const roomOfRows = "512MiB"

func (c *cli) tellLeftOut(n int64, room string) {
	if n > 0 {
		c.warn("%d %s left out before the commands behind stats that look at more than one row: together they take more than %s",
			n, plural(n, "row"), room)
	}
}

// report tells what could not be read and, if asked, sums the run up.
func (c *cli) report(j *job, res *pipeline.Result, throttled int64, took time.Duration) {
	for _, err := range res.Errors {
		c.fail(hinted(err))
	}
	for _, d := range res.Damage {
		c.warn("%s: %d malformed %s, the first at offset %d: %v", d.File, d.Count, plural(d.Count, "record"), d.Offset, d.Err)
	}
	c.tellLate(res.Late)
	if res.Overflow > 0 {
		c.warn("the groups took more memory than --max-memory %s: %d events of further ones are counted in the overflow %s of %d %s",
			j.maxMemory, res.Overflow, plural(int64(res.OverflowRules), "row"), res.OverflowRules, plural(int64(res.OverflowRules), "detection"))
	}
	room := "an eighth of --max-memory " + j.maxMemory
	if j.follow {
		room = roomOfRows
	}
	c.tellLeftOut(res.LeftOut, room)
	if !j.stats {
		return
	}
	var late *int64
	if j.windows != nil {
		late = &res.Late
	}
	c.summary(summary{
		Files: res.Files, Bytes: res.Bytes,
		Records: res.Records, Skipped: res.Skipped, Candidates: res.Candidates, Decoded: res.Decoded, Malformed: res.Malformed,
		Matched: res.Matched, Capped: res.Capped, Rows: res.Printed, Late: late, Throttled: throttled, Cut: res.Cut,
		Overflow: res.Overflow, LeftOut: res.LeftOut,
		SplunkDrops: res.Nulls.Events, SplunkFields: res.Nulls.Fields,
		Switches: res.Switches, Seconds: took.Seconds(), Speed: float64(res.Bytes) / 1e9 / max(took.Seconds(), 1e-9),
	})
}

// hinted adds to why an input cannot be read what to do about it, if that is known.
func hinted(err error) error {
	if errors.Is(err, tailer.ErrEventLog) {
		return fmt.Errorf("%w (hint: export it with evtx_dump -o jsonl, or with wevtutil qe /lf:true)", err)
	}
	return err
}

// summary writes the line of --stats.
func (c *cli) summary(v any) {
	line, err := json.Marshal(v)
	if err != nil {
		c.fail(fmt.Errorf("cannot write the summary: %w", err))
		return
	}
	fmt.Fprintf(c.stderr, "%s\n", line)
}

func plural(n int64, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// bar shows the progress of a run on a terminal. The zero value shows nothing.
type bar struct {
	c     *cli
	total int64
	read  atomic.Int64
	tests bool // counts tests and not bytes
	start time.Time
	quit  chan struct{}
	done  sync.WaitGroup
}

// progress starts a bar if stderr is a terminal that can rewrite a line.
func (c *cli) progress(cfg *pipeline.Config, total int64) *bar {
	b := &bar{c: c, total: total}
	if b.begin() {
		cfg.Progress = &b.read
	}
	return b
}

// begin starts the bar, if it is to be shown.
func (b *bar) begin() bool {
	b.start = time.Now()
	f, ok := b.c.stderr.(*os.File)
	if b.c.quiet || !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return false
	}
	b.quit = make(chan struct{})
	b.done.Go(b.loop)
	return true
}

func (b *bar) loop() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fmt.Fprint(b.c.stderr, "\r\x1b[K"+b.text())
		case <-b.quit:
			fmt.Fprint(b.c.stderr, "\r\x1b[K")
			return
		}
	}
}

func (b *bar) text() string {
	read := b.read.Load()
	rate := float64(read) / 1e9 / time.Since(b.start).Seconds()
	if b.total == 0 {
		return fmt.Sprintf("%.1f MB  %.2f GB/s", float64(read)/1e6, rate)
	}
	share := min(1, float64(read)/float64(b.total))
	const width = 30
	filled := int(share * width)
	cells := make([]byte, width)
	for i := range cells {
		cells[i] = "#-"[min(1, max(0, i-filled+1))]
	}
	text := fmt.Sprintf("[%s] %3.0f %%  %.2f GB/s", cells, 100*share, rate)
	if b.tests {
		text = fmt.Sprintf("[%s] %d of %d tests", cells, read, b.total)
	}
	if os.Getenv("NO_COLOR") == "" {
		text = "\x1b[36m" + text + "\x1b[0m"
	}
	return text
}

func (b *bar) stop() {
	if b.quit != nil {
		close(b.quit)
		b.done.Wait()
	}
}
