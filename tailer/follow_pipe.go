package tailer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"sluice/internal/record"
)

// pipes reads FIFOs, devices and standard input, which have no offset to go back
// to: what was read and not accounted is lost with the process.
type pipes struct {
	ready chan struct{} // something has been read
	byID  map[string]*pipe
}

// pipe is one of them. A goroutine reads it a buffer ahead.
type pipe struct {
	path   string
	n      uint64
	f      *os.File
	bytes  chan []byte // read; closed at the end
	taken  chan struct{}
	stop   chan struct{}
	once   sync.Once
	framer record.Framer
	text   Encoding
	rest   []byte // raw bytes behind the last record
	offset int64  // of rest[0]
	last   time.Time
	over   bool // its end has been handed out
}

func newPipes() *pipes { return &pipes{ready: make(chan struct{}, 1), byID: map[string]*pipe{}} }

func (p *pipes) open() (n int) {
	for _, q := range p.byID {
		if !q.over {
			n++
		}
	}
	return n
}

func (p *pipes) close() {
	for _, q := range p.byID {
		q.close()
	}
}

func (q *pipe) close() {
	q.once.Do(func() {
		close(q.stop)
		if q.f != os.Stdin {
			q.f.Close()
		}
	})
}

// openPipes begins to read pipes, each once, and ends those that are gone.
func (f *Follower) openPipes(paths []string) {
	there := map[string]bool{}
	for _, path := range paths {
		key := path
		if path != Stdin {
			st, err := statPath(path)
			if err != nil {
				continue
			}
			key = fmt.Sprint(path, st.id) // another one may have its name some day
		}
		there[key] = true
		f.openPipe(path, key)
	}
	for key, q := range f.pipes.byID {
		switch {
		case there[key]:
		case q.over:
			delete(f.pipes.byID, key)
		default:
			q.f.Close() // which ends its run
		}
	}
}

func (f *Follower) openPipe(path, key string) {
	if f.pipes.byID[key] != nil {
		return
	}
	file := os.Stdin
	if path != Stdin {
		var err error
		if file, err = f.opener(path); err != nil {
			f.unreadable(path, err)
			return
		}
	}
	f.readable(path)
	f.sources++
	q := &pipe{
		path: path, n: f.sources, f: file, bytes: make(chan []byte), stop: make(chan struct{}),
		taken: make(chan struct{}), framer: record.Framer{Format: f.cfg.Format, Max: f.cfg.Max}, last: f.now,
	}
	f.pipes.byID[key] = q
	go q.run(f.pipes.ready)
}

// idlePipe is how long a FIFO that nobody writes to is left alone, and pauseBytes
// what run sends when that begins.
const idlePipe = 20 * time.Millisecond

var pauseBytes = []byte{}

// run reads until the end, which a FIFO does not have: another writer may come.
func (q *pipe) run(ready chan<- struct{}) {
	defer close(q.bytes)
	info, err := q.f.Stat()
	again := err == nil && info.Mode()&os.ModeNamedPipe != 0 && q.path != Stdin
	quiet := true
	buf := make([]byte, blockSize)
	for {
		n, err := q.f.Read(buf)
		send := buf[:n]
		switch {
		case n > 0:
			quiet = false
		case err == nil:
			continue
		case errors.Is(err, io.EOF) && again && quiet:
			select {
			case <-q.stop:
				return
			case <-time.After(idlePipe):
			}
			continue
		case errors.Is(err, io.EOF) && again:
			quiet = true
			send = pauseBytes
		default:
			notify(ready)
			return
		}
		notify(ready)
		select {
		case q.bytes <- send:
		case <-q.stop:
			return
		}
		select {
		case <-q.taken:
		case <-q.stop:
			return
		}
	}
}

func notify(ready chan<- struct{}) {
	select {
	case ready <- struct{}{}:
	default:
	}
}

// nextPiped returns what was handed over meanwhile, or the next chunk of a pipe,
// or nil.
func (f *Follower) nextPiped(ctx context.Context) (*Chunk, error) {
	if len(f.out) > 0 {
		c := f.out[0]
		f.out = f.out[1:]
		return c, nil
	}
	for _, q := range f.pipes.byID {
		if q.over {
			continue
		}
		select {
		case b, ok := <-q.bytes:
			q.last = f.now
			q.rest = append(q.rest, b...)
			ended := !ok || len(b) == 0
			if ok {
				q.taken <- struct{}{}
			}
			q.over = !ok
			c, err := f.framePipe(ctx, q, ended)
			if ended && err == nil { // another writer begins anew
				q.text, q.framer = Unknown, record.Framer{Format: f.cfg.Format, Max: f.cfg.Max}
			}
			if c != nil || err != nil {
				return c, err
			}
		default:
			if len(q.rest) > 0 && f.since(q.last) >= f.cfg.FlushAfter && len(q.rest) <= maxPartial && isJSON(q.rest) {
				return f.framePipe(ctx, q, true)
			}
		}
	}
	return nil, nil
}

// framePipe cuts what was read of q into records. last says that nothing comes
// behind it, for now or for ever.
func (f *Follower) framePipe(ctx context.Context, q *pipe, last bool) (*Chunk, error) {
	if q.text == Unknown && len(q.rest) > 0 && (last || len(q.rest) >= 8 || isDecided(q.rest)) {
		q.text = textOf(q.rest)
		if skip := markLen(q.rest); skip > 0 {
			q.rest = q.rest[skip:]
			q.offset += int64(skip)
		}
	}
	if q.text == Unknown && !q.over {
		return nil, nil
	}
	b, err := f.pool.getFor(ctx)
	if err != nil {
		return nil, err
	}
	b.Offset = q.offset
	s := &source{n: q.n, framer: q.framer, path: q.path}
	s.pos = Position{Path: q.path, Text: q.text}
	done := f.frame(s, b, &window{rest: q.rest}, last)
	if s.pos.Text == UTF8 {
		b.Data = append([]byte(nil), b.Data...) // rest is moved
	}
	q.rest = append(q.rest[:0], q.rest[done:]...)
	q.offset += int64(done)
	q.framer = s.framer
	s.pos.Offset = q.offset
	if len(b.Records) == 0 {
		b.Release()
		if b = nil; !q.over {
			return nil, nil
		}
	}
	if q.over {
		q.close()
	}
	return f.chunk(s, b, q.over), nil
}

// markLen is the length of the byte order mark that text begins with.
func markLen(text []byte) int {
	switch {
	case len(text) >= 3 && string(text[:3]) == string(bom):
		return 3
	case len(text) >= 2 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff):
		return 2
	}
	return 0
}
