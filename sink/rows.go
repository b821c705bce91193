package sink

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"sluice/agg"
	"sluice/match/detection"
	"sluice/match/event"
	"sluice/match/rule"
)

// The members that lines begin with. A column of such a name is printed as
// orig_ and its name, as Splunk does when it copies results into an index.
var (
	statsNames = []string{"detection"}
	eventNames = []string{"detection", "_time"}
	riskNames  = []string{
		"search_name", "source", "orig_sid", "risk_object", "risk_object_type", "risk_score",
		"risk_message", "analyticstories", "annotations._all", "annotations.mitre_attack",
		"threat_object", "threat_object_type", "contributing_events_search", "info_min_time", "info_max_time",
	}
)

// Encoder turns rows and events into lines. It is for one goroutine.
type Encoder struct {
	Detections []*detection.Detection // by rule index
	Zone       *time.Location         // in which times are printed; nil means UTC
	o          object
}

func (e *Encoder) zone() *time.Location {
	if e.Zone == nil {
		return time.UTC
	}
	return e.Zone
}

// Stats returns the line of a row: the detection's name, the BY columns in
// clause order, the aggregates in clause order. The slice is valid until the
// next call.
func (e *Encoder) Stats(r *agg.Row) []byte {
	d := e.Detections[r.Rule]
	e.o.buf = e.o.buf[:0]
	e.o.begin()
	e.o.taken = statsNames
	e.o.text("detection", d.Name)
	e.columns(d.Rule, r)
	e.o.end()
	return e.o.buf
}

func (e *Encoder) columns(q *rule.Rule, r *agg.Row) {
	for i, name := range q.By {
		e.o.column(name)
		e.o.textOrNull(r.Key[i])
	}
	for _, a := range q.Aggs {
		e.o.column(a.As)
		switch v, isText := e.aggregate(q, r, a); {
		case v == nil:
			e.o.textOrNull(nil)
		case isText:
			e.o.buf = appendString(e.o.buf, v)
		default:
			e.o.buf = append(e.o.buf, v...)
		}
	}
}

// aggregate returns the value of an aggregate column; nil means missing. A time
// is text if the search converts it, else a number of Unix seconds.
func (e *Encoder) aggregate(q *rule.Rule, r *agg.Row, a rule.Agg) (v []byte, isText bool) {
	nanos := r.First
	switch {
	case a.Func == rule.Count:
		return strconv.AppendInt(nil, r.Count, 10), false
	case !r.Timed:
		return nil, false
	case a.Func == rule.Max:
		nanos = r.Last
	}
	for _, t := range q.Times {
		if t.Column == a.As {
			return appendTime([]byte{}, time.Unix(0, nanos).In(e.zone()), t.Layout), true
		}
	}
	return appendEpoch(nil, nanos), false
}

// Risk returns the lines of a row's risk events, one per risk object, with the
// fields of Splunk's risk index. The slice is valid until the next call.
func (e *Encoder) Risk(r *agg.Row) []byte {
	d := e.Detections[r.Rule]
	e.o.buf = e.o.buf[:0]
	for _, obj := range d.Risk.Objects {
		if obj.Optional && e.column(d.Rule, r, obj.Field) == nil {
			continue
		}
		e.risk(d, r, obj)
	}
	return e.o.buf
}

func (e *Encoder) risk(d *detection.Detection, r *agg.Row, obj detection.RiskObject) {
	o := &e.o
	value := func(name string) []byte { return e.column(d.Rule, r, name) }
	o.begin()
	o.taken = riskNames
	o.text("search_name", d.SavedSearch())
	o.text("source", d.SavedSearch())
	o.text("orig_sid", sid(d))
	o.value("risk_object", value(obj.Field))
	o.text("risk_object_type", obj.Type)
	o.integer("risk_score", int64(obj.Score))
	o.text("risk_message", detection.Fill(d.Risk.MessageFor(obj), func(name string) string {
		if v := value(name); v != nil {
			return string(v)
		}
		return "null"
	}))
	o.texts("analyticstories", d.Stories)
	o.texts("annotations._all", append(append([]string(nil), d.Stories...), d.MITRE...))
	o.texts("annotations.mitre_attack", d.MITRE)
	if threats := d.Risk.Threats; len(threats) > 0 {
		var values, types []string
		for _, t := range threats {
			if v := value(t.Field); v != nil {
				values, types = append(values, string(v)), append(types, t.Type)
			}
		}
		o.texts("threat_object", values)
		o.texts("threat_object_type", types)
	}
	o.text("contributing_events_search", contributing(d, obj.Field, value(obj.Field)))
	o.text("info_min_time", "0.000") // all time, as Splunk prints it
	o.text("info_max_time", "+Infinity")
	e.columns(d.Rule, r)
	o.end()
}

// sid stands for Splunk's job id: the same for every run of one version of a
// detection over all time, so that a consumer can tell repeated events.
func sid(d *detection.Detection) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", d.ID, d.Version)
	return fmt.Sprintf("sluice_%016x", h.Sum64())
}

func contributing(d *detection.Detection, field string, value []byte) string {
	q := "| savedsearch " + quoteSPL(d.SavedSearch())
	if value != nil {
		q += " | search " + field + "=" + quoteSPL(string(value))
	}
	return q
}

func quoteSPL(s string) string { return `"` + splEscapes.Replace(s) + `"` }

var splEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// column returns the text of a column, as the row shows it, for tokens and risk
// objects; nil means missing.
func (e *Encoder) column(q *rule.Rule, r *agg.Row, name string) []byte {
	for i, by := range q.By {
		if by == name {
			return r.Key[i]
		}
	}
	for _, a := range q.Aggs {
		if a.As == name {
			v, _ := e.aggregate(q, r, a)
			return v
		}
	}
	return nil
}

// Event appends the line of a matched event: the detection's name, the time to
// the nanosecond in UTC, then every field that has a value. A field with
// several values is a list.
func (e *Encoder) Event(dst []byte, rule int, ev *event.Event) []byte {
	o := object{buf: dst, taken: eventNames}
	o.begin()
	o.text("detection", e.Detections[rule].Name)
	o.key("_time")
	if nanos, ok := ev.Time(); ok {
		o.buf = appendString(o.buf, time.Unix(0, nanos).UTC().AppendFormat(nil, time.RFC3339Nano))
	} else {
		o.buf = append(o.buf, "null"...)
	}
	for slot, name := range ev.Names() {
		switch values := ev.Values(slot); len(values) {
		case 0:
		case 1:
			o.column(name)
			o.textOrNull(values[0])
		default:
			o.column(name)
			for i, v := range values {
				o.buf = append(o.buf, "[,"[min(i, 1)])
				o.buf = appendString(o.buf, v)
			}
			o.buf = append(o.buf, ']')
		}
	}
	o.end()
	return o.buf
}
