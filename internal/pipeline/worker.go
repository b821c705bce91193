package pipeline

import (
	"sluice/agg"
	"sluice/internal/record"
	"sluice/match"
	"sluice/match/rule"
)

// found is what a stretch of the input has given.
type found struct {
	counts match.Counts
	table  *agg.Table
	nulls  Nulls
	lines  []byte  // events
	damage *Damage // nil without
	// With windows, of which step the records are, whether there are any, and the time
	// of the last one.
	step    int64
	records bool
	last    mark
}

func (r *run) newFound() *found {
	return &found{table: r.table.Take(), nulls: Nulls{Fields: map[string]int64{}}}
}

// take returns a found that holds nothing.
func (r *run) take() *found {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.spare)
	if n == 0 {
		return r.newFound()
	}
	f := r.spare[n-1]
	r.spare = r.spare[:n-1]
	return f
}

// recycle takes back what nobody uses any more.
func (r *run) recycle(f *found) {
	f.table.Reset()
	clear(f.nulls.Fields)
	*f = found{table: f.table, nulls: Nulls{Fields: f.nulls.Fields}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spare = append(r.spare, f)
}

// worker matches blocks and segments, one at a time.
type worker struct {
	cfg     *Config
	sc      *match.Scanner
	out     *found // of what is being matched
	base    int64  // of what is being matched, in its file's text
	records []record.Record
	shifted []record.Record // of a part of a block
	tail    tail            // of the segment
	take    func() *found   // returns one that holds nothing

	saved       *found // while a segment is matched
	savedCounts match.Counts
}

func (r *run) newWorker() *worker {
	w := &worker{cfg: &r.cfg, out: r.newFound(), take: r.take}
	w.sc = r.cfg.Set.NewScanner()
	w.sc.Hit = w.hit
	w.sc.Bad = func(at int, err error) { w.out.bad(w.base+int64(at), err) }
	return w
}

func (w *worker) hit(h *match.Hit) {
	if w.cfg.Event != nil && h.First {
		w.out.lines = w.cfg.Event(w.out.lines, h)
	}
	q := w.cfg.Rules[h.Rule]
	if w.cfg.Windows != nil {
		h.Window = agg.NoWindow
		if h.Timed {
			h.Window, _ = w.cfg.Windows[h.Rule].Of(h.Nanos)
		}
	}
	missing := !q.Nulls && w.out.nulls.note(q, h)
	if !missing || !w.cfg.DropNulls {
		w.out.table.Observe(&h.Hit)
	}
}

// work matches what is sent until there is no more.
func (r *run) work() {
	w := r.newWorker()
	for j := range r.jobs {
		if j.segment != nil {
			w = r.workSegment(w, j.segment)
			continue
		}
		if r.marks != nil {
			r.workSteps(w, j)
			continue
		}
		w.base = j.block.Offset
		w.sc.Scan(j.block.Data, j.block.Records)
		r.damaged(j.file, w.out)
		if r.table.Full(w.out.table) {
			r.give(w.out)
		}
		if r.done != nil {
			j.lines, w.out.lines = w.out.lines, nil
			r.done <- j
		} else {
			j.release()
		}
	}
	w.out.counts = w.sc.Counts
	r.merge(w.out, nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.res.Effort.Add(w.sc.Effort())
}

// merge adds what f holds, but for its lines and damage, to the run's result. With
// windows, m is the watermark of its file, and f is the next part of that.
func (r *run) merge(f *found, m *watermark) {
	if m != nil {
		r.late(f, m)
	}
	r.give(f)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.res.Counts.Add(f.counts)
	r.res.Nulls.Events += f.nulls.Events
	for name, n := range f.nulls.Fields {
		r.res.Nulls.Fields[name] += n
	}
}

// give hands over the table of f.
func (r *run) give(f *found) {
	r.table.Give(f.table)
	f.table = r.table.Take()
}

// damaged moves the damage of f to that of the file.
func (r *run) damaged(file int, f *found) {
	if f.damage == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.damage[file]
	if d == nil {
		d = &Damage{File: r.cfg.Files[file], Offset: f.damage.Offset, Err: f.damage.Err}
		r.damage[file] = d
	}
	d.Count += f.damage.Count
	if f.damage.Offset < d.Offset {
		d.Offset, d.Err = f.damage.Offset, f.damage.Err
	}
	f.damage = nil
}

// bad notes a malformed record.
func (f *found) bad(offset int64, err error) {
	if f.damage == nil {
		f.damage = &Damage{Offset: offset, Err: err}
	}
	f.damage.Count++
	if offset < f.damage.Offset {
		f.damage.Offset, f.damage.Err = offset, err
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
