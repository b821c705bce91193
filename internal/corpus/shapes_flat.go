package corpus

import (
	"strconv"
	"time"
)

// flatShapes are the shapes that put system fields and data values side by
// side in one object, and Sentinel, which is flat but for the data.
func flatShapes() []Shape {
	return []Shape{
		jsonShape("nxlog", func(e *Event) object { return nxlog(e, "ExecutionProcessID") }, expect(time.Second)),
		jsonShape("nxlog-old", func(e *Event) object { return nxlog(e, "ProcessID") }, expect(time.Second)),
		jsonShape("otrf", otrf, expect(time.Millisecond, "Opcode", "ProcessID", "user_id")),
		jsonShape("sentinel", func(e *Event) object {
			return sentinel(e, dataMembers(e, emptyString, false))
		}, expect(tick, "Guid")),
		jsonShape("sentinel-string", func(e *Event) object {
			return sentinel(e, string(appendValue(nil, dataMembers(e, emptyString, false))))
		}, expect(tick, "Guid")),
	}
}

func jsonShape(name string, build func(*Event) object, want func(*Event) map[string]string) Shape {
	return Shape{
		Name:   name,
		Format: JSON,
		Render: func(e *Event) []byte { return build(e).encode() },
		Expect: want,
	}
}

// nxlog is the flat object of NXLog's to_json. EventTime is local time without
// a zone (here UTC); EventReceivedTime is later and must not be taken for it.
func nxlog(e *Event, pidName string) object {
	o := object{
		{"EventTime", stamp(e, layoutSeconds)},
		{"Hostname", e.Computer},
		{"Keywords", keywordsInt(e)},
		{"EventType", levelText(e)},
		{"SeverityValue", 2},
		{"Severity", "INFO"},
		{"EventID", e.EventID},
		{"SourceName", e.Provider},
	}
	o = o.putText("ProviderGuid", e.Guid)
	o = o.put("Version", e.Version).put("Task", e.Task).put("OpcodeValue", e.Opcode)
	o = o.put("RecordNumber", e.RecordID).putText("ActivityID", e.ActivityID)
	o = o.put(pidName, e.ProcessID).put("ThreadID", e.ThreadID).put("Channel", e.Channel)
	if domain, name, ok := account(e.UserID); ok {
		o = o.put("Domain", domain)
		if e.Get("AccountName") == "" {
			o = o.put("AccountName", name)
		}
		if e.Get("AccountType") == "" {
			o = o.put("AccountType", "User")
		}
	}
	o = o.putText("UserID", e.UserID)
	o = o.put("Message", message(e)).put("Category", taskText(e)).put("Opcode", opcodeText(e))
	o = append(o, dataMembers(e, emptyAbsent, false)...)
	return append(o, object{
		{"EventReceivedTime", e.Time.Add(3 * time.Second).UTC().Format(layoutSeconds)},
		{"SourceModuleName", "eventlog"},
		{"SourceModuleType", "im_msvistalog"},
		{"host", "relay.example.net"},
		{"port", 50042},
	}...)
}

// keywordsInt is the keywords mask as the signed number that NXLog writes.
func keywordsInt(e *Event) int64 {
	n, err := strconv.ParseUint(e.Keywords, 0, 64)
	if err != nil {
		return 0
	}
	return int64(n)
}

// otrf is the flat object of the newer OTRF data sets: most numbers are
// strings, and there is no opcode, process id or user.
func otrf(e *Event) object {
	o := object{{"SourceName", e.Provider}}
	o = o.putText("ProviderGuid", lowerGuid(e))
	o = append(o, object{
		{"Level", strconv.Itoa(e.Level)},
		{"Keywords", e.Keywords},
		{"Channel", e.Channel},
		{"Hostname", e.Computer},
		{"TimeCreated", stamp(e, layoutMillis)},
		{"@timestamp", stamp(e, layoutMillis)},
		{"EventID", e.EventID},
		{"Message", message(e)},
		{"Task", strconv.Itoa(e.Task)},
	}...)
	return append(o, dataMembers(e, emptyNull, false)...)
}

// sentinel is a row of the WindowsEvent table. It has no provider GUID.
func sentinel(e *Event, data any) object {
	o := object{
		{"TenantId", "0f1e2d3c-0000-4000-8000-00000000abcd"},
		{"TimeGenerated", stamp(e, layoutTicks)},
		{"Provider", e.Provider},
		{"Channel", e.Channel},
		{"Computer", e.Computer},
		{"Task", strconv.Itoa(e.Task)},
		{"EventLevel", e.Level},
		{"EventLevelName", levelText(e)},
		{"EventData", data},
		{"EventID", e.EventID},
		{"Keywords", e.Keywords},
		{"Opcode", strconv.Itoa(e.Opcode)},
		{"EventRecordId", strconv.FormatInt(e.RecordID, 10)},
		{"Correlation", e.ActivityID},
		{"SystemProcessId", e.ProcessID},
		{"SystemThreadId", e.ThreadID},
		{"SystemUserId", e.UserID},
		{"Version", strconv.Itoa(e.Version)},
		{"RawEventData", ""},
		{"ManagementGroupName", "AOI-0f1e2d3c"},
		{"SourceSystem", "OpsManager"},
		{"Type", "WindowsEvent"},
	}
	return o
}
