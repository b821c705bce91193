package main

import (
	"fmt"
	"strings"

	"sluice/match/prefilter"
)

// target says that a row is at least so many times as fast, by bytes, as
// another.
type target struct {
	row, than key
	times     float64
}

// The kernels that targets tell apart.
const (
	generic = "generic"
	avx2    = "AVX2"
)

// targets returns those of a machine whose best kernel is the one given. Those
// against other programs are for AVX-512, and on all threads for two of them; AVX2
// is to reach half, and portable code what rg does, with one detection.
func targets(best prefilter.Kernel) (all []target) {
	one, many := onThreads(1), onThreads(threads())
	if many == one {
		many = "" // no row
	}
	add := func(corpus string, n int, engine, than string, times float64) {
		if engine == "" {
			return
		}
		all = append(all, target{key{corpus, n, engine}, key{corpus, map[string]int{duckDB: 1, byHand: 1}[than], than}, times})
	}
	add("sparse.ndjson", 1, generic, ripgrep, 1)
	all = append(all, relative(one, many)...)
	share := 1.0
	switch best {
	case generic:
		return all
	case avx2:
		share = 0.5
	}
	for _, t := range []struct {
		corpus    string
		n         int
		one, many float64
	}{
		{"sparse.ndjson", 1, 2.3, 4},
		{"dense.ndjson", 1, 2.3, 3.8},
		{"dense.ndjson", 103, 2, 3.5},
		{"dense.ndjson", 265, 1, 1.9},
	} {
		add(t.corpus, t.n, one, ripgrep, t.one*share)
		add(t.corpus, t.n, many, ripgrep, t.many*share)
		add(t.corpus, t.n, avx2, ripgrep, t.one/2)
	}
	add("sparse.ndjson", 1, many, wordCount, 2*share)
	add("sparse.ndjson", 1, many, duckDB, 5.5*share)
	add("sparse.ndjson", 1, one, byHand, 35*share)
	add("sparse.ndjson", 1, many, byHand, 55*share)
	return all
}

// relative returns the targets of sluice against itself: what more detections
// cost, and XML.
func relative(engines ...string) (all []target) {
	for _, e := range engines {
		if e == "" {
			continue
		}
		all = append(all,
			target{key{"sparse.ndjson", 103, e}, key{"sparse.ndjson", 1, e}, 1 / 1.05},
			target{key{"sparse.ndjson", 265, e}, key{"sparse.ndjson", 1, e}, 1 / 1.1})
		for _, n := range []int{1, 103, 265} {
			for _, kind := range []string{"sparse", "dense"} {
				all = append(all, target{key{kind + ".xml", n, e}, key{kind + ".ndjson", n, e}, 1 / 1.15})
			}
		}
	}
	return all
}

// against names what a target compares with.
func (t target) against() string {
	switch {
	case t.than.corpus != t.row.corpus:
		return "NDJSON"
	case t.than.engine == t.row.engine:
		return plural(t.than.detections, "detection")
	}
	return t.than.engine
}

// judge returns the targets of a row and whether they are met.
func judge(k key, all []target, speed func(key) float64) (want, met string) {
	var wants, mets []string
	for _, t := range all {
		if t.row != k {
			continue
		}
		wants = append(wants, fmt.Sprintf("%.3g × %s", t.times, t.against()))
		mets = append(mets, t.judge(speed).String())
	}
	return strings.Join(wants, ", "), strings.Join(mets, ", ")
}

// verdict is what became of a target.
type verdict struct {
	outcome
	times float64 // as fast
	most  float64 // as fast as the floor, where that is less than the target
}

type outcome uint8

const (
	notMeasured outcome = iota
	met
	missed
	beyond // missed, as it must be: the machine's memory is not so fast
)

// judge compares the row with what it is to be so many times as fast as, and that
// with the floor.
func (t target) judge(speed func(key) float64) verdict {
	is, than, most := speed(t.row), speed(t.than), speed(key{t.row.corpus, 0, floorOf(t.row.engine)})
	if is == 0 || than == 0 {
		return verdict{}
	}
	v := verdict{outcome: missed, times: is / than}
	switch {
	case v.times >= t.times:
		v.outcome = met
	case most > 0 && most < t.times*than:
		v.outcome, v.most = beyond, most/than
	}
	return v
}

func (v verdict) String() string {
	switch v.outcome {
	case met:
		return fmt.Sprintf("yes (%.3g)", v.times)
	case missed:
		return fmt.Sprintf("**no** (%.3g)", v.times)
	case beyond:
		return fmt.Sprintf("beyond memory (%.3g of %.3g)", v.times, v.most)
	}
	return "not measured"
}
