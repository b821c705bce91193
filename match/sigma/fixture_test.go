package sigma_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/record"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/prefilter"
	"sluice/match/rule"
	"sluice/match/sigma"
)

// A fixture is a rule with the event data that it is to find and not to find.
type fixture struct {
	name      string
	logsource string // category: ps_script, if empty
	channel   string // Microsoft-Windows-PowerShell/Operational, if empty
	id        int    // 4104, if 0
	detection string // under detection
	yes, no   []string
}

// ruleText returns the whole rule of a fixture.
func (f *fixture) ruleText() string {
	source := f.logsource
	if source == "" {
		source = "category: ps_script"
	}
	text := "title: " + f.name + "\nlogsource:\n  product: windows\n  " + source + "\ndetection:\n"
	for line := range strings.Lines(strings.Trim(f.detection, "\n")) {
		text += "  " + line
	}
	return text + "\n"
}

// event returns a record with the event data, a JSON object.
func (f *fixture) event(host, data string) string {
	channel, id := f.channel, f.id
	if channel == "" {
		channel = "Microsoft-Windows-PowerShell/Operational"
	}
	if id == 0 {
		id = 4104
	}
	if strings.HasPrefix(data, "<") {
		return fmt.Sprintf("<Event><System><Provider Name='Some Provider'/><EventID>%d</EventID><Level>4</Level><Channel>%s</Channel><Computer>%s</Computer></System>%s</Event>\n", id, channel, host, data)
	}
	return fmt.Sprintf(`{"Event":{"System":{"Provider":{"#attributes":{"Name":"Some Provider"}},"EventID":%d,"Level":4,"Channel":%q,"Computer":%q},"EventData":%s}}`+"\n", id, channel, host, data)
}

// found returns the computers of events that a rule accepts, by the engine.
func found(t *testing.T, r *sigma.Rule, opt match.Options, data []byte) (hosts []string) {
	t.Helper()
	sc := match.Compile([]*rule.Rule{r.Rule}, opt).NewScanner()
	sc.Hit = func(h *match.Hit) {
		if host := string(h.Key[0]); !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	var framer record.Framer
	for at := 0; ; {
		rec, n, ok := framer.Next(data[at:], true)
		if !ok {
			slices.Sort(hosts)
			if sc.Counts.Malformed > 0 {
				t.Errorf("%d malformed records", sc.Counts.Malformed)
			}
			return hosts
		}
		sc.Scan(data[at:at+n], []record.Record{rec})
		at += n
	}
}

// referred returns the same by the reference.
func referred(t *testing.T, r *sigma.Rule, data []byte) (hosts []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := reference.Run([]string{file}, []reference.Rule{{Name: r.Title, Rule: r.Rule}}, reference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range res.Rows {
		if host := *row.By[0]; !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	slices.Sort(hosts)
	return hosts
}

func (f *fixture) check(t *testing.T) {
	r, problems := compileText(t, []byte(f.ruleText()))
	if r == nil || len(problems) > 0 {
		t.Fatalf("rule %v, problems %v of\n%s", r, problems, f.ruleText())
	}
	rng := rand.New(rand.NewPCG(43, 44))
	var plain, other []byte
	var want []string
	for i, d := range slices.Concat(f.yes, f.no) {
		host := fmt.Sprintf("no%d", i)
		if i < len(f.yes) {
			host = fmt.Sprintf("yes%d", i)
			want = append(want, host)
		}
		rec := f.event(host, d)
		plain, other = append(plain, rec...), append(other, respelled(rng, rec)...)
	}
	slices.Sort(want)
	for _, data := range [][]byte{plain, other} {
		check := func(by string, got []string) {
			if !slices.Equal(got, want) {
				t.Errorf("%s finds %q, want %q, by\n%s\n%.3000s", by, got, want, r.Rule, data)
			}
		}
		check("the engine", found(t, r, match.Options{}, data))
		check("the engine without anchors", found(t, r, match.Options{Prefilter: prefilter.Options{NoAnchors: true, NoGate: true}}, data))
		check("the engine without prefilter", found(t, r, match.Options{NoPrefilter: true}, data))
		check("the reference", referred(t, r, data))
	}
}

// respelled returns a record, and spelled otherwise.
func respelled(rng *rand.Rand, rec string) []byte {
	f := corpus.JSON
	if rec[0] == '<' {
		f = corpus.XML
	}
	out := []byte(rec)
	for range 3 {
		out = append(append(out, corpus.Respell(rng, f, []byte(strings.TrimSuffix(rec, "\n")))...), '\n')
	}
	return out
}

// All fixtures' rules in one set find in all events what each finds alone, however
// the events are spelled and whatever the others make the decoder read.
func TestFixturesInOneSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 42))
	var rules []*rule.Rule
	var data []byte
	for _, list := range [][]fixture{valueFixtures, modifierFixtures, conditionFixtures, sourceFixtures, letterFixtures} {
		for _, f := range list {
			r, _ := compileText(t, []byte(f.ruleText()))
			for i, d := range slices.Concat(f.yes, f.no) {
				data = append(data, respelled(rng, f.event(fmt.Sprintf("h%d-%d", len(rules), i), d))...)
			}
			rules = append(rules, r.Rule)
		}
	}
	var want []string
	for i, r := range rules {
		for _, line := range foundBy([]*rule.Rule{r}, match.Options{NoPrefilter: true}, data) {
			want = append(want, fmt.Sprintf("%d%s", i, strings.TrimPrefix(line, "0")))
		}
	}
	slices.Sort(want)
	if len(want) < 150 {
		t.Errorf("%d hits: the test shows little", len(want))
	}
	for _, opt := range []match.Options{{NoPrefilter: true}, {}, {Prefilter: prefilter.Options{NoAnchors: true}}} {
		if got := foundBy(rules, opt, data); !slices.Equal(got, want) {
			t.Errorf("%+v: one set finds %d, alone they find %d", opt, len(got), len(want))
		}
	}
}

// Every modifier, value and condition finds its events and not the near misses.
func TestFixtures(t *testing.T) {
	for _, list := range [][]fixture{valueFixtures, modifierFixtures, conditionFixtures, sourceFixtures, letterFixtures} {
		for _, f := range list {
			t.Run(f.name, func(t *testing.T) { f.check(t) })
		}
	}
}
