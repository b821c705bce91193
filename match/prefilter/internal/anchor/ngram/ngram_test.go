package ngram

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestSymbolsFoldCase(t *testing.T) {
	const distinct = "abcdefghijklmnopqrstuvwxyz0123456789 -_.,:;()[]=#$%@!?*"
	seen := map[int]byte{}
	for _, c := range []byte(distinct) {
		if other, ok := seen[Symbol(c)]; ok {
			t.Errorf("%q and %q share a symbol", c, other)
		}
		seen[Symbol(c)] = c
		if upper := strings.ToUpper(string(c)); Symbol(upper[0]) != Symbol(c) {
			t.Errorf("%q and %q have different symbols", upper, c)
		}
	}
}

func TestLevelsAreNear(t *testing.T) {
	for rate := 0.004; rate < 1e6; rate *= 1.013 {
		if got := rates[level(rate)]; math.Abs(math.Log2(got/rate)) > 1.0/16+1e-9 {
			t.Errorf("rate %g is stored as %g", rate, got)
		}
	}
	for _, rate := range []float64{0, 1e-9} {
		if got := level(rate); got != 0 {
			t.Errorf("rate %g has level %d", rate, got)
		}
	}
}

// random returns rates of pairs and of about n fours of a few symbols, and a
// table of them.
func random(t *testing.T, rng *rand.Rand, n int) (pairs, fours []float64, table *Table) {
	t.Helper()
	pairs, fours = make([]float64, 1<<12), make([]float64, 1<<24)
	for range 4 * n {
		pairs[rng.IntN(1<<12)] = rates[byte(rng.Uint32())]
	}
	for range n {
		four := 0
		for range 4 {
			four = four<<6 | rng.IntN(6)
		}
		fours[four] = rates[byte(rng.Uint32())]
	}
	fours[1<<24-1], fours[0] = 1, 1
	table, err := Load(Encode(pairs, fours))
	if err != nil {
		t.Fatal(err)
	}
	return pairs, fours, table
}

// naive is Rate, from the rates that were stored.
func naive(pairs, fours []float64, w *[Width]Class) (sum float64) {
	behind := func(a, b int) float64 {
		all := 0.0
		for c := range symbols {
			all += max(rates[0], pairs[a<<6|c])
		}
		return max(rates[0], pairs[a<<6|b]) / all
	}
	chain, now := 0.0, [symbols]float64{}
	for i, class := range w {
		then := [symbols]float64{}
		for b := range symbols {
			if class>>b&1 == 0 {
				continue
			}
			for a := range symbols {
				if i == 0 {
					then[b] += max(rates[0], pairs[b<<6|a])
				} else {
					then[b] += now[a] * behind(a, b)
				}
			}
		}
		now = then
	}
	for _, r := range now {
		chain += r
	}
	if w[2] == Any && w[3] == Any && w[4] == Any {
		return chain
	}
	sum = unlisted * chain
	for f, rate := range fours {
		if rate == 0 || w[0]>>(f>>18)&1 == 0 || w[1]>>(f>>12&63)&1 == 0 || w[2]>>(f>>6&63)&1 == 0 || w[3]>>(f&63)&1 == 0 {
			continue
		}
		on := 0.0
		for e := range symbols {
			if w[4]>>e&1 != 0 {
				on += fours[f<<6&(1<<24-1)|e]
			}
		}
		if w[4] == Any {
			on = rate
		}
		sum += min(rate, on)
	}
	return sum
}

// randomClasses returns classes that are small, large, empty or all.
func randomClasses(rng *rand.Rand) (w [Width]Class) {
	for i := range w {
		switch rng.IntN(8) {
		case 0:
			w[i] = Any
		case 1:
			w[i] = Class(rng.Uint64())
		case 2:
			w[i] = 0
		default:
			w[i] = Class(1 + rng.IntN(63)) // of the six symbols that fours have
		}
	}
	return w
}

func TestRateIsTheNaiveSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pairs, fours, table := random(t, rng, 500)
	for range 40 {
		w := randomClasses(rng)
		got, want := table.Rate(&w), naive(pairs, fours, &w)
		if math.Abs(got-want) > 1e-9*want {
			t.Errorf("%x: rate %g, want %g", w, got, want)
		}
	}
}

func TestRateGrowsWithItsClasses(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		w := randomClasses(rng)
		small := Events().Rate(&w)
		w[rng.IntN(Width)] |= 1 << rng.IntN(symbols)
		if large := Events().Rate(&w); large < small*(1-1e-9) {
			t.Errorf("%x: rate %g, less than the %g of smaller classes", w, large, small)
		}
	}
}

func TestRateUpTo(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		w := randomClasses(rng)
		rate := Events().Rate(&w)
		for _, limit := range []float64{0, rate / 2, rate, 2 * rate} {
			got := Events().RateUpTo(&w, limit)
			if rate <= limit && got != rate || rate > limit && got <= limit {
				t.Errorf("%x: rate up to %g is %g, the rate %g", w, limit, got, rate)
			}
		}
	}
}

func TestOnlyTheMostFrequentAreListed(t *testing.T) {
	fours := make([]float64, 1<<24)
	for f := range 2 * Listed {
		fours[f*7] = float64(f%2 + 1) // a tie among each half
	}
	table, err := Load(Encode(make([]float64, 1<<12), fours))
	if err != nil {
		t.Fatal(err)
	}
	if len(table.fours) != Listed {
		t.Errorf("%d fours are listed, want %d", len(table.fours), Listed)
	}
	for i, l := range table.fours {
		if r := rates[l]; r != 2 {
			t.Fatalf("four %d has rate %g", i, r)
		}
	}
}

func TestShippedTable(t *testing.T) {
	if n := len(events); n > 96<<10 {
		t.Errorf("the table has %d bytes, more than 96 KiB", n)
	}
	if n := len(Events().fours); n != Listed {
		t.Errorf("the table lists %d fours, not %d", n, Listed)
	}
	sum := 0.0
	for _, r := range Events().single {
		sum += r
	}
	if math.Abs(sum-1e6) > 2e4 {
		t.Errorf("all symbols together stand at %.0f of a million places", sum)
	}
}

func TestLoadRefusesDamage(t *testing.T) {
	const first = 1 << 12
	for name, data := range map[string][]byte{
		"empty":        nil,
		"no fours":     events[:first-1],
		"no level":     events[:first+1],
		"no step":      append(events[:first:first], 0, 1),
		"beyond":       append(events[:first:first], 0x81, 0x80, 0x80, 8, 1),
		"endless step": append(events[:first:first], 0x80, 0x80),
		"huge step":    append(events[:first:first], 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1),
	} {
		if _, err := Load(data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Load(append(events[:first:first], 0x80, 0x80, 0x80, 8, 1)); err != nil {
		t.Errorf("last four: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte{1, 1, 1, 1, 0x80, 1, 7})
	f.Fuzz(func(t *testing.T, fours []byte) {
		table, err := Load(append(events[:1<<12:1<<12], fours...))
		if err != nil {
			return
		}
		w := [Width]Class{Any, Any, Any, 1, 1}
		if r := table.Rate(&w); math.IsNaN(r) || r < 0 {
			t.Errorf("rate %g", r)
		}
	})
}
