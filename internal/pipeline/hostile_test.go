package pipeline_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/pipeline"
	"sluice/match"
	"sluice/match/prefilter"
	"sluice/match/rule"
)

// hostile inputs stand between good records, in one file each.
var hostile = []struct {
	name string
	text string
	bad  int64 // malformed records, at least
}{
	{"binary garbage", "\x7fELF\x00\x01\x02\xff\xfe\x80\x81\x82\x00\x00\x1b[31m", 1},
	{"NUL bytes", strings.Repeat("\x00", 100_000), 0},
	{"blank lines", "\n\r\n \t\n\n", 0},
	{"truncated object", `{"EventID":4104,"ScriptBlockText":"Invoke-RestMethod ipinfo.io`, 1},
	{"truncated behind a comma", `{"EventID":4104,`, 1},
	{"truncated event", `<Event xmlns='x'><System><EventID>4104</EventID>`, 1},
	{"open CDATA", `<Event><System/><EventData><Data Name='ScriptBlockText'><![CDATA[ Invoke-RestMethod ipinfo.io`, 1},
	{"open comment", `<Event><System/><!-- </Event>`, 1},
	{"invalid UTF-8", "{\"EventID\":4104,\"ScriptBlockText\":\"\xff\xc3\x28\xed\xa0\x80\"}", 0},
	{"lone surrogates", `{"EventID":4104,"ScriptBlockText":"\ud800\ud800\udc00\udc00"}`, 0},
	{"deep arrays", `{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, 1},
	{"deep objects", strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000), 1},
	{"deep elements", "<Event><System/>" + strings.Repeat("<a>", 100_000) + "</Event>", 1},
	{"duplicate keys", `{"EventID":1,"EventID":4104,"Channel":"x","Channel":"y","ScriptBlockText":"a","ScriptBlockText":"b"}`, 0},
	{"many values", `{"a":[` + strings.Repeat("1,", 2_000_000) + `1]}`, 1},
	{"many values in text", `{"event":"{\"a\":[` + strings.Repeat("1,", 2_000_000) + `1]}"}`, 0},
	{"many duplicates", `{` + strings.Repeat(`"dest":"x","Path":"y","Guid":"z",`, 2000) + `"EventID":4104}`, 0},
	{"root string", `"Invoke-RestMethod ipinfo.io"`, 1},
	{"root number", `12345678901234567890`, 1},
	{"root null", `null`, 1},
	{"brackets", `]]]]]}}}}}}{{{{{[[[[[`, 1},
	{"tags", `<<<<>>>><a<b></c>`, 1},
	{"entities", `<Event><System><EventID>&#xFFFFFFFF;&bogus;&#;&;</EventID></System></Event>`, 0},
	{"attributes", `<Event><System><Provider Name=x Guid='/></System></Event>`, 1},
	{"bad escapes", `{"EventID":4104,"ScriptBlockText":"\q\u12\uzzzz\u"}`, 0},
}

// No input ends the run or costs a record around it, in any format, whether the
// prefilter looks first or not.
func TestHostileInput(t *testing.T) {
	g := corpus.New(41)
	good := [][]byte{
		corpus.ByName("winlogbeat8").Render(g.Match()), corpus.ByName("xml-splunk").Render(g.Match()),
		corpus.ByName("otrf").Render(g.Match()),
	}
	rules := loadRules(t)[:1]
	for _, h := range hostile {
		doc := bytes.Join([][]byte{good[0], []byte(h.text), good[1], []byte(h.text), good[2], good[0]}, []byte("\n"))
		for _, end := range []string{"\n", ""} {
			path := writeFile(t, "hostile", append(bytes.Clone(doc), end...))
			for _, opt := range []match.Options{{}, {Prefilter: prefilter.Options{NoGate: true}}, {Prefilter: prefilter.Options{ByID: true}}, {Prefilter: prefilter.Options{NoAnchors: true}}, {NoPrefilter: true}} {
				res := engine(t, []string{path}, rules, opt, false, 2)
				if res.Matched != 4 {
					t.Errorf("%s, %+v: %d matched, want the 4 good ones: %+v", h.name, opt, res.Matched, res.Counts)
				}
				if opt.NoPrefilter && (res.Malformed < h.bad || h.bad == 0 && res.Malformed > 0) {
					t.Errorf("%s: %d malformed, want %d or more", h.name, res.Malformed, h.bad)
				}
				if res.Malformed > 0 && (len(res.Damage) != 1 || res.Damage[0].Count != res.Malformed || res.Damage[0].Err == nil) {
					t.Errorf("%s: damage %+v for %d malformed", h.name, res.Damage, res.Malformed)
				}
			}
		}
	}
}

// A line of 200 MB costs one malformed record, and memory of the order of the
// record limit.
func TestHugeLine(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 200 MB")
	}
	good := corpus.ByName("otrf").Render(corpus.New(43).Match())
	path := filepath.Join(t.TempDir(), "huge")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Write(append(good, "\n{\"EventID\":4104,\"ScriptBlockText\":\"Invoke-RestMethod"...))
	if _, err := io.CopyN(f, endless{}, 200<<20); err != nil {
		t.Fatal(err)
	}
	f.Write(append([]byte("\"}\n"), good...))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	rules := loadRules(t)[:1]
	irs := []*rule.Rule{rules[0].Rule}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res, err := pipeline.Run(context.Background(), pipeline.Config{
		Files: []string{path}, Rules: irs, Set: match.Compile(irs, match.Options{}), Threads: 2, MaxRecord: 8 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	checkIdentity(t, res)
	if res.Records != 3 || res.Matched != 2 || res.Malformed != 1 {
		t.Errorf("%+v, want 3 records, 2 matched, 1 malformed", res.Counts)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 128<<20 {
		t.Errorf("%d MiB were allocated for a limit of 8 MiB", grown>>20)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
