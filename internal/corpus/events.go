package corpus

import "strconv"

// misses are the kinds of near misses.
var misses = []func(*Generator) *Event{
	(*Generator).missHost,
	(*Generator).missCmdlet,
	(*Generator).missBoth,
	(*Generator).missPath,
	(*Generator).missOtherField,
	(*Generator).missID,
	(*Generator).missPipeline,
	(*Generator).missChannel,
	(*Generator).missFragments,
	(*Generator).missLookalike,
	(*Generator).missWrongHost,
	(*Generator).missEmpty,
}

// around puts odd pieces before and after a text.
func (g *Generator) around(text string) string {
	b := g.builder()
	return pick(g, []string{"", b, "& "}) + text + pick(g, []string{"", b, " -UseBasicParsing"})
}

// builder returns a few odd pieces.
func (g *Generator) builder() string {
	s := ""
	for range 1 + g.rng.IntN(3) {
		s += pick(g, oddities)
	}
	return s
}

func (g *Generator) missHost() *Event {
	return g.scriptBlock(g.around(g.cmdlet() + " https://example.org/"))
}

func (g *Generator) missCmdlet() *Event {
	return g.scriptBlock(g.around("Invoke-WebRequest https://" + g.host() + "/json"))
}

func (g *Generator) missBoth() *Event {
	return g.scriptBlock(g.around("Get-ChildItem C:\\"))
}

// missPath has the literals in the path of the script, wholly or in part.
func (g *Generator) missPath() *Event {
	text, path := "Get-Date", `C:\tmp\`+g.cmdlet()+" "+g.host()+".ps1"
	if g.rng.IntN(2) == 0 {
		text, path = g.cmdlet()+" https://example.org/", `C:\tmp\`+g.host()+`\x.ps1`
	}
	e := g.scriptBlock(g.around(text))
	e.Data[4].Value = path
	return e
}

// missOtherField has a literal in a data field that script blocks do not have.
func (g *Generator) missOtherField() *Event {
	e := g.scriptBlock(g.around(g.cmdlet() + " https://example.org/"))
	e.Data = append(e.Data, KV{"Annotation", "seen " + g.cmdlet() + " https://" + g.host() + "/"})
	return e
}

// missID has the text under an id that is not, or only contains, 4104.
func (g *Generator) missID() *Event {
	e := g.scriptBlock(g.matchText())
	e.EventID = g.pick([]int{4105, 41041, 14104, 410, 4103})
	return e
}

// missPipeline is a pipeline event whose payload is the matching text.
func (g *Generator) missPipeline() *Event { return g.pipeline(g.matchText()) }

// missChannel is a script block of a channel that the detection does not read.
func (g *Generator) missChannel() *Event {
	e := g.scriptBlock(g.matchText())
	e.Channel = pick(g, []string{
		"Microsoft-Windows-PowerShell/Analytic", "Windows PowerShell", "Application", "PowerShellCore/Analytic",
		"X-" + channelDesktop, channelDesktop + "2", "ForwardedEvents",
	})
	return e
}

// missFragments splits the two literals over two events of one script block.
func (g *Generator) missFragments() *Event {
	first := g.scriptBlock(g.around(g.cmdlet() + " https://"))
	first.Data[1].Value = "2"
	second := clone(first)
	second.Data[0].Value = "2"
	second.Data[2].Value = g.around(g.host() + "/json")
	g.pending = append(g.pending, second)
	return first
}

func (g *Generator) missLookalike() *Event {
	return g.scriptBlock(g.around(pick(g, lookalikes) + " https://" + g.host() + "/"))
}

func (g *Generator) missWrongHost() *Event {
	return g.scriptBlock(g.around(g.cmdlet() + " https://" + pick(g, wrongHosts) + "/"))
}

// missEmpty has no text at all.
func (g *Generator) missEmpty() *Event {
	e := g.scriptBlock("")
	e.Data[4].Value = pick(g, paths)
	return e
}

// noises are the kinds of other events.
var noises = []func(*Generator) *Event{
	(*Generator).processCreation,
	(*Generator).sysmonProcess,
	(*Generator).logon,
	(*Generator).service,
	func(g *Generator) *Event { return g.pipeline("CommandInvocation(Get-Date): \"Get-Date\"\r\n") },
	(*Generator).missBoth,
}

// commandLine may name the literals, which is no script block all the same.
func (g *Generator) commandLine() string {
	return pick(g, []string{
		"", `"C:\Windows\System32\svchost.exe" -k netsvcs`, `cmd.exe /c "dir > a.txt & type a.txt"`,
		`powershell.exe -c "` + g.cmdlet() + " https://" + g.host() + `"`,
	})
}

