package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strconv"

	"sluice/agg"
	"sluice/agg/window"
	"sluice/match/command"
	"sluice/match/row"
	"sluice/tailer"
)

// ledger is what following has come to: the positions of the sources, and what was
// counted before them. It is for one goroutine.
type ledger struct {
	cfg     *FollowConfig
	prog    *Program
	byID    map[string]int // rules of prog
	funcs   [][]agg.Func   // of prog
	res     *Result
	sources map[uint64]*source
	panes   map[paneKey]*pane
	chunks  int               // that were added
	turn    uint64            // chunks before that turn were
	early   map[uint64]bool   // turns of others that were
	leaving []leaving         // sources that are gone, and still there
	bytes   int               // of all panes
	events  []byte            // lines that wait to be printed
	changed bool              // since it was saved
	closed  int64             // windows that were to be closed by then are; see mark
	serial  uint64            // the last one that was given to late groups, or to a rule that went
	gone    map[string]uint64 // serials of rules, by ID, whose groups were dropped: should one come back, its rows are others
}

// source is a stream of chunks.
type source struct {
	next    uint64 // the chunk that it waits for
	waiting map[uint64]*chunkJob
	at      *tailer.Position // nil before the first chunk
	mark    mark             // the greatest time of a last record, but no later than it came
	chunk   int              // the number of its last one, among those of all sources
	damaged bool             // which has been told
}

// leaving is a source that is gone by a chunk of some turn. Its position is kept until all
// chunks before that one are added: one of them may be of the source that came for it,
// and by one of the two a run that goes on from here has to know the file.
type leaving struct {
	number, turn uint64
}

// paneKey tells one table of a rule from another: the commands behind stats run over
// one pane, as the scheduled search runs over one window.
type paneKey struct {
	rule   int
	window int64
	late   bool
}

// pane is the groups of a window.
type pane struct {
	// serial tells panes of late groups apart: one may be closed, and another of the same
	// window begin. It is 0 for others, which are closed for good.
	serial uint64

	table   *agg.Table
	dirty   bool              // counted into since rows were made
	fresh   *agg.Table        // the groups that were, if all is false; without their statistics
	all     bool              // rows are to be made of all groups
	closing bool              // its rows are to be printed for the last time
	touched int64             // when it was counted into, by the clock
	printed map[string]uint64 // rows by their ID: a hash of what was printed
	bytes   int               // of printed
}

// printedBytes is about what an entry of pane.printed takes.
const printedBytes = 96

func newLedger(cfg *FollowConfig, p *Program, res *Result) *ledger {
	l := &ledger{cfg: cfg, res: res, sources: map[uint64]*source{}, panes: map[paneKey]*pane{}, gone: map[string]uint64{}, early: map[uint64]bool{}, closed: math.MinInt64}
	l.use(p)
	return l
}

// use makes p the rules of the ledger. It changes no pane.
func (l *ledger) use(p *Program) {
	l.prog, l.funcs, l.byID = p, Funcs(p.Rules), map[string]int{}
	for i, id := range p.IDs {
		l.byID[id] = i
	}
}

func (l *ledger) source(number uint64) *source {
	s := l.sources[number]
	if s == nil {
		s = &source{waiting: map[uint64]*chunkJob{}}
		l.sources[number] = s
		l.res.Files++
	}
	return s
}

// take adds j once the chunks before it are added, and all that waited for it. It
// returns how many it has added.
func (l *ledger) take(j *chunkJob) (n int) {
	number := j.Source
	s := l.source(number)
	s.waiting[j.seq] = j
	for j = s.waiting[s.next]; j != nil; j = s.waiting[s.next] {
		delete(s.waiting, s.next)
		s.next++
		n++
		l.add(s, j)
		if j.Block != nil {
			j.Block.Release()
		}
		l.early[j.turn] = true
		if j.Gone {
			l.leaving = append(l.leaving, leaving{number, j.turn})
		}
	}
	l.leave()
	return n
}

// leave forgets the sources that are gone, each in its turn.
func (l *ledger) leave() {
	for ; l.early[l.turn]; l.turn++ {
		delete(l.early, l.turn)
	}
	l.leaving = slices.DeleteFunc(l.leaving, func(g leaving) bool {
		if g.turn >= l.turn {
			return false
		}
		delete(l.sources, g.number)
		l.changed = true
		return true
	})
}

