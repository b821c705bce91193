package corpus

import (
	"strconv"
	"time"
)

// collectorShapes are those of Fluent Bit and Vector.
func collectorShapes() []Shape {
	inXML := func(e *Event, respell func([]byte) []byte) []byte {
		return fluentBitXML(e, respell).encode()
	}
	return []Shape{
		jsonShape("fluentbit", fluentBit, expectFluentBit),
		nested("fluentbit-xml", inXML, expect(tick)),
		jsonShape("vector", vector, expectVector),
	}
}

// nested is a JSON shape that carries XML in a string.
func nested(name string, inner func(*Event, func([]byte) []byte) []byte, want func(*Event) map[string]string) Shape {
	return Shape{
		Name:        name,
		Format:      JSON,
		Render:      func(e *Event) []byte { return inner(e, asIs) },
		RenderInner: inner,
		Expect:      want,
	}
}

func asIs(doc []byte) []byte { return doc }

// stringInserts are the data values by position, with the numbers of a script
// block as numbers. Values that are empty are empty strings.
func stringInserts(e *Event) array {
	list := array{}
	for _, kv := range e.Data {
		list = append(list, typed(kv))
	}
	return list
}

// fluentUser is the user as Fluent Bit logs it: the account name when the
// collector can resolve the SID, else the SID.
func fluentUser(e *Event) string {
	if domain, name, ok := account(e.UserID); ok {
		return domain + `\` + name
	}
	return e.UserID
}

// fluentZone is the zone of the collector, which differs between events.
func fluentZone(e *Event) *time.Location {
	minutes := []int{0, 120, -210, 330}[e.RecordID%4]
	return time.FixedZone("", minutes*60)
}

// fluentBit is the record of the winevtlog input. The data have no names.
func fluentBit(e *Event) object {
	return object{
		{"ProviderName", e.Provider},
		{"ProviderGuid", e.Guid},
		{"Qualifiers", fluentQualifiers(e)},
		{"EventID", e.EventID},
		{"Version", e.Version},
		{"Level", e.Level},
		{"Task", e.Task},
		{"Opcode", e.Opcode},
		{"Keywords", e.Keywords},
		{"TimeCreated", e.Time.In(fluentZone(e)).Format("2006-01-02 15:04:05 -0700")},
		{"EventRecordID", e.RecordID},
		{"ActivityID", e.ActivityID},
		{"RelatedActivityID", ""},
		{"ProcessID", e.ProcessID},
		{"ThreadID", e.ThreadID},
		{"Channel", e.Channel},
		{"Computer", e.Computer},
		{"UserID", fluentUser(e)},
		{"Message", message(e)},
		{"StringInserts", stringInserts(e)},
	}
}

func fluentQualifiers(e *Event) any {
	if e.Qualifiers > 0 {
		return e.Qualifiers
	}
	return ""
}

// expectFluentBit knows the names of a script block's first five values, and
// of no other value.
func expectFluentBit(e *Event) map[string]string {
	var unnamed []string
	for i, kv := range e.Data {
		if i >= 5 || !isScriptBlock(e) {
			unnamed = append(unnamed, kv.Name)
		}
	}
	m := fields(e, time.Second, unnamed...)
	if e.UserID != "" {
		m["user_id"] = fluentUser(e)
	}
	return m
}

// fluentBitXML is the record of the winevtlog input in its XML mode.
func fluentBitXML(e *Event, respell func([]byte) []byte) object {
	return object{
		{"System", string(respell(renderXML(e, splunkStyle)))},
		{"Message", message(e)},
		{"StringInserts", stringInserts(e)},
	}
}

// vector is the record of Vector's windows_event_log source, which leaves out
// a task and an opcode of zero.
func vector(e *Event) object {
	o := object{
		{"timestamp", stamp(e, layoutNanos)},
		{"message", message(e)},
		{"host", e.Computer},
		{"source_type", "windows_event_log"},
		{"event_id", e.EventID},
		{"record_id", e.RecordID},
		{"level", levelText(e)},
		{"level_value", e.Level},
		{"channel", e.Channel},
		{"provider_name", e.Provider},
	}
	o = o.putText("provider_guid", e.Guid)
	o = o.put("computer", e.Computer).putText("user_id", e.UserID)
	if domain, name, ok := account(e.UserID); ok {
		o = o.put("user_name", domain+`\`+name)
	}
	o = o.put("process_id", e.ProcessID).put("thread_id", e.ThreadID)
	if e.Task != 0 {
		o = o.put("task", e.Task).put("task_name", taskText(e))
	}
	if e.Opcode != 0 {
		o = o.put("opcode", e.Opcode).put("opcode_name", opcodeText(e))
	}
	o = o.putText("activity_id", e.ActivityID).put("version", e.Version)
	if e.Qualifiers > 0 {
		o = o.put("qualifiers", e.Qualifiers)
	}
	inserts := array{}
	for _, kv := range e.Data {
		inserts = append(inserts, kv.Value)
	}
	return o.put("string_inserts", inserts).put("event_data", dataMembers(e, emptyString, false))
}

func expectVector(e *Event) map[string]string {
	m := fields(e, tick)
	if e.Opcode == 0 {
		delete(m, "Opcode")
	}
	return m
}

// epoch writes a time as seconds with a fraction of the given digits.
func epoch(t time.Time, digits int) string {
	frac := strconv.Itoa(1_000_000_000 + t.Nanosecond())[1:]
	s := strconv.FormatInt(t.Unix(), 10)
	if digits == 0 {
		return s
	}
	return s + "." + frac[:digits]
}
