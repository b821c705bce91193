package event

import (
	"bytes"
	"slices"
	"strings"
)

// aliases says from which event data a field follows that Splunk's add-ons for
// Sysmon and for Windows derive under the names of its Common Information Model,
// and that stands in that data as it is: the first one of the list that has a value
// gives it. Event data of the field's own name, which search exports carry, comes
// before. docs/semantics.md has the table for readers.
//
// Sources: the field_mappings and the lists of fields by event id in the
// data_sources of splunk/security_content. What these leave open is not derived:
// process_id of Sysmon's events 8 and 10, for one, follows from which columns its
// detections group by.
var aliases = map[string][]origin{
	"process":                   {{"CommandLine", nil}},
	"process_id":                {{"NewProcessId", nil}, {"ProcessId", nil}, {"TargetProcessId", nil}},
	"process_guid":              {{"ProcessGuid", nil}, {"TargetProcessGUID", nil}, {"TargetProcessGuid", nil}},
	"process_path":              images(nil),
	"process_name":              images(lastPart),
	"process_exec":              images(lastPart),
	"process_hash":              {{"Hashes", nil}},
	"process_current_directory": {{"CurrentDirectory", nil}},
	"process_integrity_level":   {{"IntegrityLevel", nil}},
	"original_file_name":        {{"OriginalFileName", nil}},
	"Process_Command_Line":      {{"CommandLine", nil}},

	"parent_process":      {{"ParentCommandLine", nil}},
	"parent_process_id":   {{"ParentProcessId", nil}, {"SourceProcessId", nil}},
	"parent_process_guid": {{"ParentProcessGuid", nil}, {"SourceProcessGUID", nil}, {"SourceProcessGuid", nil}},
	"parent_process_path": parents(nil),
	"parent_process_name": parents(lastPart),
	"parent_process_exec": parents(lastPart),

	"user":             {{"User", nil}, {"TargetUserName", nil}},
	"src_user":         {{"SubjectUserName", nil}},
	"Caller_User_Name": {{"SubjectUserName", nil}},
	"Caller_Domain":    {{"SubjectDomainName", nil}},
	"Target_User_Name": {{"TargetUserName", nil}},
	"Target_Domain":    {{"TargetDomainName", nil}},
	"Logon_Type":       {{"LogonType", nil}},

	"file_path":        {{"TargetFilename", nil}, {"ObjectName", nil}},
	"file_name":        {{"TargetFilename", lastPart}, {"ObjectName", lastPart}},
	"object_file_path": {{"ObjectName", nil}},
	"object_file_name": {{"ObjectName", lastPart}},
	"loaded_file_path": {{"ImageLoaded", nil}},
	"loaded_file":      {{"ImageLoaded", lastPart}},
	"IMPHASH":          {{"Hashes", hash("IMPHASH")}},
	"MD5":              {{"Hashes", hash("MD5")}},
	"SHA1":             {{"Hashes", hash("SHA1")}},
	"SHA256":           {{"Hashes", hash("SHA256")}},

	"registry_path":       {{"TargetObject", nil}},
	"registry_value_name": {{"TargetObject", lastPart}},
	"registry_value_data": {{"Details", nil}},

	"src_ip":         {{"SourceIp", nil}, {"IpAddress", nil}},
	"src_port":       {{"SourcePort", nil}, {"IpPort", nil}},
	"dest_ip":        {{"DestinationIp", nil}},
	"dest_port":      {{"DestinationPort", nil}},
	"query":          {{"QueryName", nil}},
	"answer":         {{"QueryResults", nil}},
	"granted_access": {{"GrantedAccess", nil}},
	"service":        {{"ServiceName", nil}},
	"service_name":   {{"ServiceName", nil}},
	"service_id":     {{"ServiceSid", nil}},
}

// origin is event data that gives an alias, whole or a stretch of it: so what an
// alias must hold, the record must (Verbatim), and what a search for a term
// anywhere in the event finds in an alias, it finds in the data too.
type origin struct {
	name string
	part func([]byte) []byte // nil for the whole
}

// images are where events have the file of their process: Sysmon, Security 4688,
// other events of Security, Sysmon's events of two processes.
func images(part func([]byte) []byte) []origin {
	return []origin{{"Image", part}, {"NewProcessName", part}, {"ProcessName", part}, {"TargetImage", part}}
}

func parents(part func([]byte) []byte) []origin {
	return []origin{{"ParentImage", part}, {"ParentProcessName", part}, {"SourceImage", part}}
}

// lastPart returns what stands behind the last backslash.
func lastPart(v []byte) []byte { return v[bytes.LastIndexByte(v, '\\')+1:] }

// hash finds a hash among Sysmon's Hashes, such as SHA1=…,IMPHASH=….
func hash(kind string) func([]byte) []byte {
	prefix := []byte(kind + "=")
	return func(v []byte) []byte {
		for part := range bytes.SplitSeq(v, []byte(",")) {
			if digits, ok := bytes.CutPrefix(part, prefix); ok {
				return digits
			}
		}
		return nil
	}
}

// aliased is an alias resolved to slots.
type aliased struct {
	slot int
	from []int // slots of its origins
	part []func([]byte) []byte
}

// originsOf returns what a field follows from: as an alias, or as event data whose name
// is written in words, such as Defender's "New Value". Splunk extracts it as New_Value
// (transforms.conf, CLEAN_KEYS), so that is what searches ask for.
func originsOf(name string) []origin {
	list, alias := aliases[name]
	if _, derived := fields[name]; !alias && !derived && strings.Contains(name, "_") {
		return []origin{{strings.ReplaceAll(name, "_", " "), nil}}
	}
	return list
}

// alias gives the aliases among the first n names their origins, which get slots
// behind the others unless they have one.
func (p *Projection) alias(n int) {
	for i := range n {
		list := originsOf(p.names[i])
		if len(list) == 0 {
			continue
		}
		a := aliased{slot: i}
		for _, o := range list {
			slot, ok := p.slots[o.name]
			if !ok {
				slot = len(p.names)
				p.slots[o.name] = slot
				p.names = append(p.names, o.name)
			}
			a.from, a.part = append(a.from, slot), append(a.part, o.part)
		}
		p.aliases = append(p.aliases, a)
	}
}

// fill gives an alias its values, unless it has event data of its own. It is empty if
// one of its origins is and none has a value.
func (e *Event) fill(a *aliased) {
	dst := e.values[a.slot]
	if len(dst) > 0 {
		return
	}
	for i := 0; i < len(a.from) && len(dst) == 0; i++ {
		for _, v := range e.values[a.from[i]] {
			if a.part[i] != nil {
				v = a.part[i](v)
			}
			if len(v) > 0 && !slices.ContainsFunc(dst, func(o []byte) bool { return bytes.Equal(o, v) }) {
				dst = append(dst, v)
			}
		}
	}
	if e.values[a.slot] = dst; len(dst) > 0 {
		e.blank[a.slot] = 0
	} else if slices.ContainsFunc(a.from, e.Empty) {
		e.blank[a.slot] = e.prio[a.slot] + 1
	}
}
