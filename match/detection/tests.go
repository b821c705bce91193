package detection

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Test is an entry of a detection's `tests`: data in which it must find
// something.
type Test struct {
	Name         string
	Line, Column int
	Data         []AttackData
	Want         *Want // nil if any row will do
}

// AttackData is a file of events. Its source and sourcetype say how Splunk is to
// take it; here, they follow from each event.
type AttackData struct {
	Data       string // a path or a URL
	Source     string
	Sourcetype string
}

// Want is our extension of the schema: what the rows of a test must be.
type Want struct {
	Count  int   // of rows; below 0 for any
	Events int   // that match; below 0 for any
	Least  int   // of events that match
	Rows   []Row // each of which must be part of some row
}

// Row is a row by column: each value nil, a string, or a []string for several
// values. Numbers are the strings that they are written as.
type Row map[string]any

// ParseRow reads the JSON object of a row.
func ParseRow(line []byte) (Row, error) {
	d := json.NewDecoder(strings.NewReader(string(line)))
	d.UseNumber()
	var row Row
	if err := d.Decode(&row); err != nil {
		return nil, err
	}
	for name, v := range row {
		row[name] = plain(v)
	}
	return row, nil
}

func plain(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		list := make([]string, len(v))
		for i, item := range v {
			list[i] = fmt.Sprint(plain(item))
		}
		return list
	case string:
		return v
	}
	return fmt.Sprint(v)
}

// Judge says why what a test found, rows of so many events, is not what it must
// be, or "". As in Splunk's own test of its content, one row is enough whose risk
// objects all have a value; where there is a Want, that decides instead.
func (t *Test) Judge(risk *Risk, rows []Row, events int64) string {
	if t.Want != nil {
		return t.Want.judge(rows, events)
	}
	if len(rows) == 0 {
		return "no row"
	}
	var null []string
	for _, row := range rows {
		null = null[:0]
		for _, o := range risk.Objects {
			if v := row[o.Field]; !o.Optional && (v == nil || v == "" || v == "null") {
				null = append(null, o.Field)
			}
		}
		if len(null) == 0 {
			return ""
		}
	}
	return fmt.Sprintf("no row has a value for each risk object; the last one lacks %s", strings.Join(null, ", "))
}

func (w *Want) judge(rows []Row, events int64) string {
	if w.Events >= 0 && events != int64(w.Events) {
		return fmt.Sprintf("events %d, want %d", events, w.Events)
	}
	if events < int64(w.Least) {
		return fmt.Sprintf("events %d, want at least %d", events, w.Least)
	}
	if w.Count >= 0 && len(rows) != w.Count {
		return fmt.Sprintf("count %d, want %d", len(rows), w.Count)
	}
	for i, want := range w.Rows {
		if !slices.ContainsFunc(rows, want.partOf) {
			return fmt.Sprintf("no row has what row %d of want has", i+1)
		}
	}
	return ""
}

// partOf reports whether row has all that r has.
func (r Row) partOf(row Row) bool {
	for name, want := range r {
		got, ok := row[name]
		if !ok || fmt.Sprintf("%T%q", got, got) != fmt.Sprintf("%T%q", want, want) {
			return false
		}
	}
	return true
}

// tests reads a detection's tests.
func (f *file) tests(n *yaml.Node, d *Detection) {
	f.list(n, "tests", func(item *yaml.Node) {
		t := Test{Line: item.Line, Column: item.Column}
		f.members(item, "a test", map[string]func(*yaml.Node){
			"name":          f.text(&t.Name, "name"),
			"attack_data":   func(n *yaml.Node) { f.attackData(n, &t) },
			"test_type":     f.oneOf(new(string), "test_type", "unit", "integration", "unit_integration", "manual"),
			"earliest_time": nil, "latest_time": nil, "pass_condition": nil, // every event of the data is searched
			"want": func(n *yaml.Node) { t.Want = f.want(n) },
		})
		if (t.Name == "" || len(t.Data) == 0) && !f.failed {
			f.errorf(item, "a test needs name and attack_data")
		}
		d.Tests = append(d.Tests, t)
	})
}

func (f *file) attackData(n *yaml.Node, t *Test) {
	f.list(n, "attack_data", func(item *yaml.Node) {
		var a AttackData
		f.members(item, "attack_data", map[string]func(*yaml.Node){
			"data":       f.text(&a.Data, "data"),
			"source":     f.text(&a.Source, "source"),
			"sourcetype": f.text(&a.Sourcetype, "sourcetype"),
			"host":       nil, "custom_index": nil, "update_timestamp": nil, "file_name": nil,
		})
		if a.Data == "" && !f.failed {
			f.errorf(item, "attack_data needs data")
		}
		t.Data = append(t.Data, a)
	})
}

func (f *file) want(n *yaml.Node) *Want {
	w := &Want{Count: -1, Events: -1}
	f.members(n, "want", map[string]func(*yaml.Node){
		"count":  f.integer(&w.Count, "want.count", 0, 1<<30),
		"events": f.integer(&w.Events, "want.events", 0, 1<<30),
		"rows": func(n *yaml.Node) {
			f.list(n, "want.rows", func(item *yaml.Node) { w.Rows = append(w.Rows, f.wantRow(item)) })
		},
	})
	if w.Count < 0 && w.Events < 0 && w.Rows == nil && !f.failed {
		f.errorf(n, "want needs count, events or rows")
	}
	return w
}

func (f *file) wantRow(n *yaml.Node) Row {
	row := Row{}
	if n.Kind != yaml.MappingNode {
		f.errorf(n, "a row of want must be a mapping")
		return row
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], resolved(n.Content[i+1])
		switch {
		case v.Kind == yaml.SequenceNode:
			var list []string
			f.texts(&list, "a value of want")(v)
			row[key.Value] = list
		case v.Tag == "!!null":
			row[key.Value] = nil
		default:
			var s string
			f.text(&s, "a value of want")(v)
			row[key.Value] = s
		}
		f.refs = append(f.refs, reference{key.Value, key, wanted})
	}
	return row
}
