package match

import (
	"fmt"
	"slices"
	"testing"

	"sluice/internal/record"
)

// countingCond counts how often it is tested.
type countingCond struct {
	x cond
	n *int
}

func (c countingCond) holds(v *values) bool {
	*c.n++
	return c.x.holds(v)
}

// shared returns the shared conditions in c.
func shared(dst []*sharedCond, c cond) []*sharedCond {
	switch c := c.(type) {
	case andCond:
		for _, x := range c {
			dst = shared(dst, x)
		}
	case orCond:
		for _, x := range c {
			dst = shared(dst, x)
		}
	case notCond:
		dst = shared(dst, c.x)
	case *sharedCond:
		if !slices.Contains(dst, c) {
			dst = append(dst, c)
		}
	}
	return dst
}

// A condition that several rules have is tested once an event, and its answer is
// never that of another event.
func TestSharedConditions(t *testing.T) {
	rules := compileRules(t,
		`EventCode=7 A=x | stats count by dest`,
		`EventCode=7 NOT A=x | stats count by dest`,
		`EventCode=7 (A=x OR B=x OR B=y) | stats count by dest`,
		`A=X A!=x | stats count by dest`, // other conditions
		`B=x OR A=x OR A=x | stats count by dest`,
	)
	set := Compile(rules, Options{NoPrefilter: true})
	var conds []*sharedCond
	for _, p := range set.progs {
		conds = shared(conds, p.where)
	}
	if len(conds) != 3 || set.shared != 3 { // EventCode=7, A=x, B=x
		t.Fatalf("%d shared conditions, %d", len(conds), set.shared)
	}
	counts := make([]int, len(conds))
	for i, c := range conds {
		c.x = countingCond{c.x, &counts[i]}
	}
	sc := set.NewScanner()
	var got []string
	sc.Hit = func(h *Hit) { got = append(got, fmt.Sprintf("%d %s", h.Rule, h.Key[0])) }
	const events = 50
	var want []string
	sc.values.event = 1<<31 - 20 // it starts again meanwhile
	for i := range events {
		a, b := i%2 == 0, i%3 == 0
		id, text := 7, map[bool]string{true: "x", false: "z"}
		if i%5 == 4 {
			id = 8
		}
		for r, yes := range []bool{id == 7 && a, id == 7 && !a, id == 7 && (a || b), false, a || b} {
			if yes {
				want = append(want, fmt.Sprintf("%d h%d", r, i))
			}
		}
		data := fmt.Sprintf(`{"EventID":%d,"Computer":"h%d","A":%q,"B":%q}`, id, i, text[a], text[b])
		sc.Scan([]byte(data), []record.Record{{Hi: len(data), Kind: record.JSON}})
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for i, n := range counts {
		if n == 0 || n > events {
			t.Errorf("condition %d was tested %d times for %d events", i, n, events)
		}
	}
}
