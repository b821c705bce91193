package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
)

// NDJSON writes one record a line.
func NDJSON(recs [][]byte, crlf bool) []byte {
	end := "\n"
	if crlf {
		end = "\r\n"
	}
	var b bytes.Buffer
	for _, r := range recs {
		b.Write(r)
		b.WriteString(end)
	}
	return b.Bytes()
}

// JSONArray writes the records as one array on one line.
func JSONArray(recs [][]byte) []byte {
	return append(append([]byte("["), bytes.Join(recs, []byte(","))...), "]\n"...)
}

// JSONIndented writes each record over several lines, as jq prints them.
func JSONIndented(recs [][]byte) []byte {
	var b bytes.Buffer
	for _, r := range recs {
		indent(&b, r)
	}
	return b.Bytes()
}

// JSONConcatenated writes the records one after the other without a newline.
func JSONConcatenated(recs [][]byte) []byte { return bytes.Join(recs, nil) }

// EvtxDumpJSON writes a line "Record N" before each indented record, as
// evtx_dump does in its json mode.
func EvtxDumpJSON(recs [][]byte) []byte {
	var b bytes.Buffer
	for i, r := range recs {
		fmt.Fprintf(&b, "Record %d\n", i+1)
		indent(&b, r)
	}
	return b.Bytes()
}

// indent writes a record over several lines; a record that is no JSON stays.
func indent(b *bytes.Buffer, rec []byte) {
	if err := json.Indent(b, rec, "", "  "); err != nil {
		b.Write(rec)
	}
	b.WriteByte('\n')
}

// XMLLines writes each event at the start of a line. Events whose values hold
// newlines still take several lines.
func XMLLines(recs [][]byte) []byte { return NDJSON(recs, false) }

// XMLOneLine writes all events one after the other without a newline between.
func XMLOneLine(recs [][]byte) []byte { return bytes.Join(recs, nil) }

// XMLDocument writes the events below one root, with a declaration, as Event
// Viewer saves them. With indented, every event starts a line of its own.
func XMLDocument(recs [][]byte, indented bool) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="utf-8" standalone="yes"?>`)
	if indented {
		b.WriteString("\n<Events>\n")
	} else {
		b.WriteString("<Events>")
	}
	for _, r := range recs {
		if indented {
			b.WriteString("  ")
		}
		b.Write(r)
		if indented {
			b.WriteByte('\n')
		}
	}
	b.WriteString("</Events>\n")
	return b.Bytes()
}

// EvtxDumpXML writes a line "Record N" and a declaration before each event, as
// evtx_dump does in its xml mode.
func EvtxDumpXML(recs [][]byte) []byte {
	var b bytes.Buffer
	for i, r := range recs {
		fmt.Fprintf(&b, "Record %d\n<?xml version=\"1.0\" encoding=\"utf-8\"?>\n%s\n", i+1, r)
	}
	return b.Bytes()
}

// UTF16 writes a UTF-8 document in UTF-16, with or without a byte order mark.
func UTF16(doc []byte, bigEndian, bom bool) []byte {
	units := utf16.Encode([]rune(string(doc)))
	if bom {
		units = append([]uint16{0xFEFF}, units...)
	}
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		if bigEndian {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}
