package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/match/prefilter/internal/anchor/ngram"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	data := []byte(text)
	if filepath.Ext(name) == ".gz" {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		data = z.Bytes()
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEvents(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"a.ndjson":    {"{\"a\":1}\n{\"b\":2}", []string{"{\"a\":1}\n", "{\"b\":2}"}},
		"a.ndjson.gz": {"{\"a\":1}\n", []string{"{\"a\":1}\n"}},
		"a.xml":       {"<Event>a\nb</Event><Event>c</Event>", []string{"<Event>a\nb</Event>", "<Event>c</Event>"}},
		"empty.xml":   {"", nil},
	} {
		var got []string
		if err := eachEvent(write(t, name, test.text), func(e []byte) { got = append(got, string(e)) }); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	notGzip := filepath.Join(t.TempDir(), "a.gz")
	if err := os.Rename(write(t, "a.ndjson", "{}\n"), notGzip); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{notGzip, filepath.Join(t.TempDir(), "none")} {
		if err := eachEvent(path, func([]byte) {}); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
}

func TestScripts(t *testing.T) {
	for event, want := range map[string]bool{
		`{"EventID":4104,"a":1}`:                            true,
		`{"EventCode": "4104"}`:                             true,
		`{"winlog":{"event_id":4104}}`:                      true,
		`<EventID Qualifiers='0'>4104</EventID>`:            true,
		`<EventID>4104</EventID>`:                           true,
		`{"EventID":41045}`:                                 false,
		`{"EventID":4103,"ProcessId":4104}`:                 false,
		`<EventID>4688</EventID><Data Name='a'>4104</Data>`: false,
	} {
		if got := script.MatchString(event); got != want {
			t.Errorf("%s: %v", event, got)
		}
	}
}

// Half of the text counts as scripts, however many events are.
func TestHalfIsScripts(t *testing.T) {
	l := newLearner()
	text := `{"EventID":4104,"t":"` + strings.Repeat("ab", 1000) + `"}`
	l.add([]byte(text))
	for range 100 {
		l.add([]byte(strings.Repeat("xy", 1000)))
	}
	data, err := l.table()
	if err != nil {
		t.Fatal(err)
	}
	table, err := ngram.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []string{"abAba", "xyxyx"} {
		if got := rateOf(table, w); got < 0.2e6 || got > 0.3e6 {
			t.Errorf("%q stands at %.0f of a million places, want about a quarter", w, got)
		}
	}
	if _, err := newLearner().table(); err == nil {
		t.Error("no error without events")
	}
}

func rateOf(t *ngram.Table, window string) float64 {
	var w [ngram.Width]ngram.Class
	for i := range w {
		w[i] = ngram.Only(window[i])
	}
	return t.Rate(&w)
}
