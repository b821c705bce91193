package corpus

import (
	"strconv"
	"strings"
	"time"
)

// elasticShapes are those of Winlogbeat and Elastic Agent.
func elasticShapes() []Shape {
	agent := func(e *Event, respell func([]byte) []byte) []byte {
		return elasticAgent(e, respell).encode()
	}
	hit := func(e *Event, respell func([]byte) []byte) []byte {
		return object{
			{"_index", ".ds-logs-windows.powershell_operational-default-000001"},
			{"_id", "AVcAr4kB" + strconv.FormatInt(e.RecordID, 36)},
			{"_score", raw("1.0")},
			{"_source", elasticAgent(e, respell)},
		}.encode()
	}
	plain := func(e *Event) object { return elasticAgent(e, nil) }
	return []Shape{
		jsonShape("winlogbeat6", winlogbeat6, expect(time.Millisecond)),
		jsonShape("winlogbeat7", winlogbeat7, expect(time.Millisecond)),
		jsonShape("winlogbeat8", winlogbeat8, expect(tick)),
		jsonShape("winlogbeat-dotted", winlogbeatDotted, expect(tick)),
		jsonShape("winlogbeat-module", winlogbeatModule, expect(tick)),
		nested("elastic-agent", agent, expect(100*time.Nanosecond)),
		jsonShape("elastic-agent-plain", plain, expect(time.Millisecond, "Opcode")),
		nested("es-hit", hit, expect(100*time.Nanosecond)),
	}
}

// winlogbeat6 is the flat object of version 6 with its data in event_data.
func winlogbeat6(e *Event) object {
	o := object{
		{"@timestamp", stamp(e, layoutMillis)},
		{"@metadata", object{{"beat", "winlogbeat"}, {"type", "doc"}, {"version", "6.8.23"}}},
		{"activity_id", e.ActivityID},
		{"beat", object{{"name", "collector-1"}, {"hostname", "collector-1"}, {"version", "6.8.23"}}},
		{"computer_name", e.Computer},
		{"event_data", dataMembers(e, emptyAbsent, false)},
		{"event_id", e.EventID},
		{"host", object{{"name", "collector-1"}}},
		{"level", levelText(e)},
		{"log_name", e.Channel},
		{"message", message(e)},
		{"opcode", opcodeText(e)},
		{"process_id", e.ProcessID},
	}
	o = o.putText("provider_guid", e.Guid)
	o = append(o, object{
		{"record_number", strconv.FormatInt(e.RecordID, 10)},
		{"source_name", e.Provider},
		{"task", taskText(e)},
		{"thread_id", e.ThreadID},
		{"type", "wineventlog"},
	}...)
	if e.UserID != "" {
		o = o.put("user", beatUser(e))
	}
	return o.put("version", e.Version)
}

// beatUser is the account of an event as Winlogbeat writes it.
func beatUser(e *Event) object {
	o := object{{"identifier", e.UserID}}
	if domain, name, ok := account(e.UserID); ok {
		o = o.put("name", name).put("domain", domain).put("type", "User")
	}
	return o
}

// winlog is the winlog object of versions 7 and 8.
func winlog(e *Event, guid string, id any, opcode string, data object) object {
	o := object{{"api", "wineventlog"}}
	o = o.putText("activity_id", e.ActivityID)
	o = o.put("channel", e.Channel).put("computer_name", e.Computer)
	if len(data) > 0 {
		o = o.put("event_data", data)
	}
	o = o.put("event_id", id).putText("opcode", opcode)
	o = o.put("process", object{{"pid", e.ProcessID}, {"thread", object{{"id", e.ThreadID}}}})
	o = o.putText("provider_guid", guid).put("provider_name", e.Provider)
	o = o.put("record_id", strconv.FormatInt(e.RecordID, 10)).put("task", taskText(e))
	if e.UserID != "" {
		o = o.put("user", beatUser(e))
	}
	return o.put("version", e.Version)
}

// beatEvent is the ECS event object with the id as a number or a string;
// created is the time of collection.
func beatEvent(e *Event, code any) object {
	return object{
		{"action", taskText(e)},
		{"code", code},
		{"created", e.Time.Add(4 * time.Second).UTC().Format(layoutMillis)},
		{"kind", "event"},
		{"provider", e.Provider},
	}
}

func winlogbeat7(e *Event) object {
	return object{
		{"@timestamp", stamp(e, layoutMillis)},
		{"agent", object{{"type", "winlogbeat"}, {"version", "7.17.0"}, {"hostname", "collector-1"}}},
		{"event", beatEvent(e, e.EventID)},
		{"host", object{{"name", "collector-1"}}},
		{"log", object{{"level", strings.ToLower(levelText(e))}}},
		{"message", lineFeeds(message(e))},
		{"winlog", winlog(e, e.Guid, e.EventID, opcodeText(e), beatData(e))},
	}
}

// beatData are the data values of Winlogbeat 7 and later: it drops empty ones
// and writes CRLF as LF.
func beatData(e *Event) object {
	data := dataMembers(e, emptyAbsent, false)
	for i := range data {
		data[i].value = lineFeeds(data[i].value.(string))
	}
	return data
}