func (l *ledger) add(s *source, j *chunkJob) {
	l.changed = true
	l.chunks++
	s.chunk = l.chunks
	at := j.Position
	s.at = &at
	if j.last.any {
		if nanos := min(j.last.nanos, l.cfg.Now().UnixNano()); !s.mark.any || nanos > s.mark.nanos {
			s.mark = mark{nanos, true}
		}
	}
	f := j.found
	if f == nil {
		return
	}
	l.res.Counts.Add(f.counts)
	l.res.Bytes += int64(len(j.Block.Data))
	l.res.Nulls.Events += f.nulls.Events
	for name, n := range f.nulls.Fields {
		l.res.Nulls.Fields[name] += n
	}
	if f.damage != nil && !s.damaged {
		s.damaged = true // one sample is enough; Counts has them all
		l.cfg.Log(fmt.Errorf("%s: a malformed record at offset %d: %w", at.Path, f.damage.Offset, f.damage.Err))
	}
	l.events = append(l.events, f.lines...)
	for _, g := range f.table.Rows() {
		l.count(g)
	}
}

// count adds a group.
func (l *ledger) count(g *agg.Row) {
	k := paneKey{rule: g.Rule, window: g.Window}
	if g.Window != agg.NoWindow && l.prog.Windows[g.Rule].Closed(g.Window, l.closed) {
		k.late = true
		l.res.Late += g.Count
	}
	l.pane(k).add(l, k, g)
}

func (l *ledger) pane(k paneKey) *pane {
	p := l.panes[k]
	if p == nil {
		p = &pane{table: agg.New(), fresh: agg.New(), printed: map[string]uint64{}}
		p.all = len(l.prog.Rules[k.rule].After) > 0
		l.panes[k] = p
	}
	return p
}

func (p *pane) add(l *ledger, k paneKey, g *agg.Row) {
	if k.late && p.serial == 0 {
		l.serial++
		p.serial = l.serial
	}
	r := *g
	r.Rule, r.Window, r.Late = k.rule, k.window, k.late
	before := p.table.Bytes()
	p.table.Limit(before + max(0, l.cfg.MaxMemory-l.bytes))
	p.table.Add(&r, l.funcs[k.rule])
	l.bytes += p.table.Bytes() - before
	if !p.all {
		before = p.fresh.Bytes()
		p.fresh.Add(&agg.Row{Rule: r.Rule, Window: r.Window, Late: r.Late, Key: r.Key, Count: 1}, nil)
		l.bytes += p.fresh.Bytes() - before
	}
	p.dirty, p.touched = true, l.cfg.Now().UnixNano()
}

// aRound is about how many chunks are added until each source that has any has brought
// one: a follower reads them in turns, a chunk each. It is counted in chunks, as time also
// passes while a consumer is slow.
func (l *ledger) aRound() int { return 2*len(l.sources) + 16 }

// seenAll reports whether each source that there was at the start has been seen.
func (l *ledger) seenAll() bool { return l.chunks > 2*l.aRound() }

// advance closes the windows whose time has come. When every chunk there is has been
// added (idle), that is told by the clock, as for a scheduled search; while there are
// more, by the source that is furthest behind of those that bring them: one that was quiet
// for a round is at its end, and holds nothing up.
func (l *ledger) advance(idle bool) {
	if l.prog.Windows == nil {
		return
	}
	now := l.cfg.Now().UnixNano()
	to := now
	if !idle {
		for _, s := range l.sources {
			if s.mark.any && l.chunks-s.chunk <= l.aRound() {
				to = min(to, s.mark.nanos)
			}
		}
	}
	if to <= l.closed {
		return
	}
	l.closed = to
	for k, p := range l.panes {
		if k.window == agg.NoWindow || p.closing {
			continue
		}
		spec := l.prog.Windows[k.rule]
		due := spec.Closed(k.window, l.closed)
		if k.late { // one more may come at any time: it is closed when none has for a while
			due = now-p.touched > spec.Period && !spec.Open
		}
		if due {
			p.closing, l.changed = true, true
		}
	}
}

// end closes all windows.
func (l *ledger) end() {
	for _, p := range l.panes {
		p.closing, l.changed = true, true
	}
}

