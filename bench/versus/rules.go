package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"

	"sluice/agg"
	"sluice/detections"
	"sluice/internal/corpus/ruleset"
	"sluice/internal/reference"
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

// truth is what internal/reference finds in the unit of a corpus, by set.
type truth map[*set][]*agg.Row

// findTruth runs the reference once, over all sets, with every record decoded.
func findTruth(b *body, sets []*set) (truth, error) {
	type origin struct {
		set  *set
		rule int
	}
	var rules []reference.Rule
	from := map[string]origin{}
	for _, s := range sets {
		for i, d := range s.detections {
			name := strconv.Itoa(len(rules))
			rules = append(rules, reference.Rule{Name: name, Rule: d.Rule})
			from[name] = origin{s, i}
		}
	}
	res, err := reference.Run([]string{b.unit.path}, rules, reference.Options{})
	if err != nil {
		return nil, err
	}
	if res.Records != b.records || res.Malformed > 0 {
		return nil, fmt.Errorf("cannot trust %s: the reference reads %d records, %d of them malformed; its bytes hold %d", b.name, res.Records, res.Malformed, b.records)
	}
	t := truth{}
	for _, row := range res.Rows {
		o := from[row.Rule]
		r := &agg.Row{Rule: o.rule, Count: row.Count, First: row.First, Last: row.Last, Timed: row.First != 0 || row.Last != 0}
		for _, v := range row.By {
			if v == nil {
				r.Key = append(r.Key, nil)
			} else {
				r.Key = append(r.Key, append([]byte{}, *v...))
			}
		}
		t[o.set] = append(t[o.set], r)
	}
	return t, nil
}

// hits returns how many times a set's rules accept an event of so many units.
func (t truth) hits(s *set, times int64) (n int64) {
	for _, r := range t[s] {
		n += r.Count * times
	}
	return n
}

// lines returns what sluice prints of so many units.
func (t truth) lines(s *set, times int64) []byte {
	var out bytes.Buffer
	enc := &sink.Encoder{Detections: s.detections}
	for _, r := range t[s] {
		more := *r
		more.Count *= times
		out.Write(enc.Stats(&more))
	}
	return out.Bytes()
}
