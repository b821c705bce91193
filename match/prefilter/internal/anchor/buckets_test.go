package anchor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/match/rule"
)

// tables are what a kernel makes of buckets: for each offset and byte a bit for
// each bucket.
func tables(windows []string, buckets []int) (t [Width][256]uint32) {
	for w, b := range buckets {
		for i := range Width {
			for c := range 256 {
				if i >= len(windows[w]) || rule.FoldByte(byte(c)) == windows[w][i] {
					t[i][c] |= 1 << b
				}
			}
		}
	}
	return t
}

// checkBuckets fails unless each window is hit by its own bucket's tables.
func checkBuckets(t *testing.T, windows []string, n int) {
	t.Helper()
	buckets := Buckets(windows, n)
	if len(buckets) != len(windows) {
		t.Fatalf("%d buckets for %d windows", len(buckets), len(windows))
	}
	for w, b := range buckets {
		if b < 0 || b >= n {
			t.Fatalf("%q is in bucket %d of %d", windows[w], b, n)
		}
	}
	if again := Buckets(windows, n); !slices.Equal(again, buckets) {
		t.Fatalf("%q: %v, then %v", windows, buckets, again)
	}
	tab := tables(windows, buckets)
	for w, window := range windows {
		for _, text := range []string{window, strings.ToUpper(window)} {
			text += strings.Repeat("\x00", Width)
			hit := ^uint32(0)
			for i := range Width {
				hit &= tab[i][text[i]]
			}
			if hit>>buckets[w]&1 == 0 {
				t.Fatalf("bucket %d does not accept its window %q", buckets[w], window)
			}
		}
	}
}

// randomWindows returns windows of 1 to Width printable, folded bytes; with few
// different ones, some are equal and many alike.
func randomWindows(rng *rand.Rand, n int) (windows []string) {
	different := 1 + rng.IntN('~'-' '+1)
	for range n {
		w := make([]byte, 1+rng.IntN(Width))
		for i := range w {
			w[i] = byte(' ' + rng.IntN(different))
		}
		windows = append(windows, strings.ToLower(string(w)))
	}
	return windows
}

func TestBucketsAcceptTheirWindows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		checkBuckets(t, randomWindows(rng, rng.IntN(60)), 8+rng.IntN(25))
	}
	checkBuckets(t, nil, 8)
	checkBuckets(t, randomWindows(rng, 1), 1)
	checkBuckets(t, randomWindows(rng, 40), 1)
	checkBuckets(t, rarestOf(t, 300), 24)
	if !testing.Short() {
		checkBuckets(t, randomWindows(rng, 2000), 32)
	}
}

func FuzzBuckets(f *testing.F) {
	f.Add("restm fo.io $env ab", uint8(8))
	f.Add("aaaaa aaaaa aaaa aaa aa a", uint8(0))
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		var windows []string
		for _, w := range strings.Fields(text) {
			w = strings.Map(func(r rune) rune { return max(' ', r&0x7f) }, w)
			w = strings.ToLower(w[:min(len(w), Width)])
			windows = append(windows, w)
		}
		checkBuckets(t, windows[:min(len(windows), 50)], 1+int(n)%32)
	})
}

// total returns the modelled hits of all buckets per million bytes.
func total(windows []string, buckets []int, n int) (sum float64) {
	groups := make([]classes, n)
	for w, b := range buckets {
		groups[b] = groups[b].with(classesOf(windows[w]))
	}
	for _, g := range groups {
		sum += rate(g)
	}
	return sum
}

func TestBucketsBeatRoundRobin(t *testing.T) {
	windows := rarestOf(t, 160)
	roundRobin := make([]int, len(windows))
	for _, n := range []int{16, 24} {
		for w := range windows {
			roundRobin[w] = w % n
		}
		rr, got := total(windows, roundRobin, n), total(windows, Buckets(windows, n), n)
		t.Logf("160 windows in %d buckets: %.0f hits per million bytes, round robin %.0f", n, got, rr)
		if got > rr/10 {
			t.Errorf("160 windows in %d buckets: %.0f hits per million bytes, round robin %.0f", n, got, rr)
		}
	}
}

// With as many buckets as windows, none is shared, unless the windows are equal.
func TestBucketsAreNotSharedInVain(t *testing.T) {
	windows := []string{"restm", "fo.io", "kerbe", "restm", "lsadu"}
	buckets := Buckets(windows, 8)
	for v := range windows {
		for w := range v {
			if (buckets[v] == buckets[w]) != (windows[v] == windows[w]) {
				t.Errorf("%q are in buckets %v", windows, buckets)
			}
		}
	}
}

func BenchmarkBuckets(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	list := names(b)
	for _, count := range []int{160, 300, 2000} {
		windows := rarestOf(b, min(count, 300))
		for len(windows) < count { // any window of a name
			lit := list[rng.IntN(len(list))]
			at := rng.IntN(max(1, len(lit)-Width))
			windows = append(windows, lit[at:min(len(lit), at+Width)])
		}
		for _, n := range []int{16, 24, 32} {
			b.Run(fmt.Sprintf("%d in %d", count, n), func(b *testing.B) {
				for b.Loop() {
					Buckets(windows, n)
				}
			})
		}
	}
}
