package sigma_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/record"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/prefilter"
	"sluice/match/rule"
)

// satisfier makes values that satisfy a condition, as far as it knows how.
type satisfier struct {
	rng     *rand.Rand
	texts   map[string][]rule.Pattern // what a field is to be covered by
	exact   map[string]string
	dropped int // if not negative, the number of the comparison to get wrong
	seen    int
}

// want makes e hold or not.
func (s *satisfier) want(e rule.Expr, yes bool) {
	switch e := e.(type) {
	case rule.And:
		s.several(e, yes, yes)
	case rule.Or:
		s.several(e, !yes, yes)
	case rule.Not:
		s.want(e.X, !yes)
	case rule.Compare:
		if s.seen++; s.seen-1 == s.dropped {
			s.exact[e.Field] = "almost " + strings.Join(e.Value.Pieces(), " ") // and perhaps all the same
			return
		}
		if yes {
			s.texts[e.Field] = append(s.texts[e.Field], e.Value)
		}
	case rule.Matches:
		if yes {
			tree, err := syntax.Parse(e.Re.Source(), syntax.Perl)
			if err != nil {
				panic(err)
			}
			lit := rule.Part{Text: s.sentence(tree)}
			s.texts[e.Field] = append(s.texts[e.Field], rule.Glob([]rule.Part{{Kind: rule.Any}, lit, {Kind: rule.Any}}, true))
			if src := e.Re.Source(); strings.ContainsAny(src, "^$") { // no room for others
				s.texts[e.Field] = []rule.Pattern{rule.Glob([]rule.Part{lit}, true)}
			}
		}
	case rule.SameField:
		if yes {
			s.exact[e.Field], s.exact[e.Other] = "the same", "The Same"
		}
	case rule.Term:
		if yes {
			s.texts["Anything"] = append(s.texts["Anything"], e.Value)
		}
	case rule.InNet:
		if yes {
			s.exact[e.Field] = e.Net.Addr().String()
		}
	}
}

