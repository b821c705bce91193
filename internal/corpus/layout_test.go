package corpus

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf16"
)

func TestLayouts(t *testing.T) {
	var js, xs [][]byte
	for _, e := range events(22, 20) {
		js = append(js, ByName("otrf").Render(e))
		xs = append(xs, ByName("xml-splunk").Render(e))
	}
	if n := bytes.Count(NDJSON(js, true), []byte("\r\n")); n != len(js) {
		t.Errorf("NDJSON has %d lines", n)
	}
	if list := decodeJSON(t, JSONArray(js)).([]any); len(list) != len(js) {
		t.Errorf("JSONArray has %d items", len(list))
	}
	for name, doc := range map[string][]byte{"indented": JSONIndented(js), "concatenated": JSONConcatenated(js)} {
		d, n := json.NewDecoder(bytes.NewReader(doc)), 0
		for ; d.More(); n++ {
			var v any
			if err := d.Decode(&v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if n != len(js) {
			t.Errorf("%s: %d values", name, n)
		}
	}
	if !bytes.HasPrefix(EvtxDumpJSON(js), []byte("Record 1\n{\n")) || !bytes.HasPrefix(EvtxDumpXML(xs), []byte("Record 1\n<?xml")) {
		t.Error("evtx_dump layouts lack their header lines")
	}
	for _, indented := range []bool{false, true} {
		root, err := tree(XMLDocument(xs, indented))
		if err != nil || root.name != "Events" || len(root.children) != len(xs) {
			t.Errorf("XMLDocument: %v", err)
		}
	}
	if !bytes.Contains(XMLOneLine(xs), []byte("</Event><Event ")) || !bytes.Contains(XMLLines(xs), []byte("</Event>\n<Event ")) {
		t.Error("XML layouts separate events wrongly")
	}
}

func TestUTF16(t *testing.T) {
	for _, big := range []bool{false, true} {
		doc := UTF16([]byte("a😀\n"), big, true)
		var units []uint16
		for i := 0; i < len(doc); i += 2 {
			u := uint16(doc[i]) | uint16(doc[i+1])<<8
			if big {
				u = u<<8 | u>>8
			}
			units = append(units, u)
		}
		if got := string(utf16.Decode(units)); got != "\uFEFFa😀\n" {
			t.Errorf("UTF16(%v) = %q", big, got)
		}
	}
	if got := UTF16([]byte("a"), false, false); !bytes.Equal(got, []byte{'a', 0}) {
		t.Errorf("UTF16 without a mark = %v", got)
	}
}
