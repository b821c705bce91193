package pipeline

import (
	"context"
	"runtime"
	"runtime/debug"

	"sluice/internal/record"
	"sluice/match"
)

// A large file is cut into segments, which workers match at once. A record
// belongs to the segment in which it begins. Where the first one begins in a
// segment depends on all that stands before; a worker does not wait for that but
// frames from where record.Guess says, as if the stream began there. That was
// right if the segment before it ends in that very place with a framer that is
// record.Framer.Fresh. Otherwise the segment is matched again from where it does
// begin: what was found meanwhile counts for nothing, so the rows never depend on
// the guess.

const (
	// segmentSize is how much a worker takes at once unless Config says so, in
	// bytes. What a segment finds is kept until those before it are done.
	segmentSize = 4 << 20
	// minSegment is what it takes where there is room for few groups.
	minSegment = 64 << 10
	// batchSize is about how much is framed before it is matched: both passes
	// then run in the second-level cache.
	batchSize = 256 << 10
	// maxWrong is how many guesses in a row may be wrong before the rest of the
	// file is read in order, such as one that is a single array.
	maxWrong = 8
	// maxBlank is how many blanks are passed over to compare two places, in
	// bytes: each segment of a blank file must not look at the whole of it.
	maxBlank = 4 << 10
)

// segment is a stretch of a mapped file and, once matched, what it gave.
type segment struct {
	text   []byte // of the whole file
	lo, hi int    // its records begin here
	guess  bool   // start is to be found
	place         // where framing begins, then where it has come to
	start  int    // where framing began, behind blanks; -1 if there was nothing to guess by
	next   int    // where it has come to, likewise
	cut    bool   // the text ends in or behind the last record
	fault  bool   // the text could not be read
	found  *found
	over   *found // with windows, of a record that begins behind hi, behind what is none
	done   chan struct{}
}

// place is a position in the text and the framer that has come to it.
type place struct {
	pos    int
	framer record.Framer
}

// segments matches the text of file number i and returns where it has come to:
// the last record, and what cannot be read as it was mapped, is left to a Reader.
// It does not touch the text, which only workers are guarded for.
func (r *run) segments(ctx context.Context, i int, text []byte) place {
	at := place{framer: record.Framer{Format: r.cfg.Format, Max: r.cfg.MaxRecord}}
	first := at
	var queue []*segment
	next, wrong, behind := 0, 0, 0
	defer func() {
		for _, s := range queue {
			<-s.done // the text is in use
		}
	}()
	for ctx.Err() == nil && wrong < maxWrong {
		for len(queue) < 2*max(1, r.cfg.Threads) && next < len(text) {
			s := &segment{text: text, lo: next, hi: min(next+r.cfg.Segment, len(text)), guess: next > 0, place: first}
			if !r.match(ctx, i, s) {
				return at
			}
			queue = append(queue, s)
			next = s.hi
		}
		if len(queue) == 0 {
			break
		}
		s := queue[0]
		<-s.done
		queue = queue[1:]
		if at.pos < s.hi && s.guess && !s.fault && (s.start != behind || !at.framer.Fresh()) {
			wrong++
			s = &segment{text: text, lo: s.lo, hi: s.hi, place: at}
			if !r.match(ctx, i, s) {
				return at
			}
			<-s.done
		} else {
			wrong = 0
		}
		if s.fault {
			break
		}
		if at.pos < s.hi {
			r.accept(i, s, int64(s.pos-at.pos))
			at, behind = s.place, s.next
		}
		if s.cut {
			break
		}
	}
	return at
}

// match has a worker match s.
func (r *run) match(ctx context.Context, file int, s *segment) bool {
	s.done = make(chan struct{})
	return r.send(ctx, &job{file: file, segment: s})
}

