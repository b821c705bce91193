package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"sluice/match/prefilter/internal/anchor/ngram"
)

// maxEvent is the longest event that is read.
const maxEvent = 64 << 20

// eachEvent calls do for each event of a file: for each line, or where the file
// begins with < for what ends in </Event>.
func eachEvent(path string, do func(event []byte)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if filepath.Ext(path) == ".gz" {
		if r, err = gzip.NewReader(f); err != nil {
			return fmt.Errorf("cannot read %s: %w", path, err)
		}
	}
	in := bufio.NewReader(r)
	end := "\n"
	if first, _ := in.Peek(1); string(first) == "<" {
		end = "</Event>"
	}
	events := bufio.NewScanner(in)
	events.Buffer(make([]byte, 1<<20), maxEvent)
	events.Split(behind([]byte(end)))
	for events.Scan() {
		do(events.Bytes())
	}
	if err := events.Err(); err != nil {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	return nil
}

// behind splits text behind each end, which belongs to what it ends.
func behind(end []byte) bufio.SplitFunc {
	return func(data []byte, atEOF bool) (int, []byte, error) {
		n := len(data)
		if i := bytes.Index(data, end); i >= 0 {
			n = i + len(end)
		} else if !atEOF || n == 0 {
			return 0, nil, nil
		}
		return n, data[:n], nil
	}
}

// script recognises the events that log PowerShell scripts.
var script = regexp.MustCompile(`(?i)event_?(id|code)("?: ?"?|[^>]{0,40}>)4104\b`)

// learner counts in scripts and in everything else apart.
type learner struct{ scripts, others counts }

// counts are how often pairs and fours of symbols stand in events of one kind.
type counts struct {
	pairs, fours  []uint32
	bytes, events int
}

func newLearner() *learner {
	return &learner{newCounts(), newCounts()}
}

func newCounts() counts {
	return counts{pairs: make([]uint32, 1<<12), fours: make([]uint32, 1<<24)}
}

func (l *learner) add(event []byte) {
	if script.Match(event) {
		l.scripts.add(event)
	} else {
		l.others.add(event)
	}
}

func (c *counts) add(event []byte) {
	four := 0
	for i, b := range event {
		four = (four<<6 | ngram.Symbol(b)) & (1<<24 - 1)
		if i >= 1 {
			c.pairs[four&(1<<12-1)]++
		}
		if i >= 3 {
			c.fours[four]++
		}
	}
	c.bytes += len(event)
	c.events++
}

// table stores the rates in a text half of which is scripts, few as they are
// among the events: where candidates are dense, the text is script text.
func (l *learner) table() ([]byte, error) {
	var kinds []counts
	for _, c := range []counts{l.scripts, l.others} {
		if c.bytes > 0 {
			kinds = append(kinds, c)
		}
	}
	if len(kinds) == 0 {
		return nil, errors.New("cannot learn from no events: name files of events")
	}
	pairs, fours := make([]float64, 1<<12), make([]float64, 1<<24)
	for _, c := range kinds {
		perMillion := 1e6 / float64(c.bytes) / float64(len(kinds))
		for p, n := range c.pairs {
			pairs[p] += float64(n) * perMillion
		}
		for f, n := range c.fours {
			fours[f] += float64(n) * perMillion
		}
	}
	return ngram.Encode(pairs, fours), nil
}
