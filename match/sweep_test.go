package match

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/record"
	"sluice/match/prefilter"
)

// swept returns what scan does, with Sweep wherever a Framer is fresh and hi
// moving on by step; regular counts the bytes that need no Framer.
func swept(sc *Scanner, format record.Format, data []byte, step int) (hits []string, regular int) {
	sc.Counts = Counts{}
	base := 0
	sc.Hit = func(h *Hit) { hits = append(hits, fmt.Sprintf("%d %d %q %d", base+h.At, h.Rule, h.Key, h.Nanos)) }
	framer := record.Framer{Format: format}
	for hi, pos := 0, 0; ; hi = min(hi+step, len(data)) {
		for pos < hi {
			from := record.Blank(data[:hi], pos)
			if from < hi && framer.Fresh() {
				base = 0
				to := sc.Sweep(data, from, hi, framer.Regular())
				regular += to - from
				framer.Skip(to - pos)
				pos = to
			}
			r, n, ok := framer.Next(data[pos:], true)
			base = pos
			if pos += n; !ok {
				return hits, regular
			}
			sc.Scan(data[base:pos], []record.Record{r})
		}
		if hi == len(data) {
			return hits, regular
		}
	}
}

// framed is swept without Sweep, and without a prefilter.
func framed(sc *Scanner, format record.Format, data []byte) (hits []string) {
	sc.Counts = Counts{}
	base := 0
	sc.Hit = func(h *Hit) { hits = append(hits, fmt.Sprintf("%d %d %q %d", base+h.At, h.Rule, h.Key, h.Nanos)) }
	framer := record.Framer{Format: format}
	for {
		r, n, ok := framer.Next(data[base:], true)
		if !ok {
			return hits
		}
		sc.Scan(data[base:base+n], []record.Record{r})
		base += n
	}
}

var formats = []record.Format{record.Auto, record.NDJSON, record.EventXML}

// sweepSearches have plans. The first opens nearly every record.
var sweepSearches = []string{
	`EventCode=4104 | stats count by dest`,
	`EventCode=4104 ScriptBlockText="*Invoke-RestMethod*" | stats count by dest Path`,
}

type sweepers struct {
	slow *Scanner
	fast []*Scanner
}

func newSweepers(t testing.TB) (all []sweepers) {
	for _, search := range sweepSearches {
		rules := compileRules(t, search)
		s := sweepers{slow: Compile(rules, Options{NoPrefilter: true}).NewScanner()}
		for _, k := range prefilter.Kernels() {
			s.fast = append(s.fast, Compile(rules, Options{Prefilter: prefilter.Options{Kernel: k}}).NewScanner())
		}
		all = append(all, s)
	}
	return all
}

func (s *sweepers) check(t *testing.T, data []byte, step int) (regular int) {
	t.Helper()
	for _, format := range formats {
		want := framed(s.slow, format, data)
		for _, fast := range s.fast {
			got, n := swept(fast, format, data, step)
			if regular += n; !slices.Equal(got, want) {
				t.Fatalf("format %d, step %d: got %q, want %q of %q", format, step, got, want, data[:min(len(data), 4000)])
			}
			if c := fast.Counts; c.Records != s.slow.Counts.Records || c.Records != c.Skipped+c.Decoded+c.Malformed || c.Decoded > fast.Effort().Candidates {
				t.Fatalf("format %d, step %d: got %+v, want %+v of %q", format, step, c, s.slow.Counts, data[:min(len(data), 4000)])
			}
		}
	}
	return regular
}

// between are what stands between and in place of records, to break what is
// regular in every way.
var between = []string{
	"", "\n", "\r\n", "\r\n\r\n", "\n\n", " ", "\x00\x00", "\n \n", ",\n", "[", "]\n", "\n[\n", "\ntext\n", "\n{\n", "\n}\n", "{", "}", "}\n{",
	"<Event/>", "<Event />\n", "<Events>", "</Events>", "<Event>", "</Event>", "</Event >", "\n</Event>\n", "<!-- -->", "<!-- <Event> -->", "<?xml version='1.0'?>\n",
	"<![CDATA[", "]]>", "Event ", "event> ", "</event>", "<event>", "{\"a\":1},\n", "{\"a\":[\n", "{\"a\":1}\r\n", "{}\n", "{ \n", "\n{}\r\n{}\n",
}

