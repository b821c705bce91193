package prefilter

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/record"
	"sluice/match/event"
	"sluice/match/rule"
	"sluice/match/spl"
)

func TestIDsOf(t *testing.T) {
	t.Parallel()
	for search, want := range map[string][]uint32{
		`EventCode=4104 a=b`: {4104},
		`EventID="04104"`:    {4104},
		`(EventCode=1 OR EventID=3 OR EventCode=1) x=y`: {1, 3},
		`EventCode IN (7, 5) signature_id=9`:            {9},
		`EventCode=7 (EventCode=7 OR a=b)`:              {7},
		`a=b`:                                           nil,
		`EventCode=7 OR a=b`:                            nil,
		`NOT EventCode=7`:                               nil,
		`EventCode!=7`:                                  nil,
		`EventCode>7`:                                   nil,
		`EventCode=41*`:                                 nil,
		`EventCode=4104.0`:                              nil,
		`EventCode=-7`:                                  nil,
		`EventCode=12345678901`:                         nil,
		`signature=7`:                                   nil,
	} {
		r, err := spl.Compile(search+" | stats count by dest", spl.Env{})
		if err != nil {
			t.Fatal(search, err)
		}
		if ids, ok := idsOf(r.Where); ok != (want != nil) || !slices.Equal(ids, want) {
			t.Errorf("%s: %v, %v, want %v", search, ids, ok, want)
		}
	}
}

func idSearcher(k Kernel) *search {
	rules := []*rule.Rule{{Where: rule.All{}}}
	return New(rules, Options{ByID: true, Kernel: k}).NewScanner().byID.names
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw  string
		ids  []uint32
		sure bool
	}{
		{`{}`, nil, true},
		{`{"EventID":4104}`, []uint32{4104}, true},
		{`{"EventID" : "4104" }`, []uint32{4104}, true},
		{`{"winlog":{"event_id":"1"},"event":{"code":"1"}}`, []uint32{1}, true},
		{`{"winlog.event_id":1,"event.code":2}`, []uint32{1, 2}, true},
		{`{"EventCode":5,"x":{"EventID":6}}`, []uint32{5, 6}, true},
		{`{"signature_id":"5"}`, []uint32{5}, true},
		{`<Event><System><EventID Qualifiers='0'> 4104 </EventID></System></Event>`, []uint32{4104}, true},
		{`{"_raw":"<Event><System><EventID>4104</EventID></System></Event>"}`, []uint32{4104}, true},
		{`{"_raw":"<Event><System><EventID Qualifiers=\"0\" >4104</EventID></System></Event>"}`, []uint32{4104}, true},
		// Not names.
		{`{"a":"EventID","b":"my EventID is EventID: 5","MyEventID":4,"EventIDs":7}`, nil, false}, // the first may be one in a list of names and values
		{`{"b":"my EventID is EventID: 5 \\code\\","MyEventID":4,"EventIDs":7,"zipcode":9}`, nil, true},
		// Not sure.
		{`{"EventID":4104.0}`, nil, false},
		{`{"EventID":"4104 "}`, nil, false},
		{`{"EventID":[4104]}`, nil, false},
		{`{"EventID":{"#text":4104}}`, nil, false},
		{`{"EventID.#text":4104}`, nil, false},
		{`{"EventID":12345678901}`, nil, false},
		{`{"EventID":41e2}`, nil, false},
		{`{"EventID":4104`, nil, false},
		{`{"event":"{\"EventID\":4104}"}`, nil, false},
		{`{"_raw":"\u003cEventID\u003e4104\u003c/EventID\u003e"}`, nil, false},
		{`{"_raw":"\u003cEvent>\u003cSystem>\u003cEventID>4104\u003c/EventID>\u003c/System>\u003c/Event>"}`, nil, false},
		{`{"_raw":"\u003CEventID Qualifiers='0'>4104</EventID>"}`, nil, false},
		{`{"_raw":"<Data Name=\u0027EventID\u0027>4104</Data>"}`, nil, false},
		{`<EventID Qualifiers='>1<'>4104</EventID>`, nil, false},
		{`<EventID a="'" b='>1<'>4104</EventID>`, nil, false},
		{`<EventID a'='>1<'>4104</EventID>`, nil, false},
		{`{"_raw":"<EventID Q=\u0027>1<\u0027>4104</EventID>"}`, nil, false},
		{`{"_raw":"<EventID Q=''\u003e4104</EventID>1<Version/>"}`, nil, false},
		{`{"_raw":"<EventID \u003e4104</EventID><x a='2'>1</x>"}`, nil, false},
		{`<x>&lt;EventID&gt;4104</x>`, nil, false},
		{`<Data Name='EventID'>4104</Data>`, nil, false},
		{`<EventID/>`, nil, false},
		{`<EventID>4104<!-- -->5</EventID>`, []uint32{4104}, false},
		{`{"kvlist":[{"key":"event_id","value":{"intValue":"4104"}}]}`, nil, false},
		// Hidden.
		{`{"Event\u0049D":4104}`, nil, false},
		{`{"EventID":"4\u003104"}`, nil, false},
		{`<E><![CDATA[<EventID>5</EventID>]]></E>`, nil, false},
	} {
		for _, k := range Kernels() {
			ids, sure := idSearcher(k).ids(nil, []byte(c.raw))
			if sure != c.sure || sure && !slices.Equal(ids, c.ids) {
				t.Errorf("%s by %s: %v, %v, want %v, %v", c.raw, k, ids, sure, c.ids, c.sure)
			}
		}
	}
}

