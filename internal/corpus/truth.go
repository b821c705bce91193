package corpus

import (
	"strconv"
	"strings"
	"time"
)

const (
	channelDesktop = "Microsoft-Windows-PowerShell/Operational"
	channelCore    = "PowerShellCore/Operational"

	providerDesktop = "Microsoft-Windows-PowerShell"
	providerCore    = "PowerShellCore"
)

// systemFields are the names that Expect may give besides those of EventData.
var systemFields = []string{
	"dest", "signature", "signature_id", "EventCode", "EventID", "user_id",
	"vendor_product", "Guid", "Opcode", "Name", "ProcessID", "Channel",
	"source", "_time",
}

// Fields returns every field name about which Expect makes a statement for
// this event: a name of this list that is not in the map must be missing.
func Fields(e *Event) []string {
	names := append([]string(nil), systemFields...)
	for _, kv := range e.Data {
		names = append(names, kv.Name)
	}
	return names
}

// fields returns all fields of an event, with the time cut to a precision,
// less the names that a shape does not carry.
func fields(e *Event, precision time.Duration, without ...string) map[string]string {
	id := strconv.Itoa(e.EventID)
	m := map[string]string{
		"dest":           e.Computer,
		"signature":      signature(e.EventID),
		"signature_id":   id,
		"EventCode":      id,
		"EventID":        id,
		"user_id":        e.UserID,
		"vendor_product": "Microsoft Windows",
		"Guid":           e.Guid,
		"Opcode":         strconv.Itoa(e.Opcode),
		"Name":           e.Provider,
		"ProcessID":      strconv.Itoa(e.ProcessID),
		"Channel":        e.Channel,
		"source":         "XmlWinEventLog:" + e.Channel,
		"_time":          e.Time.Truncate(precision).UTC().Format(time.RFC3339Nano),
	}
	for _, kv := range e.Data {
		m[kv.Name] = lineFeeds(kv.Value)
	}
	for _, name := range without {
		delete(m, name)
	}
	for name, value := range m {
		if value == "" {
			delete(m, name)
		}
	}
	return m
}

// expect returns an Expect function with a fixed precision and fixed gaps.
func expect(precision time.Duration, without ...string) func(*Event) map[string]string {
	return func(e *Event) map[string]string { return fields(e, precision, without...) }
}

// signature is the name that the add-on gives to the two PowerShell events.
func signature(id int) string {
	switch id {
	case 4103:
		return "Microsoft-Windows-PowerShell Executing Pipeline"
	case 4104:
		return "Microsoft-Windows-PowerShell Execute a Remote Command"
	}
	return ""
}

// lineFeeds reads CRLF and a lone CR as LF.
func lineFeeds(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.ReplaceAll(s, "\r", "\n")
}

// opcodeText is the text that Windows renders for an opcode.
func opcodeText(e *Event) string {
	switch e.Opcode {
	case 0:
		return "Info"
	case 1:
		return "Start"
	case 2:
		return "Stop"
	case 15:
		return "On create calls"
	case 20:
		return "To be used when operation is just executing a method"
	}
	return strconv.Itoa(e.Opcode)
}

// taskText is the text that Windows renders for a task of an event.
func taskText(e *Event) string {
	switch e.EventID {
	case 4104:
		return "Execute a Remote Command"
	case 4103:
		return "Executing Pipeline"
	case 4688:
		return "Process Creation"
	case 4624:
		return "Logon"
	case 1:
		return "Process Create (rule: ProcessCreate)"
	}
	return "None"
}

// levelText is the text that Windows renders for a level.
func levelText(e *Event) string {
	switch e.Level {
	case 1:
		return "Critical"
	case 2:
		return "Error"
	case 3:
		return "Warning"
	case 5:
		return "Verbose"
	}
	return "Information"
}

// message is the text that Windows renders for the event. It repeats the data
// values, which a reader must not take for the values themselves.
func message(e *Event) string {
	if e.EventID == 4104 {
		return "Creating Scriptblock text (" + e.Get("MessageNumber") + " of " + e.Get("MessageTotal") + "):\r\n" +
			e.Get("ScriptBlockText") + "\r\n\r\nScriptBlock ID: " + e.Get("ScriptBlockId") + "\r\nPath: " + e.Get("Path")
	}
	var b strings.Builder
	b.WriteString(taskText(e) + ".\r\n")
	for _, kv := range e.Data {
		b.WriteString("\t" + kv.Name + ":\t" + kv.Value + "\r\n")
	}
	return b.String()
}

// account returns the domain and the name behind a SID, or false for the SIDs
// that the collector cannot resolve (every fifth relative id).
func account(sid string) (domain, name string, ok bool) {
	if sid == "" {
		return "", "", false
	}
	if sid == "S-1-5-18" {
		return "NT AUTHORITY", "SYSTEM", true
	}
	rid := sid[strings.LastIndexByte(sid, '-')+1:]
	n, err := strconv.Atoi(rid)
	if err != nil || n%5 == 0 {
		return "", "", false
	}
	return "CONTOSO", "user" + rid, true
}

// isScriptBlock reports whether the data of the event are those of a script
// block, whose order is known to readers of positional shapes.
func isScriptBlock(e *Event) bool {
	return e.EventID == 4104 && (e.Provider == providerDesktop || e.Provider == providerCore)
}

func lowerGuid(e *Event) string { return strings.ToLower(e.Guid) }

func bareGuid(guid string) string { return strings.Trim(guid, "{}") }

// stamp formats the time of an event in UTC.
func stamp(e *Event, layout string) string { return e.Time.UTC().Format(layout) }

const (
	layoutSeconds = "2006-01-02 15:04:05"
	layoutMillis  = "2006-01-02T15:04:05.000Z"
	layoutMicros  = "2006-01-02T15:04:05.000000Z"
	layoutTicks   = "2006-01-02T15:04:05.0000000Z"
	layoutNanos   = "2006-01-02T15:04:05.000000000Z"

	// tick is the step of Windows file times.
	tick = 100 * time.Nanosecond
)
