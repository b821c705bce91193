package match

import (
	"bytes"
	"errors"
	"slices"
	"sort"

	"sluice/agg"
	"sluice/internal/record"
	"sluice/match/command"
	"sluice/match/event"
	"sluice/match/prefilter"
)

// Counts tells what became of records. Records = Skipped + Decoded + Malformed.
type Counts struct {
	Records   int64
	Skipped   int64 // no rule could be satisfied: never decoded
	Decoded   int64
	Malformed int64 // some of the record could not be read
	Matched   int64 // events that some rule accepts
	Capped    int64 // events counted under only maxKeys of their group keys
}

// Add adds o to c.
func (c *Counts) Add(o Counts) {
	c.Records += o.Records
	c.Skipped += o.Skipped
	c.Decoded += o.Decoded
	c.Malformed += o.Malformed
	c.Matched += o.Matched
	c.Capped += o.Capped
}

// Effort tells how the records were looked at. Unlike Counts, it depends on which
// worker took what.
type Effort struct {
	Candidates int64 // records looked at one by one, such as where the prefilter found something
	Switches   int64 // how often the prefilter changed its way of searching
}

// Add adds o to e.
func (e *Effort) Add(o Effort) {
	e.Candidates += o.Candidates
	e.Switches += o.Switches
}

// Hit is one event that one rule accepts, under one group key.
type Hit struct {
	agg.Hit // in no window
	Event   *event.Event
	At      int  // where the record begins, in the data scanned
	First   bool // of the rule's hits on this event, which has several keys when a BY field has several values
}

// Scanner evaluates a Set over records. It is for one goroutine.
type Scanner struct {
	Counts Counts
	// Hit is called for every hit; its arguments are valid during the call.
	Hit func(*Hit)
	// Bad is called for every malformed record. at is where it begins.
	Bad func(at int, err error)
	// Volatile says that the data may change while it is scanned, such as a
	// mapped file: candidates are copied first.
	Volatile bool

	effort     Effort
	own        []byte // the copy
	set        *Set
	filter     *prefilter.Scanner
	dec        *event.Decoder
	few        *event.Decoder // for records of which no candidate reads all
	times      *event.Decoder // of TimeOf; nil before
	values     values
	candidates []int // of the record
	revealed   []int // of the event, where the record hides something
	emit       func(*event.Event)
	at         int // of the record
	hit        Hit
	keys       int // of the hit so far
	env        command.Env
	grouping   command.Grouping
	emitKey    func(key [][]byte)
}

const maxKeys = command.MaxKeys

// NewScanner returns a Scanner of the set. Set Hit before use; Bad may be nil.
func (s *Set) NewScanner() *Scanner {
	sc := &Scanner{set: s, dec: event.NewDecoder(s.proj, s.zone)}
	sc.hit.Window = agg.NoWindow
	sc.few = sc.dec
	if s.few != nil {
		sc.few = event.NewDecoder(s.few, s.zone)
	}
	sc.values.known = make([]uint32, s.shared)
	if s.filter != nil {
		sc.filter = s.filter.NewScanner()
	} else {
		for i := range s.rules {
			sc.candidates = append(sc.candidates, i)
		}
	}
	sc.emit, sc.emitKey, sc.env = sc.evaluate, sc.hitKey, s.Env()
	sc.env.MaxRows = maxKeys
	return sc
}

// ErrTooLong and ErrUnclosed say why a record could not be framed.
var (
	ErrTooLong  = errors.New("record is longer than the limit (see --max-record)")
	ErrUnclosed = errors.New("record has no end")
)

// Scan evaluates the records of data, which are in order.
func (s *Scanner) Scan(data []byte, records []record.Record) {
	s.Counts.Records += int64(len(records))
	for _, r := range records {
		if r.Kind == record.Bad {
			err := ErrUnclosed
			if r.Why == record.TooLong {
				err = ErrTooLong
			}
			s.bad(r.Lo, err)
		}
	}
	if s.filter != nil && s.filter.Sweeps() {
		s.scanOpened(data, records)
		return
	}
	for _, r := range records {
		if r.Kind != record.Bad {
			s.scanRecord(r.Lo, r.Kind, data[r.Lo:r.Hi])
		}
	}
}

// Effort returns what the Scanner has done so far.
func (s *Scanner) Effort() Effort {
	e := s.effort
	if s.filter != nil {
		e.Switches = s.filter.Switches()
	}
	return e
}

