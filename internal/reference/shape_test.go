package reference

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample is the event that every shape below tells, as fields.
var sample = map[string]string{
	"EventID": "4104", "EventCode": "4104", "signature_id": "4104",
	"Channel":  "Microsoft-Windows-PowerShell/Operational",
	"source":   "XmlWinEventLog:Microsoft-Windows-PowerShell/Operational",
	"Computer": "ws7.example.org", "dest": "ws7.example.org", "dvc": "ws7.example.org", "host": "ws7.example.org",
	"Name": "Microsoft-Windows-PowerShell", "SourceName": "Microsoft-Windows-PowerShell",
	"Guid":   "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}",
	"Opcode": "15", "Level": "5", "Task": "2", "ProcessID": "3304", "ThreadID": "88",
	"EventRecordID": "917", "RecordNumber": "917",
	"UserID": "S-1-5-21-9-8-7-1001", "user_id": "S-1-5-21-9-8-7-1001",
	"ActivityID":     "{1F0E2D3C-0000-0001-AAAA-0123456789AB}",
	"vendor_product": "Microsoft Windows", "sourcetype": "XmlWinEventLog",
	"signature":     "Microsoft-Windows-PowerShell Execute a Remote Command",
	"MessageNumber": "1", "MessageTotal": "1",
	"ScriptBlockText": "if (1 -lt 2) {\n  irm \"ipinfo.io\" & pause\n}",
	"ScriptBlockId":   "5e0c-42", "Path": `C:\jobs\a.ps1`,
}

// sampleTime is its time; shapes with seconds only cut it off.
const sampleTime = "2024-03-05T06:07:08.123456789Z"

// jsonText is the script as JSON shapes write it.
const jsonText = `if (1 -lt 2) {\r\n  irm \"ipinfo.io\" \u0026 pause\n}`

