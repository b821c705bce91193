// Package lookup keeps the tables of searches' lookup commands: CSV files with the
// definitions of Splunk's transforms.conf (case_sensitive_match, match_type,
// default_match, min_matches, max_matches).
package lookup

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"sluice/match/rule"
)

// Definition says how a table is searched.
type Definition struct {
	Name       string
	CaseFolded bool                 // case_sensitive_match = false
	Match      map[string]MatchType // by column; a column that is not there is Exact
	Default    string               // default_match, given if fewer than Min rows match
	Min, Max   int                  // min_matches, max_matches; Max 0 means 100
}

// MatchType says how a column is compared with a value.
type MatchType uint8

// The match types. In a Wildcard column the cells are patterns with *, in a CIDR
// column networks.
const (
	Exact MatchType = iota
	Wildcard
	CIDR
)

// maxMatches is Splunk's default (transforms.conf, max_matches).
const maxMatches = 100

// Table is a lookup. It is immutable.
type Table struct {
	Definition
	Columns []string
	Rows    [][]string // each as long as Columns
}

const (
	maxBytes = 256 << 20
	maxCells = 20_000_000
)

// New reads a CSV file with a header line.
func New(def Definition, r io.Reader) (*Table, error) {
	limited := &io.LimitedReader{R: r, N: maxBytes}
	in := bufio.NewReader(limited)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		in.Discard(3)
	}
	cr := csv.NewReader(in)
	cr.FieldsPerRecord = -1
	cr.LazyQuotes = true
	t := &Table{Definition: def}
	for cells := 0; ; {
		rec, err := cr.Read()
		switch {
		case errors.Is(err, io.EOF) && limited.N == 0:
			return nil, fmt.Errorf("the table has more than %d bytes", maxBytes)
		case errors.Is(err, io.EOF) && t.Columns == nil:
			return nil, errors.New("the table has no header line")
		case errors.Is(err, io.EOF):
			return t, nil
		case err != nil:
			return nil, err
		case t.Columns == nil:
			for i := range rec {
				rec[i] = strings.TrimSpace(rec[i])
			}
			t.Columns = rec
			continue
		}
		if cells += len(t.Columns); cells > maxCells {
			return nil, fmt.Errorf("the table has more than %d cells", maxCells)
		}
		for len(rec) < len(t.Columns) {
			rec = append(rec, "")
		}
		t.Rows = append(t.Rows, rec[:len(t.Columns)])
	}
}

// Has reports whether the table has a column.
func (t *Table) Has(column string) bool { return slices.Contains(t.Columns, column) }

// Index is a Table made ready to be searched by some of its columns. It is immutable.
type Index struct {
	t     *Table
	exact []int            // which of the columns are compared as they are
	rows  map[string][]int // by the cells of those
	wide  []int            // the others
	match []matcher        // of the others
}

// matcher holds what a column's cells match, by row.
type matcher struct {
	patterns []rule.Pattern
	nets     []netip.Prefix
}

// Index prepares a search by columns, which the table must have.
func (t *Table) Index(columns []string) *Index {
	x := &Index{t: t, rows: map[string][]int{}}
	var places []int
	for i, c := range columns {
		place := slices.Index(t.Columns, c)
		if kind := t.Match[c]; kind != Exact {
			x.match = append(x.match, t.matcher(place, kind))
			x.wide = append(x.wide, i)
			continue
		}
		x.exact = append(x.exact, i)
		places = append(places, place)
	}
	for n, r := range t.Rows {
		var key []byte
		for _, p := range places {
			key = t.key(key, r[p])
		}
		x.rows[string(key)] = append(x.rows[string(key)], n)
	}
	return x
}

// key appends a cell so that no two lists of cells give the same bytes.
func (t *Table) key(dst []byte, cell string) []byte {
	if t.CaseFolded {
		cell = rule.FoldString(cell)
	}
	return fmt.Appendf(dst, "%d:%s", len(cell), cell)
}

func (t *Table) matcher(place int, kind MatchType) (m matcher) {
	for _, r := range t.Rows {
		cell := r[place]
		if kind == CIDR {
			cell = strings.TrimSpace(cell)
			p, err := netip.ParsePrefix(cell)
			if a, errAddr := netip.ParseAddr(cell); err != nil && errAddr == nil {
				p = netip.PrefixFrom(a, a.BitLen())
			}
			m.nets = append(m.nets, p) // an invalid one holds no address
			continue
		}
		var parts []rule.Part
		for i, text := range strings.Split(cell, "*") {
			if i > 0 {
				parts = append(parts, rule.Part{Kind: rule.Any})
			}
			parts = append(parts, rule.Part{Text: text})
		}
		m.patterns = append(m.patterns, rule.Glob(parts, !t.CaseFolded))
	}
	return m
}

func (m matcher) test(value string, folded bool) func(n int) bool {
	if m.nets != nil {
		a, err := netip.ParseAddr(strings.TrimSpace(value))
		return func(n int) bool { return err == nil && m.nets[n].Contains(a.Unmap()) }
	}
	text := []byte(value)
	if folded {
		text = rule.Fold(nil, text)
	}
	return func(n int) bool { return m.patterns[n].Match(text) }
}

// Find calls emit for each row that matches values, which are those of the columns of
// the Index, in the order of the file, up to max_matches. It returns how many.
func (x *Index) Find(values []string, emit func(row []string)) (found int) {
	var key []byte
	for _, i := range x.exact {
		key = x.t.key(key, values[i])
	}
	limit := x.t.Max
	if limit <= 0 {
		limit = maxMatches
	}
	tests := make([]func(n int) bool, len(x.wide))
	for k, i := range x.wide {
		tests[k] = x.match[k].test(values[i], x.t.CaseFolded)
	}
	for _, n := range x.rows[string(key)] {
		if slices.ContainsFunc(tests, func(f func(int) bool) bool { return !f(n) }) {
			continue
		}
		emit(x.t.Rows[n])
		if found++; found == limit {
			break
		}
	}
	return found
}

// Fallback returns what the output columns get when found rows are too few, if
// anything.
func (t *Table) Fallback(found int) (text string, ok bool) {
	return t.Default, found < t.Min && t.Default != ""
}