// sentence returns a text that an expression matches, if nothing stands around it.
func (s *satisfier) sentence(re *syntax.Regexp) string {
	var b strings.Builder
	switch re.Op {
	case syntax.OpLiteral:
		return s.anyCase(string(re.Rune), re.Flags&syntax.FoldCase == 0)
	case syntax.OpCharClass:
		i := 2 * s.rng.IntN(len(re.Rune)/2)
		return string(re.Rune[i] + s.rng.Int32N(min(re.Rune[i+1]-re.Rune[i], 90)+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return []string{"x", "\u00e9", " "}[s.rng.IntN(3)]
	case syntax.OpAlternate:
		return s.sentence(re.Sub[s.rng.IntN(len(re.Sub))])
	case syntax.OpStar, syntax.OpQuest, syntax.OpPlus, syntax.OpRepeat:
		least, most := map[syntax.Op]int{syntax.OpPlus: 1, syntax.OpRepeat: re.Min}[re.Op], 2
		if re.Op == syntax.OpQuest {
			most = 1
		}
		if re.Op == syntax.OpRepeat && re.Max >= 0 {
			most = min(re.Max, re.Min+2)
		}
		for range least + s.rng.IntN(max(most-least, 0)+1) {
			b.WriteString(s.sentence(re.Sub[0]))
		}
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			b.WriteString(s.sentence(sub))
		}
	}
	return b.String()
}

// several makes all of parts be as they are to be, or one.
func (s *satisfier) several(parts []rule.Expr, every, yes bool) {
	if !every {
		s.want(parts[s.rng.IntN(len(parts))], yes)
		return
	}
	for _, p := range parts {
		s.want(p, yes)
	}
}

// value joins what a field is to be covered by: beginnings, middles, endings.
func (s *satisfier) value(patterns []rule.Pattern) string {
	var first, middle, last string
	for _, p := range patterns {
		parts := p.Parts()
		var b strings.Builder
		for _, x := range parts {
			switch x.Kind {
			case rule.Literal:
				b.WriteString(s.anyCase(x.Text, p.Cased()))
			case rule.One:
				b.WriteString("\u00e4")
			case rule.Any:
				b.WriteString([]string{"", " ", "x\ny", "\\"}[s.rng.IntN(4)])
			}
		}
		switch n := len(parts); {
		case n == 0:
		case parts[0].Kind != rule.Any:
			first = b.String()
		case parts[n-1].Kind != rule.Any:
			last = b.String()
		default:
			middle += b.String()
		}
	}
	return first + middle + last
}

func (s *satisfier) anyCase(text string, cased bool) string {
	switch {
	case cased:
		return text
	case s.rng.IntN(3) == 0:
		return corpus.Recase(s.rng, text)
	}
	return text
}

// event returns an event that r accepts, or nearly.
func (s *satisfier) event(g *corpus.Generator, r *rule.Rule, host string) *corpus.Event {
	s.texts, s.exact, s.seen, s.dropped = map[string][]rule.Pattern{}, map[string]string{}, 0, -1
	if s.rng.IntN(2) == 0 {
		s.dropped = s.rng.IntN(12)
	}
	s.want(r.Where, true)
	for _, field := range slices.Sorted(maps.Keys(s.texts)) {
		if s.exact[field] == "" {
			s.exact[field] = s.value(s.texts[field])
		}
	}
	e := g.Noise()
	e.Computer, e.EventID, e.Data = host, 7777, nil
	for _, field := range slices.Sorted(maps.Keys(s.exact)) {
		switch value := s.exact[field]; field {
		case "Channel":
			e.Channel = value
		case "Name":
			e.Provider = value
		case "EventID":
			if n, err := strconv.Atoi(value); err == nil {
				e.EventID = n
			}
		case "Computer", "Level", "Keywords", "UserID", "Guid", "Opcode", "Task":
		default:
			e.Data = append(e.Data, s.data(strings.TrimPrefix(field, "EventData."), value)...)
		}
	}
	return e
}

// data returns event data as Windows and exporters write it: now and then padded, empty,
// or with another value of the name.
func (s *satisfier) data(name, value string) []corpus.KV {
	one := corpus.KV{Name: name, Value: value}
	switch s.rng.IntN(12) {
	case 0, 1:
		one.Value += []string{" ", "\r\n\t\t", "  "}[s.rng.IntN(3)]
	case 2:
		one.Value = ""
	case 3:
		other := corpus.KV{Name: name, Value: []string{"", "Ünder ", "СИСТЕМА"}[s.rng.IntN(3)]}
		if s.rng.IntN(2) == 0 {
			return []corpus.KV{other, one}
		}
		return []corpus.KV{one, other}
	}
	return []corpus.KV{one}
}

// foundBy returns what the rules accept, as the rule's index and the computer.
func foundBy(rules []*rule.Rule, opt match.Options, data []byte) (list []string) {
	sc := match.Compile(rules, opt).NewScanner()
	sc.Hit = func(h *match.Hit) {
		if h.First {
			list = append(list, fmt.Sprintf("%d %s", h.Rule, h.Key[0]))
		}
	}
	var framer record.Framer
	var records []record.Record
	for at := 0; ; {
		rec, n, ok := framer.Next(data[at:], true)
		if !ok {
			break
		}
		records = append(records, record.Record{Lo: at + rec.Lo, Hi: at + rec.Hi, Kind: rec.Kind, Why: rec.Why})
		at += n
	}
	sc.Scan(data, records)
	slices.Sort(list)
	return slices.Compact(list)
}

// shapesOf are those that both the engine and the reference read with all names of
// event data.
var shapesOf = []string{"xml-splunk", "winlogbeat8", "nxlog", "evtx-dump"}

// Published rules over events that satisfy them and over near misses, in XML and
// NDJSON and every spelling: the engine with a prefilter, without, and the
// reference find the same, and one set of all rules what each finds alone.
func TestPublishedRulesOverEvents(t *testing.T) {
	dir := published(t)
	rng := rand.New(rand.NewPCG(31, 32))
	s, g := &satisfier{rng: rng}, corpus.New(31)
	var rules []*rule.Rule
	var all []byte
	var alone []string // what each finds in its own events
	satisfied, unsatisfied := 0, []string{}
	file := filepath.Join(t.TempDir(), "events")
	names := files(t, filepath.Join(dir, "rules/windows"), ".yml")
	for _, name := range names {
		r, _ := compileFile(t, name)
		if r == nil {
			continue
		}
		var data bytes.Buffer
		for i := range 12 {
			shape := corpus.ByName(shapesOf[i%len(shapesOf)])
			rec := shape.Render(s.event(g, r.Rule, fmt.Sprintf("h%d-%d", len(rules), i)))
			if rng.IntN(2) == 0 {
				rec = corpus.Respell(rng, shape.Format, rec)
			}
			data.Write(append(rec, '\n'))
		}
		one := []*rule.Rule{r.Rule}
		want := foundBy(one, match.Options{NoPrefilter: true}, data.Bytes())
		for _, opt := range []prefilter.Options{{}, {NoGate: true, NoAnchors: true}} {
			if got := foundBy(one, match.Options{Prefilter: opt}, data.Bytes()); !slices.Equal(got, want) {
				t.Errorf("%s, %+v: %q, want %q", name, opt, got, want)
			}
		}
		if err := os.WriteFile(file, data.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		res, err := reference.Run([]string{file}, []reference.Rule{{Rule: r.Rule}}, reference.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var slow []string
		for _, row := range res.Rows {
			slow = append(slow, "0 "+*row.By[0])
		}
		slices.Sort(slow)
		if slow = slices.Compact(slow); !slices.Equal(slow, want) {
			t.Errorf("%s: the reference finds %q, the engine %q, by %s in\n%s", name, slow, want, r.Rule, data.String())
		}
		if len(want) > 0 {
			satisfied++
		} else {
			unsatisfied = append(unsatisfied, filepath.Base(name))
		}
		for _, line := range want {
			alone = append(alone, fmt.Sprintf("%d%s", len(rules), line[1:]))
		}
		rules, all = append(rules, r.Rule), append(all, data.Bytes()...)
	}
	t.Logf("%d of %d rules found some of their events; not so %q", satisfied, len(rules), unsatisfied)
	if satisfied < len(rules)*3/4 {
		t.Error("the test shows little")
	}
	want := foundBy(rules, match.Options{NoPrefilter: true}, all)
	got := foundBy(rules, match.Options{}, all)
	t.Logf("%d hits of %d rules in %d bytes", len(want), len(rules), len(all))
	if !slices.Equal(got, want) {
		t.Errorf("one set finds %d with the prefilter, %d without", len(got), len(want))
	}
	var own []string
	for _, line := range want {
		if id, host, _ := strings.Cut(line, " "); strings.HasPrefix(host, "h"+id+"-") {
			own = append(own, line)
		}
	}
	if slices.Sort(alone); !slices.Equal(own, alone) {
		t.Errorf("in their own events the rules find %d in one set, %d alone", len(own), len(alone))
	}
}
