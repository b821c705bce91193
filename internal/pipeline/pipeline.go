// Package pipeline wires the stages together: a reader cuts the inputs into
// blocks, workers match them and count into tables of their own, and the tables
// are merged into rows.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"sluice/agg"
	"sluice/internal/record"
	"sluice/match"
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
	// DropNulls leaves out what Splunk's stats would: hits with a missing BY
	// field.
	DropNulls bool
	// Event, if set, turns each matched event into a line of Events. It is
	// called by all workers at once.
	Event func(dst []byte, h *match.Hit) []byte
	// Events receives those lines in the order of the input.
	Events io.Writer
	// Progress, if set, counts bytes of the files as they are read.
	Progress *atomic.Int64
}

// Result is what a run found.
type Result struct {
	match.Counts
	Bytes int64 // of text, after decompression and transcoding
	Files int   // that were opened
	Rows  []*agg.Row
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

// job is a block on its way to a worker. Where the order of the input matters,
// seq counts jobs from 0.
type job struct {
	block *tailer.Block
	file  int
	seq   int
	lines []byte // events, once matched
}

type run struct {
	cfg    Config
	jobs   chan *job
	done   chan *job // matched, for the writer of events; nil without
	sent   int       // jobs so far, where their order matters
	cancel context.CancelFunc

	mu     sync.Mutex // of what follows
	res    Result
	table  *agg.Table
	damage map[int]*Damage
}

// Run reads all files and returns when every row is known. It returns early,
// with what it has so far, when ctx ends. The error is that of writing Events.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if cfg.Progress == nil {
		cfg.Progress = new(atomic.Int64)
	}
	r := &run{cfg: cfg, jobs: make(chan *job), cancel: cancel, table: agg.New(), damage: map[int]*Damage{}}
	r.res.Nulls.Fields = map[string]int64{}
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
	r.res.Rows = r.table.Rows()
	for i := range cfg.Files {
		if d := r.damage[i]; d != nil {
			r.res.Damage = append(r.res.Damage, *d)
		}
	}
	return &r.res, err
}

// read sends the blocks of all files to the workers. Several files are read at
// once, unless the order of the input matters.
func (r *run) read(ctx context.Context) {
	threads := max(1, r.cfg.Threads)
	readers := min(threads, len(r.cfg.Files))
	if r.done != nil {
		readers = min(1, readers)
	}
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
	text, free, err := tailer.Decode(f)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	defer free()
	rd := tailer.NewReader(text, pool, r.cfg.Format, r.cfg.MaxRecord)
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.res.Files++
		r.res.Bytes += rd.Bytes()
	}()
	for {
		b, err := rd.Next()
		if b != nil && !r.send(ctx, &job{block: b, file: i}) {
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

// send gives a job to a worker; it returns false if the run is over.
func (r *run) send(ctx context.Context, j *job) bool {
	if r.done != nil {
		j.seq = r.sent // there is one reader then
		r.sent++
	}
	select {
	case r.jobs <- j:
		return true
	case <-ctx.Done():
		j.block.Release()
		return false
	}
}

// work matches blocks until there are none.
func (r *run) work() {
	table := agg.New()
	nulls := Nulls{Fields: map[string]int64{}}
	sc := r.cfg.Set.NewScanner()
	var j *job
	sc.Bad = func(rec int, err error) { r.bad(j, rec, err) }
	sc.Hit = func(h *match.Hit) {
		if r.cfg.Event != nil && h.First {
			j.lines = r.cfg.Event(j.lines, h)
		}
		missing := nulls.note(r.cfg.Rules[h.Rule], h)
		if !missing || !r.cfg.DropNulls {
			table.Observe(h.Rule, h.Key, h.Nanos, h.Timed)
		}
	}
	for j = range r.jobs {
		sc.Scan(j.block.Data, j.block.Records)
		if r.done != nil {
			r.done <- j
		} else {
			j.block.Release()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table.Merge(table)
	r.res.Counts.Add(sc.Counts)
	r.res.Nulls.Events += nulls.Events
	for name, n := range nulls.Fields {
		r.res.Nulls.Fields[name] += n
	}
}

// note counts the missing BY fields of a hit, once an event.
func (n *Nulls) note(q *rule.Rule, h *match.Hit) (missing bool) {
	for i, v := range h.Key {
		if v != nil {
			continue
		}
		missing = true
		if h.First {
			n.Fields[q.By[i]]++
		}
	}
	if missing && h.First {
		n.Events++
	}
	return missing
}

func (r *run) bad(j *job, rec int, err error) {
	offset := j.block.Offset + int64(j.block.Records[rec].Lo)
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.damage[j.file]
	if d == nil {
		d = &Damage{File: r.cfg.Files[j.file], Offset: offset, Err: err}
		r.damage[j.file] = d
	}
	d.Count++
	if offset < d.Offset {
		d.Offset, d.Err = offset, err
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
			j.block.Release()
		}
	}
	return err
}
