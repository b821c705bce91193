package reference

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// system names the parts of an event that every export has in a place of its
// own, in contrast to its event data.
type system int

const (
	sysEventID system = iota
	sysChannel
	sysComputer
	sysProvider
	sysGUID
	sysOpcode
	sysLevel
	sysTask
	sysKeywords
	sysVersion
	sysProcessID
	sysThreadID
	sysActivityID
	sysRecordID
	sysUserID
)

// names are the search-time fields that each part is known by.
var names = map[system][]string{
	sysEventID:    {"EventID", "EventCode", "signature_id"},
	sysChannel:    {"Channel"},
	sysComputer:   {"Computer", "dest", "dvc", "host"},
	sysProvider:   {"Name", "SourceName"},
	sysGUID:       {"Guid"},
	sysOpcode:     {"Opcode"},
	sysLevel:      {"Level"},
	sysTask:       {"Task"},
	sysKeywords:   {"Keywords"},
	sysVersion:    {"Version"},
	sysProcessID:  {"ProcessID"},
	sysThreadID:   {"ThreadID"},
	sysActivityID: {"ActivityID"},
	sysRecordID:   {"EventRecordID", "RecordNumber"},
	sysUserID:     {"UserID", "user_id", "SecurityID"},
}

// derivedNames are the other fields that do not come from event data.
var derivedNames = []string{"source", "sourcetype", "vendor_product", "signature"}

// event is one event as its export told it.
type event struct {
	system map[system][]string
	data   map[string][]string
	times  []string // spellings of its time, the best first
}

func newEvent() *event {
	return &event{system: map[system][]string{}, data: map[string][]string{}}
}

// addData adds values of event data.
func (e *event) addData(name string, values []string) {
	e.data[name] = append(e.data[name], values...)
}

// when returns the time of the event in Unix nanoseconds.
func (e *event) when(loc *time.Location) (int64, bool) {
	for _, text := range e.times {
		if at, ok := parseTime(text, loc); ok {
			return at, true
		}
	}
	return 0, false
}

// fields returns the search-time fields. A system field hides event data of
// the same name.
func (e *event) fields() fields {
	f := fields{}
	set := func(name string, values []string) {
		if values = present(values); len(values) > 0 {
			f[name] = values
			f.markEmpty(name, false)
		}
	}
	for name, values := range e.data {
		set(name, values)
		f.markEmpty(name, slices.Contains(values, ""))
	}
	for name, values := range e.data {
		if isSystem(name) { // which hides it
			f["EventData."+name] = append(f["EventData."+name], present(values)...)
			f.markEmpty("EventData."+name, slices.Contains(values, ""))
		}
	}
	sys := map[system][]string{}
	for part, values := range e.system {
		for _, v := range present(values) {
			if v = normal(part, v); v != "" {
				sys[part] = append(sys[part], v)
			}
		}
		for _, name := range names[part] {
			set(name, sys[part])
		}
	}
	for _, channel := range sys[sysChannel] {
		f["source"] = append(f["source"], "XmlWinEventLog:"+channel)
		f.markEmpty("source", false)
	}
	from := sys[sysProvider]
	if len(from) == 0 {
		from = sys[sysChannel]
	}
	set("signature", signatures(from, sys[sysEventID]))
	set("sourcetype", []string{"XmlWinEventLog"})
	set("vendor_product", []string{"Microsoft Windows"})
	addAliases(f)
	return f
}

// present cleans values and drops the missing ones. Line ends become LF and
// invalid UTF-8 becomes U+FFFD; an empty value is a missing one.
func present(values []string) []string {
	var out []string
	for _, v := range values {
		v = strings.ReplaceAll(v, "\r\n", "\n")
		v = strings.ReplaceAll(v, "\r", "\n")
		if v = strings.ToValidUTF8(v, "\uFFFD"); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// wholeNumber is an event id as some exporters print it.
var wholeNumber = regexp.MustCompile(`^([0-9]+)\.0*$`)

// normal brings a system value to the form of the newest add-on.
func normal(part system, v string) string {
	switch part {
	case sysGUID, sysProvider, sysProcessID, sysThreadID, sysUserID, sysActivityID:
		v = unquote(v)
	}
	switch part {
	case sysEventID:
		if whole := wholeNumber.FindStringSubmatch(strings.TrimSpace(v)); whole != nil {
			return whole[1]
		}
		return strings.TrimSpace(v)
	case sysGUID:
		v = strings.TrimSuffix(strings.TrimPrefix(v, "{"), "}")
		if v == "" {
			return ""
		}
		return "{" + strings.ToUpper(v) + "}"
	case sysOpcode:
		return known(opcodes, v)
	case sysLevel:
		return known(levels, v)
	case sysTask:
		return known(tasks, v)
	}
	return v
}

// unquote strips the single quotes that add-ons up to 8.4 left around
// attributes.
func unquote(v string) string {
	if len(v) >= 2 && v[0] == '\'' && v[len(v)-1] == '\'' {
		return v[1 : len(v)-1]
	}
	return v
}

// The texts that exports print instead of numbers.
var (
	opcodes = map[string]string{
		"info": "0", "start": "1", "stop": "2", "dc start": "3", "dcstart": "3",
		"dc stop": "4", "dcstop": "4", "extension": "5", "reply": "6", "resume": "7",
		"suspend": "8", "send": "9", "on create calls": "15", "receive": "240",
	}
	levels = map[string]string{
		"critical": "1", "error": "2", "warning": "3", "information": "4", "verbose": "5",
	}
	tasks = map[string]string{"execute a remote command": "2"}
)

// known returns the number of a known text, or the text itself.
func known(numbers map[string]string, text string) string {
	if n, ok := numbers[fold(text)]; ok {
		return n
	}
	return text
}

// signatures derives the signature of PowerShell's events from their ids.
func signatures(providers, ids []string) []string {
	powershell := slices.ContainsFunc(providers, func(p string) bool {
		return strings.HasPrefix(p, "Microsoft-Windows-PowerShell") || strings.HasPrefix(p, "PowerShellCore")
	})
	if !powershell {
		return nil
	}
	var out []string
	for _, id := range ids {
		switch id {
		case "4104":
			out = append(out, "Microsoft-Windows-PowerShell Execute a Remote Command")
		case "4103":
			out = append(out, "Microsoft-Windows-PowerShell Executing Pipeline")
		}
	}
	return out
}
