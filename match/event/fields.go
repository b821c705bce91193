package event

import (
	"bytes"
)

// field says how a Splunk field follows from a System part. docs/semantics.md
// has the table for readers, with the sources.
type field struct {
	from sys
	text string // a constant instead
	fix  func(*Event, []byte) []byte
}

// AllDerived lists the derived fields that stand for something of their own
// (the others are aliases), in the order in which whole events are printed.
var AllDerived = []string{
	"source", "dest", "EventCode", "signature", "signature_id", "user_id",
	"vendor_product", "Channel", "Name", "Guid", "Opcode", "Level", "Task",
	"Keywords", "Version", "ProcessID", "ThreadID", "ActivityID", "RecordNumber",
}

var fields = map[string]field{
	"source":         {from: sysChannel, fix: addSource},
	"sourcetype":     {text: "XmlWinEventLog"},
	"vendor_product": {text: "Microsoft Windows"},
	"Channel":        {from: sysChannel},
	"dest":           {from: sysComputer},
	"Computer":       {from: sysComputer},
	"dvc":            {from: sysComputer},
	"host":           {from: sysComputer},
	"EventID":        {from: sysEventID, fix: fixInteger},
	"EventCode":      {from: sysEventID, fix: fixInteger},
	"signature_id":   {from: sysEventID, fix: fixInteger},
	"signature":      {from: sysEventID, fix: signature},
	"Name":           {from: sysProvider, fix: unquote},
	"SourceName":     {from: sysProvider, fix: unquote},
	"Guid":           {from: sysGuid, fix: fixGuid},
	"Opcode":         {from: sysOpcode, fix: number(opcodes)},
	"Level":          {from: sysLevel, fix: number(levels)},
	"Task":           {from: sysTask, fix: number(tasks)},
	"Keywords":       {from: sysKeywords},
	"Version":        {from: sysVersion},
	"ProcessID":      {from: sysProcessID, fix: unquote},
	"ThreadID":       {from: sysThreadID, fix: unquote},
	"ActivityID":     {from: sysActivityID, fix: unquote},
	"EventRecordID":  {from: sysRecordID},
	"RecordNumber":   {from: sysRecordID},
	"UserID":         {from: sysUserID, fix: unquote},
	"SecurityID":     {from: sysUserID, fix: unquote}, // Sysmon's add-on
	"user_id":        {from: sysUserID, fix: unquote},
}

// Verbatim reports whether every value of the field stands in the raw record
// as it is or with more around it, but for escapes and letter case, so that a
// search for its text in the raw bytes is sound. An alias is a stretch of event
// data, and so verbatim as that is.
func Verbatim(name string) bool {
	f, derived := fields[name]
	if !derived {
		return true
	}
	switch name {
	case "Channel", "EventID", "EventCode", "signature_id":
		return true
	}
	return f.text == "" && f.from == sysComputer
}

// Derived reports whether the field follows from a System part or is a constant,
// and is event data only where there is no such part; or is a name of DataPrefix.
func Derived(name string) bool {
	_, derived := fields[name]
	_, data := hidden(name)
	return derived || data
}

func addSource(e *Event, v []byte) []byte {
	start := len(e.arena)
	e.arena = append(append(e.arena, "XmlWinEventLog:"...), v...)
	return e.arena[start:len(e.arena):len(e.arena)]
}

// fixInteger writes an event id as an integer: some exporters print 4104.0.
func fixInteger(_ *Event, v []byte) []byte {
	whole, frac, ok := bytes.Cut(v, []byte("."))
	if !ok || len(whole) == 0 || len(bytes.Trim(frac, "0")) > 0 || len(bytes.Trim(whole, "0123456789")) > 0 {
		return v
	}
	return whole
}

// signatures are those of the PowerShell providers in the add-on's newest form.
var signatures = map[string]string{
	"4103": "Microsoft-Windows-PowerShell Executing Pipeline",
	"4104": "Microsoft-Windows-PowerShell Execute a Remote Command",
}

func signature(e *Event, v []byte) []byte {
	from := e.sys[sysProvider]
	if len(from) == 0 {
		from = e.sys[sysChannel] // which begins likewise
	}
	for _, p := range from {
		p = unquote(e, p)
		if bytes.HasPrefix(p, []byte("Microsoft-Windows-PowerShell")) || bytes.HasPrefix(p, []byte("PowerShellCore")) {
			return []byte(signatures[string(fixInteger(e, v))])
		}
	}
	return nil
}

// unquote strips the attribute quotes that the add-on up to 8.4 kept in values.
func unquote(_ *Event, v []byte) []byte {
	if len(v) >= 2 && v[0] == '\'' && v[len(v)-1] == '\'' {
		v = v[1 : len(v)-1]
	}
	return v
}

// fixGuid writes a provider's GUID as {UPPER-CASE}: exporters differ in both.
func fixGuid(e *Event, v []byte) []byte {
	v = bytes.TrimSuffix(bytes.TrimPrefix(unquote(e, v), []byte("{")), []byte("}"))
	if len(v) == 0 {
		return nil
	}
	start := len(e.arena)
	e.arena = append(e.arena, '{')
	for _, c := range v {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		e.arena = append(e.arena, c)
	}
	e.arena = append(e.arena, '}')
	return e.arena[start:len(e.arena):len(e.arena)]
}

// number maps the rendered text of a numeric part back to its number. Its letters are
// those of ASCII, to which no other folds (see rule.Fold): \u0130nfo is not Info.
func number(names map[string]string) func(*Event, []byte) []byte {
	return func(_ *Event, v []byte) []byte {
		if '0' <= v[0] && v[0] <= '9' {
			return v
		}
		low := make([]byte, 0, 64) // longer than any name
		for _, c := range v[:min(len(v), cap(low))] {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			low = append(low, c)
		}
		if n, ok := names[string(low)]; ok && len(low) == len(v) {
			return []byte(n)
		}
		return v
	}
}

// Numbers of winmeta.xml, and of the PowerShell provider's manifest.
var (
	opcodes = map[string]string{
		"info": "0", "start": "1", "stop": "2", "dcstart": "3", "dcstop": "4",
		"extension": "5", "reply": "6", "resume": "7", "suspend": "8", "send": "9",
		"receive": "240", "on create calls": "15",
		"to be used when operation is just executing a method": "20",
	}
	levels = map[string]string{
		"critical": "1", "error": "2", "warning": "3", "information": "4",
		"informational": "4", "info": "4", "verbose": "5",
	}
	tasks = map[string]string{"none": "0", "execute a remote command": "2", "execute pipeline": "106", "executing pipeline": "106",
		"starting command": "102", "stopping command": "103",
	}
)
