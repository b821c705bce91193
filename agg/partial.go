package agg

// Add adds a group, of another table say. r stays as it is; its statistics' texts are
// kept.
func (t *Table) Add(r *Row) {
	if r.Count > 0 {
		t.add(r).merge(r)
	}
}
