package pipeline

import (
	"context"
	"errors"
	"time"

	"sluice/match/row"
)

const (
	// settled is how long Next waits until all that can be read now has been.
	settled = 100 * time.Millisecond
	// maxEvents is how many bytes of lines of events wait for the next time that rows
	// are printed.
	maxEvents = 1 << 20
	// maxRest bounds how long a large state lets rows wait.
	maxRest = time.Minute
)

// account is the ledger's goroutine: it adds what the workers found, and saves and
// prints, until there is no more. stop ends reading.
func (f *following) account(ctx context.Context, stop func()) (err error) {
	p := f.printer()
	defer p.close()
	tick := time.NewTicker(max(f.cfg.Every, settled/2))
	defer tick.Stop()
	reload := f.cfg.Reload
	caughtUp := false  // since the start: until then no window is closed
	var next time.Time // when the next rows may be made: making and saving them takes a fifth of the time
	flush := func() {
		if time.Now().Before(next) && len(f.ledger.events) <= maxEvents {
			return
		}
		f.spent = 0
		defer func() { next = time.Now().Add(min(4*f.spent, maxRest)) }()
		idle := f.idle()
		caughtUp = caughtUp || idle || f.ledger.seenAll()
		if err == nil && caughtUp {
			f.ledger.advance(idle)
		}
		if err == nil {
			err = f.emit(ctx, p)
		}
		if err != nil {
			stop()
		}
	}
	for {
		select {
		case j, ok := <-f.done:
			if !ok {
				if err == nil {
					if ctx.Err() == nil { // nothing can come any more
						f.ledger.end()
					}
					err = f.emit(ctx, p)
				}
				// What was closed is printed now. What could not be printed is not saved: its
				// events would be lost.
				if err == nil && f.ledger.changed {
					f.save()
				}
				return err
			}
			f.take(j)
			if f.cfg.Every == 0 && len(f.done) == 0 || len(f.ledger.events) > maxEvents {
				flush()
			}
		case <-tick.C:
			flush()
		case prog, ok := <-reload:
			if !ok {
				reload = nil
				continue
			}
			err = f.reload(ctx, p, prog, err)
		}
	}
}

func (f *following) take(j *chunkJob) { f.flight.Add(-int64(f.ledger.take(j))) }

// idle reports whether all that can be read now has been added.
func (f *following) idle() bool {
	since := f.waiting.Load()
	return since > 0 && f.flight.Load() == 0 && f.cfg.Now().UnixNano()-since >= int64(settled)
}

// reload puts prog in force between two records: what was read by then is matched by the
// rules before, saved and printed. Rows of rules that go are printed before they are
// dropped from what is saved.
func (f *following) reload(ctx context.Context, p *printer, prog *Program, err error) error {
	f.gate.Lock()
	for f.flight.Load() > 0 {
		f.take(<-f.done)
	}
	if err == nil {
		err = f.emit(ctx, p)
	}
	old := f.ledger.prog
	f.prog.Store(prog)
	rows := f.ledger.swap(prog)
	f.gate.Unlock()
	if err == nil {
		err = p.print(ctx, f.cfg.Grace, printJob{old, nil, rows})
	}
	if err == nil {
		f.save()
	}
	return err
}

// emit prints lines of events, saves what the ledger holds, and then prints what has
// changed in it. Rows that are printed have been saved, so no later run can count less;
// those of closed windows are dropped from what is saved only when they have been
// printed. Nothing of an event is saved but that it was read, so its line comes first: a
// run that is killed in between prints it again in the next one.
func (f *following) emit(ctx context.Context, p *printer) error {
	if err := f.printEvents(ctx, p); err != nil {
		return err
	}
	l := f.ledger
	began := time.Now()
	rows, printed := l.changes()
	if l.changed {
		f.save()
	}
	f.spent = time.Since(began)
	if len(rows) > 0 {
		if err := p.print(ctx, f.cfg.Grace, printJob{l.prog, nil, rows}); err != nil {
			return err
		}
	}
	f.res.Printed += len(rows)
	printed()
	return nil
}

func (f *following) printEvents(ctx context.Context, p *printer) error {
	l := f.ledger
	if len(l.events) == 0 {
		return nil
	}
	if err := p.print(ctx, f.cfg.Grace, printJob{l.prog, l.events, nil}); err != nil {
		return err // and who prints may still read them
	}
	l.events = l.events[:0]
	return nil
}

// save saves what the ledger holds. If that fails, what was saved before is still there;
// it is told once, tried again the next time, and told when it is over.
func (f *following) save() {
	if f.cfg.Save == nil {
		f.ledger.changed = false
		return
	}
	err := f.cfg.Save(f.ledger.state())
	switch {
	case err == nil && f.unsaved:
		f.cfg.Log(errors.New("the state is saved again"))
	case err != nil && !f.unsaved:
		f.cfg.Log(err)
	}
	f.unsaved = err != nil
	f.ledger.changed = err != nil
}

// printer prints in a goroutine of its own, so that one can stop waiting for it.
type printer struct {
	jobs chan printJob
	errs chan error
}

type printJob struct {
	prog   *Program // whose rows they are
	events []byte
	rows   []row.Named
}

func (f *following) printer() *printer {
	p := &printer{make(chan printJob), make(chan error, 1)}
	go func() {
		for j := range p.jobs {
			p.errs <- j.prog.Print(j.events, j.rows)
		}
	}()
	return p
}

func (p *printer) close() { close(p.jobs) }

// print waits until all is printed, or until grace is over when ctx has ended.
func (p *printer) print(ctx context.Context, grace time.Duration, j printJob) error {
	p.jobs <- j
	select {
	case err := <-p.errs:
		return err
	case <-ctx.Done():
	}
	end := time.NewTimer(grace)
	defer end.Stop()
	select {
	case err := <-p.errs:
		return err
	case <-end.C:
		return ErrBlocked
	}
}
