package followtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// epoch is when the events of the tests begin, in Unix milliseconds.
var epoch = time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC).UnixMilli()

// event is one that the rules of the tests find. at is in milliseconds since epoch.
type event struct {
	host string
	at   int64
	n    int // makes it one of its own
}

func (e event) time() string {
	return time.UnixMilli(epoch + e.at).UTC().Format("2006-01-02T15:04:05.000Z")
}

// json is longer than 64 bytes, as all events are: files of fewer are not known again in
// copies.
func (e event) json() string {
	return fmt.Sprintf(`{"EventID":4104,"Channel":"Microsoft-Windows-PowerShell/Operational","Computer":%q,"TimeCreated":%q,"ScriptBlockText":"Invoke-RestMethod ipinfo.io %d"}`+"\n",
		e.host, e.time(), e.n)
}

func (e event) xml() string {
	return fmt.Sprintf(`<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="Microsoft-Windows-PowerShell"/><EventID>4104</EventID>
<TimeCreated SystemTime="%s"/><Channel>Microsoft-Windows-PowerShell/Operational</Channel><Computer>%s</Computer></System>
<EventData><Data Name="ScriptBlockText">Invoke-RestMethod ipinfo.io %d</Data></EventData></Event>`+"\n", e.time(), e.host, e.n)
}

// sum is what is to be counted of a group.
type sum struct {
	count       int
	first, last int64 // milliseconds since epoch
}

func (s sum) plus(o sum) sum {
	switch {
	case s.count == 0:
		return o
	case o.count == 0:
		return s
	}
	return sum{s.count + o.count, min(s.first, o.first), max(s.last, o.last)}
}

// sums are those of the hosts.
type sums map[string]sum

func (s sums) add(list ...event) {
	for _, e := range list {
		s[e.host] = s[e.host].plus(sum{1, e.at, e.at})
	}
}

// differs says in words how got differs from s.
func (s sums) differs(got sums) string {
	var b strings.Builder
	for host, want := range s {
		if got[host] != want {
			fmt.Fprintf(&b, "%s is %v, want %v; ", host, got[host], want)
		}
	}
	for host, g := range got {
		if _, ok := s[host]; !ok {
			fmt.Fprintf(&b, "%s is %v, want none; ", host, g)
		}
	}
	return b.String()
}

// total is how many events there are.
func total(s sums) (n int) {
	for _, g := range s {
		n += g.count
	}
	return n
}

// printed is a row as a consumer reads it.
type printed struct {
	Detection string  `json:"detection"`
	ID        string  `json:"row_id"`
	Final     bool    `json:"final"`
	Dest      string  `json:"dest"`
	Count     int     `json:"count"`
	First     float64 `json:"firstTime"`
	Last      float64 `json:"lastTime"`
}

func (p printed) sum() sum {
	at := func(t float64) int64 { return int64(t*1000+0.5) - epoch }
	return sum{p.Count, at(p.First), at(p.Last)}
}

// view is what a consumer knows: of each row, the last one printed.
type view struct {
	rows  map[string]printed
	fell  string // what was printed with a lower count than before, in words
	bad   string // a line that is no JSON
	lines int
	seen  map[string]int // events, by what makes them their own
}

func newView() *view { return &view{rows: map[string]printed{}, seen: map[string]int{}} }

func (v *view) line(text string) {
	var p printed
	v.lines++
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		v.bad = text
		return
	}
	if _, own, ok := strings.Cut(text, "ipinfo.io "); ok {
		own, _, _ = strings.Cut(own, `"`)
		v.seen[own]++
		return
	}
	if old := v.rows[p.ID]; old.Count > p.Count {
		v.fell = fmt.Sprintf("%s/%s fell from %d to %d", p.Detection, p.Dest, old.Count, p.Count)
	}
	v.rows[p.ID] = p
}

// of sums the rows of detections with a name up, by host.
func (v *view) of(name string) sums {
	out := sums{}
	for _, p := range v.rows {
		if p.Detection == name {
			out[p.Dest] = out[p.Dest].plus(p.sum())
		}
	}
	return out
}

// rules writes detections by their names into a new folder. Each counts the events in
// whose script its text stands, by host.
func rules(t testing.TB, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	setRules(t, dir, texts)
	return dir
}

func setRules(t testing.TB, dir string, texts map[string]string) {
	t.Helper()
	old, _ := filepath.Glob(filepath.Join(dir, "*.yml"))
	for _, path := range old {
		must(t, os.Remove(path))
	}
	for name, text := range texts {
		must(t, os.WriteFile(filepath.Join(dir, name+".yml"), []byte(detection(name, text)), 0o644))
	}
}

func detection(name, text string) string {
	id := 0
	for _, c := range name {
		id = id*31 + int(c)
	}
	return fmt.Sprintf(`name: %s
id: 00000000-0000-4000-8000-%012x
version: 1
date: '2026-11-25'
author: the sluice authors
type: Anomaly
search: >-
  EventCode=4104 ScriptBlockText="*%s*"
  | stats count min(_time) as firstTime max(_time) as lastTime by dest
`, name, id, text)
}

// oneRule is the usual set.
func oneRule(t testing.TB) string { return rules(t, map[string]string{"One": "ipinfo.io"}) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// appendTo appends to a file, which it makes if it is not there.
func appendTo(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, err)
	must(t, f.Close())
}

// events makes n events of three hosts, from number from on.
func events(from, n int) (list []event) {
	for i := from; i < from+n; i++ {
		list = append(list, event{fmt.Sprint("pc", i%3), int64((i * 7919) % 100_000), i})
	}
	return list
}

func lines(list []event) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString(e.json())
	}
	return b.String()
}

// long reports whether the long forms of tests are to run, as CI does.
func long() bool { return os.Getenv("SLUICE_FOLLOW_LONG") != "" }

// steps is how many steps a random test is to do.
func steps(t testing.TB, usual int) int {
	s := os.Getenv("SLUICE_FOLLOW_STEPS")
	switch {
	case s == "" && testing.Short():
		return usual / 3
	case s == "":
		return usual
	}
	n, err := strconv.Atoi(s)
	must(t, err)
	return n
}
