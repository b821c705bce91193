package sink

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"sluice/internal/record"
	"sluice/match/detection"
	"sluice/match/event"
	"sluice/match/row"
	"sluice/match/rule"
)

func testDetection() *detection.Detection {
	return &detection.Detection{
		Name: "Some Name", ID: "id-1", Version: 3,
		Stories: []string{"Story"}, MITRE: []string{"T1016", "T1059.001"},
		Risk: detection.Risk{
			Message: "$dest$ ran $Path$ $count$ times from $firstTime$ to $lastTime$ for 5$",
			Objects: []detection.RiskObject{{Field: "dest", Type: "system", Score: 45}, {Field: "user_id", Type: "user", Score: 20}},
		},
		Rule: &rule.Rule{
			Where: rule.All{},
			By:    []string{"dest", "user_id", "Path"},
			Aggs:  []rule.Agg{{Func: rule.Count, As: "count"}, {Func: rule.Min, Field: "_time", As: "firstTime"}, {Func: rule.Max, Field: "_time", As: "lastTime"}},
			Times: []rule.TimeFormat{{Column: "firstTime", Layout: "%Y-%m-%dT%H:%M:%S"}},
		},
	}
}

// testColumns are those of the rows of testDetection.
var testColumns = []string{"dest", "user_id", "Path", "count", "firstTime", "lastTime"}

// testRow returns a row with the given BY values, of which - is missing.
func testRow(key ...string) row.Named {
	r := row.Named{Columns: testColumns}
	for _, v := range key {
		if v == "-" {
			r.Values = append(r.Values, row.Value{})
		} else {
			r.Values = append(r.Values, row.OfText(v))
		}
	}
	r.Values = append(r.Values, row.OfInt(2), row.OfText("2024-05-01T09:12:33"), row.OfNanos(1_714_554_754e9))
	return r
}

