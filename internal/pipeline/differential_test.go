package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"sluice/detections"
	"sluice/internal/corpus"
	"sluice/internal/pipeline"
	"sluice/internal/record"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/detection"
	"sluice/match/prefilter"
	"sluice/match/rule"
	"sluice/match/sigma"
	"sluice/match/spl"
	"sluice/tailer"
)

// records returns how many records a test generates: a quick number, or what
// SLUICE_RECORDS says, as in CI.
func records(t testing.TB, quick int) int {
	s := os.Getenv("SLUICE_RECORDS")
	if s == "" && testing.Short() {
		return quick / 4
	}
	if s == "" {
		return quick
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("SLUICE_RECORDS: %v", err)
	}
	return n
}

// loadRules returns the built-in detection and some that read other fields,
// group otherwise, or cannot be prefiltered.
func loadRules(t testing.TB) []reference.Rule {
	t.Helper()
	var l detection.Loader
	var rules []reference.Rule
	for _, d := range l.LoadFS(detections.FS, "builtin") {
		rules = append(rules, reference.Rule{Name: d.Name, Rule: d.Rule})
	}
	if len(l.Problems) > 0 || len(rules) != 1 {
		t.Fatalf("built-in detections: %d, problems %v", len(rules), l.Problems)
	}
	for _, search := range []string{
		`EventCode=4104 ScriptBlockText="*ipinfo*" | fillnull | stats count min(_time) as a max(_time) as b by dest Path Opcode`,
		"`powershell` NOT ScriptBlockText=*invoke* | stats count min(_time) as a max(_time) as b by user_id Channel EventCode",
		`EventCode>4103 (Opcode!=15 OR Path="C:\\*") | stats count min(_time) as a max(_time) as b by dest, ProcessID`,
		`ScriptBlockText IN ("*ipify*", *ipinfo*) dest=*0* | stats count min(_time) as a max(_time) as b by signature MessageNumber`,
		`Path IN ("*.psm1", "*СИСТЕМА*", "*für", "*\\Σίσυφοσ", "*ŸVONNE*", "*zoneȺⱥ*", "*ｂｃ*") | stats count min(_time) as a max(_time) as b by Path`,
		`EventCode=4104 (ScriptBlockText="*überprüfung*" OR ScriptBlockText="*АДМИНИСТРАТОР*" OR ScriptBlockText="*Ångström*") NOT ScriptBlockText="*İSTANBUL*" | stats count min(_time) as a max(_time) as b by dest Path`,
	} {
		r, err := spl.Compile(search, spl.Env{Macros: l.Macros})
		if err != nil {
			t.Fatalf("%s: %v", search, err)
		}
		rules = append(rules, reference.Rule{Name: search, Rule: r})
	}
	return append(rules, sigmaRules(t)...)
}

// sigmaRules returns rules that take values as Sigma does.
func sigmaRules(t testing.TB) (rules []reference.Rule) {
	for _, detection := range []string{
		"{s: {EventID: 4104, Path: ''}, f: {user_id: null}, condition: s and not f}",
		"{s: {MessageNumber: 1, Path|endswith: ['.ps1', '.psm1']}, f: {ScriptBlockText: null}, condition: s and not f}",
		"{s: {ScriptBlockText|re: '(?:io|org)/json$'}, t: {Path|re: '(?i)новый|^$'}, condition: s or t}",
		"{s: {ScriptBlockText|contains: ipinfo.io, Path|exists: false}, t: {MessageTotal: '1', Path|contains: ['СИСТЕМА', 'ÜNDER']}, condition: s or t}",
	} {
		text := "title: T\nlogsource: {product: windows}\ndetection: " + detection
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		r, problems := sigma.Compile(doc.Content[0])
		if r == nil {
			t.Fatal(detection, problems)
		}
		rules = append(rules, reference.Rule{Name: detection, Rule: r.Rule})
	}
	return rules
}

// roughened returns e with values as Windows and exporters have them, too: padded,
// empty, or several of a name.
func roughened(rng *rand.Rand, e *corpus.Event) *corpus.Event {
	if len(e.Data) == 0 || e.Control {
		return e
	}
	c := *e
	c.Data = slices.Clone(e.Data)
	kv := &c.Data[rng.IntN(len(c.Data))]
	switch rng.IntN(16) {
	case 0, 1:
		kv.Value += []string{" ", "\t", "  \n\t"}[rng.IntN(3)]
	case 2:
		if !strings.HasPrefix(kv.Name, "ScriptBlock") { // by which the reference knows Elastic's module
			kv.Value = ""
		}
	case 3:
		c.Data = append(c.Data, corpus.KV{Name: kv.Name, Value: []string{"", kv.Value + " ", "СИСТЕМА.ps1 "}[rng.IntN(3)]})
	}
	return &c
}

