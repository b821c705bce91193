package anchor

import (
	"os"
	"strings"
	"testing"
)

// names returns the literals of testdata/names.txt, as detections have them.
func names(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// rarestOf returns n windows of the names, spread over all of them.
func rarestOf(t testing.TB, n int) (windows []string) {
	t.Helper()
	list := names(t)
	for i := range n {
		lit := list[i*len(list)/n]
		at, _ := Rarest(lit)
		windows = append(windows, lit[at:min(len(lit), at+Width)])
	}
	return windows
}

func TestCommonWindowsCostMore(t *testing.T) {
	common := []string{"tion", "micro", "rosof", "osoft", "selec", "elect", "null", "funct", "param", "windo", "syste", "4104"}
	rare := []string{"restm", "ipinf", "pinfo", "nfo.i", "fo.io", "-rest", "e-res", "kerbe", "hiskt", "lsadu"}
	for _, c := range common {
		for _, r := range rare {
			if Cost(c) < 2*Cost(r) {
				t.Errorf("%q costs %g, %q only %g", r, Cost(r), c, Cost(c))
			}
		}
	}
}

func TestCostIsThatOfFoldedText(t *testing.T) {
	for _, w := range []string{"Micro", "ROSOF", "a[B]c"} {
		if got, want := Cost(w), Cost(strings.ToLower(w)); got != want {
			t.Errorf("cost of %q is %g, folded %g", w, got, want)
		}
	}
	if Cost("micros") != Cost("micro") {
		t.Error("bytes behind a window count")
	}
}

func TestUnseenWindowsCostSomething(t *testing.T) {
	for _, w := range []string{"qqqqq", "~~~~~", "zxqjv", "\x00\x01\x02\xff\xfe"} {
		if c := Cost(w); c <= 0 || c > 1 {
			t.Errorf("cost of %q is %g", w, c)
		}
	}
}

func TestLongerWindowsCostLess(t *testing.T) {
	for _, name := range names(t) {
		for i := 1; i < min(len(name), Width); i++ {
			// Rates are rounded to steps of 9 %.
			if short, long := Cost(name[:i]), Cost(name[:i+1]); long > 1.1*short {
				t.Errorf("%q costs %g, %q more: %g", name[:i], short, name[:i+1], long)
			}
		}
	}
}

func TestRarest(t *testing.T) {
	for _, lit := range names(t) {
		at, cost := Rarest(lit)
		if at < 0 || at > 0 && at+Width > len(lit) {
			t.Fatalf("%q: at %d", lit, at)
		}
		if got := Cost(lit[at:]); got != cost {
			t.Errorf("%q: cost %g, but that of %q is %g", lit, cost, lit[at:], got)
		}
		for i := 0; i+Width <= len(lit); i++ {
			if c := Cost(lit[i : i+Width]); c < cost || c == cost && i < at {
				t.Errorf("%q: %q costs %g, less than %q", lit, lit[i:i+Width], c, lit[at:])
			}
		}
	}
	if at, cost := Rarest("invoke-restmethod"); cost > Cost("invok")/100 {
		t.Errorf("rarest of invoke-restmethod at %d costs %g, invok %g", at, cost, Cost("invok"))
	}
	for _, lit := range []string{"", "a", "abcd", "abcde"} {
		if at, cost := Rarest(lit); at != 0 || cost != Cost(lit) {
			t.Errorf("Rarest(%q) = %d, %g", lit, at, cost)
		}
	}
}
