package corpus

import "strconv"

// otelShapes are those of the OpenTelemetry windowseventlog receiver: its body
// alone, its body inside an entry, and an OTLP request.
func otelShapes() []Shape {
	gaps := []string{"ProcessID", "user_id"}
	named := func(e *Event) object { return otelBody(e, dataMembers(e, emptyString, false)) }
	listed := func(e *Event) object { return otelBody(e, object{{"data", otelDataList(e)}}) }
	entry := func(e *Event) object {
		return object{
			{"timestamp", stamp(e, layoutTicks)},
			{"body", named(e)},
			{"severity", 9},
		}
	}
	return []Shape{
		jsonShape("otel", named, expect(tick, gaps...)),
		jsonShape("otel-data-list", listed, expect(tick, gaps...)),
		jsonShape("otel-entry", entry, expect(tick, gaps...)),
		jsonShape("otlp-json", otlp, expect(tick, gaps...)),
	}
}

// otelBody is the body of a log record. Level, task and opcode are texts when
// the event was rendered, and numbers in strings when not.
func otelBody(e *Event, data object) object {
	level, task, opcode := strconv.Itoa(e.Level), strconv.Itoa(e.Task), strconv.Itoa(e.Opcode)
	text := ""
	if e.Rendered {
		level, task, opcode, text = levelText(e), taskText(e), opcodeText(e), message(e)
	}
	return object{
		{"channel", e.Channel},
		{"computer", e.Computer},
		{"event_data", data},
		{"event_id", object{{"id", e.EventID}, {"qualifiers", e.Qualifiers}}},
		{"keywords", array{e.Keywords}},
		{"level", level},
		{"message", text},
		{"opcode", opcode},
		{"provider", object{{"event_source", classicSource(e)}, {"guid", e.Guid}, {"name", e.Provider}}},
		{"record_id", e.RecordID},
		{"system_time", stamp(e, layoutNanos)},
		{"task", task},
	}
}

// otelDataList is the list form of the data: one map of one key a value.
func otelDataList(e *Event) array {
	list := array{}
	for _, kv := range e.Data {
		list = append(list, object{{kv.Name, kv.Value}})
	}
	return list
}

// otlp is an OTLP request with one log record.
func otlp(e *Event) object {
	record := object{
		{"timeUnixNano", strconv.FormatInt(e.Time.UnixNano(), 10)},
		{"observedTimeUnixNano", strconv.FormatInt(e.Time.UnixNano()+2_000_000_000, 10)},
		{"severityNumber", 9},
		{"body", anyValue(otelBody(e, dataMembers(e, emptyString, false)))},
		{"traceId", ""},
		{"spanId", ""},
	}
	scope := object{{"scope", object{}}, {"logRecords", array{record}}}
	return object{{"resourceLogs", array{object{{"resource", object{}}, {"scopeLogs", array{scope}}}}}}
}

// anyValue writes a value as the tagged union of OTLP. Integers are strings
// there, because JSON readers may not hold 64 bits.
func anyValue(value any) object {
	switch v := value.(type) {
	case object:
		list := array{}
		for _, m := range v {
			list = append(list, object{{"key", m.key}, {"value", anyValue(m.value)}})
		}
		return object{{"kvlistValue", object{{"values", list}}}}
	case array:
		list := array{}
		for _, item := range v {
			list = append(list, anyValue(item))
		}
		return object{{"arrayValue", object{{"values", list}}}}
	case int:
		return object{{"intValue", strconv.Itoa(v)}}
	case int64:
		return object{{"intValue", strconv.FormatInt(v, 10)}}
	case string:
		return object{{"stringValue", v}}
	}
	return object{}
}
