package corpus

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// events returns a mix from a seed, without control characters.
func events(seed uint64, n int) []*Event {
	g := New(seed)
	var list []*Event
	for range n {
		list = append(list, g.Next())
	}
	return list
}

// element is a generic XML element.
type element struct {
	name     string
	attrs    map[string]string
	text     string
	children []*element
}

// tree decodes a document with encoding/xml; white space around child elements
// and comments count for nothing.
func tree(doc []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	root := &element{}
	stack := []*element{root}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := tok.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local, attrs: map[string]string{}}
			for _, a := range t.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			top.children = append(top.children, e)
			stack = append(stack, e)
		case xml.EndElement:
			if len(top.children) > 0 || strings.TrimSpace(top.text) == "" {
				top.text = strings.TrimSpace(top.text)
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
	if len(root.children) != 1 {
		return nil, fmt.Errorf("cannot read document: %d roots", len(root.children))
	}
	return root.children[0], nil
}

// find returns the first element of a path.
func (e *element) find(path ...string) *element {
	for _, name := range path {
		var next *element
		for _, c := range e.children {
			if c.name == name {
				next = c
				break
			}
		}
		if next == nil {
			return &element{}
		}
		e = next
	}
	return e
}

func decodeJSON(t *testing.T, doc []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("cannot decode JSON: %v\n%q", err, doc)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("cannot decode JSON: something follows the value\n%q", doc)
	}
	return v
}

func TestShapesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for i := range Shapes {
		s := &Shapes[i]
		if s.Name == "" || seen[s.Name] || ByName(s.Name) != s {
			t.Errorf("shape %d: name %q is empty or not the only one", i, s.Name)
		}
		seen[s.Name] = true
	}
	if ByName("no such shape") != nil {
		t.Error("ByName found a shape that does not exist")
	}
}

func TestJSONRenders(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	g := New(3)
	g.Control = true
	for range 120 {
		e := g.Next()
		for _, s := range Shapes {
			if s.Format != JSON {
				continue
			}
			doc := s.Render(e)
			want := decodeJSON(t, doc)
			if bytes.ContainsAny(doc, "\r\n") {
				t.Fatalf("%s: more than one line: %q", s.Name, doc)
			}
			if dup := duplicate(doc); dup != "" {
				t.Fatalf("%s: key %q twice: %s", s.Name, dup, doc)
			}
			if !bytes.Equal(doc, s.Render(e)) {
				t.Fatalf("%s: two renders differ", s.Name)
			}
			again := Respell(rng, JSON, doc)
			if bytes.ContainsAny(again, "\r\n") {
				t.Fatalf("%s: respelled to more than one line: %q", s.Name, again)
			}
			if got := decodeJSON(t, again); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: respelling changed the value\n%s\n%s", s.Name, doc, again)
			}
		}
	}
}

// duplicate returns a key that one object of the document has twice.
func duplicate(doc []byte) string {
	p := &jsonReader{doc: doc}
	n, err := p.value()
	if err != nil {
		return err.Error()
	}
	var walk func(n *node) string
	walk = func(n *node) string {
		seen := map[string]bool{}
		for _, k := range n.keys {
			if seen[string(k.runes)] {
				return string(k.runes)
			}
			seen[string(k.runes)] = true
		}
		for i := range n.items {
			if dup := walk(&n.items[i]); dup != "" {
				return dup
			}
		}
		return ""
	}
	return walk(&n)
}

func TestXMLRenders(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	for _, e := range events(6, 250) {
		for _, s := range Shapes {
			if s.Format != XML {
				continue
			}
			doc := s.Render(e)
			want, err := tree(doc)
			if err != nil {
				t.Fatalf("%s: cannot decode XML: %v\n%s", s.Name, err, doc)
			}
			checkTree(t, s.Name, e, want)
			again := RespellWith(rng, XML, doc, Options{RootEndSpace: rng.IntN(2) == 0})
			got, err := tree(again)
			if err != nil {
				t.Fatalf("%s: cannot decode respelled XML: %v\n%s", s.Name, err, again)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: respelling changed the tree\n%s\n%s", s.Name, doc, again)
			}
		}
	}
}