// The ids of a record are all that a decoder finds in it, in every shape and spelling,
// and in most shapes they are told.
func TestIDsAreAll(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(61, 62))
	g := corpus.New(63)
	dec := event.NewDecoder(event.Project(event.IDFields), nil)
	told, found := map[string]int{}, 0
	for range 300 {
		e := g.Next()
		if rng.IntN(4) == 0 {
			e.Data = append(e.Data, corpus.KV{Name: event.IDNames[rng.IntN(len(event.IDNames))], Value: []string{"7", "4104", "x", "4104.0"}[rng.IntN(4)]})
		}
		for i := range corpus.Shapes {
			s := &corpus.Shapes[i]
			raw := s.Render(e)
			if rng.IntN(2) == 0 {
				raw = corpus.Respell(rng, s.Format, raw)
			}
			ids, sure := idSearcher("").ids(nil, raw)
			if !sure {
				continue
			}
			told[s.Name]++
			kind := record.JSON
			if s.Format == corpus.XML {
				kind = record.XML
			}
			err := dec.Decode(kind, raw, func(ev *event.Event) {
				for _, id := range eventIDs(nil, ev) {
					if found++; !slices.Contains(ids, id) {
						t.Fatalf("%s: an event with id %d among %v: %s", s.Name, id, ids, raw)
					}
				}
			})
			if err != nil {
				t.Fatal(s.Name, err)
			}
		}
	}
	if found < 1000 || len(told) < len(corpus.Shapes)/2 {
		t.Errorf("%d ids, told in %v of %d shapes", found, told, len(corpus.Shapes))
	}
}

// The rules of an id that need more literals than a plan can number are all
// candidates.
func TestClassOfTooMany(t *testing.T) {
	t.Parallel()
	var any rule.Or
	for i := range maxParts + 1 {
		any = append(any, rule.Compare{Field: "Text", Op: rule.Eq, Value: rule.NewPattern(fmt.Sprintf("*word%07d*", i))})
	}
	id := rule.Compare{Field: "EventID", Op: rule.Eq, Value: rule.NewPattern("7")}
	s := New([]*rule.Rule{{Where: rule.And{id, any}}}, Options{ByID: true}).NewScanner()
	if got := s.Candidates(nil, []byte(`{"EventID":7,"Text":"word0000009"}`)); len(got) != 1 {
		t.Errorf("candidates %v", got)
	}
	if got := s.Candidates(nil, []byte(`{"EventID":8,"Text":"word0000009"}`)); len(got) != 0 {
		t.Errorf("of another id: %v", got)
	}
}