const sampleXML = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>` +
	`<Provider Name='Microsoft-Windows-PowerShell' Guid='{a0c1853b-5c40-4b15-8766-3cf1c58f985a}'/>` +
	`<EventID>4104</EventID><Level>5</Level><Task>2</Task><Opcode>15</Opcode>` +
	`<TimeCreated SystemTime='2024-03-05T06:07:08.123456789Z'/><EventRecordID>917</EventRecordID>` +
	`<Correlation ActivityID='{1F0E2D3C-0000-0001-AAAA-0123456789AB}'/><Execution ProcessID='3304' ThreadID='88'/>` +
	`<Channel>Microsoft-Windows-PowerShell/Operational</Channel><Computer>ws7.example.org</Computer>` +
	`<Security UserID='S-1-5-21-9-8-7-1001'/></System><EventData><Data Name='MessageNumber'>1</Data>` +
	`<Data Name='MessageTotal'>1</Data><Data Name='ScriptBlockText'>if (1 -lt 2) {&#xD;` + "\n" +
	`  irm "ipinfo.io" &amp; pause` + "\n" + `}</Data><Data Name='ScriptBlockId'>5e0c-42</Data>` +
	`<Data Name='Path'>C:\jobs\a.ps1</Data></EventData><RenderingInfo Culture='en-US'><Opcode>On create calls</Opcode>` +
	`</RenderingInfo></Event>`

// xmlInJSON is sampleXML as a JSON string.
var xmlInJSON = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(sampleXML) + `"`

const dataJSON = `{"MessageNumber":"1","MessageTotal":1,"ScriptBlockText":"` + jsonText +
	`","ScriptBlockId":"5e0c-42","Path":"C:\\jobs\\a.ps1"}`

const winlogJSON = `{"@timestamp":"2024-03-05T06:07:08.123456789Z","event":{"code":"4104","created":"2024-03-05T07:00:00Z"},` +
	`"log":{"level":"verbose"},"host":{"name":"collector"},"winlog":{"channel":"Microsoft-Windows-PowerShell/Operational",` +
	`"computer_name":"ws7.example.org","event_id":"4104","provider_name":"Microsoft-Windows-PowerShell",` +
	`"provider_guid":"{a0c1853b-5c40-4b15-8766-3cf1c58f985a}","opcode":"On create calls","task":"Execute a Remote Command",` +
	`"record_id":917,"activity_id":"{1F0E2D3C-0000-0001-AAAA-0123456789AB}","process":{"pid":3304,"thread":{"id":88}},` +
	`"user":{"identifier":"S-1-5-21-9-8-7-1001"},"event_data":` + dataJSON + `}}`

const snakeRest = `"level":"Verbose","task":2,"process_id":3304,"thread_id":88,"record_id":917,` +
	`"activity_id":"{1F0E2D3C-0000-0001-AAAA-0123456789AB}"`

const otelJSON = `{"event_id":{"id":4104,"qualifiers":0},"channel":"Microsoft-Windows-PowerShell/Operational",` +
	`"computer":"ws7.example.org","provider":{"name":"Microsoft-Windows-PowerShell","guid":"{a0c1853b-5c40-4b15-8766-3cf1c58f985a}"},` +
	`"opcode":"On create calls","level":"Verbose","task":"Execute a Remote Command","record_id":917,` +
	`"system_time":"2024-03-05T06:07:08.123456789Z","execution":{"process_id":3304,"thread_id":88},` +
	`"correlation":{"activity_id":"{1F0E2D3C-0000-0001-AAAA-0123456789AB}"},"security":{"user_id":"S-1-5-21-9-8-7-1001"},` +
	`"event_data":` + dataJSON + `}`

const evtxDumpJSON = `{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-PowerShell",` +
	`"Guid":"A0C1853B-5C40-4B15-8766-3CF1C58F985A"}},"EventID":{"#attributes":{"Qualifiers":""},"#text":4104},"Level":5,"Task":2,"Opcode":15,` +
	`"TimeCreated":{"#attributes":{"SystemTime":"2024-03-05T06:07:08.123456789Z"}},"EventRecordID":917,` +
	`"Correlation":{"#attributes":{"ActivityID":"{1F0E2D3C-0000-0001-AAAA-0123456789AB}"}},` +
	`"Execution":{"#attributes":{"ProcessID":3304,"ThreadID":88}},"Channel":"Microsoft-Windows-PowerShell/Operational",` +
	`"Computer":"ws7.example.org","Security":{"#attributes":{"UserID":"S-1-5-21-9-8-7-1001"}}},"EventData":` + dataJSON + `}}`

const chainsawJSON = `{"Event":{"Event_attributes":{"xmlns":"x"},"System":{"Provider_attributes":{"Name":"Microsoft-Windows-PowerShell",` +
	`"Guid":"A0C1853B-5C40-4B15-8766-3CF1C58F985A"},"EventID":4104,"Level":5,"Task":2,"Opcode":15,` +
	`"TimeCreated_attributes":{"SystemTime":"2024-03-05T06:07:08.123456789Z"},"EventRecordID":917,` +
	`"Correlation_attributes":{"ActivityID":"{1F0E2D3C-0000-0001-AAAA-0123456789AB}"},"Correlation":null,` +
	`"Execution_attributes":{"ProcessID":3304,"ThreadID":88},"Channel":"Microsoft-Windows-PowerShell/Operational",` +
	`"Computer":"ws7.example.org","Security_attributes":{"UserID":"S-1-5-21-9-8-7-1001"}},"EventData":` + dataJSON + `}}`

// shapeCases tell the sample event. without lists fields that a shape cannot
// tell; at is its time where that is not sampleTime.
var shapeCases = []struct {
	name, text string
	without    string
	at         string
}{
	{"xml", sampleXML, "", ""},
	{"xml double quotes, CDATA, comment", strings.NewReplacer(`='`, `="`, `'/`, `"/`, `' `, `" `, `'>`, `">`,
		`irm "`, `<!-- </Event> -->irm <![CDATA["]]>`).Replace(sampleXML), "", ""},
	{"nxlog", `{"EventTime":"2024-03-05 06:07:08","EventReceivedTime":"2024-03-05 09:00:00","Hostname":"ws7.example.org","host":"relay",` +
		`"EventID":4104,"SourceName":"Microsoft-Windows-PowerShell","ProviderGuid":"{A0C1853B-5C40-4B15-8766-3CF1C58F985A}",` +
		`"Channel":"Microsoft-Windows-PowerShell/Operational","OpcodeValue":15,"Opcode":"On create calls","Task":2,"Level":5,` +
		`"ExecutionProcessID":3304,"ThreadID":88,"UserID":"S-1-5-21-9-8-7-1001","RecordNumber":917,` +
		`"ActivityID":"{1F0E2D3C-0000-0001-AAAA-0123456789AB}",` + dataJSON[1:], "", "2024-03-05T06:07:08Z"},
	{"otrf", `{"SourceName":"Microsoft-Windows-PowerShell","ProviderGuid":"{a0c1853b-5c40-4b15-8766-3cf1c58f985a}","Level":"5",` +
		`"Task":"2","Channel":"Microsoft-Windows-PowerShell/Operational","Hostname":"ws7.example.org","EventID":4104,` +
		`"TimeCreated":"2024-03-05T06:07:08.123Z",` + dataJSON[1:],
		"Opcode ProcessID ThreadID UserID user_id ActivityID EventRecordID RecordNumber", "2024-03-05T06:07:08.123Z"},
	{"winlogbeat 6", `{"@timestamp":"2024-03-05T06:07:08.123456789Z","event_id":4104,"log_name":"Microsoft-Windows-PowerShell/Operational",` +
		`"computer_name":"ws7.example.org","source_name":"Microsoft-Windows-PowerShell","provider_guid":"{A0C1853B-5C40-4B15-8766-3CF1C58F985A}",` +
		`"opcode":"On create calls","user":{"identifier":"S-1-5-21-9-8-7-1001"},` + snakeRest + `,"event_data":` + dataJSON + `}`, "", ""},
	{"winlogbeat 8", winlogJSON, "", ""},
	{"winlogbeat dotted", `{"@timestamp":"2024-03-05T06:07:08.123456789Z","winlog.event_id":4104,"winlog":{"process.pid":3304,` +
		`"event_data.ScriptBlockText":"` + jsonText + `"},"winlog.event_data.Path":"C:\\jobs\\a.ps1","winlog.event_data":{"MessageTotal":1},` +
		`"winlog.computer_name":"ws7.example.org","winlog.channel":"Microsoft-Windows-PowerShell/Operational"}`,
		"Name SourceName Guid Opcode Level Task ThreadID UserID user_id ActivityID EventRecordID RecordNumber MessageNumber ScriptBlockId", ""},
	{"powershell module", strings.Replace(strings.Replace(winlogJSON, `"event_data":`+dataJSON, `"x":1`, 1), `{`,
		`{"powershell":{"file":{"script_block_text":"`+jsonText+`","script_block_id":"5e0c-42"},"sequence":1,"total":1},`+
			`"file":{"path":"C:\\jobs\\a.ps1"},`, 1), "", ""},
	{"search hit", `{"_index":"i","_source":` + winlogJSON + `}`, "", ""},
	{"fluent bit", `{"ProviderName":"Microsoft-Windows-PowerShell","ProviderGuid":"{A0C1853B-5C40-4B15-8766-3CF1C58F985A}","EventID":4104,` +
		`"Level":5,"Task":2,"Opcode":15,"TimeCreated":"2024-03-05 08:07:08 +0200","EventRecordID":917,"ProcessID":3304,"ThreadID":88,` +
		`"ActivityID":"{1F0E2D3C-0000-0001-AAAA-0123456789AB}","Channel":"Microsoft-Windows-PowerShell/Operational",` +
		`"Computer":"ws7.example.org","UserID":"S-1-5-21-9-8-7-1001","StringInserts":[1,1,"` + jsonText + `","5e0c-42","C:\\jobs\\a.ps1"]}`,
		"", "2024-03-05T06:07:08Z"},
	{"fluent bit xml", `{"System":` + xmlInJSON + `,"Message":"x","StringInserts":[1,1,"other"]}`, "", ""},
	{"vector", `{"event_id":4104,"channel":"Microsoft-Windows-PowerShell/Operational","computer":"ws7.example.org","host":"h",` +
		`"provider_name":"Microsoft-Windows-PowerShell","provider_guid":"{A0C1853B-5C40-4B15-8766-3CF1C58F985A}","opcode":15,` +
		`"user_id":"S-1-5-21-9-8-7-1001","timestamp":"2024-03-05T06:07:08.123456789Z",` + snakeRest + `,"event_data":` + dataJSON + `}`, "", ""},
	{"otel", otelJSON, "", ""},
	{"otel body", `{"body":` + otelJSON + `,"attributes":{}}`, "", ""},
	{"otel raw", `{"body":` + xmlInJSON + `}`, "", ""},
	{"otel list", strings.Replace(otelJSON, dataJSON, `{"name":"","data":[{"MessageNumber":"1"},{"name":"MessageTotal","value":"1"},`+
		`{"ScriptBlockText":"`+jsonText+`"},{"name":"ScriptBlockId","value":"5e0c-42"},{"Path":"C:\\jobs\\a.ps1"}]}`, 1), "", ""},
	{"evtx_dump", evtxDumpJSON, "", ""},
	{"chainsaw", chainsawJSON, "", ""},
	{"chainsaw hunt", `{"group":"Sigma","timestamp":"2000-01-01T00:00:00Z","document":{"kind":"evtx","data":` + chainsawJSON + `}}`, "", ""},
	{"velociraptor", `{"System":{"Provider":{"Name":"Microsoft-Windows-PowerShell","Guid":"{a0c1853b-5c40-4b15-8766-3cf1c58f985a}"},` +
		`"EventID":{"Value":4104},"Level":5,"Task":2,"Opcode":15,"TimeCreated":{"SystemTime":1709618828.123456789},"EventRecordID":917,` +
		`"Correlation":{"ActivityID":"{1F0E2D3C-0000-0001-AAAA-0123456789AB}"},"Execution":{"ProcessID":3304,"ThreadID":88},` +
		`"Channel":"Microsoft-Windows-PowerShell/Operational","Computer":"ws7.example.org","Security":{"UserID":"S-1-5-21-9-8-7-1001"}},` +
		`"EventData":` + dataJSON + `,"Message":"m"}`, "", ""},
	{"sentinel", `{"TimeGenerated":"2024-03-05T06:07:08.123456789Z","EventID":4104,"Channel":"Microsoft-Windows-PowerShell/Operational",` +
		`"Computer":"ws7.example.org","Provider":"Microsoft-Windows-PowerShell","Opcode":"15","EventLevelName":"Verbose","Task":2,` +
		`"SystemProcessId":3304,"SystemThreadId":88,"SystemUserId":"S-1-5-21-9-8-7-1001","EventRecordId":"917",` +
		`"Correlation":"{1F0E2D3C-0000-0001-AAAA-0123456789AB}","EventData":` + dataJSON + `}`, "Guid", ""},
	{"sentinel string", `{"TimeGenerated":"2024-03-05T06:07:08.123456789Z","EventID":4104,"Channel":"Microsoft-Windows-PowerShell/Operational",` +
		`"Computer":"ws7.example.org","Provider":"Microsoft-Windows-PowerShell","EventData":"` +
		strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(dataJSON) + `"}`,
		"Guid Opcode Level Task ProcessID ThreadID UserID user_id ActivityID EventRecordID RecordNumber", ""},
	{"splunk fields", `{"preview":false,"result":{"EventCode":"4104","Channel":"Microsoft-Windows-PowerShell/Operational","Computer":"ws7.example.org",` +
		`"Name":"'Microsoft-Windows-PowerShell'","Guid":"'{a0c1853b-5c40-4b15-8766-3cf1c58f985a}'","Opcode":"15","Level":"5","Task":"2",` +
		`"ProcessID":"'3304'","ThreadID":"'88'","UserID":"'S-1-5-21-9-8-7-1001'","ActivityID":"'{1F0E2D3C-0000-0001-AAAA-0123456789AB}'",` +
		`"EventRecordID":"917","_time":"2024-03-05T08:07:08.123+0200",` + dataJSON[1:] + `}`, "", "2024-03-05T06:07:08.123Z"},
	{"splunk raw", `{"preview":false,"result":{"_raw":` + xmlInJSON + `,"_time":"2000-01-01T00:00:00Z"}}`, "", ""},
	{"hec xml", `{"time":1,"host":"h","event":` + xmlInJSON + `}`, "", ""},
	{"hec object", `{"time":"1709618828.123456789","event":` + strings.Replace(evtxDumpJSON, `"SystemTime":`, `"S":`, 1) + `}`, "", ""},
}

func TestShapes(t *testing.T) {
	for _, c := range shapeCases {
		t.Run(c.name, func(t *testing.T) {
			events, err := decode(record{text: c.text, xml: strings.HasPrefix(c.text, "<")})
			if err != nil || len(events) != 1 {
				t.Fatalf("%d events, error %v\n%s", len(events), err, c.text)
			}
			got := events[0].fields()
			for _, name := range slices.Sorted(maps.Keys(sample)) {
				want := []string{sample[name]}
				if slices.Contains(strings.Fields(c.without), name) {
					want = nil
				}
				if !slices.Equal(got[name], want) {
					t.Errorf("%s = %q, want %q", name, got[name], want)
				}
			}
			at, timed := events[0].when(time.UTC)
			if c.at == "" {
				c.at = sampleTime
			}
			if got := time.Unix(0, at).UTC().Format(time.RFC3339Nano); !timed || got != c.at {
				t.Errorf("time = %s, %v, want %s", got, timed, c.at)
			}
		})
	}
}

func TestOTLPCarriesManyEvents(t *testing.T) {
	str := func(k, v string) string { return `{"key":"` + k + `","value":{"stringValue":"` + v + `"}}` }
	rec := func(id string) string {
		return `{"timeUnixNano":"1","body":{"kvlistValue":{"values":[{"key":"event_id","value":{"kvlistValue":{"values":[` +
			`{"key":"id","value":{"intValue":"` + id + `"}}]}}},` + str("channel", "C") + `,{"key":"keywords","value":{"arrayValue":{"values":` +
			`[{"stringValue":"a"},{"stringValue":"b"}]}}},{"key":"event_data","value":{"kvlistValue":{"values":[{"key":"data","value":` +
			`{"arrayValue":{"values":[{"kvlistValue":{"values":[` + str("ScriptBlockText", "x") + `]}}]}}}]}}}]}}}`
	}
	line := `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + rec("4104") + `,` + rec("4103") + `]}]},` +
		`{"scopeLogs":[{"logRecords":[{"body":{"stringValue":` + xmlInJSON + `}}]}]}]}`
	events, err := decodeJSON(line)
	if err != nil || len(events) != 3 {
		t.Fatalf("%d events, error %v", len(events), err)
	}
	for i, id := range []string{"4104", "4103", "4104"} {
		if got := events[i].fields()["EventID"]; !slices.Equal(got, []string{id}) {
			t.Errorf("event %d has id %q", i, got)
		}
	}
	f := events[0].fields()
	if !slices.Equal(f["Keywords"], []string{"a", "b"}) || !slices.Equal(f["ScriptBlockText"], []string{"x"}) {
		t.Errorf("fields %q", f)
	}
	if _, timed := events[0].when(time.UTC); timed {
		t.Error("a time without system_time")
	}
}

func TestPreviewRowsAreNoEvents(t *testing.T) {
	events, err := decodeJSON(`{"preview":true,"result":{"EventCode":"4104"}}`)
	if len(events) != 0 || err != nil {
		t.Fatalf("%d events, error %v", len(events), err)
	}
}

// TestFields tells the rules of single fields apart from the shapes.
func TestFields(t *testing.T) {
	for _, c := range []struct{ text, field, want string }{
		{`{"EventID":4103,"SourceName":"PowerShellCore"}`, "signature", "Microsoft-Windows-PowerShell Executing Pipeline"},
		{`{"EventID":4105,"SourceName":"PowerShellCore"}`, "signature", ""},
		{`{"EventID":4104,"SourceName":"Microsoft-Windows-Sysmon"}`, "signature", ""},
		{`{"EventID":1,"ProviderGuid":"{}"}`, "Guid", ""},
		{`{"EventID":1,"UserID":"''"}`, "UserID", ""},
		{`{"EventID":1,"ScriptBlockText":"'a'"}`, "ScriptBlockText", "'a'"},
		{`{"EventID":1,"Opcode":"DCStart"}`, "Opcode", "3"},
		{`{"EventID":1,"Opcode":"Open (async)"}`, "Opcode", "Open (async)"},
		{`{"EventID":1}`, "source", ""},
		{`{"System":{"EventID":1,"Computer":"pc"},"EventData":{"dest":"data","Name":"data"}}`, "dest", "pc"},
		{`{"System":{"EventID":1,"Computer":"pc"},"EventData":{"dest":"data","Name":"data"}}`, "Name", "data"},
		{`{"Event":{"System":{"EventID":1},"UserData":{"A":{"#attributes":{"v":"no"},"B":{"v":"deep"}}}}}`, "v", "deep"},
		{`{"winlog":{"event_id":1,"user_data":{"v":"u"}}}`, "v", "u"},
		{`{"winlog":{"event_id":11,"event_data":{"v":"u"}},"file":{"path":"C:\\x"}}`, "Path", ""},
		{`{"event_id":1,"event_data":{"data":["a","b"]}}`, "data", "a|b"},
		{`{"Event":{"System":{"EventID":1},"EventData":{"v":["a","a"],"v":"c"}}}`, "v", "a|a|c"},
		{`{"Event":{"System":{"EventID":1},"EventData":null}}`, "EventData", ""},
		{`{"result":{"EventCode":"1","source":"WinEventLog:Security","x":["a","b"]}}`, "Channel", "Security"},
		{`{"result":{"EventCode":"1","x":["a","b"]}}`, "x", "a|b"},
		{`{"System":"<System><EventID>4104</EventID></System>","StringInserts":[null,2,"t"]}`, "ScriptBlockText", "t"},
		{`{"EventID":4103,"StringInserts":[1,2,"t"]}`, "ScriptBlockText", ""},
		{`{"EventID":1,"EventData":"no JSON","v":"top"}`, "v", "top"},
		{`<Event><System/><EventData><Data>a</Data><Data>b</Data></EventData></Event>`, "Data", "a|b"},
		{`<Event><System/><EventData><Data Name='v'>a</Data><Data Name='v'/><Data Name='v'>a</Data></EventData></Event>`, "v", "a|a"},
		{`<Event><System><EventID Qualifiers='0'> 4104 </EventID></System></Event>`, "EventCode", "4104"},
		{`<Event><System/><EventData><Data Name='v'>a<b>c</b>d</Data></EventData></Event>`, "v", "a"},
	} {
		events, err := decode(record{text: c.text, xml: c.text[0] == '<'})
		if err != nil || len(events) != 1 {
			t.Errorf("%s: %d events, error %v", c.text, len(events), err)
			continue
		}
		if got := strings.Join(events[0].fields()[c.field], "|"); got != c.want {
			t.Errorf("%s: %s = %q, want %q", c.text, c.field, got, c.want)
		}
	}
}
