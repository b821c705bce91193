package corpus

const (
	guidDesktop = "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}"
	guidCore    = "{F90714A8-5509-434A-BF6D-B1624C8A19A2}"
	guidAudit   = "{54849625-5478-4994-A5BA-3E3B0328C30D}"
	guidSysmon  = "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"
	guidSCM     = "{555908D1-A6D7-4695-8E1E-26931D2012F4}"
)

var (
	computers = []string{"ws-017.contoso.local", "DC01.contoso.local", "SRVFILE02", "wec.corp.example", "MÜNCHEN-3.contoso.local"}
	pids      = []int{4, 812, 5336, 7004, 11928, 65432, 4194300}
	sids      = []string{"S-1-5-18", "S-1-5-21-1004336348-1177238915-682003330-1103", "S-1-5-21-1004336348-1177238915-682003330-1110", "S-1-5-21-3623811015-3361044348-30300820-512"}
	blockIDs  = []string{
		"0f6ac0dd-6d1b-4d3a-9a0e-5f1f2f6d0001", "7c1e44b9-52f3-4b86-8c11-27a9d0b50002",
		"a3b9d8c2-11aa-4c0f-b1d2-9e8f70610003", "e2d5c6f1-0b7a-4a55-8d7c-3c2b1a090004",
	}
	paths = []string{
		`C:\Scripts\geo.ps1`, `C:\Users\Jürgen Weiß\Desktop\it's here.ps1`, `\\srvfile02\share$\a & b\new.ps1`,
		`D:\tools\u0041\x.psm1`, `C:\Temp\{braces} [1].ps1`, `/home/eve/.local/ip.ps1`,
	}
)

// oddities are pieces that one syntax or another must escape, or that look
// like markup, escapes or other events. None holds a literal of the detection,
// and none is a lone carriage return next to a place where a line feed follows.
var oddities = []string{
	"\r\n", "\n", "\n\n\t", "\t", " ", "  ", ";\r\n",
	"\"quoted\"", "'single'", "\\", "\\\\server\\share\\", "\\n", "\\u0041", "\\\"", "C:\\new\\table\\u00e9\\", "/", "</",
	"</Event>", "<Event xmlns='x'>", "<Event ", "</Data></EventData></Event>", "<Data Name='Path'>", "<!-- note -->", "<![CDATA[", "]]>", "]]", "]>", "-->", "<?xml?>",
	"&lt;", "&amp;", "&amp;lt;", "&#x41;", "&#65;", "&", "&&", "<", ">", "%%1842",
	"{", "}", "[", "]", "{\"EventID\":4104,", "},{", "\":\"", "$(", "@{a=1}",
	"für ", "日本語", "Ω", "\u212A", "\u017F", "\u0130", "\u0131", "😀", "👩‍💻", "\U0001D11E", "\u2028", "\u00A0", "\uFEFF", "\u0085", "e\u0301", "\uFFFD", "\x7F",
	"Invoke-WebRequest ", "Invoke-Rest", "ipinfo", "ipify.org", "# comment\r", "\r.",
}

// lookalikes are spellings of the cmdlet that are not the cmdlet: other
// characters fold to its letters under Unicode rules, or stand for its hyphen,
// or an escape of another syntax was left in the text itself.
var lookalikes = []string{
	"Invo\u212Ae-RestMethod", "INVO\u212AE-RESTMETHOD", "Invoke-Re\u017FtMethod", "\u0130nvoke-RestMethod", "\u0131nvoke-RestMethod",
	"Invoke\u2011RestMethod", "Invoke\u2010RestMethod", "Invoke\u00AD-RestMethod", "Invoke-\u200BRestMethod", "Ｉnvoke-RestMethod",
	"Invoke&#45;RestMethod", "Invoke\\u002dRestMethod", "Invoke-Rest&#x4D;ethod", "Invoke-Rest<!-- -->Method", "Invoke-Rest]]><![CDATA[Method",
	"Invoke-\nRestMethod", "Invoke-Rest\r\nMethod", "Invoke-Rest`Method", "Invoke - RestMethod", "Invoke_RestMethod", "Invoke-RestMethd", "irm", "nvoke-RestMethod",
}

// wrongHosts are spellings of the services that are not the services.
var wrongHosts = []string{
	"ipinfoXio", "ipinfo,io", "ipinfo..io", "ipinfo&#46;io", "ipinfo\\.io", "ipinfo\\u002eio", "ipinfo。io", "\u0131pinfo.io", "ip\u0131nfo.io", "\u0130pinfo.io",
	"ipinfo.\nio", "ipinfo .io", "ipinfo.i0", "pinfo.io", "ipinfo.i", "api-ipify.org", "apiXipify.org", "api.ipify.or", "pi.ipify.org", "api.ipifyXorg", "api.\u0131pify.org", "api.ipify.\u2024org",
}