// writeCorpus writes n records in files of every layout that the reference
// reads, with damaged records between them, and returns the files.
func writeCorpus(t testing.TB, n int, seed uint64) []string {
	t.Helper()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(seed, 1))
	g := corpus.New(seed)
	g.Letters = true
	var files []string
	write := func(name string, data []byte) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	const perFile = 500
	for i := 0; i*perFile < n; i++ {
		var recs, lines [][]byte // lines may hold damage
		f := corpus.Format(i % 2)
		for range perFile {
			rec := respelled(rng, roughened(rng, g.Next()), f)
			if f == corpus.JSON && rng.IntN(50) == 0 {
				lines = append(lines, damaged(rng, rec))
			}
			recs = append(recs, rec)
			lines = append(lines, rec)
		}
		name := fmt.Sprintf("%04d", i)
		switch i % 8 {
		case 0, 4:
			write(name+".ndjson", corpus.NDJSON(lines, i%8 == 0))
		case 1:
			write(name+".xml", corpus.XMLLines(recs))
		case 2:
			write(name+"-utf16.ndjson", corpus.UTF16(corpus.NDJSON(recs, true), i%16 == 2, true))
		case 3:
			write(name+"-utf16.xml", corpus.UTF16(corpus.XMLDocument(recs, false), false, i%16 == 3))
		case 5:
			write(name+"-oneline.xml", corpus.XMLOneLine(recs))
		case 6:
			mixed := corpus.NDJSON(recs, false)
			mixed = append(mixed, corpus.XMLDocument([][]byte{respelled(rng, g.Match(), corpus.XML), respelled(rng, g.Next(), corpus.XML)}, true)...)
			write(name+"-mixed.log", append(mixed, corpus.NDJSON(recs[:10], false)...))
		case 7:
			write(name+"-document.xml", corpus.XMLDocument(recs, true))
		}
	}
	return files
}

func respelled(rng *rand.Rand, e *corpus.Event, f corpus.Format) []byte {
	for {
		s := &corpus.Shapes[rng.IntN(len(corpus.Shapes))]
		if s.Format != f {
			continue
		}
		doc := s.Render(e)
		if s.RenderInner != nil && rng.IntN(2) == 0 {
			doc = s.RenderInner(e, func(x []byte) []byte { return corpus.Respell(rng, corpus.XML, x) })
		}
		if rng.IntN(4) > 0 {
			doc = corpus.Respell(rng, f, doc)
		}
		return doc
	}
}

// damaged returns a line that is no whole record.
func damaged(rng *rand.Rand, rec []byte) []byte {
	switch rng.IntN(6) {
	case 0:
		return closed(rec[:1+rng.IntN(len(rec)-1)]) // cut off
	case 1:
		return append(bytes.Clone(rec), closed(rec[:len(rec)/2])...) // one, and half of another
	case 2:
		return []byte(`"a string"`)
	case 3:
		return []byte("12345")
	case 4:
		return append([]byte("\x00\x01\xff binary "), byte(rng.IntN(255)|0x80))
	}
	return append(append(bytes.Clone(rec), ' '), rec...) // two on a line: not damaged
}

// closed makes a line end so that it does not look like the first of an indented
// object, which the reference does not know.
func closed(line []byte) []byte {
	return append(bytes.Clone(line), 'x')
}

// engine runs the pipeline over whole files and, which must make no difference,
// over segments of several sizes.
func engine(t testing.TB, files []string, rules []reference.Rule, opt match.Options, dropNulls bool, threads int) *pipeline.Result {
	t.Helper()
	var irs []*rule.Rule
	for _, r := range rules {
		irs = append(irs, r.Rule)
	}
	size := int(tailer.Size(files))
	var whole *pipeline.Result
	for _, segment := range []int{size + 1, max(53, size/3000), max(1009, size/29)} {
		res, err := pipeline.Run(context.Background(), pipeline.Config{
			Files: files, Rules: irs, Set: match.Compile(irs, opt), Format: record.Auto, Threads: threads, DropNulls: dropNulls, Segment: segment,
		})
		if err != nil || len(res.Errors) > 0 {
			t.Fatalf("run: %v %v", err, res.Errors)
		}
		checkIdentity(t, res)
		if whole == nil {
			whole = res
			continue
		}
		compareRows(t, fmt.Sprintf("segments of %d bytes", segment), printRows(rules, res), printRows(rules, whole))
		if res.Counts != whole.Counts || res.Bytes != whole.Bytes || fmt.Sprint(res.Damage, res.Nulls) != fmt.Sprint(whole.Damage, whole.Nulls) {
			t.Errorf("segments of %d bytes: %+v, %d bytes, %v, %v; whole: %+v, %d bytes, %v, %v", segment,
				res.Counts, res.Bytes, res.Damage, res.Nulls, whole.Counts, whole.Bytes, whole.Damage, whole.Nulls)
		}
	}
	return whole
}

