package event_test

import (
	"fmt"
	"strings"
	"testing"

	"sluice/internal/record"
	"sluice/match/event"
)

// Records that a corpus of one event a record does not have: each gives the
// listed fields, event by event, in order.
func TestUnusualRecords(t *testing.T) {
	f := func(raw, names string, want ...string) {
		t.Helper()
		list := strings.Fields(names)
		var got []string
		err := event.NewDecoder(event.Project(list), nil).Decode(record.JSON, []byte(raw), func(ev *event.Event) {
			var fields []string
			for slot := range list {
				var values []string
				for _, v := range ev.Values(slot) {
					values = append(values, string(v))
				}
				fields = append(fields, strings.Join(values, "+"))
			}
			got = append(got, strings.Join(fields, " "))
		})
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s\n got %q, %v\nwant %q", raw, got, err, want)
		}
	}
	// The same data in two places of a record counts once.
	f(`{"EventID":4104,"StringInserts":["1","1","a","id","p"],"EventData":{"ScriptBlockText":"a","Path":"p"}}`,
		"ScriptBlockText Path ScriptBlockId", "a p id")
	f(`{"EventID":1,"TaskName":"x","EventData":{"TaskName":"x"}}`, "TaskName", "x")
	f(`{"EventData":{"TaskName":"x"},"TaskName":"y","EventID":1}`, "TaskName", "x")
	// Answers of interfaces hold many events.
	f(`{"results":[{"EventCode":"1","dest":"a"},{"EventCode":"2","dest":"b"}]}`, "EventCode dest", "1 a", "2 b")
	f(`{"hits":{"hits":[{"_source":{"winlog":{"event_id":"7"}}},{"_index":"i","fields":{"winlog.event_id":["8"]}}]}}`, "EventCode", "7", "8")
	f(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[
		{"body":{"kvlistValue":{"values":[{"key":"event_id","value":{"kvlistValue":{"values":[{"key":"id","value":{"intValue":"1"}}]}}}]}}},
		{"body":{"stringValue":"<Event><System><EventID>2</EventID></System></Event>"}}]}]}]}`, "EventCode", "1", "2")
	// Log Analytics' tables: data as XML or among the other columns.
	f(`{"TimeGenerated":"2024-05-06T07:08:09Z","Source":"Microsoft-Windows-PowerShell","EventLog":"Microsoft-Windows-PowerShell/Operational","EventID":4104,"Computer":"c","EventData":"<DataItem type=\"System.XmlData\"><EventData xmlns=\"x\"><Data Name=\"ScriptBlockText\">a &amp; b</Data><Data Name=\"Path\" /></EventData></DataItem>"}`,
		"EventCode Channel Name dest ScriptBlockText Path",
		"4104 Microsoft-Windows-PowerShell/Operational Microsoft-Windows-PowerShell c a & b ")
	f(`{"TimeGenerated":"2024-05-06T07:08:09Z","EventID":4688,"EventSourceName":"s","Channel":"Security","NewProcessName":"p"}`,
		"EventCode Name NewProcessName", "4688 s p")
	f(`{"TimeGenerated":"2024-05-06T07:08:09Z","EventID":4104,"EventData":"{\"ScriptBlockText\":\"a <EventData><Data Name='ScriptBlockText'>b\"}"}`,
		"ScriptBlockText", "a <EventData><Data Name='ScriptBlockText'>b")
	// Each row's data has its own text, however many there are.
	row := `{"EventID":1,"TimeGenerated":"x","EventData":"{\"Path\":\"p\"}"}`
	f(`{"records":[`+strings.Repeat(row+",", 9)+row+`]}`, "Path", "p", "p", "p", "p", "p", "p", "p", "p", "p", "p")
	// Rows of Velociraptor's artifacts.
	f(`{"EventID":4104,"Channel":"Microsoft-Windows-PowerShell/Operational","Computer":"c","SecurityID":"S-1-5-18","ScriptBlockText":"a"}`,
		"user_id signature ScriptBlockText", "S-1-5-18 Microsoft-Windows-PowerShell Execute a Remote Command a")
	// An event with an id of its own is no envelope.
	f(`{"EventID":4104,"result":{"EventID":1},"event":{"EventID":2},"results":[{"EventID":3}],"dest":"a"}`, "EventCode dest", "4104 a")
	f(`{"winlog":{"event_id":"4104"},"result":{"EventID":1},"records":[{"EventID":2}],"body":{"EventID":3}}`, "EventCode", "4104")
	f(`{"winlog.event_id":"4104","value":[{"EventID":2}],"event":{"EventID":3}}`, "EventCode", "4104")
	f(`{"Event":{"System":{"EventID":4104}},"events":[{"EventID":2}]}`, "EventCode", "4104")
	f(`{"System":{"EventID":{"Value":4104}},"document":{"data":{"EventID":2}}}`, "EventCode", "4104")
	// Elements with attributes, and UserData one level deeper.
	f(`{"Event":{"System":{"EventID":{"#text":"1","#attributes":{"Qualifiers":"0"}}},"UserData":{"X":{"URL":{"#text":"u","#attributes":{"a":"b"}},"Y":"z"}}}}`, "EventCode URL Y", "1 u z")
	// A damaged event in an envelope leaves the fields around it.
	f(`{"_raw":"<Event><System>","result":{"_raw":"<Event>","EventCode":"5"}}`, "EventCode", "5")
}
