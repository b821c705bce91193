package reference

import "strings"

// Winlogbeat 7 and later, and Elastic Agent, keep the event under winlog.
func isWinlog(v *value) bool {
	for _, m := range v.members {
		if m.key == "winlog" && m.value.kind == object || strings.HasPrefix(m.key, "winlog.") {
			return true
		}
	}
	return false
}

// Elastic Agent keeps the event's XML, which says more than the fields made
// from it.
func isAgentXML(v *value) bool { return isWinlog(v) && v.xmlText("event.original") != "" }

func readAgentXML(v *value) ([]*event, error) { return decodeXMLText(v.xmlText("event.original")) }

var winlogLayout = layout{
	sysEventID:    {"winlog.event_id", "event.code"},
	sysChannel:    {"winlog.channel"},
	sysComputer:   {"winlog.computer_name"},
	sysProvider:   {"winlog.provider_name", "event.provider"},
	sysGUID:       {"winlog.provider_guid"},
	sysOpcode:     {"winlog.opcode"},
	sysLevel:      {"winlog.level", "log.level"},
	sysTask:       {"winlog.task"},
	sysKeywords:   {"winlog.keywords"},
	sysVersion:    {"winlog.version"},
	sysProcessID:  {"winlog.process.pid"},
	sysThreadID:   {"winlog.process.thread.id"},
	sysActivityID: {"winlog.activity_id"},
	sysRecordID:   {"winlog.record_id"},
	sysUserID:     {"winlog.user.identifier", "user.id"},
}

// movedData is where the PowerShell module puts event data.
var movedData = map[string]string{
	"ScriptBlockText": "powershell.file.script_block_text",
	"ScriptBlockId":   "powershell.file.script_block_id",
	"Path":            "file.path",
	"MessageNumber":   "powershell.sequence",
	"MessageTotal":    "powershell.total",
}

func readWinlog(v *value) *event {
	e := winlogLayout.read(v, "@timestamp")
	e.addMembers(v.under("winlog.event_data"))
	e.addLeaves(v.under("winlog.user_data"))
	// file.path means something else in the events of other providers.
	if v.has("powershell.file.script_block_text", "powershell.file.script_block_id") {
		for name, path := range movedData {
			var values []string
			for _, found := range v.find(path) {
				values = append(values, found.texts()...)
			}
			e.addMissing(name, values)
		}
	}
	return e
}

// Winlogbeat 6, Vector and the OpenTelemetry receiver write snake-case names
// at the top.
func isSnake(v *value) bool { return v.has("event_id") && !v.has("EventID") }

var snakeLayout = layout{
	sysEventID:    {"event_id", "event_id.id"},
	sysChannel:    {"channel", "log_name"},
	sysComputer:   {"computer", "computer_name"},
	sysProvider:   {"provider_name", "provider.name", "source_name"},
	sysGUID:       {"provider_guid", "provider.guid"},
	sysOpcode:     {"opcode", "opcode_name"},
	sysLevel:      {"level"},
	sysTask:       {"task", "task_name"},
	sysKeywords:   {"keywords"},
	sysVersion:    {"version"},
	sysProcessID:  {"process_id", "execution.process_id"},
	sysThreadID:   {"thread_id", "execution.thread_id"},
	sysActivityID: {"activity_id", "correlation.activity_id"},
	sysRecordID:   {"record_id", "record_number"},
	sysUserID:     {"user_id", "user.identifier", "security.user_id"},
}

func readSnake(v *value) *event {
	e := snakeLayout.read(v, "system_time", "timestamp", "@timestamp")
	members := v.under("event_data")
	if listed := namedItems(v.find("event_data.data")); listed != nil {
		members = listed
	}
	e.addMembers(members)
	e.addLeaves(v.under("user_data"))
	return e
}

// namedItems reads event data that is a list of objects, each either
// {"name": …, "value": …} or a single member. Anything else gives nil.
func namedItems(lists []*value) []member {
	var out []member
	for _, list := range lists {
		for _, item := range list.items {
			if item.kind != object {
				return nil
			}
			name := item.first("name")
			switch {
			case len(item.members) == 1:
				out = append(out, item.members[0])
			case len(name) > 0:
				for _, v := range item.find("value") {
					out = append(out, member{name[0], v})
				}
			}
		}
	}
	return out
}

// An OpenTelemetry record keeps the event, a map or XML, in its body.
func isOTelBody(v *value) bool {
	return isEnvelope(v, "body") || !v.has("EventID") && v.xmlText("body") != ""
}

func readOTelBody(v *value) ([]*event, error) {
	if body := v.object("body"); body != nil {
		return eventsOf(body)
	}
	return decodeXMLText(v.xmlText("body"))
}

// OTLP-JSON carries many records in nested lists.
func isOTLP(v *value) bool { return v.has("resourceLogs") && !v.has("EventID") }

func readOTLP(v *value) ([]*event, error) {
	records := []*value{v}
	for _, list := range []string{"resourceLogs", "scopeLogs", "logRecords"} {
		var next []*value
		for _, r := range records {
			for _, found := range r.find(list) {
				next = append(next, found.items...)
			}
		}
		records = next
	}
	var out []*event
	for _, r := range records {
		for _, body := range r.find("body") {
			plain := &value{kind: object, members: []member{{"body", plainValue(body)}}}
			events, err := eventsOf(plain)
			out = append(out, events...)
			if err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// plainValue turns OTLP's typed values into the JSON that they stand for.
func plainValue(v *value) *value {
	for _, m := range v.members {
		switch m.key {
		case "stringValue", "intValue", "doubleValue", "boolValue":
			return m.value
		case "arrayValue":
			out := &value{kind: array}
			for _, values := range m.value.find("values") {
				for _, item := range values.items {
					out.items = append(out.items, plainValue(item))
				}
			}
			return out
		case "kvlistValue":
			out := &value{kind: object}
			for _, values := range m.value.find("values") {
				for _, pair := range values.items {
					for _, key := range pair.first("key") {
						for _, val := range pair.find("value") {
							out.members = append(out.members, member{key, plainValue(val)})
						}
					}
				}
			}
			return out
		}
	}
	return &value{kind: null}
}
