package event

import (
	"bytes"
	"strings"

	"sluice/match/event/tape"
)

// shape is one way in which tools lay an event out as JSON: where each System
// part stands, and where the event data. Paths are dotted member names; the
// first path of a part that has a value wins. docs/getting-events.md tells where
// each shape comes from.
type shape struct {
	name string
	tree *node
}

// Ranks of event data that stands in several places of a record: the smallest
// one that has a value gives it.
const (
	rankData  = iota // where the shape has its event data
	rankOther        // where a tool has copied or moved it to
	rankRoot         // among the other members
)

// node is a member, or the root, of a shape.
type node struct {
	children map[string]*node
	sys      sys
	rank     uint8
	data     dataKind
	name     string // of the event data, for dataNamed
}

// dataKind says what a member holds of the event data.
type dataKind uint8

const (
	noData      dataKind = iota
	dataMembers          // an object, or JSON or XML text of one: its members
	dataList             // a list of {name: value} or {name:…, value:…} objects
	dataNamed            // one value, of the data called node.name
	dataInserts          // a list of values in the order of the event's manifest
)

type paths map[sys]string // space-separated, preferred first

// newShape builds a shape. data maps paths to what stands there: "." alone is
// the root, whose members are data unless they are System parts.
func newShape(name string, system paths, data map[string]dataKind) *shape {
	s := &shape{name, &node{sys: notSys}}
	for part, list := range system {
		for rank, path := range strings.Fields(list) {
			n := s.tree.at(path)
			n.sys, n.rank = part, uint8(rank)
		}
	}
	for path, kind := range data {
		s.tree.at(path).data = kind
	}
	// What the exporter named as event data comes before its other members.
	s.tree.rank = rankRoot
	return s
}

// alias lets the member at path give the event data called name, when the
// usual place has none.
func (s *shape) alias(path, name string) *shape {
	n := s.tree.at(path)
	n.data, n.name, n.rank = dataNamed, name, rankOther
	return s
}

func (n *node) at(path string) *node {
	if path == "." {
		return n
	}
	for _, name := range strings.Split(path, "/") {
		if n.children == nil {
			n.children = map[string]*node{}
		}
		if n.children[name] == nil {
			n.children[name] = &node{sys: notSys}
		}
		n = n.children[name]
	}
	return n
}

