package sigma

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/match/rule"
)

// source is a log that a rule reads: some event ids of some channels or of a
// provider, and the names under which its events have Sigma's fields.
type source struct {
	channels []string // one of them; empty means any
	provider string
	ids      []string // one of them; empty means any
	only     rule.Expr
	fields   map[string][]string          // Sigma's name to those of the events
	values   map[string]map[string]string // event's name, folded Sigma value, another spelling
	spaced   bool                         // names may be written as words
}

// sysmon is the source of event ids of Sysmon.
func sysmon(ids ...string) []source {
	return []source{{channels: services["sysmon"], ids: ids}}
}

// registryKey is Sysmon's event 12 but for those of some types. It says what they
// are not, since NXLog may put an EventType of its own (INFO) in the place of theirs.
func registryKey(not ...string) []source {
	var types []rule.Expr
	for _, t := range not {
		types = append(types, rule.Compare{Field: "EventType", Value: rule.NewPattern(t)})
	}
	return []source{{channels: services["sysmon"], ids: []string{"12"}, only: rule.Not{X: or(types...)}}}
}

func in(service string, ids ...string) []source {
	return []source{{channels: services[service], ids: ids, fields: serviceFields[service]}}
}

// kernelFile is the source of event ids of the kernel's file tracing, which has no
// channel: what collects it gives the provider.
func kernelFile(ids ...string) []source {
	return []source{{provider: "Microsoft-Windows-Kernel-File", ids: ids}}
}

// audited4688 is process creation as the Security log has it.
var audited4688 = source{
	channels: services["security"], ids: []string{"4688"},
	fields: map[string][]string{
		"Image": {"NewProcessName"}, "ParentImage": {"ParentProcessName"}, "ProcessId": {"NewProcessId"}, "ParentProcessId": {"ProcessId"},
		"User": {"SubjectUserName"}, "LogonId": {"SubjectLogonId"}, "IntegrityLevel": {"MandatoryLabel"},
	},
	values: map[string]map[string]string{"MandatoryLabel": {
		"low": "S-1-16-4096", "medium": "S-1-16-8192", "high": "S-1-16-12288", "system": "S-1-16-16384",
	}},
}

// categories are the log sources by category: Sysmon's event ids as its
// documentation lists them, PowerShell's as its manifest does, and SigmaHQ's
// mapping of both (tests/thor.yml in SigmaHQ/sigma).
var categories = map[string][]source{
	"process_creation":          append(sysmon("1"), audited4688),
	"file_change":               sysmon("2"),
	"network_connection":        sysmon("3"),
	"sysmon_status":             sysmon("4", "16"),
	"process_termination":       sysmon("5"),
	"driver_load":               sysmon("6"),
	"image_load":                sysmon("7"),
	"create_remote_thread":      sysmon("8"),
	"raw_access_thread":         sysmon("9"),
	"process_access":            sysmon("10"),
	"file_event":                sysmon("11"),
	"registry_add":              registryKey("DeleteKey", "DeleteValue"),
	"registry_delete":           registryKey("CreateKey"),
	"registry_set":              sysmon("13"),
	"registry_rename":           sysmon("14"),
	"registry_event":            sysmon("12", "13", "14"),
	"create_stream_hash":        sysmon("15"),
	"pipe_created":              sysmon("17", "18"),
	"wmi_event":                 sysmon("19", "20", "21"),
	"dns_query":                 sysmon("22"),
	"file_delete":               sysmon("23", "26"),
	"file_delete_detected":      sysmon("26"),
	"clipboard_capture":         sysmon("24"),
	"clipboard_change":          sysmon("24"),
	"process_tampering":         sysmon("25"),
	"file_block_executable":     sysmon("27"),
	"file_block_shredding":      sysmon("28"),
	"file_executable_detected":  sysmon("29"),
	"sysmon_error":              sysmon("255"),
	"file_access":               kernelFile("12"),
	"file_rename":               kernelFile("19", "27"),
	"ps_module":                 in("powershell", "4103"),
	"ps_script":                 in("powershell", "4104"),
	"ps_classic_start":          in("powershell-classic", "400"),
	"ps_classic_provider_start": in("powershell-classic", "600"),
	"ps_classic_script":         in("powershell-classic", "800"),
}

