package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/corpus/ruleset"
	"sluice/match/prefilter"
)

// The test binary is what versus starts as an engine.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-engine" {
		os.Exit(Main())
	}
	os.Exit(m.Run())
}

func small(t *testing.T) config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return config{dir: t.TempDir(), size: 1 << 20, rounds: 1, sets: []int{1, 12}, parts: true, self: self, log: t.Output()}
}

// A run measures every row, with counts verified, on generated corpora; in
// another run over the same folder, which must not be written anew, programs
// are missing.
func TestVersus(t *testing.T) {
	ctx := context.Background()
	cfg := small(t)
	cfg.tools = findTools(ctx)
	for name, path := range map[string]string{"rg": cfg.tools.rg, "wc": cfg.tools.wc, "DuckDB": cfg.tools.duckdb + cfg.tools.python} {
		if path == "" {
			t.Logf("NOT COMPARED: this machine has no %s", name)
		}
	}
	page, err := versus(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| sparse.ndjson | 1 | sluice, 1 thread |", "| dense.xml | 12 | no prefilter |", "| dense.ndjson | 1 | nxadm/tail stack |",
		"2.3 × rg -ci", "| dense.xml | – | floor, 1 thread |", "generated script blocks", `"malformed":0`,
	} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	path := filepath.Join(cfg.dir, "sparse.ndjson")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg.tools, cfg.sets = tools{}, []int{1}
	if page, err = versus(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rg: missing on this machine", "| sparse.ndjson | – | wc -l | missing |", "| not measured"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("without programs, the page lacks %q:\n%s", want, page)
		}
	}
	if after, err := os.Stat(path); err != nil || after.ModTime() != before.ModTime() {
		t.Errorf("the corpus was written again (%v)", err)
	}
}

