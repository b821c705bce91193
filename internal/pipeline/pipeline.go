// Package pipeline wires the stages together: readers cut the inputs into
// blocks, and large files into segments; workers match them and count into
// tables of their own, and the tables are merged into rows.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"sluice/agg"
	"sluice/agg/window"
	"sluice/internal/record"
	"sluice/match"
	"sluice/match/row"
	"sluice/match/rule"
	"sluice/tailer"
)

// Config says what to run.
type Config struct {
	Files     []string // tailer.Stdin is standard input
	Set       *match.Set
	Rules     []*rule.Rule // those of Set
	Format    record.Format
	MaxRecord int // bytes; 0 means record.DefaultMax
	Threads   int // workers; at least 1
	Segment   int // bytes of a large file that a worker takes at once; 0 means 4 MiB
	// MaxMemory bounds in bytes what groups take; 0 means DefaultMemory. Hits of groups
	// for which there is no room are counted in an overflow row of their rule.
	MaxMemory int
	// DropNulls leaves out what Splunk's stats would: hits with a missing BY
	// field.
	DropNulls bool
	// Windows are those by which each rule's hits are counted, by rule; nil counts all
	// together. A window is closed once the input has come far enough, see watermark.
	Windows []window.Spec
	// Event, if set, turns each matched event into a line of Events. It is
	// called by all workers at once.
	Event func(dst []byte, h *match.Hit) []byte
	// Events receives those lines in the order of the input.
	Events io.Writer
	// Row, if set, receives the rows in their order, instead of Result; their values
	// are valid during the call. After its first error it is not called again.
	Row func(row.Named) error
	// Group, if set, receives the groups in their order, and no rows are made of them. The
	// group is valid during the call.
	Group func(*agg.Row) error
	// Progress, if set, counts bytes of the files as they are read.
	Progress *atomic.Int64
}

// Result is what a run found.
type Result struct {
	match.Counts
	match.Effort
	Bytes int64 // of text, after decompression and transcoding
	Files int   // that were opened
	// Groups are what the rules counted, Rows what the commands behind that make of it:
	// by rule, and in the order that the commands give.
	// Neither is kept if Config.Row is set; Printed counts the rows in any case.
	Groups  []*agg.Row
	Rows    []row.Named
	Printed int
	// Late counts hits that came when their window was closed: those of the rows that are
	// marked so.
	Late int64
	// Overflow counts what the overflow rows of so many rules count, and LeftOut the
	// rows for which there was no room in a table for the commands behind stats that look
	// at more than one row.
	Overflow      int64
	OverflowRules int
	LeftOut       int64
	// Cut counts groups of which a column has more values than are kept (see agg.Stat),
	// and rows that commands made and were too many (see command.MaxRows).
	Cut   int64
	Nulls Nulls
	// Damage tells of the malformed records of each file that has any, in the
	// order of the files.
	Damage []Damage
	// Errors tells what could not be read.
	Errors []error
}

// Nulls counts matched events with a missing BY field, which Splunk's stats
// would drop.
type Nulls struct {
	Events int64
	Fields map[string]int64 // by BY field; an event may lack several
}

// Damage is the malformed records of one file.
type Damage struct {
	File   string
	Count  int64
	Offset int64 // of the first one, in the file's text
	Err    error // of the first one
}

// job is a block or a segment on its way to a worker. Where the order of the
// input matters, seq counts jobs from 0.
type job struct {
	block   *tailer.Block
	segment *segment // instead of block
	file    int
	seq     int
	lines   []byte // events, once matched
	// With windows, order counts the blocks of a file from 0, and parts are what they
	// gave, by step.
	order int
	parts []*found
}

// release gives back what the job holds.
func (j *job) release() {
	if j.block != nil {
		j.block.Release()
	}
}

type run struct {
	cfg    Config
	jobs   chan *job
	done   chan *job // matched, for the writer of events; nil without
	sent   int       // jobs so far, where their order matters
	cancel context.CancelFunc

	mu     sync.Mutex // of what follows
	res    Result
	table  *agg.Shared // for which mu is not needed
	spare  []*found    // to use again
	damage map[int]*Damage

	marks []*watermark // of the files; nil without windows
	funcs [][]agg.Func // with windows, of the rules
}

// DefaultMemory is what groups may take unless Config says so, in bytes.
const DefaultMemory = 1 << 30