// Paths are written with slashes, since member names may hold dots.
var (
	shapeFlat = newShape("flat", paths{
		sysProvider:   "SourceName ProviderName Provider Name",
		sysGuid:       "ProviderGuid Guid",
		sysEventID:    "EventID EventCode signature_id",
		sysVersion:    "Version",
		sysLevel:      "Level",
		sysTask:       "Task",
		sysOpcode:     "OpcodeValue Opcode",
		sysKeywords:   "Keywords",
		sysTime:       "TimeCreated EventTime SystemTime _time @timestamp",
		sysRecordID:   "EventRecordID RecordNumber",
		sysActivityID: "ActivityID",
		sysProcessID:  "ExecutionProcessID ProcessID",
		sysThreadID:   "ExecutionThreadID ThreadID",
		sysChannel:    "Channel",
		sysComputer:   "Computer Hostname dest",
		sysUserID:     "UserID user_id UserSID SecurityID",
	}, map[string]dataKind{".": dataMembers, "EventData": dataMembers})

	shapeFluentBit = newShape("fluentbit", paths{
		sysProvider:   "ProviderName",
		sysGuid:       "ProviderGuid",
		sysEventID:    "EventID",
		sysVersion:    "Version",
		sysLevel:      "Level",
		sysTask:       "Task",
		sysOpcode:     "Opcode",
		sysKeywords:   "Keywords",
		sysTime:       "TimeCreated",
		sysRecordID:   "EventRecordID",
		sysActivityID: "ActivityID",
		sysProcessID:  "ProcessID",
		sysThreadID:   "ThreadID",
		sysChannel:    "Channel",
		sysComputer:   "Computer",
		sysUserID:     "UserID",
	}, map[string]dataKind{".": dataMembers, "EventData": dataMembers, "StringInserts": dataInserts})

	shapeWinlogbeat6 = newShape("winlogbeat6", paths{
		sysProvider:   "source_name",
		sysGuid:       "provider_guid",
		sysEventID:    "event_id",
		sysVersion:    "version",
		sysLevel:      "level",
		sysTask:       "task",
		sysOpcode:     "opcode",
		sysKeywords:   "keywords",
		sysTime:       "@timestamp",
		sysRecordID:   "record_number",
		sysActivityID: "activity_id",
		sysProcessID:  "process_id",
		sysThreadID:   "thread_id",
		sysChannel:    "log_name",
		sysComputer:   "computer_name",
		sysUserID:     "user/identifier",
	}, map[string]dataKind{"event_data": dataMembers, "user_data": dataMembers})

	shapeWinlogbeat = newShape("winlogbeat", winlog, winlogData)

	// shapeModule is a script block that Elastic's powershell module has
	// processed. Other events have a file.path too, which is not theirs to give.
	shapeModule = newShape("winlogbeat-module", winlog, winlogData).
			alias("powershell/file/script_block_text", "ScriptBlockText").
			alias("powershell/file/script_block_id", "ScriptBlockId").
			alias("powershell/sequence", "MessageNumber").
			alias("powershell/total", "MessageTotal").
			alias("file/path", "Path")

	shapeVector = newShape("vector", paths{
		sysProvider:   "provider_name",
		sysGuid:       "provider_guid",
		sysEventID:    "event_id",
		sysVersion:    "version",
		sysLevel:      "level_value level",
		sysTask:       "task",
		sysOpcode:     "opcode",
		sysKeywords:   "keywords",
		sysTime:       "timestamp",
		sysRecordID:   "record_id",
		sysActivityID: "activity_id",
		sysProcessID:  "process_id",
		sysThreadID:   "thread_id",
		sysChannel:    "channel",
		sysComputer:   "computer host",
		sysUserID:     "user_id",
	}, map[string]dataKind{"event_data": dataMembers, "user_data": dataMembers})

	shapeOTel = newShape("otel", paths{
		sysProvider:   "provider/name",
		sysGuid:       "provider/guid",
		sysEventID:    "event_id/id event_id",
		sysVersion:    "version",
		sysLevel:      "level",
		sysTask:       "task",
		sysOpcode:     "opcode",
		sysKeywords:   "keywords",
		sysTime:       "system_time",
		sysRecordID:   "record_id",
		sysActivityID: "correlation/activity_id",
		sysProcessID:  "execution/process_id",
		sysThreadID:   "execution/thread_id",
		sysChannel:    "channel",
		sysComputer:   "computer",
		sysUserID:     "security/user_id",
	}, map[string]dataKind{"event_data": dataMembers, "event_data/data": dataList})

	shapeEvtxDump = newShape("evtx_dump", tree("Event/"), map[string]dataKind{
		"Event/EventData": dataMembers, "Event/UserData": dataMembers,
	})

	shapeVelociraptor = newShape("velociraptor", tree(""), map[string]dataKind{
		"EventData": dataMembers, "UserData": dataMembers,
	})

	// The tables WindowsEvent, Event and SecurityEvent of Azure Log Analytics.
	shapeSentinel = newShape("sentinel", paths{
		sysProvider:   "Provider EventSourceName Source",
		sysEventID:    "EventID",
		sysVersion:    "Version",
		sysLevel:      "EventLevel EventLevelName Level",
		sysTask:       "Task",
		sysOpcode:     "Opcode",
		sysKeywords:   "Keywords",
		sysTime:       "TimeCreated TimeGenerated",
		sysRecordID:   "EventRecordId",
		sysProcessID:  "SystemProcessId",
		sysThreadID:   "SystemThreadId",
		sysActivityID: "Correlation",
		sysChannel:    "Channel EventLog",
		sysComputer:   "Computer",
		sysUserID:     "SystemUserId UserName",
	}, map[string]dataKind{".": dataMembers, "EventData": dataMembers})
)

