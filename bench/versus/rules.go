package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"

	"sluice/agg"
	"sluice/detections"
	"sluice/internal/corpus/ruleset"
	"sluice/internal/pipeline"
	"sluice/internal/reference"
	commands "sluice/match/command"
	"sluice/match/detection"
	"sluice/match/rule"
	"sluice/sink"
)

// ruleSeed gives sets in which, as in published ones, some literals are in
// every record once what exports may escape is cut away; the smaller has none.
const ruleSeed = 1

// set is a set of detections; one is the built-in one.
type set struct {
	n          int
	dir        string // "" for the built-in ones
	detections []*detection.Detection
}

// makeSets writes the sets' files and loads them.
func makeSets(cfg config) ([]*set, error) {
	var sets []*set
	for _, n := range cfg.sets {
		s := &set{n: n}
		if n > 1 {
			s.dir = filepath.Join(cfg.dir, fmt.Sprintf("rules-%d", n))
			if err := ruleset.Write(s.dir, ruleset.Generate(n, ruleSeed)); err != nil {
				return nil, err
			}
		}
		var err error
		if s.detections, err = load(s.dir); err != nil {
			return nil, err
		}
		if len(s.detections) != n {
			return nil, fmt.Errorf("cannot load rules: %d in %s, want %d", len(s.detections), s.dir, n)
		}
		sets = append(sets, s)
	}
	return sets, nil
}

// load reads the detections of a folder, or the built-in ones.
func load(dir string) ([]*detection.Detection, error) {
	var l detection.Loader
	var found []*detection.Detection
	if dir == "" {
		found = l.LoadFS(detections.FS, "builtin")
	} else {
		l.LoadMacros(detections.FS, "builtin")
		found = l.Load(dir)
	}
	if len(l.Problems) > 0 {
		return nil, fmt.Errorf("cannot load rules: %w", l.Problems[0])
	}
	return found, nil
}

func rulesOf(list []*detection.Detection) (rules []*rule.Rule) {
	for _, d := range list {
		rules = append(rules, d.Rule)
	}
	return rules
}

// truth is what internal/reference finds in the unit of a corpus: the rows of
// each rule of the set of one, and of the largest set, of which the other sets are
// the first rules.
type truth struct{ builtin, generated [][]*agg.Row }

// findTruth runs the reference over the unit, with every record decoded. It is
// slow, so the rules are dealt out to all cores.
func findTruth(b *body, sets []*set) (*truth, error) {
	var t truth
	var rules []*rule.Rule
	for _, s := range sets {
		if s.dir == "" {
			t.builtin = make([][]*agg.Row, s.n)
			rules = append(rulesOf(s.detections), rules...)
		} else if s.n > len(t.generated) {
			t.generated = make([][]*agg.Row, s.n)
			rules = append(rules[:len(t.builtin)], rulesOf(s.detections)...)
		}
	}
	found := make([][]*agg.Row, len(rules))
	errs := make([]error, threads())
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() { errs[i] = b.refer(rules, found, i, len(errs)) })
	}
	wait.Wait()
	copy(t.builtin, found)
	copy(t.generated, found[len(t.builtin):])
	return &t, errors.Join(errs...)
}

// refer finds the rows of every step-th rule from first on.
func (b *body) refer(rules []*rule.Rule, found [][]*agg.Row, first, step int) error {
	var mine []reference.Rule
	for i := first; i < len(rules); i += step {
		mine = append(mine, reference.Rule{Name: strconv.Itoa(i), Rule: rules[i]})
	}
	res, err := reference.Run([]string{b.unit.path}, mine, reference.Options{})
	if err != nil {
		return err
	}
	if res.Records != b.records || res.Malformed > 0 {
		return fmt.Errorf("cannot trust %s: the reference reads %d records, %d of them malformed; its bytes hold %d", b.name, res.Records, res.Malformed, b.records)
	}
	for _, row := range res.Rows {
		i, err := strconv.Atoi(row.Rule)
		if err != nil {
			return err
		}
		r := &agg.Row{Count: row.Count, First: row.First, Last: row.Last, Timed: row.First != 0 || row.Last != 0}
		for _, v := range row.By {
			if v == nil {
				r.Key = append(r.Key, nil)
			} else {
				r.Key = append(r.Key, append([]byte{}, *v...))
			}
		}
		found[i] = append(found[i], r)
	}
	return nil
}

// of returns the rows of each rule of a set.
func (t *truth) of(s *set) [][]*agg.Row {
	if s.dir == "" {
		return t.builtin
	}
	return t.generated[:min(s.n, len(t.generated))]
}

// hits returns how many times a set's rules accept an event of so many units.
func (t *truth) hits(s *set, times int64) (n int64) {
	for _, rows := range t.of(s) {
		for _, r := range rows {
			n += r.Count * times
		}
	}
	return n
}

// lines returns what sluice prints of so many units.
func (t *truth) lines(s *set, times int64) []byte {
	var out bytes.Buffer
	enc := &sink.Encoder{Detections: s.detections}
	var groups []*agg.Row
	for i, rows := range t.of(s) {
		for _, r := range rows {
			more := *r
			more.Rule = i
			more.Count *= times
			groups = append(groups, &more)
		}
	}
	rows, _ := pipeline.Rows(&commands.Env{}, rulesOf(s.detections), nil, groups)
	for _, r := range rows {
		out.Write(enc.Stats(r))
	}
	return out.Bytes()
}
