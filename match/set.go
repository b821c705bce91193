// Package match evaluates compiled rules over raw records: it gives the rows'
// keys and times of exactly those events that the rules accept, whatever the
// prefilter leaves out.
package match

import (
	"slices"
	"time"

	"sluice/match/event"
	"sluice/match/prefilter"
	"sluice/match/rule"
)

// Set is a compiled set of rules. It is immutable and safe for concurrent use;
// each worker makes its own Scanner.
type Set struct {
	rules   []*rule.Rule
	progs   []program
	proj    *event.Projection
	few     *event.Projection // for events of which no rule reads all; nil if that is never known
	filter  *prefilter.Filter // nil when every record is decoded
	zone    *time.Location
	shared  int       // conditions that several rules have
	sharing *sharing  // while it is compiled
	sigma   bool      // while a rule is compiled: see rule.AsSigma
	now     time.Time // of Compile
}

// Options says how a Set treats records.
type Options struct {
	// Zone is where times without a zone are read; nil means UTC.
	Zone *time.Location
	// NoPrefilter decodes every record. It is the reference for the prefilter
	// and a row of the benchmarks.
	NoPrefilter bool
	// Prefilter leaves out parts of the prefilter, for checks and benchmarks.
	Prefilter prefilter.Options
	// AllFields makes the events of hits hold every field of their record, not
	// only those that the rules read.
	AllFields bool
}

// program is a rule resolved to the slots of the set's projection.
type program struct {
	where cond
	all   bool // it looks at every value
	by    []int
	fill  [][]byte    // per BY field; a nil entry leaves it missing
	rows  *rowProgram // instead of by and fill, if the rule is not plain
}

// Compile resolves rules. A rule's index is its identity in hits.
func Compile(rules []*rule.Rule, opt Options) *Set {
	s := &Set{rules: rules, zone: opt.Zone, now: time.Now()}
	var names []string
	all := opt.AllFields
	for _, r := range rules {
		all = all || r.ReadsAll()
		for _, name := range r.Fields() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	s.proj = event.Project(names)
	if all {
		s.proj = event.ProjectAll(names)
	}
	if all && !opt.AllFields {
		s.few = s.proj.Only(names)
	}
	if !opt.NoPrefilter {
		s.filter = prefilter.New(rules, opt.Prefilter)
	}
	s.sharing = newSharing(rules)
	for _, r := range rules {
		s.sigma = r.Values == rule.AsSigma
		p := program{where: s.compile(r.Where), all: r.ReadsAll(), fill: make([][]byte, len(r.By)), rows: s.compileRows(r)}
		for i, name := range r.By {
			p.by = append(p.by, s.proj.Slot(name))
			if fills(r.Fill, name) {
				p.fill[i] = []byte(r.Fill.Value)
			}
		}
		s.progs = append(s.progs, p)
	}
	s.shared, s.sharing = len(s.sharing.conds), nil
	return s
}

func fills(f *rule.Fill, name string) bool {
	if f == nil {
		return false
	}
	for _, field := range f.Fields {
		if field == name {
			return true
		}
	}
	return f.Fields == nil
}