// services are the channels by service. Where tools are known to name a channel
// differently, or Windows has renamed it, all names stand here.
var services = map[string][]string{
	"application":            {"Application"},
	"application-experience": {"Microsoft-Windows-Application-Experience/Program-Telemetry", "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant"},
	"applocker":              {"Microsoft-Windows-AppLocker/MSI and Script", "Microsoft-Windows-AppLocker/EXE and DLL", "Microsoft-Windows-AppLocker/Packaged app-Deployment", "Microsoft-Windows-AppLocker/Packaged app-Execution"},
	"appmodel-runtime":       {"Microsoft-Windows-AppModel-Runtime/Admin"},
	"appxdeployment-server":  {"Microsoft-Windows-AppXDeploymentServer/Operational", "Microsoft-Windows-AppXDeployment-Server/Operational"},
	"appxpackaging-om":       {"Microsoft-Windows-AppxPackaging/Operational", "Microsoft-Windows-AppxPackagingOM/Operational"},
	"bitlocker":              {"Microsoft-Windows-BitLocker/BitLocker Management"},
	"bits-client":            {"Microsoft-Windows-Bits-Client/Operational"},
	"capi2":                  {"Microsoft-Windows-CAPI2/Operational"},
	"certificateservicesclient-lifecycle-system": {"Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"},
	"codeintegrity-operational":                  {"Microsoft-Windows-CodeIntegrity/Operational"},
	"dhcp":                                       {"Microsoft-Windows-DHCP-Server/Operational"},
	"diagnosis-scripted":                         {"Microsoft-Windows-Diagnosis-Scripted/Operational"},
	"dns-client":                                 {"Microsoft-Windows-DNS-Client/Operational", "Microsoft-Windows-DNS Client Events/Operational"},
	"dns-server":                                 {"DNS Server"},
	"dns-server-analytic":                        {"Microsoft-Windows-DNS-Server/Analytical"},
	"dns-server-audit":                           {"Microsoft-Windows-DNS-Server/Audit"},
	"driver-framework":                           {"Microsoft-Windows-DriverFrameworks-UserMode/Operational"},
	"firewall-as":                                {"Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"},
	"hyper-v-worker":                             {"Microsoft-Windows-Hyper-V-Worker", "Microsoft-Windows-Hyper-V-Worker-Admin", "Microsoft-Windows-Hyper-V-Worker-Operational"},
	"iis-configuration":                          {"Microsoft-IIS-Configuration/Operational"},
	"kernel-event-tracing":                       {"Microsoft-Windows-Kernel-EventTracing", "Microsoft-Windows-Kernel-EventTracing/Admin", "Microsoft-Windows-Kernel-EventTracing/Analytic"},
	"kernel-shimengine":                          {"Microsoft-Windows-Kernel-ShimEngine/Operational", "Microsoft-Windows-Kernel-ShimEngine/Diagnostic"},
	"ldap":                                       {"Microsoft-Windows-LDAP-Client/Debug"},
	"lsa-server":                                 {"Microsoft-Windows-LSA/Operational"},
	"microsoft-servicebus-client":                {"Microsoft-ServiceBus-Client/Admin", "Microsoft-ServiceBus-Client/Operational"},
	"msexchange-management":                      {"MSExchange Management"},
	"ntfs":                                       {"Microsoft-Windows-Ntfs/Operational"},
	"ntlm":                                       {"Microsoft-Windows-NTLM/Operational"},
	"openssh":                                    {"OpenSSH/Operational"},
	"powershell":                                 {"Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"},
	"powershell-classic":                         {"Windows PowerShell"},
	"printservice-admin":                         {"Microsoft-Windows-PrintService/Admin"},
	"printservice-operational":                   {"Microsoft-Windows-PrintService/Operational"},
	"security":                                   {"Security"},
	"security-mitigations":                       {"Microsoft-Windows-Security-Mitigations/KernelMode", "Microsoft-Windows-Security-Mitigations/UserMode", "Microsoft-Windows-Security-Mitigations/Kernel Mode", "Microsoft-Windows-Security-Mitigations/User Mode"},
	"sense":                                      {"Microsoft-Windows-SENSE/Operational"},
	"servicebus-client":                          {"Microsoft-ServiceBus-Client/Admin", "Microsoft-ServiceBus-Client/Operational"},
	"shell-core":                                 {"Microsoft-Windows-Shell-Core/Operational"},
	"smbclient-connectivity":                     {"Microsoft-Windows-SmbClient/Connectivity"},
	"smbclient-security":                         {"Microsoft-Windows-SmbClient/Security"},
	"smbserver-connectivity":                     {"Microsoft-Windows-SMBServer/Connectivity"},
	"sysmon":                                     {"Microsoft-Windows-Sysmon/Operational"},
	"system":                                     {"System"},
	"taskscheduler":                              {"Microsoft-Windows-TaskScheduler/Operational"},
	"terminalservices-localsessionmanager":       {"Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"},
	"vhdmp":                                      {"Microsoft-Windows-VHDMP-Operational", "Microsoft-Windows-VHDMP/Operational"},
	"windefend":                                  {"Microsoft-Windows-Windows Defender/Operational"},
	"wmi":                                        {"Microsoft-Windows-WMI-Activity/Operational"},
}

