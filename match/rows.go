package match

import (
	"slices"
	"time"

	"sluice/agg"
	"sluice/match/command"
	"sluice/match/event"
	"sluice/match/expr"
	"sluice/match/row"
	"sluice/match/rule"
)

// rowProgram is what a rule that is not plain does with an event: its row, the commands
// over it, and its grouping.
type rowProgram struct {
	columns []string
	slots   []int // of columns; -1 is the time
	before  []rule.Command
	by      []string
	fields  []string // of the aggregates with samples
	funcs   []agg.Func
}

// compileRows returns nil for a plain rule.
func (s *Set) compileRows(r *rule.Rule) *rowProgram {
	if r.Plain() {
		return nil
	}
	p := &rowProgram{columns: r.Inputs(), before: r.Before, by: r.By}
	p.funcs, p.fields = command.Funcs(r.Aggs)
	if !slices.Contains(p.columns, "_time") {
		p.columns = append(p.columns, "_time")
	}
	for _, name := range p.columns {
		slot := -1
		if name != "_time" {
			slot = s.proj.Slot(name)
		}
		p.slots = append(p.slots, slot)
	}
	return p
}

// Zone is where the set's times without a zone are read, and printed times are; UTC
// unless Options named another.
func (s *Set) Zone() *time.Location {
	if s.zone == nil {
		return time.UTC
	}
	return s.zone
}

// Env returns what commands of the set's rules run with, in one goroutine.
func (s *Set) Env() command.Env {
	return command.Env{Env: expr.Env{Zone: s.Zone(), Now: s.now, Memo: new(expr.Memo)}}
}

// rows runs the commands of rule i over an accepted event and calls Hit for each key of
// each row that is left. It reports whether any is.
func (s *Scanner) rows(i int, p *rowProgram, ev *event.Event) bool {
	r := make([]row.Value, len(p.columns))
	for k, slot := range p.slots {
		if slot < 0 {
			if nanos, timed := ev.Time(); timed {
				r[k] = row.OfNanos(nanos)
			}
			continue
		}
		if values := ev.Values(slot); len(values) > 0 {
			texts := make([]string, len(values))
			for n, v := range values {
				texts[n] = string(v)
			}
			r[k] = row.OfTexts(texts)
		}
	}
	t := row.Table{Columns: slices.Clone(p.columns), Rows: [][]row.Value{r}}
	command.Run(&s.env, p.before, &t)
	at := t.Index("_time")
	s.grouping.By, s.grouping.Fields = p.by, p.fields
	s.hit.Rule, s.hit.Event, s.hit.At, s.hit.First = i, ev, s.at, true
	capped := s.env.Cut > 0
	for _, r := range t.Rows {
		s.hit.Nanos, s.hit.Timed = row.Get(r, at).Nanos()
		s.grouping.Start(&t, r, s.hit.Nanos, s.hit.Timed)
		s.hit.Funcs, s.hit.Samples = p.funcs, s.grouping.Samples
		if s.grouping.Keys(s.emitKey) {
			capped = true
		}
	}
	s.hit.Funcs, s.hit.Samples, s.env.Cut = nil, nil, 0
	if capped {
		s.Counts.Capped++
	}
	return len(t.Rows) > 0
}

func (s *Scanner) hitKey(key [][]byte) {
	s.hit.Key = key
	s.Hit(&s.hit)
	s.hit.First = false
}
