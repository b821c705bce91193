// Package reference is the slow and obvious implementation of sluice: the
// oracle of the differential tests and the baseline of the benchmarks.
//
// It takes the design literally and shares no code with the engine, but for the
// commands of searches (package command), which have no fast way to be checked. The lines
// of a file come from nxadm/tail and are joined up to </Event> for XML; a
// cloudflare/ahocorasick matcher over the folded bytes may drop records that
// cannot match; fastjson decodes NDJSON and encoding/xml decodes XML; a plain
// recursive evaluator tests the conditions; a Go map holds the groups.
//
// Case folding, wildcards, number comparison and the reading of times are
// written here a second time, from their definitions, so that a mistake in
// either reading shows up as a difference.
package reference

import (
	"errors"
	"fmt"
	"time"

	"sluice/match/command"
	"sluice/match/expr"
	"sluice/match/row"
	"sluice/match/rule"
)

// Rule is a compiled detection with the name that its rows carry.
type Rule struct {
	Name string
	*rule.Rule
}

// Options changes how a run reads its inputs and groups its matches.
type Options struct {
	// Prefilter skips records that hold none of the literals that some rule
	// needs. It changes how many records are decoded, never the rows.
	Prefilter bool
	// Location is the zone of times that name none; nil is UTC.
	Location *time.Location
	// DropNulls leaves out events in which a BY field is missing, as Splunk's
	// stats does. Such an event still counts as matched.
	DropNulls bool
	// Now is the answer of now() in searches.
	Now time.Time
}

// Row is one group of a rule.
type Row struct {
	Rule        string
	By          []*string // in the order of the rule's BY clause; nil is a missing value
	Count       int64
	First, Last int64 // Unix nanoseconds of _time; both 0 when no event had a time
}

// Result is the outcome of a run.
//
// Records is the sum of Skipped, Decoded and Malformed. Matched is the number
// of events that at least one rule accepted.
type Result struct {
	Records, Skipped, Decoded, Malformed, Matched int64
	// Rows are in the order of the rules and then of their BY values, compared
	// one after another: a missing value first, then by bytes.
	Rows []Row
	// Named are the rows as they are printed, behind the commands of the rules, by rule.
	Named []row.Named
}

// errMalformed is how decoders report a record that cannot be read.
var errMalformed = errors.New("malformed record")

// Run reads the files one after another and returns the rows of the rules. It
// stops at the first file that cannot be read.
func Run(paths []string, rules []Rule, opt Options) (*Result, error) {
	if opt.Location == nil {
		opt.Location = time.UTC
	}
	r := &run{rules: rules, opt: opt, groups: make([]groups, len(rules))}
	r.env = command.Env{Env: expr.Env{Zone: opt.Location, Now: opt.Now}, DropNulls: opt.DropNulls}
	for i := range r.groups {
		r.groups[i] = groups{}
	}
	if opt.Prefilter {
		r.filter = newPrefilter(rules)
	}
	for _, path := range paths {
		if err := r.file(path); err != nil {
			return nil, err
		}
	}
	for i, rule := range rules {
		r.result.Rows = append(r.result.Rows, r.groups[i].rows(rule.Name)...)
		r.result.Named = append(r.result.Named, r.groups[i].named(i, rule.Rule, &r.env)...)
	}
	return &r.result, nil
}

// run is the state of one call of Run.
type run struct {
	rules  []Rule
	opt    Options
	filter *prefilter // nil when every record is decoded
	groups []groups   // one a rule
	env    command.Env
	result Result
}

// file reads one file to its end.
func (r *run) file(path string) error {
	f := framer{emit: r.record}
	if err := eachLine(path, f.line); err != nil {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	f.end()
	return nil
}

// record skips or decodes one record and counts its events.
func (r *run) record(rec record) {
	r.result.Records++
	if r.filter != nil && !r.filter.candidate(rec.text) {
		r.result.Skipped++
		return
	}
	events, err := decode(rec)
	if err != nil {
		r.result.Malformed++
	} else {
		r.result.Decoded++
	}
	for _, ev := range events {
		r.event(ev)
	}
}

// event tests one event against every rule.
func (r *run) event(ev *event) {
	fields := ev.fields()
	at, timed := ev.when(r.opt.Location)
	matched := false
	for i, rule := range r.rules {
		if (reader{fields, rule.Values}).accepts(rule.Where) {
			matched = r.accept(i, fields, at, timed) || matched
		}
	}
	if matched {
		r.result.Matched++
	}
}

// accept counts an event that a rule accepts, unless the rule's commands drop it.
func (r *run) accept(i int, f fields, at int64, timed bool) bool {
	rule := r.rules[i].Rule
	if rule.Plain() {
		r.groups[i].add(rule, f, at, timed, r.opt.DropNulls)
		return true
	}
	t := rowOf(rule, f, at, timed)
	command.Run(&r.env, rule.Before, t)
	for _, values := range t.Rows {
		f := fields{}
		for k, name := range t.Columns {
			f[name] = row.Get(values, k).Texts()
		}
		at, timed := row.Get(values, t.Index("_time")).Nanos()
		r.groups[i].add(rule, f, at, timed, r.opt.DropNulls)
	}
	return len(t.Rows) > 0
}

// rowOf returns the row of an event that a rule's commands begin with.
func rowOf(rule *rule.Rule, f fields, at int64, timed bool) *row.Table {
	t := &row.Table{Rows: [][]row.Value{nil}}
	for _, name := range rule.Inputs() {
		t.Set(0, t.Need(name), row.OfTexts(f[name]))
	}
	now := row.Value{}
	if timed {
		now = row.OfNanos(at)
	}
	t.Set(0, t.Need("_time"), now)
	return t
}

// decode turns a record into its events. Events in front of the place where a
// JSON record breaks are returned together with the error.
func decode(rec record) ([]*event, error) {
	if rec.xml {
		ev, err := decodeXML(rec.text)
		if err != nil {
			return nil, err
		}
		return []*event{ev}, nil
	}
	return decodeJSON(rec.text)
}
