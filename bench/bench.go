// Package bench measures the whole job, file to rows, with verified counts: a
// run whose counts are wrong is no result.
//
//	go test ./bench -bench . -benchtime 5x
//
// Each benchmark is corpus/engine-threads. The engines are sluice; sluice with
// each kernel of this machine, without the gate, and without the whole prefilter; and
// internal/reference, the slow pipeline of nxadm/tail, cloudflare/ahocorasick and
// fastjson that the engine must equal.
// MB/s counts the bytes of the text that is read. Compare rows of one run only;
// runs/ keeps some. Command versus compares whole commands with other tools.
package bench

import (
	"bytes"
	"fmt"
	"os"

	"sluice/detections"
	"sluice/internal/corpus"
	"sluice/match/detection"
	"sluice/match/rule"
)

// Corpus is a generated file and what a right run finds in it.
type Corpus struct {
	Name    string
	Path    string
	Size    int64
	Records int64
	Matched int64 // events that the built-in detection accepts
}

// Spec says what to generate: records of one shape until the file has Size
// bytes, one in Every from a matching event, the others noise of every kind.
type Spec struct {
	Name  string
	Shape string
	Size  int
	Every int
}

// Generate writes the corpus to path. The same Spec gives the same bytes. The
// file repeats a stretch of some MB, which is more than any cache of the code
// under test remembers.
func (s Spec) Generate(path string) (*Corpus, error) {
	shape := corpus.ByName(s.Shape)
	if shape == nil {
		return nil, fmt.Errorf("cannot generate corpus %s: no shape %q", s.Name, s.Shape)
	}
	g := corpus.New(1)
	var unit bytes.Buffer
	var records, matched int64
	for unit.Len() < min(s.Size, 4<<20) {
		e := g.Noise()
		if records%int64(s.Every) == 0 {
			e = g.Match()
		}
		unit.Write(shape.Render(e))
		unit.WriteByte('\n')
		records++
		if corpus.Satisfies(e) {
			matched++
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("cannot generate corpus %s: %w", s.Name, err)
	}
	c := &Corpus{Name: s.Name, Path: path}
	for c.Size < int64(s.Size) {
		n, err := f.Write(unit.Bytes())
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("cannot generate corpus %s: %w", s.Name, err)
		}
		c.Size += int64(n)
		c.Records += records
		c.Matched += matched
	}
	return c, f.Close()
}

// Rule returns the built-in detection's rule.
func Rule() (*rule.Rule, error) {
	var l detection.Loader
	found := l.LoadFS(detections.FS, "builtin")
	if len(found) != 1 || len(l.Problems) > 0 {
		return nil, fmt.Errorf("cannot load the built-in detection: %v", l.Problems)
	}
	return found[0].Rule, nil
}
