// Package corpus generates Windows events with known field values and writes
// them in every shape that export tools use. Tests compare a reader with it:
// the generator knows the truth, the shapes hide it in different bytes, and
// Respell changes the bytes again without changing the meaning.
//
// The package reads nothing and shares no code with the decoders that it helps
// to test, so a mistake in one cannot hide the same mistake in the other.
package corpus

import (
	"strings"
	"time"
)

// Event is one logical Windows event: the truth that every shape renders.
type Event struct {
	Provider   string // name of the provider
	Guid       string // upper case with braces; empty for classic providers
	EventID    int
	Qualifiers int // attribute of EventID that classic providers set; 0 = none
	Version    int
	Level      int
	Task       int
	Opcode     int
	Keywords   string    // hexadecimal, such as "0x0"
	Time       time.Time // UTC, nanoseconds in multiples of 100
	RecordID   int64
	ActivityID string // upper case with braces, or empty
	ProcessID  int
	ThreadID   int
	Channel    string
	Computer   string
	UserID     string // SID, or empty
	Data       []KV   // EventData in order
	Rendered   bool   // XML shapes add a <RenderingInfo>
	Control    bool   // some value holds a control character that strict XML forbids
}

// KV is one named value of EventData. An empty Value renders in the way in
// which the shape renders empty values: "", null or nothing at all.
type KV struct{ Name, Value string }

// Get returns the data value of a name, or "" when the event has no such value.
func (e *Event) Get(name string) string {
	for _, kv := range e.Data {
		if kv.Name == name {
			return kv.Value
		}
	}
	return ""
}

// Format is the syntax of a record.
type Format int

const (
	// JSON is one JSON object a record.
	JSON Format = iota
	// XML is one <Event> element a record.
	XML
)

// String returns the lower-case name of the format.
func (f Format) String() string {
	if f == XML {
		return "xml"
	}
	return "json"
}

// Shape is one way in which tools write an event to a file.
type Shape struct {
	Name   string
	Format Format

	// Render writes one record without a final newline: one compact line of
	// JSON, or one <Event>…</Event> (which has newlines when values have).
	Render func(e *Event) []byte

	// RenderInner is set for JSON shapes that carry XML inside a string. It
	// does the same as Render, and passes the XML through respell before it is
	// put into the string.
	RenderInner func(e *Event, respell func([]byte) []byte) []byte

	// Expect returns the SPL fields that a perfect reader gets from the
	// record. A key that is absent means a missing field; no value is empty.
	Expect func(e *Event) map[string]string
}

// Shapes lists every shape. Its order is fixed, so that an index names a shape.
var Shapes = concat(xmlShapes(), flatShapes(), collectorShapes(), elasticShapes(), treeShapes(), otelShapes(), splunkShapes())

// ByName returns the shape with that name, or nil.
func ByName(name string) *Shape {
	for i := range Shapes {
		if Shapes[i].Name == name {
			return &Shapes[i]
		}
	}
	return nil
}

func concat(lists ...[]Shape) []Shape {
	var all []Shape
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// Satisfies reports whether the event is one that the detection must find: a
// script block of one of the two PowerShell channels whose text names the
// cmdlet and one of the two services. Only ASCII letters fold, so that a
// KELVIN SIGN is no k.
func Satisfies(e *Event) bool {
	if e.EventID != 4104 {
		return false
	}
	if e.Channel != channelDesktop && e.Channel != channelCore {
		return false
	}
	text := asciiLower(e.Get("ScriptBlockText"))
	if !strings.Contains(text, "invoke-restmethod") {
		return false
	}
	return strings.Contains(text, "ipinfo.io") || strings.Contains(text, "api.ipify.org")
}

// asciiLower lowers the letters A to Z and leaves every other byte alone.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