// changes returns the rows that have changed, in the order of their rules and windows,
// and takes them for printed once printed is called.
func (l *ledger) changes() (rows []row.Named, printed func()) {
	var keys []paneKey
	for k, p := range l.panes {
		if p.dirty || p.closing {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, comparePanes)
	env := l.prog.Set.Env()
	env.DropNulls = l.cfg.DropNulls
	hashes := make([]map[string]uint64, len(keys))
	for i, k := range keys {
		p := l.panes[k]
		hashes[i] = map[string]uint64{}
		of, leftOut := l.rowsOf(&env, k, p)
		l.res.LeftOut += leftOut
		for _, c := range of {
			h := hashOf(c.Values)
			hashes[i][c.Follow.ID] = h
			if old, ok := p.printed[c.Follow.ID]; !ok || old != h || p.closing {
				c.Follow.Final = p.closing
				rows = append(rows, c)
			}
		}
	}
	l.res.Cut += env.Cut
	return rows, func() {
		for i, k := range keys {
			p := l.panes[k]
			for id, h := range hashes[i] {
				if _, known := p.printed[id]; !known {
					p.bytes += printedBytes
					l.bytes += printedBytes
				}
				p.printed[id] = h
			}
			l.bytes -= p.fresh.Bytes()
			p.dirty, p.all, p.fresh = false, len(l.prog.Rules[k.rule].After) > 0, agg.New()
			if p.closing {
				l.bytes -= p.table.Bytes() + p.bytes
				l.changed = true
				delete(l.panes, k)
			}
		}
	}
}

func comparePanes(a, b paneKey) int {
	switch {
	case a.rule != b.rule:
		return a.rule - b.rule
	case a.window < b.window:
		return -1
	case a.window > b.window:
		return 1
	case a.late != b.late && b.late:
		return -1
	}
	return 1
}

// rowsOf returns the rows of a pane, and what Result says of LeftOut.
func (l *ledger) rowsOf(env *command.Env, k paneKey, p *pane) (out []row.Named, leftOut int64) {
	seen := map[string]int{}
	groups := p.groups()
	for _, g := range groups {
		g.Window, g.Late = k.window, k.late // which an overflow row has not
	}
	rows, leftOut := Rows(env, l.prog.Rules, l.prog.Windows, groups)
	for _, n := range rows {
		id := rowID(l.prog.IDs[k.rule], k, max(p.serial, l.gone[l.prog.IDs[k.rule]]), l.prog.Rules[k.rule].By, n)
		if seen[id]++; seen[id] > 1 { // commands behind stats have taken the group away
			id += "-" + strconv.Itoa(seen[id])
		}
		n.Follow.ID = id
		out = append(out, n)
	}
	return out, leftOut
}

// groups returns the groups of which rows are to be made: where no commands stand behind
// stats, those that were counted into.
func (p *pane) groups() []*agg.Row {
	if p.all || p.closing {
		return p.table.Rows()
	}
	var groups []*agg.Row
	for _, g := range p.fresh.Rows() {
		r := p.table.Get(g)
		if r == nil { // it is in the overflow row
			return p.table.Rows()
		}
		groups = append(groups, r)
	}
	return groups
}

// rowID names a row by its rule, its window and the values of its group. Those are what an
// attacker writes, so the hash is one of which nobody can make two the same.
func rowID(rule string, k paneKey, serial uint64, by []string, n row.Named) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %t %d", rule, k.window, k.late, serial)
	for _, name := range by {
		v := n.Get(name)
		fmt.Fprintf(h, " %d %q", v.Kind(), v.Texts())
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

var rowSeed = maphash.MakeSeed()

func hashOf(values []row.Value) uint64 {
	var h maphash.Hash
	h.SetSeed(rowSeed)
	for _, v := range values {
		h.WriteByte(byte(v.Kind()))
		for _, t := range v.Texts() {
			h.WriteString(t)
			h.WriteByte(0)
		}
	}
	return h.Sum64()
}

// swap puts p in force. What rules have counted that p does not have, or counts by other
// windows, is printed for the last time as it stands.
func (l *ledger) swap(p *Program) (rows []row.Named) {
	env := l.prog.Set.Env()
	env.DropNulls = l.cfg.DropNulls
	kept := map[paneKey]*pane{}
	to := map[string]int{}
	for i, id := range p.IDs {
		to[id] = i
	}
	keys := make([]paneKey, 0, len(l.panes))
	for k := range l.panes {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, comparePanes)
	for _, k := range keys {
		pane := l.panes[k]
		n, ok := to[l.prog.IDs[k.rule]]
		if ok && sameWindows(l.prog.Windows, k.rule, p.Windows, n) {
			kept[paneKey{n, k.window, k.late}] = pane.of(n, l.funcs[k.rule])
			continue
		}
		pane.closing = true
		of, _ := l.rowsOf(&env, k, pane)
		for _, c := range of {
			c.Follow.Final = true
			rows = append(rows, c)
		}
	}
	for k := range l.panes {
		if n, ok := to[l.prog.IDs[k.rule]]; !ok || kept[paneKey{n, k.window, k.late}] == nil {
			l.drop(l.prog.IDs[k.rule])
		}
	}
	l.panes, l.bytes, l.changed = kept, 0, true
	for _, pane := range kept {
		l.bytes += pane.table.Bytes() + pane.bytes
	}
	l.use(p)
	return rows
}

// drop notes that groups of a rule are dropped.
func (l *ledger) drop(id string) {
	l.serial++
	l.gone[id] = l.serial
}

// of returns the pane as that of rule n.
func (p *pane) of(n int, funcs []agg.Func) *pane {
	table := agg.New()
	for _, g := range p.table.Rows() {
		r := *g
		r.Rule = n
		table.Add(&r, funcs)
	}
	q := *p
	q.table, q.fresh, q.all = table, agg.New(), true
	return &q
}

func sameWindows(a []window.Spec, i int, b []window.Spec, k int) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a[i] == b[k]
}
