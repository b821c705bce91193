package corpus

import (
	"strconv"
	"time"
)

// splunkShapes are search exports of Splunk and events in the envelope of its
// HTTP Event Collector.
func splunkShapes() []Shape {
	exportRaw := func(e *Event, respell func([]byte) []byte) []byte {
		return exported(e, object{
			{"_raw", string(respell(renderXML(e, splunkStyle)))},
			{"_time", stamp(e, layoutMillis)},
		}).encode()
	}
	hecXML := func(e *Event, respell func([]byte) []byte) []byte {
		return envelope(e, string(respell(renderXML(e, splunkStyle)))).encode()
	}
	hecObject := func(e *Event) object { return envelope(e, hecFields(e)) }
	return []Shape{
		jsonShape("splunk-export", splunkExport, expect(time.Millisecond)),
		jsonShape("splunk-export-quoted", splunkExportQuoted, expect(time.Millisecond)),
		nested("splunk-export-raw", exportRaw, expect(tick)),
		nested("hec-xml", hecXML, expect(tick)),
		jsonShape("hec-object", hecObject, expect(time.Millisecond)),
	}
}

// exported wraps the fields of a result as the export endpoint does.
func exported(e *Event, result object) object {
	return object{{"preview", false}, {"offset", int(e.RecordID % 1000)}, {"result", result}}
}

// splunkFields are the fields of an event as strings, with the values that
// come from XML attributes between the given quotes.
func splunkFields(e *Event, quote string) object {
	attr := func(s string) string {
		if s == "" {
			return ""
		}
		return quote + s + quote
	}
	o := object{
		{"Channel", e.Channel},
		{"Computer", e.Computer},
		{"EventCode", strconv.Itoa(e.EventID)},
		{"EventID", strconv.Itoa(e.EventID)},
		{"EventRecordID", strconv.FormatInt(e.RecordID, 10)},
		{"Keywords", e.Keywords},
		{"Level", strconv.Itoa(e.Level)},
		{"Name", attr(e.Provider)},
		{"Opcode", strconv.Itoa(e.Opcode)},
		{"ProcessID", attr(strconv.Itoa(e.ProcessID))},
		{"Task", strconv.Itoa(e.Task)},
		{"ThreadID", attr(strconv.Itoa(e.ThreadID))},
	}
	o = o.putText("ActivityID", attr(e.ActivityID))
	o = o.putText("Guid", attr(e.Guid))
	return o.putText("UserID", attr(e.UserID))
}

// splunkExport is a result with the fields of the newest add-on.
func splunkExport(e *Event) object {
	o := object{{"_time", stamp(e, "2006-01-02T15:04:05.000+00:00")}}
	o = append(o, splunkFields(e, "")...)
	o = o.put("dest", e.Computer).putText("signature", signature(e.EventID))
	o = o.put("signature_id", strconv.Itoa(e.EventID)).putText("user_id", e.UserID)
	o = o.put("vendor_product", "Microsoft Windows").put("host", "forwarder")
	o = o.put("source", "XmlWinEventLog:"+e.Channel).put("sourcetype", "XmlWinEventLog")
	return exported(e, append(o, dataMembers(e, emptyAbsent, false)...))
}

// splunkExportQuoted is a result with the fields of an add-on up to 8.4, which
// kept the quotes of attributes and had neither dest nor signature.
func splunkExportQuoted(e *Event) object {
	zone := time.FixedZone("", 5*3600+1800)
	o := object{{"_time", e.Time.In(zone).Format("2006-01-02T15:04:05.000-0700")}}
	o = append(o, splunkFields(e, "'")...)
	o = o.put("signature_id", strconv.Itoa(e.EventID))
	if e.UserID != "" {
		o = o.put("user_id", "'"+e.UserID+"'")
	}
	o = o.put("vendor_product", "Microsoft Windows").put("host", "forwarder")
	o = o.put("source", "XmlWinEventLog:"+e.Channel).put("sourcetype", "XmlWinEventLog")
	return exported(e, append(o, dataMembers(e, emptyAbsent, false)...))
}

// envelope is the object that the HTTP Event Collector takes. Its time is a
// number or a string, depending on who writes it, and its host is the sender.
func envelope(e *Event, event any) object {
	var when any = raw(epoch(e.Time, 3))
	if e.RecordID%2 == 1 {
		when = epoch(e.Time, 3)
	}
	return object{
		{"time", when},
		{"host", "forwarder"},
		{"source", "XmlWinEventLog:" + e.Channel},
		{"sourcetype", "XmlWinEventLog"},
		{"index", "wineventlog"},
		{"event", event},
	}
}

// hecFields is an event as an object of Splunk's field names, without a time:
// that is in the envelope.
func hecFields(e *Event) object {
	return append(splunkFields(e, ""), dataMembers(e, emptyString, false)...)
}
