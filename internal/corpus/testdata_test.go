package corpus

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata/events anew")

// sample is a file of testdata/events.
type sample struct {
	name  string
	shape string
	write func(recs [][]byte) []byte
}

func lines(recs [][]byte) []byte { return NDJSON(recs, false) }

var samples = []sample{
	{"splunk.xml", "xml-splunk", XMLLines},
	{"eventviewer-utf16.xml", "xml-rendered", func(recs [][]byte) []byte { return UTF16(XMLDocument(recs, false), false, true) }},
	{"evtx_dump.xml", "xml-indented", EvtxDumpXML},
	{"evtx_dump.jsonl", "evtx-dump", lines},
	{"chainsaw.json", "chainsaw", JSONArray},
	{"winlogbeat.ndjson", "winlogbeat8", lines},
	{"elastic-agent.ndjson", "elastic-agent", lines},
	{"nxlog.ndjson", "nxlog", func(recs [][]byte) []byte { return NDJSON(recs, true) }},
	{"fluentbit.ndjson", "fluentbit", lines},
	{"vector.ndjson", "vector", lines},
	{"otel.json", "otlp-json", lines},
	{"velociraptor.json", "velociraptor", lines},
	{"sentinel.json", "sentinel", JSONIndented},
	{"splunk-export.json", "splunk-export", lines},
	{"hec.json", "hec-xml", JSONConcatenated},
	{"otrf.ndjson.gz", "otrf", zipped},
}

func zipped(recs [][]byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(lines(recs))
	z.Close()
	return b.Bytes()
}

func block(at int, host, channel string, text, path string) *Event {
	provider, guid := providerDesktop, "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}"
	if channel == channelCore {
		provider, guid = providerCore, "{F90714A8-5509-434A-BF6D-B1624C8A19A2}"
	}
	return &Event{
		Provider: provider, Guid: guid,
		EventID: 4104, Version: 1, Level: 5, Task: 2, Opcode: 15, Keywords: "0x0",
		Time:     time.Date(2026, 11, 20, 9, 0, at, 123456700, time.UTC),
		RecordID: 48000 + int64(at), ActivityID: "{5F1C9D2E-6A0B-4C3D-8E7F-0123456789AB}",
		ProcessID: 6420, ThreadID: 7188, Channel: channel, Computer: host,
		UserID: "S-1-5-21-3623811015-3361044348-30300820-1013",
		Data: []KV{
			{"MessageNumber", "1"}, {"MessageTotal", "1"}, {"ScriptBlockText", text},
			{"ScriptBlockId", fmt.Sprintf("3f2504e0-4f89-41d3-9a0c-0305e82c%04d", at)}, {"Path", path},
		},
		Rendered: true,
	}
}

// sampleEvents are those of file number i: one that stands in every file, in
// every fourth file one of its own, and some that the detection leaves alone.
func sampleEvents(i int) []*Event {
	noise := New(uint64(i))
	events := []*Event{
		noise.Noise(),
		block(0, "ws-017.corp.example", channelDesktop,
			"$where = Invoke-RestMethod -Uri 'https://ipinfo.io/json'\n\"$($where.ip) $($where.country)\" | Out-File $env:TEMP\\w.txt",
			`C:\Users\Public\stage.ps1`),
		block(1, "ws-017.corp.example", channelDesktop, "Get-Date | Out-Null # no request here", ""),
		block(30+i, fmt.Sprintf("srv-%02d.corp.example", i), channelDesktop, "irm https://ipinfo.io/ip", `C:\Ops\check.ps1`),
		noise.Noise(),
	}
	if i%4 == 0 {
		events = append(events, block(10+i, fmt.Sprintf("srv-%02d.corp.example", i), channelCore,
			"(invoke-restmethod https://API.ipify.org?format=json).ip", ""))
	}
	return events
}

// testdata/events is what the generator makes of it: the same events in the
// shapes of as many tools.
func TestSamples(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata", "events")
	for i, s := range samples {
		var recs [][]byte
		for _, e := range sampleEvents(i) {
			recs = append(recs, ByName(s.shape).Render(e))
		}
		path, want := filepath.Join(dir, s.name), s.write(recs)
		if *update {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(unzipped(t, got), unzipped(t, want)) {
			t.Errorf("%s differs from what the generator makes; run go test ./internal/corpus -update", s.name)
		}
	}
}

func unzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return b
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
