package event_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/match/event"
)

// aliasCases are events of several ids by their data, and what follows from it.
var aliasCases = []struct {
	id      int
	channel string
	data    []corpus.KV
	want    map[string]string
}{
	{1, "Microsoft-Windows-Sysmon/Operational", []corpus.KV{
		{Name: "ProcessGuid", Value: "{g1}"}, {Name: "ProcessId", Value: "12"}, {Name: "Image", Value: `C:\Odd Dir\one.exe`},
		{Name: "OriginalFileName", Value: "One.Exe"}, {Name: "CommandLine", Value: `"C:\Odd Dir\one.exe" /q <a> & "b"`},
		{Name: "CurrentDirectory", Value: `C:\w\`}, {Name: "User", Value: `CORP\eve`}, {Name: "IntegrityLevel", Value: "High"},
		{Name: "Hashes", Value: "SHA1=AA1,MD5=BB2,SHA256=CC3,IMPHASH=DD4"}, {Name: "ParentProcessGuid", Value: "{g2}"},
		{Name: "ParentProcessId", Value: "4"}, {Name: "ParentImage", Value: `\\share\two.exe`}, {Name: "ParentCommandLine", Value: "two"},
	}, map[string]string{
		"process": `"C:\Odd Dir\one.exe" /q <a> & "b"`, "process_id": "12", "process_guid": "{g1}", "process_path": `C:\Odd Dir\one.exe`,
		"process_name": "one.exe", "process_exec": "one.exe", "process_hash": "SHA1=AA1,MD5=BB2,SHA256=CC3,IMPHASH=DD4",
		"process_current_directory": `C:\w\`, "process_integrity_level": "High", "original_file_name": "One.Exe", "user": `CORP\eve`,
		"Process_Command_Line": `"C:\Odd Dir\one.exe" /q <a> & "b"`,
		"parent_process":       "two", "parent_process_id": "4", "parent_process_guid": "{g2}", "parent_process_path": `\\share\two.exe`,
		"parent_process_name": "two.exe", "parent_process_exec": "two.exe",
		"SHA1": "AA1", "MD5": "BB2", "SHA256": "CC3", "IMPHASH": "DD4",
	}},
	{5007, "Microsoft-Windows-Windows Defender/Operational", []corpus.KV{
		{Name: "New Value", Value: `HKLM\a\b = 0x1`}, {Name: "Old Value", Value: ""}, {Name: "Process Name", Value: `C:\x\y.exe`},
		{Name: "Other_Value", Value: "1"}, {Name: "Other Value", Value: "2"},
	}, map[string]string{"New_Value": `HKLM\a\b = 0x1`, "Process_Name": `C:\x\y.exe`, "Other_Value": "1"}},
	{3, "Microsoft-Windows-Sysmon/Operational", []corpus.KV{
		{Name: "Image", Value: "one.exe"}, {Name: "SourceIp", Value: "10.0.0.1"}, {Name: "SourcePort", Value: "50001"},
		{Name: "DestinationIp", Value: "fe80::1"}, {Name: "DestinationPort", Value: "443"},
	}, map[string]string{
		"process_path": "one.exe", "process_name": "one.exe", "process_exec": "one.exe",
		"src_ip": "10.0.0.1", "src_port": "50001", "dest_ip": "fe80::1", "dest_port": "443",
	}},
	{7, "Microsoft-Windows-Sysmon/Operational", []corpus.KV{
		{Name: "Image", Value: `C:\a\`}, {Name: "ImageLoaded", Value: `C:\b\c.dll`}, {Name: "Hashes", Value: "IMPHASH=,MD5"},
	}, map[string]string{
		"process_path": `C:\a\`, "loaded_file_path": `C:\b\c.dll`, "loaded_file": "c.dll", "process_hash": "IMPHASH=,MD5",
	}},
	{10, "Microsoft-Windows-Sysmon/Operational", []corpus.KV{
		{Name: "SourceProcessGUID", Value: "{g1}"}, {Name: "SourceProcessId", Value: "1"}, {Name: "SourceImage", Value: `C:\one.exe`},
		{Name: "TargetProcessGUID", Value: "{g2}"}, {Name: "TargetProcessId", Value: "2"}, {Name: "TargetImage", Value: `C:\two.exe`},
		{Name: "GrantedAccess", Value: "0x1fffff"},
	}, map[string]string{
		"process_path": `C:\two.exe`, "process_name": "two.exe", "process_exec": "two.exe", "process_id": "2", "process_guid": "{g2}",
		"parent_process_path": `C:\one.exe`, "parent_process_name": "one.exe", "parent_process_exec": "one.exe",
		"parent_process_id": "1", "parent_process_guid": "{g1}", "granted_access": "0x1fffff",
	}},
	{8, "Microsoft-Windows-Sysmon/Operational", []corpus.KV{
		{Name: "SourceProcessGuid", Value: "{g1}"}, {Name: "TargetProcessGuid", Value: "{g2}"},
	}, map[string]string{"process_guid": "{g2}", "parent_process_guid": "{g1}"}},
	{13, "Microsoft-Windows-Sysmon/Operational", []corpus.KV{
		{Name: "TargetObject", Value: `HKLM\Odd\Value`}, {Name: "Details", Value: "DWORD (0x1)"},
	}, map[string]string{"registry_path": `HKLM\Odd\Value`, "registry_value_name": "Value", "registry_value_data": "DWORD (0x1)"}},
	{11, "Microsoft-Windows-Sysmon/Operational", []corpus.KV{{Name: "TargetFilename", Value: `C:\ä\é.txt`}},
		map[string]string{"file_path": `C:\ä\é.txt`, "file_name": "é.txt"}},
	{22, "Microsoft-Windows-Sysmon/Operational", []corpus.KV{{Name: "QueryName", Value: "odd.example"}, {Name: "QueryResults", Value: "::1;"}},
		map[string]string{"query": "odd.example", "answer": "::1;"}},
	{4688, "Security", []corpus.KV{
		{Name: "SubjectUserName", Value: "PC1$"}, {Name: "SubjectDomainName", Value: "CORP"}, {Name: "NewProcessId", Value: "0x10"},
		{Name: "NewProcessName", Value: `C:\one.exe`}, {Name: "ProcessId", Value: "0x4"}, {Name: "CommandLine", Value: "one /q"},
		{Name: "ParentProcessName", Value: `C:\two.exe`}, {Name: "TargetUserName", Value: "eve"}, {Name: "TargetDomainName", Value: "EAST"},
	}, map[string]string{
		"process": "one /q", "Process_Command_Line": "one /q", "process_id": "0x10", "process_path": `C:\one.exe`, "process_name": "one.exe",
		"process_exec": "one.exe", "parent_process_path": `C:\two.exe`, "parent_process_name": "two.exe", "parent_process_exec": "two.exe",
		"user": "eve", "src_user": "PC1$", "Caller_User_Name": "PC1$", "Caller_Domain": "CORP", "Target_User_Name": "eve", "Target_Domain": "EAST",
	}},
	{4663, "Security", []corpus.KV{
		{Name: "SubjectUserName", Value: "eve"}, {Name: "ObjectName", Value: `C:\odd\secret.txt`}, {Name: "ProcessId", Value: "0x4"},
		{Name: "ProcessName", Value: `C:\one.exe`},
	}, map[string]string{
		"src_user": "eve", "Caller_User_Name": "eve", "object_file_path": `C:\odd\secret.txt`, "object_file_name": "secret.txt",
		"file_path": `C:\odd\secret.txt`, "file_name": "secret.txt", "process_id": "0x4", "process_path": `C:\one.exe`,
		"process_name": "one.exe", "process_exec": "one.exe",
	}},
	{4769, "Security", []corpus.KV{
		{Name: "TargetUserName", Value: "eve@EAST"}, {Name: "ServiceName", Value: "odd$"}, {Name: "ServiceSid", Value: "S-1-5-21"},
		{Name: "IpAddress", Value: "::ffff:10.0.0.1"}, {Name: "IpPort", Value: "50001"}, {Name: "LogonType", Value: "3"},
	}, map[string]string{
		"user": "eve@EAST", "Target_User_Name": "eve@EAST", "service": "odd$", "service_name": "odd$", "service_id": "S-1-5-21",
		"src_ip": "::ffff:10.0.0.1", "src_port": "50001", "Logon_Type": "3",
	}},
	// What an export has under the name itself stays.
	{1, "Microsoft-Windows-Sysmon/Operational", []corpus.KV{
		{Name: "User", Value: `CORP\eve`}, {Name: "user", Value: "eve"}, {Name: "Image", Value: `C:\one.exe`}, {Name: "process_name", Value: "own.exe"},
	}, map[string]string{
		"user": "eve", "process_name": "own.exe", "process_exec": "one.exe", "process_path": `C:\one.exe`,
	}},
	{4104, "Microsoft-Windows-PowerShell/Operational", []corpus.KV{{Name: "ScriptBlockText", Value: "odd"}}, map[string]string{}},
}

// Every shape of an event, however it is spelled, gives the aliases of the data
// that it carries, and no others.
func TestShapesGiveAliases(t *testing.T) {
	var names []string
	for _, c := range aliasCases {
		for name := range c.want {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, name := range event.Aliases() {
		if !slices.Contains(names, name) {
			t.Errorf("no case has the alias %s", name)
		}
	}
	slices.Sort(names)
	d := event.NewDecoder(event.Project(names), nil)
	rng := rand.New(rand.NewPCG(5, 6))
	g := corpus.New(5)
	carried := 0
	for i, c := range aliasCases {
		for k := range corpus.Shapes {
			s := &corpus.Shapes[k]
			e := g.Noise()
			e.EventID, e.Channel, e.Data = c.id, c.channel, c.data
			truth := s.Expect(e)
			for range 5 {
				events := decodeAll(t, d, s, corpus.Respell(rng, s.Format, s.Render(e)))
				if len(events) != 1 {
					t.Fatalf("%s: %d events", s.Name, len(events))
				}
				for _, name := range names {
					want := c.want[name]
					if len(c.data) > 0 && truth[c.data[0].Name] == "" {
						want = "" // the shape does not carry the data
					} else if want != "" {
						carried++
					}
					if got := events[0][name]; got != want {
						t.Errorf("%s, case %d, event %d: %s = %q, want %q", s.Name, i, c.id, name, got, want)
					}
				}
				if t.Failed() {
					return
				}
			}
		}
	}
	if least := 5 * len(names) * len(corpus.Shapes); carried < least {
		t.Errorf("%d aliases in all shapes, want %d at least", carried, least)
	}
}

// Names are those given, with what aliases follow from behind them; the caller's
// list stays as it is.
func TestProjectAliases(t *testing.T) {
	t.Parallel()
	names := append(make([]string, 0, 8), "process_name", "Image", "dest")
	p := event.Project(names)
	if got := strings.Join(p.Names(), " "); got != "process_name Image dest NewProcessName ProcessName TargetImage" {
		t.Errorf("names %s", got)
	}
	if spare := names[:4]; spare[3] != "" {
		t.Errorf("the caller's array holds %q", spare)
	}
	for i, name := range names {
		if p.Slot(name) != i {
			t.Errorf("slot of %s is %d", name, p.Slot(name))
		}
	}
	for _, name := range event.Aliases() {
		if !event.Verbatim(name) || event.Derived(name) {
			t.Errorf("%s is no event data for the prefilter", name)
		}
	}
}

// An alias of several values has each of them once.
func TestAliasOfSeveralValues(t *testing.T) {
	t.Parallel()
	d := event.NewDecoder(event.Project([]string{"process_name"}), nil)
	s := corpus.ByName("nxlog")
	raw := `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":["C:\\a\\x.exe","D:\\b\\x.exe","y.exe"]}`
	if got := decodeAll(t, d, s, []byte(raw))[0]["process_name"]; got != fmt.Sprintf("%q", []string{"x.exe", "y.exe"}) {
		t.Errorf("process_name %s", got)
	}
}