func winlogbeat8(e *Event) object {
	return object{
		{"@timestamp", stamp(e, layoutTicks)},
		{"agent", object{{"type", "winlogbeat"}, {"version", "8.13.4"}, {"name", "collector-1"}}},
		{"ecs", object{{"version", "8.0.0"}}},
		{"event", beatEvent(e, strconv.Itoa(e.EventID))},
		{"host", object{{"name", "collector-1"}}},
		{"log", object{{"level", strings.ToLower(levelText(e))}}},
		{"message", lineFeeds(message(e))},
		{"winlog", winlog(e, lowerGuid(e), strconv.Itoa(e.EventID), opcodeText(e), beatData(e))},
	}
}

// winlogbeatDotted is winlogbeat8 with one flat level of dotted keys.
func winlogbeatDotted(e *Event) object { return flatten(nil, "", winlogbeat8(e)) }

func flatten(to object, prefix string, from object) object {
	for _, m := range from {
		if o, ok := m.value.(object); ok {
			to = flatten(to, prefix+m.key+".", o)
			continue
		}
		to = to.put(prefix+m.key, m.value)
	}
	return to
}

// processed applies what the powershell module does to a script block: it
// moves the five known data values to fields of their own. Other values, and
// other events, stay as they are.
func processed(e *Event, doc object) object {
	if !isScriptBlock(e) {
		return doc
	}
	file := object{}.putText("script_block_id", e.Get("ScriptBlockId"))
	file = file.putText("script_block_text", lineFeeds(e.Get("ScriptBlockText")))
	ps := object{{"file", file}}
	ps = moveNumber(ps, "sequence", e.Get("MessageNumber"))
	ps = moveNumber(ps, "total", e.Get("MessageTotal"))
	doc = doc.put("powershell", ps)
	if path := e.Get("Path"); path != "" {
		dir, name := path, path
		if i := strings.LastIndexAny(path, `\/`); i >= 0 {
			dir, name = path[:i], path[i+1:]
		}
		doc = doc.put("file", object{{"directory", dir}, {"name", name}, {"extension", "ps1"}, {"path", path}})
	}
	return doc
}

// moveNumber puts a value as a number when it is one.
func moveNumber(o object, key, value string) object {
	if n, err := strconv.Atoi(value); err == nil {
		return o.put(key, n)
	}
	return o.putText(key, value)
}

// leftData are the data values that the module leaves in event_data.
func leftData(e *Event) object {
	data := beatData(e)
	if !isScriptBlock(e) {
		return data
	}
	var left object
	for _, m := range data {
		switch m.key {
		case "MessageNumber", "MessageTotal", "ScriptBlockText", "ScriptBlockId", "Path":
		default:
			left = append(left, m)
		}
	}
	return left
}

func winlogbeatModule(e *Event) object {
	ev := beatEvent(e, strconv.Itoa(e.EventID)).put("module", "powershell").put("category", array{"process"}).put("type", array{"info"})
	doc := object{
		{"@timestamp", stamp(e, layoutTicks)},
		{"ecs", object{{"version", "1.12.0"}}},
		{"event", ev},
		{"host", object{{"name", e.Computer}}},
		{"log", object{{"level", strings.ToLower(levelText(e))}}},
		{"message", lineFeeds(message(e))},
	}
	if e.UserID != "" {
		doc = doc.put("user", object{{"id", e.UserID}})
	}
	doc = processed(e, doc)
	return doc.put("winlog", winlog(e, lowerGuid(e), strconv.Itoa(e.EventID), opcodeText(e), leftData(e)))
}

// elasticAgent is the document of the Windows integration, which has no opcode
// of its own. The event as XML is in event.original unless respell is nil.
func elasticAgent(e *Event, respell func([]byte) []byte) object {
	ev := beatEvent(e, strconv.Itoa(e.EventID)).put("dataset", "windows.powershell_operational")
	ev = ev.put("ingested", e.Time.Add(9*time.Second).UTC().Format(time.RFC3339))
	if respell != nil {
		ev = ev.put("original", string(respell(renderXML(e, splunkStyle))))
	}
	doc := object{
		{"@timestamp", stamp(e, layoutMillis)},
		{"agent", object{{"name", "fleet-agent"}, {"type", "filebeat"}, {"version", "8.8.2"}}},
		{"data_stream", object{{"dataset", "windows.powershell_operational"}, {"namespace", "default"}, {"type", "logs"}}},
		{"ecs", object{{"version", "8.0.0"}}},
		{"event", ev},
		{"host", object{{"name", e.Computer}}},
		{"log", object{{"level", strings.ToLower(levelText(e))}}},
		{"tags", array{"forwarded", "preserve_original_event"}},
	}
	if e.UserID != "" {
		doc = doc.put("user", object{{"id", e.UserID}})
	}
	doc = processed(e, doc)
	return doc.put("winlog", winlog(e, lowerGuid(e), strconv.Itoa(e.EventID), "", leftData(e)))
}
