package command

import (
	"sluice/agg"
	"sluice/match/row"
)

// Grouping finds the keys and samples of rows. It is for one goroutine.
type Grouping struct {
	By, Fields []string // BY fields; fields of aggregates
	// Samples are those of Fields, valid after Start.
	Samples [][]agg.Sample

	values [][]string // of By
	key    [][]byte
	keys   int
	limit  int
}

// maxSamples bounds, likewise, the keys of one row times its samples.
const maxSamples = 100_000

// MaxKeys bounds the keys of one row, which are the product of the numbers of values
// of its BY fields: hostile duplicates cost a counter.
const MaxKeys = 10_000

// Start looks at a row.
func (g *Grouping) Start(t *row.Table, r []row.Value, nanos int64, timed bool) {
	g.Samples, g.values = g.Samples[:0], g.values[:0]
	n := 1
	for _, f := range g.Fields {
		s := Samples(row.Get(r, t.Index(f)), nanos, timed)
		g.Samples = append(g.Samples, s)
		n += len(s)
	}
	g.limit = min(MaxKeys, max(1, maxSamples/n))
	for _, f := range g.By {
		g.values = append(g.values, row.Get(r, t.Index(f)).Texts())
	}
}

// Keys calls emit for each combination of the BY values of the row, of which a missing
// one is nil; the key is valid during the call. capped tells that there are more keys
// than are looked at.
func (g *Grouping) Keys(emit func(key [][]byte)) (capped bool) {
	g.keys = 0
	g.extend(g.key[:0], emit)
	return g.keys > g.limit
}

func (g *Grouping) extend(key [][]byte, emit func(key [][]byte)) {
	if g.keys > g.limit {
		return
	}
	if len(key) == len(g.By) {
		if g.keys++; g.keys <= g.limit {
			g.key = key
			emit(key)
		}
		return
	}
	values := g.values[len(key)]
	if len(values) == 0 {
		g.extend(append(key, nil), emit)
		return
	}
	for _, v := range values {
		g.extend(append(key, []byte(v)), emit)
	}
}
