package reference

import (
	"slices"
	"strings"
)

// aliases are the fields that Splunk's add-ons take from event data: for each, the
// data in order of preference. "Name\" stands for what follows the last backslash
// of Name, "Name=KEY" for the value of KEY in a list KEY=value,KEY=value.
var aliases = map[string]string{
	"process":                   "CommandLine",
	"Process_Command_Line":      "CommandLine",
	"process_id":                "NewProcessId ProcessId TargetProcessId",
	"process_guid":              "ProcessGuid TargetProcessGUID TargetProcessGuid",
	"process_path":              "Image NewProcessName ProcessName TargetImage",
	"process_name":              `Image\ NewProcessName\ ProcessName\ TargetImage\`,
	"process_exec":              `Image\ NewProcessName\ ProcessName\ TargetImage\`,
	"process_hash":              "Hashes",
	"process_current_directory": "CurrentDirectory",
	"process_integrity_level":   "IntegrityLevel",
	"original_file_name":        "OriginalFileName",
	"parent_process":            "ParentCommandLine",
	"parent_process_id":         "ParentProcessId SourceProcessId",
	"parent_process_guid":       "ParentProcessGuid SourceProcessGUID SourceProcessGuid",
	"parent_process_path":       "ParentImage ParentProcessName SourceImage",
	"parent_process_name":       `ParentImage\ ParentProcessName\ SourceImage\`,
	"parent_process_exec":       `ParentImage\ ParentProcessName\ SourceImage\`,
	"user":                      "User TargetUserName",
	"src_user":                  "SubjectUserName",
	"Caller_User_Name":          "SubjectUserName",
	"Caller_Domain":             "SubjectDomainName",
	"Target_User_Name":          "TargetUserName",
	"Target_Domain":             "TargetDomainName",
	"Logon_Type":                "LogonType",
	"file_path":                 "TargetFilename ObjectName",
	"file_name":                 `TargetFilename\ ObjectName\`,
	"object_file_path":          "ObjectName",
	"object_file_name":          `ObjectName\`,
	"loaded_file_path":          "ImageLoaded",
	"loaded_file":               `ImageLoaded\`,
	"IMPHASH":                   "Hashes=IMPHASH",
	"MD5":                       "Hashes=MD5",
	"SHA1":                      "Hashes=SHA1",
	"SHA256":                    "Hashes=SHA256",
	"registry_path":             "TargetObject",
	"registry_value_name":       `TargetObject\`,
	"registry_value_data":       "Details",
	"src_ip":                    "SourceIp IpAddress",
	"src_port":                  "SourcePort IpPort",
	"dest_ip":                   "DestinationIp",
	"dest_port":                 "DestinationPort",
	"query":                     "QueryName",
	"answer":                    "QueryResults",
	"granted_access":            "GrantedAccess",
	"service":                   "ServiceName",
	"service_name":              "ServiceName",
	"service_id":                "ServiceSid",
}

// addAliases adds to the fields of an event those that follow from others. What
// the event has under such a name itself stays.
func addAliases(f fields) {
	found, empty := fields{}, map[string]bool{}
	for name, list := range aliases {
		if len(f[name]) > 0 {
			continue
		}
		for _, from := range strings.Fields(list) {
			origin, _, _ := strings.Cut(strings.TrimSuffix(from, `\`), "=")
			empty[name] = empty[name] || f.hasEmpty(origin)
			if values := aliasOf(f, from); len(values) > 0 {
				found[name] = values
				empty[name] = false
				break
			}
		}
	}
	for name, values := range f { // in words, which Splunk joins by underscores
		name, none := strings.CutPrefix(name, emptyMark)
		joined := strings.ReplaceAll(name, " ", "_")
		if joined == name || strings.Contains(name, "_") || isSystem(joined) || aliases[joined] != "" || len(f[joined]) > 0 {
			continue
		}
		if none {
			empty[joined] = true
			continue
		}
		for _, v := range values {
			if !slices.Contains(found[joined], v) {
				found[joined] = append(found[joined], v)
			}
		}
	}
	for name, yes := range empty {
		if len(found[name]) == 0 && yes {
			f.markEmpty(name, true)
		}
	}
	for name, values := range found {
		f[name] = values
		f.markEmpty(name, false)
	}
}

// aliasOf returns the distinct values of one entry of the lists.
func aliasOf(f fields, from string) (out []string) {
	name, key, keyed := strings.Cut(from, "=")
	name, last := strings.CutSuffix(name, `\`)
	seen := map[string]bool{"": true}
	for _, v := range f[name] {
		switch {
		case last:
			parts := strings.Split(v, `\`)
			v = parts[len(parts)-1]
		case keyed:
			v = valueOf(strings.Split(v, ","), key)
		}
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// valueOf returns the value of the first KEY=value.
func valueOf(list []string, key string) string {
	for _, item := range list {
		if k, v, ok := strings.Cut(item, "="); ok && k == key {
			return v
		}
	}
	return ""
}