// names lists the members of a line in order and fails on one that stands twice.
func names(t *testing.T, line []byte) (out []string) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(line))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		name := tok.(string)
		if slices.Contains(out, name) {
			t.Errorf("member %q stands twice in %s", name, line)
		}
		out = append(out, name)
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestStats(t *testing.T) {
	t.Parallel()
	e := &Encoder{Detections: []*detection.Detection{testDetection()}}
	const want = `{"detection":"Some Name","dest":"ws1","user_id":"","Path":null,"count":2,` +
		`"firstTime":"2024-05-01T09:12:33","lastTime":1714554754}` + "\n"
	if got := string(e.Stats(testRow("ws1", "", "-"))); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	several := row.Named{Columns: []string{"a", "b", "c"}, Values: []row.Value{row.OfTexts([]string{"x", `"`}), row.OfNumber(-0.5), {}}}
	if got, want := string(e.Stats(several)), `{"detection":"Some Name","a":["x","\""],"b":-0.5,"c":null}`+"\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

// An object of several values is at risk in each of them.
func TestRiskOfSeveral(t *testing.T) {
	t.Parallel()
	d := testDetection()
	d.Risk.Objects = d.Risk.Objects[:1]
	d.Risk.Message = "$dest$!"
	d.Risk.Threats = []detection.ThreatObject{{Field: "dest", Type: "system"}}
	e := &Encoder{Detections: []*detection.Detection{d}}
	r := row.Named{Columns: []string{"dest"}, Values: []row.Value{row.OfTexts([]string{"a", "b"})}}
	var objects []string
	for line := range bytes.Lines(e.Risk(r)) {
		var got struct {
			Object  string   `json:"risk_object"`
			Message string   `json:"risk_message"`
			Threats []string `json:"threat_object"`
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, got.Object)
		if got.Message != "a, b!" || !slices.Equal(got.Threats, []string{"a", "b"}) {
			t.Errorf("%+v", got)
		}
	}
	if !slices.Equal(objects, []string{"a", "b"}) {
		t.Errorf("objects %q, want each value", objects)
	}
}

func TestRisk(t *testing.T) {
	t.Parallel()
	e := &Encoder{Detections: []*detection.Detection{testDetection()}}
	lines := bytes.SplitAfter(e.Risk(testRow(`w"s\1`, "-", "C:\\x")), []byte("\n"))
	if len(lines) != 3 || len(lines[2]) != 0 {
		t.Fatalf("%d lines, want one for each of two risk objects: %q", len(lines)-1, lines)
	}
	const search = "ESCU - Some Name - Rule"
	want := map[string]any{
		"search_name": search, "source": search,
		"risk_object": `w"s\1`, "risk_object_type": "system", "risk_score": 45.0,
		// Times read as in the row: the search converts only one of them.
		"risk_message":               `w"s\1 ran C:\x 2 times from 2024-05-01T09:12:33 to 1714554754 for 5$`,
		"analyticstories":            []any{"Story"},
		"annotations._all":           []any{"Story", "T1016", "T1059.001"},
		"annotations.mitre_attack":   []any{"T1016", "T1059.001"},
		"contributing_events_search": `| savedsearch "ESCU - Some Name - Rule" | search dest="w\"s\\1"`,
		"info_min_time":              "0.000", "info_max_time": "+Infinity",
		"dest": `w"s\1`, "user_id": nil, "Path": `C:\x`,
		"count": 2.0, "firstTime": "2024-05-01T09:12:33", "lastTime": 1714554754.0,
	}
	var sids []any
	for i, line := range lines[:2] {
		var got map[string]any
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		names(t, line)
		sids = append(sids, got["orig_sid"])
		delete(got, "orig_sid")
		if i == 1 { // the second object has no value in this row
			want["risk_object"], want["risk_object_type"], want["risk_score"] = nil, "user", 20.0
			want["contributing_events_search"] = `| savedsearch "ESCU - Some Name - Rule"`
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("line %d\n got %v\nwant %v", i, got, want)
		}
	}
	if sids[0] == "" || sids[0] != sids[1] {
		t.Errorf("orig_sid %v differs within a row", sids)
	}
	other := testDetection()
	other.Version++
	if sid(other, row.Span{}) == sids[0] {
		t.Error("orig_sid is the same for two versions")
	}
}

func TestRiskThreats(t *testing.T) {
	t.Parallel()
	d := testDetection()
	d.Risk.Objects = d.Risk.Objects[:1]
	d.Risk.Threats = []detection.ThreatObject{{Field: "Path", Type: "file_path"}, {Field: "user_id", Type: "other"}}
	e := &Encoder{Detections: []*detection.Detection{d}}
	var got struct {
		Objects []string `json:"threat_object"`
		Types   []string `json:"threat_object_type"`
	}
	if err := json.Unmarshal(e.Risk(testRow("ws1", "-", "p")), &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Objects, []string{"p"}) || !slices.Equal(got.Types, []string{"file_path"}) {
		t.Errorf("threats %+v, want those that have a value", got)
	}
	d.Risk = detection.Risk{}
	if got := e.Risk(testRow("ws1", "-", "p")); len(got) != 0 {
		t.Errorf("without risk objects: %s", got)
	}
}

// No line has a member twice, whatever a rule calls its columns.
func TestColumnNamesThatAreTaken(t *testing.T) {
	t.Parallel()
	d := testDetection()
	d.Risk.Objects = d.Risk.Objects[:1]
	e := &Encoder{Detections: []*detection.Detection{d}}
	row := testRow("ws1", "src", "det", "9")
	row.Columns = []string{"dest", "source", "detection", "risk_score", "count", "firstTime", "lastTime"}
	stats := e.Stats(row)
	if got, want := names(t, stats), []string{"detection", "dest", "source", "orig_detection", "risk_score", "count", "firstTime", "lastTime"}; !slices.Equal(got, want) {
		t.Errorf("stats members %q, want %q", got, want)
	}
	risk := e.Risk(row)
	got := names(t, risk)
	for _, name := range []string{"search_name", "source", "orig_source", "risk_score", "orig_risk_score", "detection"} {
		if !slices.Contains(got, name) {
			t.Errorf("risk members %q lack %q", got, name)
		}
	}
}

func TestEvent(t *testing.T) {
	t.Parallel()
	e := &Encoder{Detections: []*detection.Detection{testDetection()}}
	dec := event.NewDecoder(event.ProjectAll([]string{"Path"}), nil)
	line := []byte("[")
	raw := `<Event><System><Provider Name='P'/><EventID>1</EventID><TimeCreated SystemTime='2024-05-01T09:12:33.1234567Z'/></System>` +
		`<EventData><Data Name='b'>2</Data><Data Name='a'>1</Data><Data Name='b'>"3"</Data><Data Name='_time'>x</Data><Data Name='empty'/></EventData></Event>`
	err := dec.Decode(record.XML, []byte(raw), func(ev *event.Event) { line = e.Event(line, 0, ev) })
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"detection":"Some Name","_time":"2024-05-01T09:12:33.1234567Z","EventCode":"1","signature_id":"1",` +
		`"vendor_product":"Microsoft Windows","Name":"P","b":["2","\"3\""],"a":"1","orig__time":"x"}` + "\n"
	if string(line) != want {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	line = nil
	if err := dec.Decode(record.JSON, []byte(`{"EventID":1,"Path":""}`), func(ev *event.Event) { line = e.Event(line, 0, ev) }); err != nil {
		t.Fatal(err)
	}
	if got := names(t, line); !bytes.Contains(line, []byte(`"_time":null`)) || slices.Contains(got, "Path") {
		t.Errorf("without a time: %s", line)
	}
}