// checkTree compares the main values of a decoded event with the event.
func checkTree(t *testing.T, shape string, e *Event, root *element) {
	t.Helper()
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: %s = %q, want %q", shape, what, got, want)
		}
	}
	sys := root.find("System")
	check("Computer", sys.find("Computer").text, e.Computer)
	check("EventID", sys.find("EventID").text, fmt.Sprint(e.EventID))
	check("Channel", sys.find("Channel").text, e.Channel)
	check("Provider", sys.find("Provider").attrs["Name"], e.Provider)
	check("Guid", strings.Trim(strings.ToUpper(sys.find("Provider").attrs["Guid"]), "{}"), bareGuid(e.Guid))
	check("UserID", sys.find("Security").attrs["UserID"], e.UserID)
	data := root.find("EventData").children
	if len(data) != len(e.Data) {
		t.Fatalf("%s: %d data values, want %d", shape, len(data), len(e.Data))
	}
	for i, kv := range e.Data {
		check("name", data[i].attrs["Name"], kv.Name)
		if shape == "xml-cdata" { // which cannot hold a carriage return
			check(kv.Name, data[i].text, lineFeeds(kv.Value))
		} else {
			check(kv.Name, data[i].text, kv.Value)
		}
	}
	if shape == "xml-rendered" && root.find("RenderingInfo", "Message").text == "" {
		t.Fatalf("%s: no RenderingInfo", shape)
	}
}

func TestRenderInner(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, e := range events(9, 300) {
		for _, s := range Shapes {
			if s.RenderInner == nil {
				continue
			}
			var inner []byte
			doc := s.RenderInner(e, func(x []byte) []byte {
				inner = Respell(rng, XML, x)
				return inner
			})
			if !contains(decodeJSON(t, doc), string(inner)) {
				t.Fatalf("%s: the respelled XML is not in the record", s.Name)
			}
		}
	}
}

// contains reports whether some string of a generic value is s.
func contains(v any, s string) bool {
	switch v := v.(type) {
	case string:
		return v == s
	case map[string]any:
		for _, item := range v {
			if contains(item, s) {
				return true
			}
		}
	}
	return false
}

func TestExpect(t *testing.T) {
	g := New(10)
	g.Control = true
	for range 2000 {
		e := g.Next()
		known := map[string]bool{}
		for _, name := range Fields(e) {
			if known[name] {
				t.Fatalf("event %d: field %q twice", e.EventID, name)
			}
			known[name] = true
		}
		for _, s := range Shapes {
			m := s.Expect(e)
			for name, value := range m {
				if value == "" || !known[name] || strings.Contains(value, "\r") {
					t.Fatalf("%s: %s = %q", s.Name, name, value)
				}
			}
			if m["dest"] != e.Computer || m["vendor_product"] != "Microsoft Windows" {
				t.Fatalf("%s: dest and vendor_product are missing", s.Name)
			}
			when, err := time.Parse(time.RFC3339Nano, m["_time"])
			if err != nil || e.Time.Sub(when) < 0 || e.Time.Sub(when) >= time.Second {
				t.Fatalf("%s: _time = %q of %v: %v", s.Name, m["_time"], e.Time, err)
			}
		}
	}
}

// TestExpectIsInTheRecord looks for every expected data value in the record,
// decoded generically, so that no shape promises what it does not write.
func TestExpectIsInTheRecord(t *testing.T) {
	for _, e := range events(11, 400) {
		for _, s := range Shapes {
			if s.Format != JSON || s.RenderInner != nil || s.Name == "sentinel-string" {
				continue
			}
			have := map[string]bool{}
			collect(decodeJSON(t, s.Render(e)), have)
			for name, value := range s.Expect(e) {
				switch name {
				case "_time", "source", "signature", "vendor_product", "Opcode", "Guid":
					continue
				}
				if !have[value] {
					t.Fatalf("%s: %s = %q is not in %s", s.Name, name, value, s.Render(e))
				}
			}
		}
	}
}

// collect collects all strings and numbers of a generic value.
func collect(v any, into map[string]bool) {
	switch v := v.(type) {
	case string:
		into[strings.Trim(lineFeeds(v), "'")] = true
		into[lineFeeds(v)] = true
	case json.Number:
		into[v.String()] = true
	case map[string]any:
		for _, item := range v {
			collect(item, into)
		}
	case []any:
		for _, item := range v {
			collect(item, into)
		}
	}
}

func TestGeneratorIsDeterministic(t *testing.T) {
	a, b := events(12, 1000), events(12, 1000)
	if !reflect.DeepEqual(a, b) {
		t.Fatal("the same seed gave different events")
	}
	if reflect.DeepEqual(a, events(13, 1000)) {
		t.Fatal("another seed gave the same events")
	}
}

