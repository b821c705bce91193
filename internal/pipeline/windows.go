package pipeline

import (
	"slices"
	"sync"

	"sluice/agg"
	"sluice/internal/record"
)

// A hit is late if its window was closed when it came. What has come by then is told by
// the watermark of its input, which moves in steps: those of Config.Segment bytes of the
// text, into which a record falls by its first byte. The watermark in a step is the
// greatest time that the last record of a step before it has. So it depends on the bytes
// of the input alone: not on the rules, on what the prefilter leaves out, on the number
// of workers, on how the file is packed or in which pieces it is read. Were it to move
// with each record, each record would have to be decoded.
//
// Which hits are late is known when the parts of the file are merged, in their order. A
// part is of one step, so each of its windows is late as a whole or not at all.

// mark is a time that may be missing.
type mark struct {
	nanos int64
	any   bool
}

// watermark is that of one file.
type watermark struct {
	mu      sync.Mutex
	step    int64 // to which the parts have come
	before  mark  // the watermark in it
	last    mark  // of its last record so far
	next    int   // block
	waiting map[int]*job
}

func newWatermarks(n int) []*watermark {
	marks := make([]*watermark, n)
	for i := range marks {
		marks[i] = &watermark{waiting: map[int]*job{}}
	}
	return marks
}

// mark returns the watermark of a file, or nil without windows.
func (r *run) mark(file int) *watermark {
	if r.marks == nil {
		return nil
	}
	return r.marks[file]
}

// enter moves m to a step, which is not before the one that it is in.
func (m *watermark) enter(step int64) {
	if step == m.step {
		return
	}
	if m.last.any && (!m.before.any || m.last.nanos > m.before.nanos) {
		m.before = m.last
	}
	m.step, m.last = step, mark{}
}

// late marks the groups of f, the next part of m's file, whose windows were closed.
func (r *run) late(f *found, m *watermark) {
	m.enter(f.step)
	if f.records {
		m.last = f.last
	}
	if !m.before.any {
		return
	}
	groups := f.table.Rows()
	closed := func(g *agg.Row) bool {
		return g.Window != agg.NoWindow && r.cfg.Windows[g.Rule].Closed(g.Window, m.before.nanos)
	}
	if !slices.ContainsFunc(groups, closed) {
		return
	}
	marked, late := r.table.Take(), int64(0)
	for _, g := range groups {
		row := *g
		if row.Late = closed(g); row.Late {
			late += g.Count
		}
		marked.Add(&row, r.funcs[g.Rule])
	}
	f.table = marked
	r.mu.Lock()
	defer r.mu.Unlock()
	r.res.Late += late
}

// workSteps matches a block step by step.
func (r *run) workSteps(w *worker, j *job) {
	saved := w.out
	b := j.block
	for from := 0; from < len(b.Records); {
		step := w.step(b.Offset + int64(b.Records[from].Lo))
		to := from + 1
		for to < len(b.Records) && w.step(b.Offset+int64(b.Records[to].Lo)) == step {
			to++
		}
		w.out = r.take()
		w.out.step = step
		w.scanRecords(b.Data, b.Records[from:to], b.Offset)
		j.parts = append(j.parts, w.out)
		j.lines = append(j.lines, w.out.lines...)
		from = to
	}
	w.out = saved
	r.inOrder(j)
	if r.done != nil {
		r.done <- j
	}
}

// inOrder adds what the blocks of a file gave in their order. Unless they wait for the
// writer of events, blocks are released only then, which bounds how much can wait here.
func (r *run) inOrder(j *job) {
	m := r.marks[j.file]
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting[j.order] = j
	for j = m.waiting[m.next]; j != nil; j = m.waiting[m.next] {
		for _, f := range j.parts {
			r.add(j.file, f)
		}
		delete(m.waiting, m.next)
		m.next++
		if r.done == nil {
			j.release()
		}
	}
}

// step returns the step into which a record falls that begins at a place in the text.
func (w *worker) step(at int64) int64 { return at / int64(w.cfg.Segment) }

// scanRecords matches records of data, which stands at base in the text, and notes the
// time of the last one.
func (w *worker) scanRecords(data []byte, records []record.Record, base int64) {
	lo, last := records[0].Lo, records[len(records)-1]
	w.base = base + int64(lo)
	if lo > 0 {
		w.shifted = append(w.shifted[:0], records...)
		for i := range w.shifted {
			w.shifted[i].Lo -= lo
			w.shifted[i].Hi -= lo
		}
		records = w.shifted
	}
	w.sc.Scan(data[lo:last.Hi], records)
	w.ends(last.Kind, data[last.Lo:last.Hi])
}

// ends notes the last record of what is being matched.
func (w *worker) ends(kind record.Kind, raw []byte) {
	w.out.records = true
	w.out.last.nanos, w.out.last.any = w.sc.TimeOf(kind, raw)
}

// tail is where the last record of a segment stands: the last regular one of a stretch,
// or one that was framed. hi is 0 before there is any.
type tail struct {
	lo, hi int
	swept  bool
	kind   record.Kind // if not swept
}

// scanTail matches the framed records of s, whose batch begins there in the text. The last
// one may begin behind the segment, if there was text before it that is no record: it
// falls into a later step.
func (w *worker) scanTail(s *segment, batch int) {
	n := len(w.records)
	if n == 0 {
		return
	}
	last := w.records[n-1]
	over := batch+last.Lo >= s.hi
	if over {
		n--
	}
	w.sc.Scan(s.text[batch:s.pos], w.records[:n])
	if n > 0 {
		r := w.records[n-1]
		w.tail = tail{lo: batch + r.Lo, hi: batch + r.Hi, kind: r.Kind}
	}
	if over {
		in := w.out
		w.out = w.take()
		s.over, w.out.step = w.out, w.step(int64(batch+last.Lo))
		w.scanRecords(s.text[batch:s.pos], []record.Record{last}, int64(batch))
		w.out = in
	}
}

// endSegment notes of which step s is, and the time of its last record.
func (w *worker) endSegment(s *segment) {
	w.out.step = w.step(int64(s.lo))
	t := w.tail
	if t.hi == 0 {
		return
	}
	if t.swept && s.text[t.lo] == '{' {
		t.hi--                                        // its line feed
		t.lo = record.LineStart(s.text, t.lo, t.hi-1) // in which a line has a letter at least
		t.kind = record.JSON
	} else if t.swept {
		t.lo, t.kind = record.LastEvent(s.text, t.lo, t.hi), record.XML
	}
	if t.lo < 0 || t.lo > t.hi { // the file is being written to
		t.kind, t.lo = record.Bad, t.hi
	}
	w.ends(t.kind, s.text[t.lo:t.hi])
}