// serviceFields are the names of fields by service. Data without names are called
// Data, or by their number where Winlogbeat wrote them; old exports of NXLog have
// those of PowerShell in Message alone.
var serviceFields = map[string]map[string][]string{
	"application":        {"Data": unnamed},
	"powershell-classic": {"Data": append(unnamed[:len(unnamed):len(unnamed)], "Message")},
	"system":             {"Data": unnamed},
	"windefend":          {"SourceName": {"Source Name", eventData + "SourceName"}},
}

var unnamed = []string{"Data", "param1", "param2", "param3"}

// sources reads the logsource section.
func (c *compiler) sources(n *yaml.Node) []*source {
	var category, service, product *yaml.Node
	c.members(n, "logsource", func(key, value *yaml.Node) {
		switch key.Value {
		case "category":
			category = value
		case "service":
			service = value
		case "product":
			product = value
		case "definition":
			return
		default:
			c.warnf(key, "unknown key %q in logsource", key.Value)
			return
		}
		c.text(value, key.Value)
	})
	if c.failed {
		return nil
	}
	if product == nil || product.Value != "windows" {
		c.errorf(n, "only log sources of product windows are supported")
		return nil
	}
	found := []source{{}}
	if category != nil {
		found = categories[category.Value]
		if len(found) == 0 {
			c.errorf(category, "unknown category %q; known are %s", category.Value, known(categories))
		}
	}
	if service != nil {
		channels := services[service.Value]
		if len(channels) == 0 {
			c.errorf(service, "unknown service %q; known are %s", service.Value, known(services))
		}
		found = narrowed(found, service.Value, channels)
		if len(found) == 0 && !c.failed {
			c.errorf(service, "no event of category %q is in the log of service %q", category.Value, service.Value)
		}
	}
	var out []*source
	for i := range found {
		out = append(out, &found[i])
	}
	return out
}

// narrowed returns those of found that a service has, with its fields.
func narrowed(found []source, service string, channels []string) (out []source) {
	for _, s := range found {
		if len(s.channels) > 0 && !slices.Equal(s.channels, channels) {
			continue
		}
		s.channels, s.spaced = channels, service == "windefend"
		if s.fields == nil {
			s.fields = serviceFields[service]
		}
		out = append(out, s)
	}
	return out
}

