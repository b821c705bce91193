package match

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/record"
	"sluice/match/prefilter"
	"sluice/match/rule"
	"sluice/match/spl"
)

func compileRules(t testing.TB, searches ...string) (rules []*rule.Rule) {
	t.Helper()
	for _, s := range searches {
		r, err := spl.Compile(s, spl.Env{})
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		rules = append(rules, r)
	}
	return rules
}

// frame cuts data into records.
func frame(data []byte) (records []record.Record) {
	var f record.Framer
	for at := 0; ; {
		r, n, ok := f.Next(data[at:], true)
		if !ok {
			return records
		}
		r.Lo, r.Hi = r.Lo+at, r.Hi+at
		records = append(records, r)
		at += n
	}
}

// scan returns the hits of data, printed, and the counts.
func scan(rules []*rule.Rule, opt Options, data []byte) (hits []string, c Counts) {
	return scanSet(Compile(rules, opt), data)
}

func scanSet(set *Set, data []byte) (hits []string, c Counts) {
	sc := set.NewScanner()
	sc.Hit = func(h *Hit) {
		hits = append(hits, fmt.Sprintf("%d %d %q %d %v %v", h.At, h.Rule, h.Key, h.Nanos, h.Timed, h.First))
	}
	sc.Scan(data, frame(data))
	return hits, sc.Counts
}

// Each line of events is tested against one search; the keys of its hits come
// out in order.
func TestEvaluate(t *testing.T) {
	f := func(search, event string, want ...string) {
		t.Helper()
		var got []string
		sc := Compile(compileRules(t, search), Options{}).NewScanner()
		sc.Hit = func(h *Hit) {
			var key []string
			for _, v := range h.Key {
				if v == nil {
					key = append(key, "null")
				} else {
					key = append(key, string(v))
				}
			}
			got = append(got, strings.Join(key, ","))
		}
		sc.Scan([]byte(event), frame([]byte(event)))
		if !slices.Equal(got, want) {
			t.Errorf("%s\n%s\n got %q\nwant %q", search, event, got, want)
		}
	}
	const by = " | stats count by dest"
	f(`T=*a*`+by, `{"T":"xAx","Computer":"c"}`, "c")
	f(`T=*a*`+by, `{"t":"xax","Computer":"c"}`)
	f(`T=a`+by, `{"T":"xax","Computer":"c"}`)
	f(`T=*a`+by, `{"T":"xa\nxA","Computer":"c"}`, "c")
	f(`T=a*b*c`+by, `{"T":"a\nb\nc","Computer":"c"}`, "c")
	f(`T=a*`+by, `{"T":"ba","Computer":"c"}`)
	f(`EventCode=4104`+by, `{"EventID":4104.0,"Computer":"c"}`, "c")
	f(`EventCode=4104`+by, `{"EventID":4.104e3,"Computer":"c"}`)
	// Letters beyond ASCII, as the last of several comparisons of one value.
	f(`T IN ("*\\SYSTEM", "*\\Système", "*\\СИСТЕМА")`+by, `{"T":"NT AUTHORITY\\СИСТЕМА","Computer":"c"}`, "c")
	f(`T IN ("*\\SYSTEM", "*\\Système", "*\\СИСТЕМА", "*ÉabcΣ")`+by, `{"T":["x","ÉABCσ"],"Computer":"c"}`, "c")
	f(`T=*a* T=*b* T=*c* T=*É*`+by, `{"T":"abcé","Computer":"c"}`, "c")
	f(`T=*a* T=*b* T=*c* T=*É*`+by, `{"T":"abce","Computer":"c"}`)
	f(`N=10`+by, `{"N":"+010.00","Computer":"c"}`, "c")
	f(`N>9`+by, `{"N":"10","Computer":"c"}`, "c")
	f(`N<9`+by, `{"N":"10","Computer":"c"}`)
	f(`N<9x`+by, `{"N":"10","Computer":"c"}`, "c")
	f(`N>=10 N<=10`+by, `{"N":10,"Computer":"c"}`, "c")
	// Missing fields.
	f(`T!=a`+by, `{"Computer":"c"}`)
	f(`NOT T=a`+by, `{"Computer":"c"}`, "c")
	f(`T=*`+by, `{"T":"","Computer":"c"}`)
	f(`T=*`+by, `{"T":null,"Computer":"c"}`)
	f(`NOT T=*`+by, `{"T":null,"Computer":"c"}`, "c")
	f(`T=a`+by, `{"T":"a"}`, "null")
	f(`T=a | fillnull`+by, `{"T":"a"}`, "0")
	f(`T=a | fillnull value=none Path | stats count by dest Path`, `{"T":"a"}`, "null,none")
	// Several values.
	f(`T=b`+by, `{"T":"a","T":"b","Computer":"c"}`, "c")
	f(`T=b`+by, `{"T":["a","b"],"Computer":"c"}`, "c")
	f(`T!=b`+by, `{"T":["a","b"],"Computer":"c"}`, "c")
	f(`NOT T=b`+by, `{"T":["a","b"],"Computer":"c"}`)
	f(`T=* | stats count by T U`, `{"T":["a","b"],"U":["x","y","y"]}`, "a,x", "a,y", "a,y", "b,x", "b,y", "b,y")
	f(`EventCode=1`+by, `{"EventID":[1,1],"Computer":["c","c"]}`, "c")
	// Precedence: OR binds tighter than AND.
	f(`T=a U=x OR U=y`+by, `{"T":"b","U":"y","Computer":"c"}`)
	f(`T=a U=x OR U=y`+by, `{"T":"a","U":"y","Computer":"c"}`, "c")
	// Several events in one record.
	f(`T=a`+by, `{"T":"a","Computer":"c"} {"T":"b","Computer":"d"}{"T":"a","Computer":"e"}`, "c", "e")
}

