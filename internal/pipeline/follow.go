package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"sluice/agg"
	"sluice/agg/window"
	"sluice/match"
	"sluice/match/row"
	"sluice/match/rule"
	"sluice/tailer"
)

// Following: one goroutine reads chunks, workers match them, and one goroutine, the
// ledger's, adds what they found in the order of each source. So at every moment the
// ledger holds exactly what stands before the positions that it holds; both are saved
// together, and rows are printed of what was saved; lines of events, before it is saved
// that they were read. A run that is killed goes on from there: it counts nothing twice
// and nothing not at all, and may print a row or an event again.

// Program is a set of rules in force. It is immutable.
type Program struct {
	Set     *match.Set
	Rules   []*rule.Rule
	Windows []window.Spec // by rule; nil counts all together
	// IDs name the compiled forms of the rules: groups of equal ones go on when rules
	// are loaded anew, and in another run.
	IDs []string
	// Names are what people call the rules; they stand in the state beside the IDs.
	Names []string
	// Event, if set, turns each matched event into a line. It is called by all workers at
	// once.
	Event func(dst []byte, h *match.Hit) []byte
	// Print prints those lines, or rows that have changed since they were printed, whose
	// numbers are those of all of their window so far. It is called by one goroutine,
	// which may wait in it; then nothing more is read.
	Print func(events []byte, rows []row.Named) error
}

// FollowConfig says what to run, and how.
type FollowConfig struct {
	Program   *Program
	Threads   int // workers; at least 1
	MaxMemory int // as in Config
	DropNulls bool
	// Chunks are those of a tailer.Follower.
	Chunks interface {
		Next(context.Context) (*tailer.Chunk, error)
	}
	Every   time.Duration // between two times that rows are printed; 0 prints them at once
	Restore *State        // nil begins anew
	// Save keeps what is to be gone on from; nil keeps nothing. An error is told, once
	// until it works again, which is told too, and the next time is tried again.
	Save func(*State) error
	// Reload brings rules that are to be in force from then on.
	Reload <-chan *Program
	Log    func(error)      // is told what goes wrong, by one goroutine
	Now    func() time.Time // the clock; nil means time.Now
	// Grace is how long Follow waits for Print when it is to end; 0 means 10 s.
	Grace time.Duration
}

// ErrBlocked says that Print did not return in time. What it was to print is saved.
var ErrBlocked = errors.New("the output takes no more: what was not printed is printed when the run goes on")

// chunkJob is a chunk on its way through a worker to the ledger.
type chunkJob struct {
	*tailer.Chunk
	seq   uint64 // of its source, from 0
	turn  uint64 // of all, from 0
	found *found // nil if there are no records
	last  mark   // the time of the last record
}

// following is a run of Follow.
type following struct {
	cfg     FollowConfig
	prog    atomic.Pointer[Program]
	jobs    chan *chunkJob
	done    chan *chunkJob
	gate    sync.Mutex   // held while no chunk is to be sent to the workers
	flight  atomic.Int64 // chunks that the ledger has not taken yet
	waiting atomic.Int64 // since when Next waits, in Unix nanoseconds; 0 while it does not
	ledger  *ledger
	effort  sync.Mutex // of res.Effort
	res     Result
	spent   time.Duration // on rows and state, the last time
	unsaved bool          // it failed the last time that it was to be saved
}

// Follow matches chunks until ctx ends or none can come any more. What it has taken is
// accounted, saved and printed before it returns. The error is that of Print or of Next.
func Follow(ctx context.Context, cfg FollowConfig) (*Result, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = func(error) {}
	}
	if cfg.Grace == 0 {
		cfg.Grace = 10 * time.Second
	}
	if cfg.MaxMemory <= 0 {
		cfg.MaxMemory = DefaultMemory
	}
	f := &following{cfg: cfg, jobs: make(chan *chunkJob), done: make(chan *chunkJob, max(1, cfg.Threads))}
	f.res.Nulls.Fields = map[string]int64{}
	f.prog.Store(cfg.Program)
	f.ledger = newLedger(&f.cfg, cfg.Program, &f.res)
	if cfg.Restore != nil {
		if err := f.ledger.restore(cfg.Restore); err != nil {
			return nil, err
		}
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	readErr := make(chan error, 1)
	go func() { readErr <- f.read(reading) }()
	var workers sync.WaitGroup
	for range max(1, cfg.Threads) {
		workers.Go(f.work)
	}
	go func() {
		workers.Wait()
		close(f.done)
	}()
	err := f.account(ctx, stop)
	return &f.res, errors.Join(err, <-readErr)
}

// read sends chunks to the workers until ctx ends or there are no more.
func (f *following) read(ctx context.Context) error {
	defer close(f.jobs)
	seqs := map[uint64]uint64{}
	for turn := uint64(0); ; turn++ {
		f.waiting.Store(f.cfg.Now().UnixNano())
		c, err := f.cfg.Chunks.Next(ctx)
		f.waiting.Store(0)
		if err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return nil
			}
			return err
		}
		j := &chunkJob{Chunk: c, seq: seqs[c.Source], turn: turn}
		if seqs[c.Source]++; c.Gone {
			delete(seqs, c.Source)
		}
		f.gate.Lock()
		f.flight.Add(1)
		f.gate.Unlock()
		f.jobs <- j // the workers go on until there are no more, and so does the ledger
	}
}

// work matches chunks until there are no more.
func (f *following) work() {
	var w *worker
	var prog *Program
	defer func() { f.retire(w) }()
	for j := range f.jobs {
		if p := f.prog.Load(); p != prog {
			f.retire(w)
			prog, w = p, f.worker(p)
		}
		if j.Block != nil && len(j.Block.Records) > 0 {
			w.chunk(j)
		}
		f.done <- j
	}
}

func (f *following) worker(p *Program) *worker {
	cfg := &Config{Rules: p.Rules, Windows: p.Windows, DropNulls: f.cfg.DropNulls, Event: p.Event}
	w := &worker{cfg: cfg}
	w.sc = p.Set.NewScanner()
	w.sc.Hit = w.hit
	w.sc.Bad = func(at int, err error) { w.out.bad(w.base+int64(at), err) }
	return w
}

// retire adds what a worker has done to the result.
func (f *following) retire(w *worker) {
	if w == nil {
		return
	}
	f.effort.Lock()
	defer f.effort.Unlock()
	f.res.Effort.Add(w.sc.Effort())
}

// chunk matches the records of j.
func (w *worker) chunk(j *chunkJob) {
	w.out = &found{table: agg.New(), nulls: Nulls{Fields: map[string]int64{}}}
	w.sc.Counts = match.Counts{}
	b := j.Block
	w.base = b.Offset
	w.sc.Scan(b.Data, b.Records)
	if w.cfg.Windows != nil {
		r := b.Records[len(b.Records)-1]
		j.last.nanos, j.last.any = w.sc.TimeOf(r.Kind, b.Data[r.Lo:r.Hi])
	}
	w.out.counts = w.sc.Counts
	j.found = w.out
}