// Run reads all files and returns when every row is known. It returns early,
// with what it has so far, when ctx ends. The error is that of writing Events or of Row.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if cfg.Progress == nil {
		cfg.Progress = new(atomic.Int64)
	}
	if cfg.Segment <= 0 {
		cfg.Segment = segmentSize
	}
	r := &run{cfg: cfg, jobs: make(chan *job), cancel: cancel, damage: map[int]*Damage{}}
	r.share()
	r.res.Nulls.Fields = map[string]int64{}
	if cfg.Windows != nil {
		r.marks, r.funcs = newWatermarks(len(cfg.Files)), Funcs(cfg.Rules)
	}
	writeErr := make(chan error, 1)
	if cfg.Event != nil {
		r.done = make(chan *job)
		go func() { writeErr <- r.writeEvents() }()
	} else {
		writeErr <- nil
	}
	var workers sync.WaitGroup
	for range max(1, cfg.Threads) {
		workers.Go(r.work)
	}
	r.read(ctx)
	close(r.jobs)
	workers.Wait()
	if r.done != nil {
		close(r.done)
	}
	err := <-writeErr
	if e := r.emit(); err == nil {
		err = e
	}
	for i := range cfg.Files {
		if d := r.damage[i]; d != nil {
			r.res.Damage = append(r.res.Damage, *d)
		}
	}
	return &r.res, err
}

// hands returns how many workers and readers there are.
func (r *run) hands() (threads, readers int) {
	threads = max(1, r.cfg.Threads)
	readers = min(threads, len(r.cfg.Files))
	if r.cfg.Event != nil {
		readers = min(1, readers)
	}
	return threads, readers
}

// share makes the table of the groups, and segments so small that what is found in one
// has room in its own table, unless its events have many keys each.
func (r *run) share() {
	if r.cfg.MaxMemory <= 0 {
		r.cfg.MaxMemory = DefaultMemory
	}
	threads, readers := r.hands()
	// Each reader has its segments in hand, each worker a table of its own and one of
	// a segment; others wait to be merged, or to be used again.
	tables := 2*threads*readers + 2*threads + 8
	r.table = agg.NewShared(r.cfg.MaxMemory, tables)
	r.cfg.Segment = min(r.cfg.Segment, max(minSegment, r.table.Delta()/2))
}

// read sends the blocks of all files to the workers. Several files are read at
// once, unless the order of the input matters.
func (r *run) read(ctx context.Context) {
	threads, readers := r.hands()
	// Each worker holds one block and finds the next one ready; a reader holds
	// one; events wait for their turn in the others.
	pool := tailer.NewPool(2*threads + readers + 1)
	errs := make([]error, len(r.cfg.Files))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range readers {
		wait.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(errs) {
					return
				}
				errs[i] = r.file(ctx, pool, i)
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			r.res.Errors = append(r.res.Errors, err)
		}
	}
}

// file sends the blocks of file number i.
func (r *run) file(ctx context.Context, pool *tailer.Pool, i int) error {
	name := r.cfg.Files[i]
	f, err := tailer.Open(name, r.cfg.Progress)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	defer f.Close()
	rd, free, err := r.reader(ctx, pool, i, f)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	defer free()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.res.Files++
		r.res.Bytes += rd.Bytes()
	}()
	for n := 0; ; n++ {
		b, err := rd.Next()
		if b != nil && !r.send(ctx, &job{block: b, file: i, order: n}) {
			return nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("cannot read %s at offset %d: %w", name, rd.Bytes(), err)
		}
	}
}

// reader returns the Reader of file number i, whose segments, if it has any,
// have been matched already. free must be called when the file is done.
func (r *run) reader(ctx context.Context, pool *tailer.Pool, i int, f io.ReadCloser) (*tailer.Reader, func(), error) {
	if m := tailer.Map(f, 2*int64(r.cfg.Segment)); m != nil {
		defer m.Close()
		s := r.segments(ctx, i, m.Text)
		rest, err := m.Rest(s.pos)
		if err != nil {
			return nil, nil, err
		}
		return tailer.Resume(rest, pool, s.framer, int64(s.pos)), func() {}, nil
	}
	text, free, err := tailer.Decode(f)
	if err != nil {
		free()
		return nil, nil, err
	}
	return tailer.NewReader(text, pool, r.cfg.Format, r.cfg.MaxRecord), free, nil
}

// send gives a job to a worker; it returns false if the run is over.
func (r *run) send(ctx context.Context, j *job) bool {
	if j.segment == nil {
		r.number(j)
	}
	select {
	case r.jobs <- j:
		return true
	case <-ctx.Done():
		j.release()
		return false
	}
}

// number gives j its place in the order of the input, where that matters: there
// is one reader then.
func (r *run) number(j *job) {
	if r.done != nil {
		j.seq = r.sent
		r.sent++
	}
}

// writeEvents writes the lines of jobs in the order of the input. A job's block
// is released only behind its lines, which bounds how much can wait here.
func (r *run) writeEvents() (err error) {
	waiting := map[int]*job{}
	next := 0
	for j := range r.done {
		waiting[j.seq] = j
		for j = waiting[next]; j != nil; j = waiting[next] {
			if err == nil && len(j.lines) > 0 {
				if _, err = r.cfg.Events.Write(j.lines); err != nil {
					r.cancel()
				}
			}
			delete(waiting, next)
			next++
			j.release()
		}
	}
	return err
}
