package command

import (
	"fmt"
	"time"

	"sluice/match/row"
	"sluice/match/rule"
)

// Bin rounds _time down to a multiple of Span, in As. Days and weeks begin at midnight
// in the zone of the run.
type Bin struct {
	As   string
	Span time.Duration
}

func (c Bin) String() string {
	return "bin _time span " + c.Span.String() + " as " + rule.QuoteName(c.As)
}

// Reads returns _time.
func (Bin) Reads() []string { return []string{"_time"} }

// Columns adds As.
func (c Bin) Columns(in []string, all bool) ([]string, bool) { return with(in, c.As), all }

// Run rounds.
func (c Bin) Run(env *Env, t *row.Table) {
	from, to := t.Index("_time"), t.Need(c.As)
	for n, r := range t.Rows {
		nanos, ok := row.Get(r, from).Nanos()
		if !ok {
			continue
		}
		shift := int64(0)
		if c.Span%(24*time.Hour) == 0 && env.Zone != nil {
			_, offset := time.Unix(0, nanos).In(env.Zone).Zone()
			shift = int64(offset) * 1e9
		}
		span := int64(c.Span)
		over := (nanos + shift) % span
		if over < 0 {
			over += span
		}
		t.Set(n, to, row.OfNanos(nanos-over))
	}
}

// AddTotals adds the sum of the numbers of a row's fields: those named, or without
// names all.
type AddTotals struct {
	Names []string // with stars
	As    string
}

func (c AddTotals) String() string {
	return fmt.Sprintf("addtotals %s as %s", rule.QuoteNames(c.Names), rule.QuoteName(c.As))
}

// Reads returns the names without stars.
func (c AddTotals) Reads() []string { return plain(c.Names) }

// Columns adds As.
func (c AddTotals) Columns(in []string, all bool) ([]string, bool) { return with(in, c.As), all }

// Run adds.
func (c AddTotals) Run(_ *Env, t *row.Table) {
	names := expand(c.Names, t.Columns)
	if len(c.Names) == 0 {
		names = expand([]string{"*"}, t.Columns)
	}
	var places []int
	for _, name := range names {
		if i := t.Index(name); i >= 0 && name != c.As && name != "_time" {
			places = append(places, i)
		}
	}
	to := t.Need(c.As)
	for n, r := range t.Rows {
		sum := 0.0
		for _, i := range places {
			f, _ := row.Get(r, i).Num()
			sum += f
		}
		t.Set(n, to, row.OfNumber(sum))
	}
}