// An event with a hostile number of group keys is counted under maxKeys.
func TestKeysAreCapped(t *testing.T) {
	many := `["` + strings.Repeat(`x","`, 200) + `y"]`
	rules := compileRules(t, `T=* | stats count by T U V`)
	hits, c := scan(rules, Options{}, []byte(`{"T":`+many+`,"U":`+many+`,"V":`+many+`}`))
	if len(hits) != maxKeys || c.Capped != 1 || c.Matched != 1 {
		t.Errorf("%d hits, %+v", len(hits), c)
	}
}

// The prefilter changes no hit, whatever the bytes.
func FuzzPrefilter(f *testing.F) {
	g := corpus.New(51)
	g.Letters = true
	rng := rand.New(rand.NewPCG(51, 52))
	for k := range corpus.Shapes {
		s := &corpus.Shapes[k]
		f.Add(s.Render(g.Match()))
		f.Add(corpus.Respell(rng, s.Format, s.Render(g.Match())))
	}
	rules := compileRules(f,
		`EventCode=4104 (ScriptBlockText="*Invoke-RestMethod*" AND (ScriptBlockText="*ipinfo.io*" OR ScriptBlockText="*api.ipify.org*")) | stats count by dest Path`,
		`ScriptBlockText=*rest* NOT Path=*tmp* | stats count by Channel`,
		`Path=*.ps1 OR Message=*block* | stats count by dest`,
		`dest=*corp* | stats count by user_id`,
		`ScriptBlockText IN ("*\\abcd", "*ÜBERPRÜFUNG*", "*für*", "*СИСТЕМА", "*σίσυφοσ*") | stats count by dest`,
	)
	var fast, slow []*Set    // by rule
	ways := map[int][]*Set{} // by rule, in the order of paths
	for i := range rules {
		one := rules[i : i+1]
		fast, slow = append(fast, Compile(one, Options{})), append(slow, Compile(one, Options{NoPrefilter: true}))
		for _, opt := range paths() {
			ways[i] = append(ways[i], Compile(one, Options{Prefilter: opt}))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for i := range rules {
			got, fc := scanSet(fast[i], data)
			want, sc := scanSet(slow[i], data)
			if !slices.Equal(got, want) {
				t.Errorf("rule %d: prefilter %q, none %q in %q", i, got, want, data)
			}
			for k, opt := range paths() {
				if got, _ := scanSet(ways[i][k], data); !slices.Equal(got, want) {
					t.Errorf("rule %d, %+v: %q, without a prefilter %q in %q", i, opt, got, want, data)
				}
			}
			for _, c := range []Counts{fc, sc} {
				if c.Records != c.Skipped+c.Decoded+c.Malformed {
					t.Errorf("%+v", c)
				}
			}
		}
	})
}

// Nothing is allocated for a candidate that no rule's literals confirm: the gate
// opens it, and the anchors do not stand in it.
func TestUnconfirmedCandidatesAllocateNothing(t *testing.T) {
	rules := compileRules(t, `EventCode=4104 ScriptBlockText=*no-such-literal* | stats count by dest`,
		`EventCode=4104 ScriptBlockText=*nor-this-one* | stats count by dest`)
	sc := Compile(rules, Options{}).NewScanner()
	g := corpus.New(54)
	var recs [][]byte
	for len(recs) < 100 {
		rec := corpus.ByName("otrf").Render(g.Match())
		n := sc.Counts.Skipped
		if sc.Scan(rec, frame(rec)); sc.Counts.Skipped > n {
			recs = append(recs, rec)
		}
	}
	data := corpus.NDJSON(recs, false)
	records := frame(data)
	for _, sc.Volatile = range []bool{false, true} {
		sc.Scan(data, records) // buffers grow once
		before := sc.Effort().Candidates
		if n := testing.AllocsPerRun(10, func() { sc.Scan(data, records) }); n > 0 {
			t.Errorf("%v allocations for 100 unconfirmed candidates", n)
		}
		if n := sc.Effort().Candidates - before; n != 11*100 {
			t.Errorf("%d candidates in 11 scans of 100", n)
		}
	}
}

// Nothing is allocated for a record that is skipped.
func TestSkippedRecordsAllocateNothing(t *testing.T) {
	set := Compile(compileRules(t, `ScriptBlockText=*no-such-literal* | stats count by dest`), Options{})
	g := corpus.New(53)
	var recs [][]byte
	for len(recs) < 100 {
		rec := corpus.ByName("otrf").Render(g.Noise())
		sc := set.NewScanner()
		if sc.Scan(rec, frame(rec)); sc.Counts.Skipped == 1 { // some hold what may hide a literal
			recs = append(recs, rec)
		}
	}
	data := corpus.NDJSON(recs, false)
	records := frame(data)
	sc := set.NewScanner()
	sc.Scan(data, records) // buffers grow once
	if n := testing.AllocsPerRun(10, func() { sc.Scan(data, records) }); n > 0 {
		t.Errorf("%v allocations for 100 skipped records", n)
	}
}

// paths are all ways through the prefilter but the first choice.
func paths() (opts []prefilter.Options) {
	opts = append(opts, prefilter.Options{NoGate: true, NoAnchors: true}, prefilter.Options{NoAnchors: true})
	for _, k := range prefilter.Kernels() {
		opts = append(opts, prefilter.Options{Kernel: k}, prefilter.Options{Kernel: k, NoGate: true}, prefilter.Options{Kernel: k, ByID: true})
	}
	return opts
}
