package pipeline_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// shapes is how many shapes publishedRecord knows.
const shapes = 4

// system is the System section of an event.
type system struct {
	id, channel, host, sid, pid, at string
}

// systemOf takes the System section out of the fields of the n-th event. What they do
// not say differs from event to event unless they have a _time: hours and, for the
// order of the events, milliseconds behind a begin.
func systemOf(f map[string][]string, n int) system {
	first := func(names ...string) string {
		for _, name := range names {
			if len(f[name]) > 0 {
				return f[name][0]
			}
		}
		return ""
	}
	s := system{
		id: first("EventCode", "EventID", "signature_id"), host: first("Computer", "dest", "host", "dvc"),
		sid: first("UserID", "user_id"), pid: first("ProcessID"),
	}
	source := first("source")
	s.channel = strings.TrimPrefix(strings.TrimPrefix(source, "Xml"), "WinEventLog:")
	if s.channel == source {
		s.channel = first("Channel")
	}
	if t := f["_time"]; len(t) == 2 {
		n = 0
		hours, _ := strconv.Atoi(t[0])
		ms, _ := strconv.Atoi(t[1])
		at := time.Date(2024, 5, 1, hours, 0, 0, ms*1e6, time.UTC)
		s.at = at.Format("2006-01-02T15:04:05.000Z")
	} else {
		s.at = fmt.Sprintf("2024-05-0%dT0%d:%02d:%02d.%03dZ", 1+n%3, n%7, n%60, n*7%60, n%1000)
	}
	for part, usual := range map[*string]string{&s.host: fmt.Sprintf("host-%d.example", n%4), &s.sid: fmt.Sprint("S-1-5-", n%3), &s.pid: fmt.Sprint(100 + n%3)} {
		if *part == "" {
			*part = usual
		}
	}
	return s
}

// publishedRecord writes an event of these fields: the parts of the System section in
// their places, others as event data, in one of four shapes: XML, and the JSON of a flat
// exporter, of Winlogbeat and of evtx_dump.
func publishedRecord(f map[string][]string, shape, n int) []byte {
	s := systemOf(f, n)
	type object = map[string]any
	data := object{}
	for name, values := range f {
		switch {
		case systemField(name) || len(values) == 0:
		case len(values) == 1:
			data[name] = values[0]
		default:
			data[name] = values
		}
	}
	var o object
	switch shape {
	case 0:
		return publishedXML(s, f)
	case 1:
		o = object{"EventID": s.id, "Channel": s.channel, "Hostname": s.host, "@timestamp": s.at, "ProcessID": s.pid, "UserID": s.sid}
		maps.Copy(o, data)
	case 2:
		o = object{"@timestamp": s.at, "winlog": object{"event_id": s.id, "channel": s.channel, "computer_name": s.host, "provider_name": "P",
			"process": object{"pid": s.pid}, "user": object{"identifier": s.sid}, "event_data": data}}
	default:
		o = object{"Event": object{"System": object{"EventID": s.id, "Channel": s.channel, "Computer": s.host, "Provider": object{"#attributes": object{"Name": "P"}},
			"TimeCreated": object{"#attributes": object{"SystemTime": s.at}}, "Execution": object{"#attributes": object{"ProcessID": s.pid}},
			"Security": object{"#attributes": object{"UserID": s.sid}}}, "EventData": data}}
	}
	line, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return line
}

func publishedXML(s system, f map[string][]string) []byte {
	var b strings.Builder
	text := xmlText.Replace
	fmt.Fprintf(&b, "<Event><System><Provider Name='P' Guid='{ab}'/><EventID>%s</EventID><Channel>%s</Channel><Computer>%s</Computer><Opcode>0</Opcode>", s.id, text(s.channel), text(s.host))
	fmt.Fprintf(&b, "<TimeCreated SystemTime='%s'/><Execution ProcessID='%s' ThreadID='2'/><Security UserID='%s'/></System><EventData>", s.at, text(s.pid), text(s.sid))
	for _, name := range slices.Sorted(maps.Keys(f)) {
		for _, v := range f[name] {
			if !systemField(name) {
				fmt.Fprintf(&b, "<Data Name='%s'>%s</Data>", name, text(v))
			}
		}
	}
	return []byte(b.String() + "</EventData></Event>")
}

var xmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func systemField(name string) bool {
	return slices.Contains([]string{"source", "sourcetype", "Channel", "EventCode", "EventID", "signature_id", "Computer", "dest", "host", "dvc", "_time", "UserID", "user_id", "ProcessID"}, name) ||
		strings.ContainsAny(name, "'()*{}")
}