func (g *Generator) processCreation() *Event {
	e := g.base(4688, "Microsoft-Windows-Security-Auditing", guidAudit, "Security")
	e.Version, e.Level, e.Task, e.Keywords, e.UserID, e.ActivityID = 2, 0, 13312, "0x8020000000000000", "", ""
	e.Data = []KV{
		{"SubjectUserSid", "S-1-5-18"}, {"SubjectUserName", "WS-017$"}, {"SubjectDomainName", "CONTOSO"}, {"SubjectLogonId", "0x3e7"},
		{"NewProcessId", "0x" + strconv.FormatInt(int64(e.ProcessID), 16)}, {"NewProcessName", `C:\Windows\System32\cmd.exe`},
		{"TokenElevationType", "%%1936"}, {"ProcessId", "0x1a4"}, {"CommandLine", g.commandLine()},
		{"ParentProcessName", `C:\Windows\explorer.exe`}, {"MandatoryLabel", "S-1-16-12288"},
	}
	return e
}

func (g *Generator) sysmonProcess() *Event {
	e := g.base(1, "Microsoft-Windows-Sysmon", guidSysmon, "Microsoft-Windows-Sysmon/Operational")
	e.Version, e.Task, e.Keywords, e.UserID = 5, 1, "0x8000000000000000", "S-1-5-18"
	e.Data = []KV{
		{"RuleName", "-"}, {"UtcTime", stamp(e, "2006-01-02 15:04:05.000")}, {"ProcessGuid", g.guid()},
		{"ProcessId", strconv.Itoa(4 * (1 + g.rng.IntN(5000)))}, {"Image", `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`},
		{"CommandLine", g.commandLine()}, {"CurrentDirectory", `C:\Windows\system32\`}, {"User", `CONTOSO\eve`},
		{"Hashes", "SHA1=0123456789ABCDEF0123456789ABCDEF01234567"}, {"ParentImage", `C:\Windows\explorer.exe`},
	}
	return e
}

func (g *Generator) logon() *Event {
	e := g.base(4624, "Microsoft-Windows-Security-Auditing", guidAudit, "Security")
	e.Version, e.Level, e.Task, e.Keywords, e.UserID = 2, 0, 12544, "0x8020000000000000", ""
	e.Data = []KV{
		{"SubjectUserSid", "S-1-0-0"}, {"SubjectUserName", "-"}, {"TargetUserName", "eve"}, {"TargetDomainName", "CONTOSO"},
		{"LogonType", "3"}, {"LogonProcessName", "NtLmSsp "}, {"WorkstationName", ""}, {"KeyLength", "128"},
		{"ProcessName", "-"}, {"IpAddress", "fe80::1ff:fe23:4567:890a"}, {"IpPort", "49733"},
	}
	return e
}

// service is an event of the classic kind: no GUID, and qualifiers.
func (g *Generator) service() *Event {
	guid := guidSCM
	if g.rng.IntN(3) == 0 {
		guid = ""
	}
	e := g.base(7045, "Service Control Manager", guid, "System")
	e.Qualifiers, e.Keywords = 16384, "0x8080000000000000"
	e.Data = []KV{
		{"ServiceName", "upd<1>"}, {"ImagePath", `%SystemRoot%\temp\upd.exe "--a=b"`}, {"ServiceType", "user mode service"},
		{"StartType", "demand start"}, {"AccountName", "LocalSystem"},
	}
	return e
}

// pipeline is an event 4103 with a payload.
func (g *Generator) pipeline(payload string) *Event {
	e := g.scriptBlock("")
	e.EventID, e.Level, e.Task, e.Opcode = 4103, 4, 106, 20
	e.Data = []KV{
		{"ContextInfo", "        Severity = Informational\r\n        Host Name = ConsoleHost\r\n        Script Name = \r\n"},
		{"UserData", ""},
		{"Payload", payload},
	}
	return e
}