// Records of all shapes, one after another and with something between them.
func TestSweepIsFraming(t *testing.T) {
	rng := rand.New(rand.NewPCG(81, 82))
	g := corpus.New(81)
	all := newSweepers(t)
	regular := 0
	n := 1500
	if testing.Short() {
		n = 150
	}
	for i := range n {
		var data []byte
		one, usual := rng.IntN(len(corpus.Shapes)), []string{"\n", "\r\n"}[rng.IntN(2)]
		odd := rng.IntN(4) // how often something else than usual comes
		for range rng.IntN(12) {
			k := one
			if odd == 3 {
				k = rng.IntN(len(corpus.Shapes))
			}
			rec := corpus.Shapes[k].Render(g.Match())
			if rng.IntN(3) == 0 {
				rec = corpus.Shapes[k].Render(g.Noise())
			}
			if odd > 0 && rng.IntN(8/odd) == 0 {
				at := rng.IntN(len(rec) + 1)
				rec = slices.Concat(rec[:at], []byte(between[rng.IntN(len(between))]), rec[at:])
			}
			data = append(append(data, rec...), usual...)
			if odd > 0 && rng.IntN(8/odd) == 0 {
				data = append(data, between[rng.IntN(len(between))]...)
			}
		}
		for k := range all {
			regular += all[k].check(t, data, []int{1, 7, 300, 5000, 1 << 20}[i%5])
		}
	}
	if regular < n*1000 {
		t.Errorf("only %d bytes were regular: the test shows little", regular)
	}
}

// Lines about as long as the framer looks, and as Sweep goes without one.
func TestSweepOfLongLines(t *testing.T) {
	all := newSweepers(t)
	match := `{"EventID":4104,"Computer":"c","ScriptBlockText":"Invoke-RestMethod"}` + "\n"
	for _, size := range []int{100 << 10, 400 << 10, 512 << 10, 700 << 10, 1<<20 - 2, 1<<20 - 1, 1 << 20, 1<<20 + 1, 1<<20 + 2, 2 << 20} {
		for _, filler := range []string{"a", "4104 ", `"},{"a":"`} {
			pad := strings.Repeat(filler, size/len(filler))
			data := []byte(strings.Repeat(match, 100) + `{"EventID":4104,"a":"` + pad[:size-23] + "\"}\n" + strings.Repeat(match, 100))
			for k := range all {
				all[k].check(t, data, len(data))
			}
		}
	}
}

// Nearly all of a plain file is regular.
func TestSweepTakesPlainFiles(t *testing.T) {
	g := corpus.New(83)
	for _, shape := range []string{"otrf", "winlogbeat8", "xml-splunk"} {
		var data []byte
		for range 3000 {
			data = append(append(data, corpus.ByName(shape).Render(g.Next())...), '\n')
		}
		for _, s := range newSweepers(t) {
			for _, fast := range s.fast {
				_, n := swept(fast, record.Auto, data, len(data))
				if n < len(data)*95/100 && !bytes.Contains(data, []byte("<!")) {
					t.Errorf("%s: only %d of %d bytes", shape, n, len(data))
				}
			}
		}
	}
}

func FuzzSweep(f *testing.F) {
	g := corpus.New(84)
	for k := range corpus.Shapes {
		s := &corpus.Shapes[k]
		f.Add(slices.Concat(s.Render(g.Match()), []byte("\n"), s.Render(g.Noise()), []byte("\n"), s.Render(g.Match())), uint16(100))
	}
	for _, b := range between {
		f.Add([]byte(`{"EventID":4104}`+b+`{"EventID":4104}`+"\n<Event><System><EventID>4104</EventID></System></Event>"+b+"<Event/>"), uint16(20))
	}
	all := newSweepers(f)
	f.Fuzz(func(t *testing.T, data []byte, step uint16) {
		// The vector kernels look at whole turns only: repeat what is short.
		data = bytes.Repeat(data, 1+min(4, 300/(len(data)+1)))
		for k := range all {
			all[k].check(t, data, 1+int(step))
		}
	})
}