var winlog = paths{
	sysProvider:   "winlog/provider_name event/provider",
	sysGuid:       "winlog/provider_guid",
	sysEventID:    "winlog/event_id event/code",
	sysVersion:    "winlog/version",
	sysLevel:      "log/level winlog/level",
	sysTask:       "winlog/task",
	sysOpcode:     "winlog/opcode",
	sysKeywords:   "winlog/keywords",
	sysTime:       "@timestamp winlog/time_created",
	sysRecordID:   "winlog/record_id",
	sysActivityID: "winlog/activity_id",
	sysProcessID:  "winlog/process/pid",
	sysThreadID:   "winlog/process/thread/id",
	sysChannel:    "winlog/channel",
	sysComputer:   "winlog/computer_name",
	sysUserID:     "winlog/user/identifier user/id",
}

var winlogData = map[string]dataKind{"winlog/event_data": dataMembers, "winlog/user_data": dataMembers}

// tree gives the paths of the parsers that keep the XML's structure: evtx_dump
// ("#attributes"), Chainsaw ("_attributes") and Velociraptor (none).
func tree(root string) paths {
	s := root + "System/"
	attr := func(element, name string) string {
		return s + element + "/#attributes/" + name + " " + s + element + "_attributes/" + name + " " + s + element + "/" + name
	}
	return paths{
		sysProvider:   attr("Provider", "Name"),
		sysGuid:       attr("Provider", "Guid"),
		sysEventID:    s + "EventID " + s + "EventID/#text " + s + "EventID/Value",
		sysVersion:    s + "Version",
		sysLevel:      s + "Level",
		sysTask:       s + "Task",
		sysOpcode:     s + "Opcode",
		sysKeywords:   s + "Keywords",
		sysTime:       attr("TimeCreated", "SystemTime"),
		sysRecordID:   s + "EventRecordID",
		sysActivityID: attr("Correlation", "ActivityID"),
		sysProcessID:  attr("Execution", "ProcessID"),
		sysThreadID:   attr("Execution", "ThreadID"),
		sysChannel:    s + "Channel",
		sysComputer:   s + "Computer",
		sysUserID:     attr("Security", "UserID"),
	}
}

// inserts names the values of Fluent Bit's StringInserts by event id.
var inserts = map[string][]string{
	"4104": {"MessageNumber", "MessageTotal", "ScriptBlockText", "ScriptBlockId", "Path"},
}

// recognise tells a record's shape from its members. It runs once the wrappers
// around the event are off.
func recognise(o tape.Value) *shape {
	id := o.Get("event_id")
	switch {
	case o.Get("winlog").Exists() || hasDotted(o, "winlog."):
		if o.Get("powershell").Exists() || hasDotted(o, "powershell.") {
			return shapeModule
		}
		return shapeWinlogbeat
	case o.Get("Event").Is(tape.Object):
		return shapeEvtxDump
	case o.Get("System").Is(tape.Object):
		return shapeVelociraptor
	case o.Get("StringInserts").Exists():
		return shapeFluentBit
	case id.Is(tape.Object) || id.Exists() && o.Get("provider").Is(tape.Object):
		return shapeOTel
	case id.Exists() && o.Get("log_name").Exists():
		return shapeWinlogbeat6
	case id.Exists() && o.Get("provider_name").Exists():
		return shapeVector
	case o.Get("SystemProcessId").Exists() || o.Get("TimeGenerated").Exists() && (o.Get("EventData").Exists() || o.Get("EventID").Exists()):
		return shapeSentinel
	case !o.Get("EventID").Exists() && !o.Get("EventCode").Exists() && o.Get("event").Is(tape.Object):
		return shapeWinlogbeat
	}
	return shapeFlat
}

func hasDotted(o tape.Value, prefix string) bool {
	for key := range o.Members() {
		if bytes.HasPrefix(key, []byte(prefix)) {
			return true
		}
	}
	return false
}