// TimeOf returns the time of a record, whether or not a rule accepts it: the greatest of
// its events'. ok is false if it has none, or cannot be read whole.
func (s *Scanner) TimeOf(kind record.Kind, raw []byte) (nanos int64, ok bool) {
	if kind == record.Bad {
		return 0, false
	}
	if s.times == nil {
		s.times = event.NewDecoder(event.Project(nil), s.set.zone)
	}
	err := s.times.Decode(kind, bytes.Clone(raw), func(ev *event.Event) { // a clone: see Volatile
		if at, timed := ev.Time(); timed && (!ok || at > nanos) {
			nanos, ok = at, true
		}
	})
	return nanos, ok && err == nil
}

// scanOpened looks only at the records that the prefilter opens.
func (s *Scanner) scanOpened(data []byte, records []record.Record) {
	for _, r := range records {
		if r.Kind != record.Bad {
			s.Counts.Skipped++
		}
	}
	s.filter.Start(data, 0, len(data), prefilter.Records)
	i, from := 0, 0
	for {
		at, why := s.filter.Next(from)
		if why == prefilter.End {
			return
		}
		i += sort.Search(len(records)-i, func(k int) bool { return records[i+k].Hi > at })
		if i == len(records) {
			return
		}
		r := records[i]
		if at < r.Lo { // between records
			from = r.Lo
			continue
		}
		if r.Kind != record.Bad {
			s.Counts.Skipped--
			s.scanRecord(r.Lo, r.Kind, data[r.Lo:r.Hi])
		}
		from = r.Hi
	}
}

// scanRecord evaluates the record that begins at at.
func (s *Scanner) scanRecord(at int, kind record.Kind, raw []byte) {
	s.effort.Candidates++
	if s.Volatile {
		if cap(s.own) > 1<<20 {
			s.own = nil // grown for one long record; do not keep that
		}
		s.own = append(s.own[:0], raw...)
		raw = s.own
	}
	if s.filter != nil {
		s.candidates = s.filter.Candidates(s.candidates[:0], raw)
		if len(s.candidates) == 0 {
			s.Counts.Skipped++
			return
		}
	}
	s.at = at
	dec := s.few
	if slices.ContainsFunc(s.candidates, func(i int) bool { return s.set.progs[i].all }) {
		dec = s.dec
	}
	if err := dec.Decode(kind, raw, s.emit); err != nil {
		s.bad(at, err)
		return
	}
	s.Counts.Decoded++
}

func (s *Scanner) bad(at int, err error) {
	s.Counts.Malformed++
	if s.Bad != nil {
		s.Bad(at, err)
	}
}

func (s *Scanner) evaluate(ev *event.Event) {
	matched := false
	var stands []bool
	candidates := s.candidates
	if s.filter != nil {
		if s.filter.Hidden() {
			s.revealed = s.filter.Reveal(s.revealed[:0], ev)
			candidates = s.revealed
		}
		stands = s.filter.Stands()
	}
	s.values.reset(ev, len(ev.Names()), stands)
	for _, i := range candidates {
		p := &s.set.progs[i]
		if !p.where.holds(&s.values) {
			continue
		}
		if p.rows != nil {
			matched = s.rows(i, p.rows, ev) || matched
			continue
		}
		matched = true
		s.hit.Rule, s.hit.Event, s.hit.At, s.hit.First = i, ev, s.at, true
		s.hit.Nanos, s.hit.Timed = ev.Time()
		s.keys = 0
		if s.group(p, ev, s.hit.Key[:0]); s.keys > maxKeys {
			s.Counts.Capped++
		}
	}
	if matched {
		s.Counts.Matched++
	}
}

// group calls Hit for each combination of the values of the BY fields, as
// Splunk's stats makes a row for each value of a multivalue field.
func (s *Scanner) group(p *program, ev *event.Event, key [][]byte) {
	if len(key) == len(p.by) {
		if s.keys++; s.keys > maxKeys {
			return
		}
		s.hit.Key = key
		s.Hit(&s.hit)
		s.hit.First = false
		return
	}
	if s.keys > maxKeys {
		return
	}
	i := len(key)
	vals := ev.Values(p.by[i])
	if len(vals) == 0 {
		s.group(p, ev, append(key, p.fill[i]))
		return
	}
	for _, v := range vals {
		s.group(p, ev, append(key, v))
	}
}