func known[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// where returns the condition that an event is of the source.
func (s *source) where() rule.Expr {
	oneOf := func(field string, values []string) rule.Expr {
		var any []rule.Expr
		for _, v := range values {
			any = append(any, rule.Compare{Field: field, Value: rule.NewPattern(v)})
		}
		if len(any) == 0 {
			return rule.All{}
		}
		return or(any...)
	}
	parts := []rule.Expr{oneOf("Channel", s.channels), oneOf("EventID", s.ids)}
	if s.provider != "" {
		parts = append(parts, oneOf("Name", []string{s.provider}))
	}
	if s.only != nil {
		parts = append(parts, s.only)
	}
	return and(parts...)
}

// everywhere are names of fields for every source: those of the System section as
// tools that flatten events call them, beside event data that has the name.
var everywhere = map[string][]string{
	"Name":                {eventData + "Name"}, // the provider's is Provider_Name
	"Provider_Name":       {"Name"},
	"ProviderName":        {"ProviderName", "Name"},
	"Provider_Guid":       {"Guid"},
	"ComputerName":        {"ComputerName", "Computer"},
	"EventLog":            {"EventLog", "Channel"},
	"Security_UserID":     {"UserID"},
	"Execution_ProcessID": {"ProcessID"},
	"Execution_ThreadID":  {"ThreadID"},
}

// eventData before the name of a field of the System section names the event data
// that is called like it; see event.DataPrefix.
const eventData = "EventData."

// preferData are fields that some events have among their data, too, and mean by
// the name: the log that was cleared, and not the one that tells of it.
var preferData = []string{"Channel", "Version", "Task", "UserID", "ProcessID", "ThreadID", "SourceName"}

// namesOf returns the names under which the source's events have a field.
func (s *source) namesOf(field string) []string {
	if names := s.fields[field]; names != nil {
		return names
	}
	if names := everywhere[field]; names != nil {
		return names
	}
	if words := spaced(field); s.spaced && words != field && field != "EventID" {
		return []string{field, words}
	}
	return []string{field}
}

// spaced returns a name such as ThreatName in words, as Defender's events have it.
func spaced(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r == '_':
			b.WriteByte(' ')
			continue
		case i > 0 && 'A' <= r && r <= 'Z' && 'a' <= name[i-1] && name[i-1] <= 'z':
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// compare compares a field of the source's events, whose values may be other
// spellings of Sigma's.
func (s *source) compare(name string, p rule.Pattern) rule.Expr {
	e := rule.Compare{Field: name, Value: p}
	other, ok := s.values[name][rule.FoldString(p.Text())]
	if name == "Level" && !ok {
		other, ok = levels[rule.FoldString(p.Text())]
	}
	if ok {
		return rule.Or{e, rule.Compare{Field: name, Value: rule.NewPattern(other)}}
	}
	return e
}

// levels are the numbers that events have in Level, whatever an exporter wrote.
var levels = map[string]string{"critical": "1", "error": "2", "warning": "3", "information": "4", "informational": "4", "verbose": "5"}

// hashes are the fields that Sysmon's events have within Hashes, as MD5=…,SHA256=….
var hashes = []string{"md5", "sha1", "sha256", "imphash"}

func isHash(field string) bool { return slices.Contains(hashes, rule.FoldString(field)) }

func hashed(field string, text []rule.Part, cased bool) rule.Expr {
	star := rule.Part{Kind: rule.Any}
	parts := append([]rule.Part{star, {Text: strings.ToUpper(field) + "="}}, text...)
	among := func(behind ...rule.Part) rule.Expr {
		return rule.Compare{Field: "Hashes", Value: rule.Glob(append(parts[:len(parts):len(parts)], behind...), cased)}
	}
	if len(text) == 0 { // a hash that is empty, and not any
		return rule.Or{among(rule.Part{Text: ","}, star), among()}
	}
	return among(star)
}
