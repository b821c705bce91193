package corpus

import (
	"sort"
	"strconv"
	"time"
)

// treeShapes are those of tools that parse the binary log and keep the tree of
// elements: evtx_dump, Chainsaw and Velociraptor.
func treeShapes() []Shape {
	return []Shape{
		jsonShape("evtx-dump", func(e *Event) object { return evtxDump(e, false) }, expect(time.Microsecond)),
		jsonShape("evtx-dump-qualifiers", func(e *Event) object { return evtxDump(e, true) }, expect(time.Microsecond)),
		jsonShape("chainsaw", chainsaw, expect(time.Microsecond)),
		jsonShape("chainsaw-hunt", chainsawHunt, expect(time.Microsecond)),
		jsonShape("velociraptor", velociraptor, expect(time.Microsecond)),
	}
}

// attributed is an element that has attributes only, or null without any.
func attributed(attrs object) any {
	if len(attrs) == 0 {
		return nil
	}
	return object{{"#attributes", attrs}}
}

// evtxDump is an object of evtx_dump. Providers of the classic kind make
// EventID an object; qualified forces that form, and GUIDs without braces.
func evtxDump(e *Event, qualified bool) object {
	guid, activity := e.Guid, e.ActivityID
	if qualified {
		guid, activity = bareGuid(guid), bareGuid(activity)
	}
	var id any = e.EventID
	if qualified || e.Qualifiers > 0 {
		id = object{{"#attributes", object{{"Qualifiers", e.Qualifiers}}}, {"#text", e.EventID}}
	}
	provider := object{{"Name", e.Provider}}.putText("Guid", guid).putText("EventSourceName", classicSource(e))
	system := object{
		{"Provider", attributed(provider)},
		{"EventID", id},
		{"Version", e.Version},
		{"Level", e.Level},
		{"Task", e.Task},
		{"Opcode", e.Opcode},
		{"Keywords", e.Keywords},
		{"TimeCreated", attributed(object{{"SystemTime", stamp(e, layoutMicros)}})},
		{"EventRecordID", e.RecordID},
		{"Correlation", attributed(object{}.putText("ActivityID", activity))},
		{"Execution", attributed(object{{"ProcessID", e.ProcessID}, {"ThreadID", e.ThreadID}})},
		{"Channel", e.Channel},
		{"Computer", e.Computer},
		{"Security", attributed(object{}.putText("UserID", e.UserID))},
	}
	return object{{"Event", object{
		{"#attributes", object{{"xmlns", namespace}}},
		{"System", system},
		{"EventData", dataOrNull(dataMembers(e, emptyString, true))},
	}}}
}

func dataOrNull(data object) any {
	if len(data) == 0 {
		return nil
	}
	return data
}

// putAttributed adds the attributes of an element under the name that Chainsaw
// gives them, or the element as null without any.
func putAttributed(o object, name string, attrs object) object {
	if len(attrs) == 0 {
		return o.put(name, nil)
	}
	return o.put(name+"_attributes", sorted(attrs))
}

// sorted orders members by name, as Chainsaw writes them.
func sorted(o object) object {
	sort.SliceStable(o, func(i, j int) bool { return o[i].key < o[j].key })
	return o
}

// chainsaw is an object of Chainsaw's search and dump commands.
func chainsaw(e *Event) object {
	provider := object{{"Name", e.Provider}}.putText("Guid", bareGuid(e.Guid)).putText("EventSourceName", classicSource(e))
	system := object{
		{"EventID", e.EventID},
		{"Version", e.Version},
		{"Level", e.Level},
		{"Task", e.Task},
		{"Opcode", e.Opcode},
		{"Keywords", e.Keywords},
		{"EventRecordID", e.RecordID},
		{"Channel", e.Channel},
		{"Computer", e.Computer},
	}
	if e.Qualifiers > 0 {
		system = system.put("EventID_attributes", object{{"Qualifiers", e.Qualifiers}})
	}
	system = putAttributed(system, "Provider", provider)
	system = putAttributed(system, "TimeCreated", object{{"SystemTime", stamp(e, layoutMicros)}})
	system = putAttributed(system, "Correlation", object{}.putText("ActivityID", bareGuid(e.ActivityID)))
	system = putAttributed(system, "Execution", object{{"ProcessID", e.ProcessID}, {"ThreadID", e.ThreadID}})
	system = putAttributed(system, "Security", object{}.putText("UserID", e.UserID))
	return object{
		{"Event", object{
			{"EventData", dataOrNull(sorted(dataMembers(e, emptyString, true)))},
			{"System", sorted(system)},
		}},
		{"Event_attributes", object{{"xmlns", namespace}}},
	}
}

// chainsawHunt is a hit of Chainsaw's hunt command, whose own name, id, level
// and timestamp are about the rule.
func chainsawHunt(e *Event) object {
	return object{
		{"group", "Sigma"},
		{"kind", "individual"},
		{"document", object{
			{"kind", "evtx"},
			{"path", `evidence\PowerShell.evtx`},
			{"data", chainsaw(e)},
		}},
		{"name", "Some Rule"},
		{"timestamp", stamp(e, "2006-01-02T15:04:05.000000+00:00")},
		{"authors", array{"An Author"}},
		{"level", "medium"},
		{"source", "sigma"},
		{"status", "experimental"},
		{"id", "00000000-1111-4222-8333-444444444444"},
		{"logsource", object{{"category", "ps_script"}, {"product", "windows"}}},
	}
}

// velociraptor is a row of parse_evtx. Its time is a floating-point number of
// seconds, which holds microseconds and not more.
func velociraptor(e *Event) object {
	// Digits beyond the precision of a float64 would be noise.
	seconds := raw(epoch(e.Time, 6))
	keywords, err := strconv.ParseUint(e.Keywords, 0, 64)
	if err != nil {
		keywords = 0
	}
	system := object{
		{"Provider", object{{"Name", e.Provider}}.putText("Guid", lowerGuid(e))},
		{"EventID", object{{"Value", e.EventID}}},
		{"Version", e.Version},
		{"Level", e.Level},
		{"Task", e.Task},
		{"Opcode", e.Opcode},
		{"Keywords", raw(strconv.FormatUint(keywords, 10))},
		{"TimeCreated", object{{"SystemTime", seconds}}},
		{"EventRecordID", e.RecordID},
		{"Correlation", object{}.putText("ActivityID", e.ActivityID)},
		{"Execution", object{{"ProcessID", e.ProcessID}, {"ThreadID", e.ThreadID}}},
		{"Channel", e.Channel},
		{"Computer", e.Computer},
		{"Security", object{}.putText("UserID", e.UserID)},
	}
	return object{
		{"System", system},
		{"EventData", dataMembers(e, emptyString, true)},
		{"Message", message(e)},
	}
}
