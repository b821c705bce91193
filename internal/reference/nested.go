package reference

// evtx_dump, Chainsaw and Velociraptor write the tree of the XML as JSON. They
// differ in where attributes go.
func isNested(path string) func(*value) bool {
	return func(v *value) bool { return v.object(path) != nil }
}

// readNested reads such a tree whose System is at prefix + "System".
func readNested(prefix string) func(*value) *event {
	system := prefix + "System."
	element := func(name string) []string {
		return []string{system + name, system + name + ".Value"}
	}
	attribute := func(name, attr string) []string {
		return []string{
			system + name + ".#attributes." + attr,
			system + name + "_attributes." + attr,
			system + name + "." + attr,
		}
	}
	paths := layout{}
	for name, part := range systemElements {
		paths[part] = element(name)
	}
	for _, a := range systemAttributes {
		paths[a.part] = attribute(a.element, a.name)
	}
	return func(v *value) *event {
		e := paths.read(v, attribute("TimeCreated", "SystemTime")...)
		e.addMembers(v.under(prefix + "EventData"))
		e.addLeaves(v.under(prefix + "UserData"))
		return e
	}
}

// NXLog and the exports of the Security-Datasets project put everything at the
// top, event data too.
func readFlat(v *value) *event {
	e := flatLayout.read(v, flatTimes...)
	e.addMembers(flatLayout.rest(v))
	return e
}

var flatLayout = layout{
	sysEventID:    {"EventID"},
	sysChannel:    {"Channel"},
	sysComputer:   {"Hostname", "Computer"},
	sysProvider:   {"SourceName", "ProviderName", "Provider", "Name"},
	sysGUID:       {"ProviderGuid"},
	sysOpcode:     {"OpcodeValue", "Opcode"},
	sysLevel:      {"Level"},
	sysTask:       {"Task"},
	sysKeywords:   {"Keywords"},
	sysVersion:    {"Version"},
	sysProcessID:  {"ExecutionProcessID", "ProcessID"},
	sysThreadID:   {"ExecutionThreadID", "ThreadID"},
	sysActivityID: {"ActivityID"},
	sysRecordID:   {"RecordNumber", "EventRecordID"},
	sysUserID:     {"UserID"},
}

// flatTimes leaves out EventReceivedTime, which is the relay's.
var flatTimes = []string{"EventTime", "TimeCreated", "@timestamp", "timestamp", "TimeGenerated"}

// A Sentinel row has the event data in a column of its own, as an object or as
// the text of one.
func isSentinel(v *value) bool {
	if !v.has("EventID") {
		return false
	}
	for _, data := range v.find("EventData") {
		if data.kind == object || data.kind == str && len(objectsIn(data)) > 0 {
			return true
		}
	}
	return false
}

// objectsIn parses the objects in the text of a string.
func objectsIn(v *value) []*value {
	if v.kind != str {
		return nil
	}
	objects, err := parseObjects(v.text)
	if err != nil {
		return nil
	}
	return objects
}

var sentinelLayout = layout{
	sysEventID:    {"EventID"},
	sysChannel:    {"Channel"},
	sysComputer:   {"Computer"},
	sysProvider:   {"Provider"},
	sysGUID:       {"ProviderGuid"},
	sysOpcode:     {"Opcode"},
	sysLevel:      {"EventLevel", "EventLevelName", "Level"},
	sysTask:       {"Task"},
	sysKeywords:   {"Keywords"},
	sysVersion:    {"Version"},
	sysProcessID:  {"SystemProcessId"},
	sysThreadID:   {"SystemThreadId"},
	sysActivityID: {"Correlation"},
	sysRecordID:   {"EventRecordId"},
	sysUserID:     {"SystemUserId"},
}

func readSentinel(v *value) *event {
	e := sentinelLayout.read(v, "TimeGenerated", "TimeCreated")
	for _, data := range v.find("EventData") {
		e.addMembers(data.members)
		for _, inner := range objectsIn(data) {
			e.addMembers(inner.members)
		}
	}
	return e
}

// Fluent Bit writes flat records whose event data has positions, no names.
func isFluentBit(v *value) bool { return v.has("EventID") && v.has("StringInserts") }

func readFluentBit(v *value) *event {
	e := readFlat(v)
	e.addInserts(v)
	return e
}

// scriptBlockInserts are the names of the strings of event 4104.
var scriptBlockInserts = []string{"MessageNumber", "MessageTotal", "ScriptBlockText", "ScriptBlockId", "Path"}

// addInserts names the strings of an event whose names are known.
func (e *event) addInserts(v *value) {
	ids := present(e.system[sysEventID])
	if len(ids) == 0 || normal(sysEventID, ids[0]) != "4104" {
		return
	}
	for _, list := range v.find("StringInserts") {
		for i, item := range list.items {
			if i < len(scriptBlockInserts) {
				e.addMissing(scriptBlockInserts[i], item.texts())
			}
		}
	}
}

// With render_event_as_xml, Fluent Bit puts the XML into System.
func isFluentBitXML(v *value) bool { return !v.has("EventID") && v.xmlText("System") != "" }

func readFluentBitXML(v *value) ([]*event, error) {
	root, err := parseXML(v.xmlText("System"))
	if err != nil {
		return nil, err
	}
	if root.name == "System" {
		root = &node{name: "Event", children: []*node{root}}
	}
	e, err := eventOf(root)
	if err != nil {
		return nil, err
	}
	e.addInserts(v)
	return []*event{e}, nil
}