// Published detections are measured from folders laid out like theirs, and a run that
// finds something else than the unit does without the prefilter fails.
func TestPublished(t *testing.T) {
	cfg := small(t)
	cfg.parts, cfg.sets, cfg.tools = false, []int{1}, tools{}
	cfg.splunk, cfg.sigma = t.TempDir(), t.TempDir()
	if err := ruleset.Write(filepath.Join(cfg.splunk, "detections", "endpoint"), ruleset.Generate(12, ruleSeed)); err != nil {
		t.Fatal(err)
	}
	scripts := filepath.Join(cfg.sigma, "rules", "windows", "powershell", "powershell_script")
	if err := os.MkdirAll(scripts, 0o755); err != nil {
		t.Fatal(err)
	}
	const one = "title: Asks For Its Address\nlogsource: {product: windows, category: ps_script}\n" +
		"detection:\n  words: {ScriptBlockText|contains: ipinfo.io}\n  condition: words\n"
	if err := os.WriteFile(filepath.Join(scripts, "one.yml"), []byte(one), 0o600); err != nil {
		t.Fatal(err)
	}
	page, err := versus(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| sparse.ndjson | 1 | Splunk, PowerShell, 1 thread |", "| dense.xml | 10 | Splunk, PowerShell, ", "| dense.ndjson | 12 | Splunk, PowerShell, ",
		"| sparse.xml | 13 | Splunk and Sigma, PowerShell, ", "| dense.xml | 1 | Sigma, Windows, 1 thread |",
	} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	unit := effort{Records: 10, Matched: 2, Rows: 1}
	for line, fine := range map[string]bool{
		`{"records":30,"skipped":24,"decoded":6,"matched":6,"rows":1}`:               true,
		`{"records":30,"skipped":24,"decoded":6,"matched":5,"rows":1}`:               false,
		`{"records":30,"skipped":24,"decoded":6,"matched":6,"rows":2}`:               false,
		`{"records":29,"skipped":23,"decoded":6,"matched":6,"rows":1}`:               false,
		`{"records":30,"skipped":23,"decoded":6,"malformed":1,"matched":6,"rows":1}`: false,
		``: false,
	} {
		if err := equals(line, unit, 3); (err == nil) != fine {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, dirs := range [][2]string{{t.TempDir(), ""}, {"", t.TempDir()}} {
		if _, err := publishedSets(dirs[0], dirs[1]); err == nil {
			t.Errorf("sets were found in empty folders")
		}
	}
}

// Corpora of given events repeat all of them, or the script blocks only, and
// hold one match a copy.
func TestRealEvents(t *testing.T) {
	cfg := small(t)
	cfg.data, cfg.xml = filepath.Join(t.TempDir(), "events.ndjson"), filepath.Join(t.TempDir(), "events.xml")
	for path, xml := range map[string]bool{cfg.data: false, cfg.xml: true} {
		unit, _ := generated(xml, false, 100_000)
		if err := os.WriteFile(path, append([]byte("\n"), unit...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	corpora, err := makeCorpora(cfg)
	if err != nil {
		t.Fatal(err)
	}
	sets, err := makeSets(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range corpora {
		want, err := findTruth(b, sets)
		if err != nil {
			t.Fatal(err)
		}
		// The events given begin with a match of their own.
		if n := want.hits(sets[0], 3); n != 6 || b.found < 2 || b.whole.size < cfg.size || b.records < 2 {
			t.Errorf("%s: %d matches in three copies, %d addresses and %d records in one, %d bytes in all", b.name, n, b.found, b.records, b.whole.size)
		}
		if dense := strings.HasPrefix(b.name, "dense"); dense != strings.Contains(b.made, "4104") || dense == (b.records > 20) {
			t.Errorf("%s: %s, %d records", b.name, b.made, b.records)
		}
	}
	cfg.data = filepath.Join(t.TempDir(), "none")
	if _, err := makeCorpora(cfg); err == nil || !strings.HasPrefix(err.Error(), "cannot make corpus sparse.ndjson: ") {
		t.Errorf("without the file: %v", err)
	}
}

func TestMismatchFails(t *testing.T) {
	summary := `{"records":3,"skipped":1,"decoded":2,"malformed":0}`
	for name, c := range map[string]struct {
		err  error
		fine bool
	}{
		"count":           {counted(12)([]byte("12 file\n"), nil), true},
		"no count":        {counted(0)(nil, nil), true},
		"another count":   {counted(13)([]byte("12,0.5\n"), nil), false},
		"no number":       {counted(12)([]byte("twelve"), nil), false},
		"rows":            {countedRows(5)([]byte("{\"count\":2}\n{\"count\":3}\n"), nil), true},
		"fewer rows":      {countedRows(5)([]byte("{\"count\":2}\n"), nil), false},
		"equal":           {same([]byte("a\n"), []byte("a\n")), true},
		"unequal":         {same([]byte("a\n"), []byte("b\n")), false},
		"summary":         {summed(summary, 3), true},
		"fewer records":   {summed(summary, 4), false},
		"a lost record":   {summed(`{"records":3,"skipped":1,"decoded":1,"malformed":0}`, 3), false},
		"no summary":      {summed("", 0), false},
		"missing command": {(&row{argv: []string{"/no/such/command"}}).run(context.Background()), false},
	} {
		if (c.err == nil) != c.fine {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := &row{key: key{engine: "me"}, argv: []string{os.Args[0], "-engine", theStack, empty}, file: file{path: empty}, verify: countedRows(1)}
	err := measure(context.Background(), config{rounds: 1, log: t.Output()}, []*row{wrong})
	if err == nil || !strings.Contains(err.Error(), "count 0, want 1") || len(wrong.took) != 0 {
		t.Errorf("a wrong count: %v", err)
	}
}

// Every target names rows that a run has.
func TestTargetsHaveRows(t *testing.T) {
	var sets []*set
	for _, n := range []int{1, 103, 265} {
		sets = append(sets, &set{n: n})
	}
	have := map[key]bool{}
	for _, name := range []string{"sparse.ndjson", "dense.ndjson", "sparse.xml", "dense.xml"} {
		for _, r := range makeRows(config{parts: true}, "sluice", &body{name: name, xml: strings.HasSuffix(name, "xml")}, sets, &truth{}) {
			have[r.key] = true
		}
	}
	for _, k := range []prefilter.Kernel{"generic", "AVX2", "AVX-512"} {
		have[key{"sparse.ndjson", 1, string(k)}] = true // not every machine has each
		for _, n := range []int{1, 103, 265} {
			have[key{"dense.ndjson", n, string(k)}] = true
		}
		all := targets(k)
		for _, x := range all {
			if !have[x.row] || !have[x.than] {
				t.Errorf("%s: no rows for %+v", k, x)
			}
		}
		if k == generic && len(all) > 20 || k == "AVX-512" && len(all) < 30 {
			t.Errorf("%s has %d targets", k, len(all))
		}
	}
	speeds := map[key]float64{{"c", 1, "a"}: 8, {"c", 1, "b"}: 3, {"c", 0, oneFloor}: 10}
	all := []target{{key{"c", 1, "a"}, key{"c", 1, "b"}, 2}, {key{"c", 1, "a"}, key{"c", 1, "b"}, 3}, {key{"c", 1, "a"}, key{"c", 1, "x"}, 1}, {key{"c", 1, "a"}, key{"c", 1, "b"}, 4}}
	want, met := judge(key{"c", 1, "a"}, all, func(k key) float64 { return speeds[k] })
	if want != "2 × b, 3 × b, 1 × x, 4 × b" || met != "yes (2.67), **no** (2.67), not measured, beyond memory (2.67 of 3.33)" {
		t.Errorf("%s: %s", want, met)
	}
}

func TestFlags(t *testing.T) {
	for size, want := range map[string]int64{"1GiB": 1 << 30, "3MiB": 3 << 20, "7KiB": 7 << 10, "12": 12, "1GB": 0, "-1": 0, "": 0} {
		if n, err := parseSize(size); n != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", size, n, err)
		}
	}
	for _, args := range [][]string{{"a", "b"}, {"-rounds", "0"}, {"-sets", "103"}, {"-sets", "1,x"}, {"-sets", "1,9,3"}, {"-size", "x"}, {"-engine", "stack"}, {"-engine", "stack", "/no/such/file"}, {"-no"}} {
		if err := execute(context.Background(), args, io.Discard, t.Output()); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
	if err := execute(context.Background(), []string{"-h"}, io.Discard, t.Output()); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}
