package corpus

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const namespace = "http://schemas.microsoft.com/win/2004/08/events/event"

// xmlStyle says how an XML writer spells what it may spell in several ways.
type xmlStyle struct {
	quote      string // quote of attribute values
	layout     string // time layout
	indent     bool   // one element a line, two spaces a level
	cdata      bool   // data values in CDATA sections
	rendered   bool   // RenderingInfo even if the event does not ask for it
	selfClose  bool   // <Data Name='x'/> for empty values
	openEmpty  bool   // <Security></Security> with a line end inside, as evtx_dump writes
	guidBraces bool
	guidLower  bool
}

var splunkStyle = xmlStyle{quote: "'", layout: layoutNanos, guidBraces: true}

// xmlShapes are the shapes whose records are <Event> elements.
func xmlShapes() []Shape {
	double := xmlStyle{quote: `"`, layout: layoutTicks, guidBraces: true, guidLower: true, selfClose: true}
	indented := xmlStyle{quote: `"`, layout: layoutMicros, indent: true, openEmpty: true, guidBraces: true}
	older := xmlStyle{quote: `"`, layout: "2006-01-02 15:04:05.000000 UTC", indent: true, openEmpty: true}
	cdata := splunkStyle
	cdata.cdata = true
	rendered := splunkStyle
	rendered.rendered, rendered.layout = true, layoutTicks
	return []Shape{
		xmlShape("xml-splunk", splunkStyle, tick),
		xmlShape("xml-double", double, tick),
		xmlShape("xml-indented", indented, time.Microsecond),
		xmlShape("xml-indented-utc", older, time.Microsecond),
		xmlShape("xml-cdata", cdata, tick),
		xmlShape("xml-rendered", rendered, tick),
	}
}

func xmlShape(name string, style xmlStyle, precision time.Duration) Shape {
	return Shape{
		Name:   name,
		Format: XML,
		Render: func(e *Event) []byte { return renderXML(e, style) },
		Expect: expect(precision),
	}
}

// xmlWriter builds an element tree in the style of one tool.
type xmlWriter struct {
	xmlStyle
	b     strings.Builder
	depth int
}

// renderXML writes an event as one <Event> element.
func renderXML(e *Event, style xmlStyle) []byte {
	w := &xmlWriter{xmlStyle: style}
	w.open("Event", KV{"xmlns", namespace})
	w.system(e)
	w.open("EventData")
	for _, kv := range e.Data {
		w.data(kv)
	}
	w.close("EventData")
	if e.Rendered || style.rendered {
		w.renderingInfo(e)
	}
	w.close("Event")
	return []byte(strings.TrimSpace(w.b.String()))
}

func (w *xmlWriter) system(e *Event) {
	w.open("System")
	w.empty("Provider", KV{"Name", e.Provider}, KV{"Guid", w.guid(e.Guid)}, KV{"EventSourceName", classicSource(e)})
	if e.Qualifiers > 0 {
		w.text("EventID", strconv.Itoa(e.EventID), KV{"Qualifiers", strconv.Itoa(e.Qualifiers)})
	} else {
		w.text("EventID", strconv.Itoa(e.EventID))
	}
	w.text("Version", strconv.Itoa(e.Version))
	w.text("Level", strconv.Itoa(e.Level))
	w.text("Task", strconv.Itoa(e.Task))
	w.text("Opcode", strconv.Itoa(e.Opcode))
	w.text("Keywords", e.Keywords)
	w.empty("TimeCreated", KV{"SystemTime", stamp(e, w.layout)})
	w.text("EventRecordID", strconv.FormatInt(e.RecordID, 10))
	w.empty("Correlation", KV{"ActivityID", w.guid(e.ActivityID)})
	w.empty("Execution", KV{"ProcessID", strconv.Itoa(e.ProcessID)}, KV{"ThreadID", strconv.Itoa(e.ThreadID)})
	w.text("Channel", e.Channel)
	w.text("Computer", e.Computer)
	w.empty("Security", KV{"UserID", e.UserID})
	w.close("System")
}

func (w *xmlWriter) renderingInfo(e *Event) {
	w.open("RenderingInfo", KV{"Culture", "en-US"})
	w.text("Message", message(e))
	w.text("Level", levelText(e))
	w.text("Task", taskText(e))
	w.text("Opcode", opcodeText(e))
	w.text("Channel", e.Channel)
	w.text("Provider", e.Provider)
	w.open("Keywords")
	w.text("Keyword", "None")
	w.close("Keywords")
	w.close("RenderingInfo")
}

// classicSource is the second name of a provider that sets qualifiers.
func classicSource(e *Event) string {
	if e.Qualifiers > 0 {
		return e.Provider
	}
	return ""
}

func (w *xmlWriter) guid(guid string) string {
	if w.guidLower {
		guid = strings.ToLower(guid)
	}
	if !w.guidBraces {
		guid = bareGuid(guid)
	}
	return guid
}

// line starts a line when the style has lines.
func (w *xmlWriter) line() {
	if w.indent {
		w.b.WriteString("\n" + strings.Repeat("  ", w.depth))
	}
}

// tag writes a start tag up to, and without, its last bracket. Attributes
// without a value are left out.
func (w *xmlWriter) tag(name string, attrs []KV) {
	w.line()
	w.b.WriteString("<" + name)
	for _, a := range attrs {
		if a.Value != "" {
			w.b.WriteString(" " + a.Name + "=" + w.quote + escapeXML(a.Value, w.quote) + w.quote)
		}
	}
}

func (w *xmlWriter) open(name string, attrs ...KV) {
	w.tag(name, attrs)
	w.b.WriteString(">")
	w.depth++
}

func (w *xmlWriter) close(name string) {
	w.depth--
	w.line()
	w.b.WriteString("</" + name + ">")
}

func (w *xmlWriter) empty(name string, attrs ...KV) {
	w.tag(name, attrs)
	if !w.openEmpty {
		w.b.WriteString("/>")
		return
	}
	w.b.WriteString(">")
	w.line()
	w.b.WriteString("</" + name + ">")
}

func (w *xmlWriter) text(name, value string, attrs ...KV) {
	w.tag(name, attrs)
	w.b.WriteString(">" + escapeXML(value, "") + "</" + name + ">")
}

func (w *xmlWriter) data(kv KV) {
	w.tag("Data", []KV{{"Name", kv.Name}})
	switch {
	case kv.Value == "" && w.selfClose:
		w.b.WriteString("/>")
		return
	case kv.Value != "" && w.cdata:
		w.b.WriteString(">" + cdataSections(kv.Value))
	default:
		w.b.WriteString(">" + escapeXML(kv.Value, ""))
	}
	w.b.WriteString("</Data>")
}

// cdataSections wraps a value in CDATA, which must not hold its own end.
func cdataSections(s string) string {
	return "<![CDATA[" + strings.ReplaceAll(s, "]]>", "]]]]><![CDATA[>") + "]]>"
}

// escapeXML escapes what Windows escapes: the three markup characters, the
// quote that delimits an attribute, and a carriage return, which a parser would
// otherwise drop. Other control characters stay as they are, which is no XML
// but what real exports hold; only NUL becomes a reference.
func escapeXML(s, quote string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '\'' && quote == "'":
			b.WriteString("&apos;")
		case r == '"' && quote == `"`:
			b.WriteString("&quot;")
		case r == '\r' || r == 0:
			fmt.Fprintf(&b, "&#x%X;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
