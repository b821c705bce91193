package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/corpus"
	"sluice/internal/reference"
	"sluice/match"
)

// truth collects the rows that events must give, straight from the corpus.
type truth struct {
	rule reference.Rule
	rows map[string]*truthRow
}

type truthRow struct {
	count       int64
	first, last int64
}

func (tr *truth) add(t testing.TB, e *corpus.Event, s *corpus.Shape) {
	t.Helper()
	if !corpus.Satisfies(e) {
		return
	}
	want := s.Expect(e)
	at, err := time.Parse(time.RFC3339Nano, want["_time"])
	if err != nil {
		t.Fatal(err)
	}
	by := make([]*string, len(tr.rule.By))
	for i, name := range tr.rule.By {
		if v, ok := want[name]; ok {
			by[i] = &v
		}
	}
	key := printRow(tr.rule.Name, by, 0, 0, 0)
	r := tr.rows[key]
	if r == nil {
		r = &truthRow{first: at.UnixNano(), last: at.UnixNano()}
		tr.rows[key] = r
	}
	r.count++
	r.first, r.last = min(r.first, at.UnixNano()), max(r.last, at.UnixNano())
}

func (tr *truth) print() (out []string) {
	for key, r := range tr.rows {
		out = append(out, fmt.Sprintf("%s: %d, %d to %d", strings.TrimSuffix(key, ": 0, 0 to 0"), r.count, r.first, r.last))
	}
	slices.Sort(out)
	return out
}

func newTruth(t testing.TB) *truth {
	return &truth{rule: loadRules(t)[0], rows: map[string]*truthRow{}}
}

func writeFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every shape in every layout that its format has gives the rows of the truth.
func TestLayoutsGiveTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	layouts := map[corpus.Format]map[string]func([][]byte) []byte{
		corpus.JSON: {
			"lines":        func(r [][]byte) []byte { return corpus.NDJSON(r, false) },
			"CRLF":         func(r [][]byte) []byte { return corpus.NDJSON(r, true) },
			"array":        corpus.JSONArray,
			"indented":     corpus.JSONIndented,
			"concatenated": corpus.JSONConcatenated,
			"evtx_dump":    corpus.EvtxDumpJSON,
		},
		corpus.XML: {
			"lines":     corpus.XMLLines,
			"one line":  corpus.XMLOneLine,
			"document":  func(r [][]byte) []byte { return corpus.XMLDocument(r, false) },
			"indented":  func(r [][]byte) []byte { return corpus.XMLDocument(r, true) },
			"evtx_dump": corpus.EvtxDumpXML,
		},
	}
	for k := range corpus.Shapes {
		s := &corpus.Shapes[k]
		for name, layout := range layouts[s.Format] {
			g := corpus.New(uint64(k))
			g.Letters = true
			tr := newTruth(t)
			var recs [][]byte
			n := 60
			if testing.Short() {
				n = 12
			}
			for i := range n {
				e := g.Next()
				tr.add(t, e, s)
				doc := s.Render(e)
				if i%2 == 0 {
					doc = corpus.Respell(rng, s.Format, doc)
				}
				recs = append(recs, doc)
			}
			text := layout(recs)
			for enc, data := range map[string][]byte{
				"UTF-8": text, "UTF-16LE": corpus.UTF16(text, false, true), "UTF-16BE without mark": corpus.UTF16(text, true, false),
			} {
				path := writeFile(t, "events", data)
				res := engine(t, []string{path}, []reference.Rule{tr.rule}, match.Options{}, false, 2)
				got := printRows([]reference.Rule{tr.rule}, res)
				slices.Sort(got)
				compareRows(t, s.Name+", "+name+", "+enc, got, tr.print())
				// Concatenated objects are one line, hence one record.
				if want := int64(len(recs)); res.Records != want && name != "concatenated" || res.Malformed > 0 {
					t.Fatalf("%s, %s, %s: %+v, want %d records", s.Name, name, enc, res.Counts, want)
				}
			}
		}
	}
}

// realData opens a file of real events, which lie in shared/data beside the
// checkout or where SLUICE_DATA says; they are not part of the repository.
func realData(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("SLUICE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Skipf("SKIPPED, NO REAL EVENTS: %v (set SLUICE_DATA to their folder)", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var realFiles = []struct {
	name    string
	records int64
	format  corpus.Format
}{
	{"windows-events.ndjson.gz", 92013, corpus.JSON},
	{"windows-events.xml.gz", 24661, corpus.XML},
}

// Real exports are read without a malformed record, every record decoded.
func TestRealEvents(t *testing.T) {
	for _, f := range realFiles {
		t.Run(f.name, func(t *testing.T) {
			path := writeFile(t, f.name, realData(t, f.name))
			rules := loadRules(t)[:1]
			for _, opt := range []match.Options{{}, {NoPrefilter: true}} {
				if opt.NoPrefilter && testing.Short() {
					break
				}
				res := engine(t, []string{path}, rules, opt, false, 2)
				if res.Records != f.records || res.Malformed != 0 || res.Matched != 0 {
					t.Errorf("%+v: %+v, want %d records, none malformed", opt, res.Counts, f.records)
				}
				if opt.NoPrefilter && res.Decoded != f.records {
					t.Errorf("%d decoded, want %d", res.Decoded, f.records)
				}
			}
		})
	}
}

// Matches planted among real events, in every shape, are found, and nothing
// else is.
func TestPlantedMatches(t *testing.T) {
	for _, f := range realFiles {
		t.Run(f.name, func(t *testing.T) {
			text := realData(t, f.name)
			rng := rand.New(rand.NewPCG(31, 32))
			tr := newTruth(t)
			var planted [][]byte
			for k := range corpus.Shapes {
				s := &corpus.Shapes[k]
				g := corpus.New(uint64(100 + k))
				g.Letters = true
				for range 5 {
					for _, e := range []*corpus.Event{g.Match(), g.Miss()} {
						tr.add(t, e, s)
						planted = append(planted, corpus.Respell(rng, s.Format, s.Render(e)))
					}
				}
			}
			rng.Shuffle(len(planted), func(i, j int) { planted[i], planted[j] = planted[j], planted[i] })
			path := writeFile(t, f.name, plant(rng, text, f.format, planted))
			threads := []int{1, 2, 5}
			if testing.Short() {
				threads = threads[1:2]
			}
			for _, threads := range threads {
				res := engine(t, []string{path}, []reference.Rule{tr.rule}, match.Options{}, false, threads)
				got := printRows([]reference.Rule{tr.rule}, res)
				slices.Sort(got)
				compareRows(t, "planted", got, tr.print())
				if want := f.records + int64(len(planted)); res.Records != want || res.Malformed != 0 {
					t.Errorf("%+v, want %d records, none malformed", res.Counts, want)
				}
			}
		})
	}
}

// plant puts records between those of text, at random places.
func plant(rng *rand.Rand, text []byte, f corpus.Format, recs [][]byte) []byte {
	end := []byte("\n")
	if f == corpus.XML {
		end = []byte("</Event>\n")
	}
	var cuts []int
	for range recs {
		at := rng.IntN(len(text))
		if i := bytes.Index(text[at:], end); i >= 0 {
			at += i + len(end)
		} else {
			at = len(text)
		}
		cuts = append(cuts, at)
	}
	slices.Sort(cuts)
	out := make([]byte, 0, len(text)+len(text)/8)
	from := 0
	for i, rec := range recs {
		out = append(append(append(out, text[from:cuts[i]]...), rec...), '\n')
		from = cuts[i]
	}
	return append(out, text[from:]...)
}