func checkIdentity(t testing.TB, res *pipeline.Result) {
	t.Helper()
	if res.Records != res.Skipped+res.Decoded+res.Malformed {
		t.Errorf("%d records, but %d skipped + %d decoded + %d malformed", res.Records, res.Skipped, res.Decoded, res.Malformed)
	}
}

// printRows writes rows in one form for both engines.
func printRows(rules []reference.Rule, res *pipeline.Result) (out []string) {
	for _, r := range res.Groups {
		by := make([]*string, len(r.Key))
		for i, v := range r.Key {
			if v != nil {
				s := string(v)
				by[i] = &s
			}
		}
		out = append(out, printRow(rules[r.Rule].Name, by, r.Count, r.First, r.Last))
	}
	return out
}

func printRow(name string, by []*string, count, first, last int64) string {
	s := name
	for _, v := range by {
		if v == nil {
			s += " null"
		} else {
			s += fmt.Sprintf(" %q", *v)
		}
	}
	return fmt.Sprintf("%s: %d, %d to %d", s, count, first, last)
}

// compareRows fails with the first rows that only one side has.
func compareRows(t testing.TB, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	shown := 0
	only := func(side string, rows, others []string) {
		for _, r := range rows {
			if !slices.Contains(others, r) && shown < 6 {
				shown++
				t.Errorf("%s: only the %s has\n%.1500s", what, side, r)
			}
		}
	}
	only("engine", got, want)
	only("reference", want, got)
	if shown == 0 {
		t.Errorf("%s: the same rows in another order", what)
	}
	t.FailNow()
}

// The engine and the reference give the same rows, and the same counts of what
// was decoded and malformed, on respelled and damaged records in every shape;
// the prefilter and the number of workers change no row.
func TestEngineEqualsReference(t *testing.T) {
	rules := loadRules(t)
	files := writeCorpus(t, records(t, 6000), 11)
	for _, drop := range []bool{false, true} {
		if drop && testing.Short() {
			break
		}
		ref, err := reference.Run(files, rules, reference.Options{DropNulls: drop})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, r := range ref.Rows {
			want = append(want, printRow(r.Rule, r.By, r.Count, r.First, r.Last))
		}
		for _, r := range rules {
			if !slices.ContainsFunc(ref.Rows, func(row reference.Row) bool { return row.Rule == r.Name }) {
				t.Errorf("no rows of %s", r.Name)
			}
		}
		if len(want) < 20 || ref.Malformed == 0 {
			t.Fatalf("the corpus shows little: %d rows, %d malformed", len(want), ref.Malformed)
		}
		plain := engine(t, files, rules, match.Options{NoPrefilter: true}, drop, 2)
		compareRows(t, "no prefilter", printRows(rules, plain), want)
		if plain.Records != ref.Records || plain.Decoded != ref.Decoded || plain.Malformed != ref.Malformed || plain.Matched != ref.Matched {
			t.Errorf("engine %+v, reference %d records, %d decoded, %d malformed, %d matched",
				plain.Counts, ref.Records, ref.Decoded, ref.Malformed, ref.Matched)
		}
		if drop {
			break // which nothing that comes before the grouping knows
		}
		for i := range rules { // alone, so that each rule's own needs decide
			one := rules[i : i+1]
			slow := engine(t, files, one, match.Options{NoPrefilter: true}, drop, 1)
			opts := []prefilter.Options{{NoGate: true}, {ByID: true}, {NoAnchors: true}, {NoGate: true, NoAnchors: true}}
			kernels := prefilter.Kernels()
			opts = append(opts, prefilter.Options{Kernel: kernels[i%len(kernels)]})
			for _, opt := range opts {
				fast := engine(t, files, one, match.Options{Prefilter: opt}, drop, 1+i%3)
				compareRows(t, fmt.Sprintf("prefilter %+v, %s", opt, one[0].Name), printRows(one, fast), printRows(one, slow))
				if fast.Records != slow.Records || fast.Matched != slow.Matched {
					t.Errorf("%s: %+v with the prefilter %+v, %+v without", one[0].Name, fast.Counts, opt, slow.Counts)
				}
			}
		}
	}
}