// TestCallersMayChangeEvents changes every event; later ones must not suffer.
func TestCallersMayChangeEvents(t *testing.T) {
	g := New(23)
	for range 500 {
		e := g.Match()
		if !Satisfies(e) {
			t.Fatal("an event shares its data with an earlier one")
		}
		e.Data[2].Value = ""
		second := g.Miss()
		second.Data[0].Value = "?"
	}
}

// TestGaps checks the fields that a shape leaves out for some events only.
func TestGaps(t *testing.T) {
	noOpcode := &Event{EventID: 4688, Data: []KV{{"ProcessId", "0x1"}}}
	if m := ByName("vector").Expect(noOpcode); m["Opcode"] != "" {
		t.Errorf("vector: Opcode = %q, but an opcode of zero is not written", m["Opcode"])
	}
	if m := ByName("fluentbit").Expect(noOpcode); m["ProcessId"] != "" || m["Opcode"] != "0" {
		t.Errorf("fluentbit: %v, but values of other events have no names", m)
	}
	if m := ByName("nxlog").Expect(noOpcode); m["Opcode"] != "0" || m["user_id"] != "" {
		t.Errorf("nxlog: %v", m)
	}
}

func TestGeneratorKeepsItsWord(t *testing.T) {
	g := New(14)
	matches, controls, core, withPath := 0, 0, 0, 0
	ids, groups := map[int]int{}, map[string]int{}
	for i := range 6000 {
		if i == 3000 {
			g.Control = true
		}
		if e := g.Match(); !Satisfies(e) {
			t.Fatalf("a match does not satisfy: %+v", e)
		}
		if e := g.Miss(); Satisfies(e) {
			t.Fatalf("a near miss satisfies: %+v", e)
		}
		if e := g.Noise(); Satisfies(e) {
			t.Fatalf("noise satisfies: %+v", e)
		}
		e := g.Next()
		ids[e.EventID]++
		if e.Control {
			controls++
			if i < 3000 {
				t.Fatal("an event with control characters without the option")
			}
		}
		if !Satisfies(e) {
			continue
		}
		matches++
		groups[fmt.Sprint(e.Computer, e.ProcessID, e.Channel, e.UserID, e.Data)]++
		if e.Channel == channelCore {
			core++
		}
		if e.Get("Path") != "" {
			withPath++
		}
	}
	if matches < 1200 || matches > 1800 || controls < 100 || core < 150 || withPath < 300 || matches-withPath < 300 {
		t.Errorf("mix: %d matches, %d with control characters, %d of PowerShell Core, %d with a path", matches, controls, core, withPath)
	}
	if len(groups) > matches*9/10 {
		t.Errorf("groups repeat too rarely: %d groups of %d matches", len(groups), matches)
	}
	for _, id := range []int{1, 4103, 4104, 4624, 4688, 7045} {
		if ids[id] < 50 {
			t.Errorf("only %d events with id %d", ids[id], id)
		}
	}
}

func TestSatisfies(t *testing.T) {
	with := func(channel, text string) *Event {
		return &Event{EventID: 4104, Channel: channel, Data: []KV{{"ScriptBlockText", text}}}
	}
	for _, c := range []struct {
		event *Event
		want  bool
	}{
		{with(channelDesktop, "INVOKE-RESTMETHOD\nhttp://API.ipify.ORG"), true},
		{with(channelCore, "ipinfo.io invoke-restmethod"), true},
		{with("Security", "ipinfo.io invoke-restmethod"), false},
		{with(channelCore, "ipinfoXio invoke-restmethod"), false},
		{with(channelCore, "ipinfo.io"), false},
		{with(channelCore, "ipinfo.io invo\u212Ae-restmethod"), false},
		{with(channelCore, "ipinfo.io invoke-re\u017Ftmethod"), false},
		{&Event{EventID: 4103, Channel: channelCore, Data: []KV{{"ScriptBlockText", "ipinfo.io invoke-restmethod"}}}, false},
		{&Event{EventID: 4104, Channel: channelCore, Data: []KV{{"Path", "ipinfo.io invoke-restmethod"}}}, false},
	} {
		if got := Satisfies(c.event); got != c.want {
			t.Errorf("Satisfies(%q in %s) = %v", c.event.Get("ScriptBlockText"), c.event.Channel, got)
		}
	}
}