// accept adds what s has found in n bytes to the result.
func (r *run) accept(file int, s *segment, n int64) {
	lines := s.found.lines
	r.add(file, s.found)
	if s.over != nil {
		lines = append(lines, s.over.lines...)
		r.add(file, s.over)
	}
	r.mu.Lock()
	r.res.Bytes += n
	r.mu.Unlock()
	r.cfg.Progress.Add(n)
	if r.done != nil {
		j := &job{file: file, lines: lines}
		r.number(j)
		r.done <- j
	}
}

// add adds what f has found to the result, which f is then free for.
func (r *run) add(file int, f *found) {
	r.merge(f, r.mark(file))
	r.damaged(file, f)
	r.recycle(f)
}

// workSegment matches s with w and returns the worker to go on with.
//
// The file may be truncated, and written anew, while it is read. Reading behind
// its end faults, which is caught here, as is any other error of that kind: the
// same bytes are then read again in the usual way, where errors are not caught.
func (r *run) workSegment(w *worker, s *segment) (next *worker) {
	defer close(s.done)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if e := recover(); e != nil {
			if _, ok := e.(runtime.Error); !ok {
				panic(e)
			}
			s.fault = true
			next = r.newWorker()
			next.out, next.sc.Counts = w.saved, w.savedCounts
		}
	}()
	w.saved, w.savedCounts = w.out, w.sc.Counts
	w.sc.Volatile = true
	defer func() { w.sc.Volatile = false }()
	w.out, w.sc.Counts = r.take(), match.Counts{}
	s.found = w.out
	w.segment(s)
	if r.marks != nil {
		w.endSegment(s)
	}
	s.found.counts = w.sc.Counts
	w.out, w.sc.Counts = w.saved, w.savedCounts
	return w
}

// segment matches the records that begin in s.
func (w *worker) segment(s *segment) {
	s.start, s.over, w.tail = -1, nil, tail{}
	if s.guess {
		var ok bool
		if s.pos, ok = record.Guess(s.text, s.lo, s.hi); !ok {
			return // one record is longer than the segment
		}
	}
	s.start = s.blank(s.pos)
	irregular := 0 // how many records to frame before the next try without
	for !s.cut && s.pos < s.hi {
		from := record.Blank(s.text[:s.hi], s.pos)
		if from == s.hi {
			break
		}
		if s.framer.Fresh() {
			to := w.sc.Sweep(s.text, from, s.hi, s.framer.Regular())
			s.framer.Skip(to - s.pos)
			s.pos = to
			if to > from {
				w.tail = tail{lo: from, hi: to, swept: true}
			}
		}
		if s.pos-from < minRegular {
			irregular = min(2*irregular+1, maxIrregular)
		} else {
			irregular = 0
		}
		w.frame(s, 1+irregular)
	}
	s.next = s.blank(max(s.pos, s.hi))
}

const (
	// minRegular is how many bytes of regular records make up for the try.
	minRegular = 4 << 10
	// maxIrregular is how many records are framed for every try that fails.
	maxIrregular = 1023
)

// frame frames and matches n records that begin in s, or those that there are.
func (w *worker) frame(s *segment, n int) {
	batch := s.pos
	for ; n > 0 && !s.cut && s.pos-batch < batchSize && record.Blank(s.text[:s.hi], s.pos) < s.hi; n-- {
		r, behind, ok := s.framer.Next(s.text[s.pos:], false)
		if ok {
			r.Lo += s.pos - batch
			r.Hi += s.pos - batch
			w.records = append(w.records, r)
		}
		s.pos += behind
		s.cut = !ok
	}
	w.base = int64(batch)
	if w.cfg.Windows != nil {
		w.scanTail(s, batch)
	} else {
		w.sc.Scan(s.text[batch:s.pos], w.records)
	}
	w.records = w.records[:0]
	w.base = 0
}

// blank returns the first place at or behind i that is not blank, as far as is
// worth looking.
func (s *segment) blank(i int) int {
	return record.Blank(s.text[:min(len(s.text), i+maxBlank)], i)
}
