package reference

import (
	"slices"
	"strconv"
	"strings"

	"sluice/match/rule"
)

// groups are the rows of one rule by their key.
type groups map[string]*group

// group is one row in the making.
type group struct {
	by          []*string
	count       int64
	timed       bool // whether first and last hold a time
	first, last int64
	samples     []samples // one an aggregate
}

// add counts an accepted event: once for every combination of the values of
// its BY fields, equal values included.
func (g groups) add(r *rule.Rule, f fields, at int64, timed, dropNulls bool) {
	rows := [][]*string{nil}
	for _, name := range r.By {
		values := byValues(r, f, name)
		if dropNulls && !r.Nulls && values[0] == nil {
			return
		}
		var longer [][]*string
		for _, row := range rows {
			for _, v := range values {
				longer = append(longer, append(slices.Clip(row), v))
			}
		}
		rows = longer
	}
	for _, row := range rows {
		g.count(row, at, timed).sample(r, f, at, timed)
	}
}

// byValues returns the values of a BY field after fillnull; a missing one is
// a single nil.
func byValues(r *rule.Rule, f fields, name string) []*string {
	var out []*string
	for _, v := range f[name] {
		out = append(out, &v)
	}
	if len(out) > 0 {
		return out
	}
	if r.Fill != nil && (r.Fill.Fields == nil || slices.Contains(r.Fill.Fields, name)) {
		return []*string{&r.Fill.Value}
	}
	return []*string{nil}
}

// count adds one event to a group.
func (g groups) count(by []*string, at int64, timed bool) *group {
	var key strings.Builder
	for _, v := range by {
		if v == nil {
			key.WriteString("-;")
			continue
		}
		key.WriteString(strconv.Itoa(len(*v)) + ":" + *v)
	}
	row := g[key.String()]
	if row == nil {
		row = &group{by: by}
		g[key.String()] = row
	}
	row.count++
	if !timed {
		return row
	}
	if !row.timed || at < row.first {
		row.first = at
	}
	if !row.timed || at > row.last {
		row.last = at
	}
	row.timed = true
	return row
}

// rows returns the groups in order.
func (g groups) rows(name string) []Row {
	var out []Row
	for _, row := range g {
		out = append(out, Row{Rule: name, By: row.by, Count: row.count, First: row.first, Last: row.last})
	}
	slices.SortFunc(out, func(a, b Row) int { return slices.CompareFunc(a.By, b.By, compareValues) })
	return out
}

// compareValues orders BY values: a missing one first, then by bytes.
func compareValues(a, b *string) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return strings.Compare(*a, *b)
}
