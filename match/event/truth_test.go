package event_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sluice/internal/corpus"
	"sluice/internal/record"
	"sluice/match/event"
)

// decodeAll returns the fields of the events of a record, missing ones left
// out, as the corpus expects them.
func decodeAll(t *testing.T, d *event.Decoder, s *corpus.Shape, raw []byte) (events []map[string]string) {
	t.Helper()
	kind := record.JSON
	if s.Format == corpus.XML {
		kind = record.XML
	}
	err := d.Decode(kind, raw, func(ev *event.Event) {
		got := map[string]string{}
		for slot, name := range ev.Names() {
			switch vals := ev.Values(slot); len(vals) {
			case 0:
			case 1:
				got[name] = string(vals[0])
			default:
				got[name] = fmt.Sprintf("%q", vals)
			}
		}
		if nanos, ok := ev.Time(); ok {
			got["_time"] = time.Unix(0, nanos).UTC().Format(time.RFC3339Nano)
		}
		events = append(events, got)
	})
	if err != nil {
		t.Fatalf("%s: %v\n%s", s.Name, err, raw)
	}
	return events
}

// Every shape of an event, however it is spelled, gives the fields that the
// shape carries.
func TestShapesGiveTheTruth(t *testing.T) {
	g := corpus.New(1)
	g.Letters = true
	rng := rand.New(rand.NewPCG(1, 2))
	n := 300
	if testing.Short() {
		n = 30
	}
	for i := range n {
		e := g.Next()
		for k := range corpus.Shapes {
			s := &corpus.Shapes[k]
			want := s.Expect(e)
			names := slices.DeleteFunc(corpus.Fields(e), func(name string) bool { return name == "_time" })
			d := event.NewDecoder(event.Project(names), nil)
			docs := [][]byte{s.Render(e), corpus.Respell(rng, s.Format, s.Render(e))}
			if s.RenderInner != nil {
				inner := s.RenderInner(e, func(x []byte) []byte { return corpus.Respell(rng, corpus.XML, x) })
				docs = append(docs, inner, corpus.Respell(rng, s.Format, inner))
			}
			for _, doc := range docs {
				events := decodeAll(t, d, s, doc)
				if len(events) != 1 {
					t.Fatalf("%s: %d events in\n%s", s.Name, len(events), doc)
				}
				for _, name := range corpus.Fields(e) {
					if got, value := events[0][name], want[name]; got != value {
						t.Errorf("%s, event %d: %s = %q, want %q in\n%s", s.Name, i, name, got, value, doc)
					}
				}
				if t.Failed() {
					return
				}
			}
		}
	}
}

// Members that a forwarder or a user has added to a record, some called as the
// wrappers of other tools are, change nothing of the event.
func TestForeignMembersHideNothing(t *testing.T) {
	envelopes := []string{"es-hit", "otlp-json", "otel-entry", "chainsaw-hunt", "splunk-export", "splunk-export-quoted", "splunk-export-raw", "hec-xml", "hec-object", "fluentbit-xml"}
	foreign := []string{
		`"result":{"EventID":1}`, `"results":[{"EventID":1}]`, `"records":[{"EventID":1}]`, `"events":[{"EventID":1}]`,
		`"value":[{"EventID":1}]`, `"hits":{"hits":[{"EventID":1}]}`, `"body":{"EventID":1}`, `"_index":"i","fields":{"EventID":1}`,
		`"document":{"data":{"EventID":1}}`, `"resourceLogs":[]`, `"tags":["a"]`, `"log":{"file":{"path":"x"}}`, `"time":1`,
	}
	g := corpus.New(7)
	for range 20 {
		e := g.Match()
		for k := range corpus.Shapes {
			s := &corpus.Shapes[k]
			if s.Format != corpus.JSON || slices.Contains(envelopes, s.Name) {
				continue
			}
			want := s.Expect(e)
			names := slices.DeleteFunc(corpus.Fields(e), func(name string) bool { return name == "_time" })
			d := event.NewDecoder(event.Project(names), nil)
			doc := s.Render(e)
			for _, member := range foreign {
				for _, raw := range [][]byte{
					[]byte("{" + member + "," + string(doc[1:])),
					[]byte(string(doc[:len(doc)-1]) + "," + member + "}"),
				} {
					events := decodeAll(t, d, s, raw)
					if len(events) != 1 {
						t.Fatalf("%s with %s: %d events", s.Name, member, len(events))
					}
					for _, name := range names {
						if got := events[0][name]; got != want[name] {
							t.Fatalf("%s with %s: %s = %q, want %q", s.Name, member, name, got, want[name])
						}
					}
				}
			}
		}
	}
}
