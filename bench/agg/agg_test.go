package main

import "testing"

// Every design counts right, on small loads; measure verifies.
func TestDesigns(t *testing.T) {
	t.Parallel()
	for _, d := range designs {
		for threads := 1; threads <= d.most; threads++ {
			for _, l := range []load{{keys: 50, long: true, n: 500}, {keys: 30_000, zipf: true, n: 300_000}, {keys: 30_000, n: 300_000}} {
				if _, err := measure(d, threads, l); err != nil {
					t.Errorf("%s, %d threads, %+v: %v", d.name, threads, l, err)
				}
			}
		}
	}
}

// A wrong count is found.
func TestWrongCount(t *testing.T) {
	t.Parallel()
	d := design{"wrong", 1, func(load) store { return wrong{plainMap{}} }}
	if _, err := measure(d, 1, load{keys: 50, n: 500}); err == nil {
		t.Error("a count that is one too high passes")
	}
}

type wrong struct{ plainMap }

func (w wrong) each(f func([]byte, group)) {
	w.plainMap.each(func(k []byte, g group) {
		if k[len(k)-1]%7 == 0 {
			g.count++
		}
		f(k, g)
	})
}
