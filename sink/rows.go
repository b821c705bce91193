package sink

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/match/detection"
	"sluice/match/event"
	"sluice/match/row"
)

// The members that lines begin with. A column of such a name is printed as
// orig_ and its name, as Splunk does when it copies results into an index.
var (
	statsNames = []string{"detection", "overflow"}
	eventNames = []string{"detection", "_time"}
	riskNames  = []string{
		"search_name", "source", "orig_sid", "risk_object", "risk_object_type", "risk_score",
		"risk_message", "analyticstories", "annotations._all", "annotations.mitre_attack",
		"threat_object", "threat_object_type", "contributing_events_search", "info_min_time", "info_max_time",
		"overflow",
	}
	// With windows, also these.
	windowedStats = append(slices.Clone(statsNames), "window_start", "window_end", "late")
	windowedRisk  = append(slices.Clone(riskNames), "late")
	// While following, also these.
	followedStats = append(slices.Clone(windowedStats), "row_id", "final")
	followedRisk  = append(slices.Clone(windowedRisk), "row_id", "final")
)

// Encoder turns rows and events into lines. It is for one goroutine.
type Encoder struct {
	Detections []*detection.Detection // by rule index
	Zone       *time.Location         // of the windows' ends as they are printed; nil means UTC
	o          object
}

// Stats returns the line of a row: the detection's name, with windows also the window
// and whether the row is of events that came late, then the columns in order, and
// "overflow":true in an overflow row. While following, "row_id" names the row, and
// "final":true is behind one that changes no more. A number is a number, several values
// are a list. The slice is valid until the next call.
func (e *Encoder) Stats(r row.Named) []byte {
	e.o.buf = e.o.buf[:0]
	e.o.begin()
	e.o.taken = statsNames
	e.o.text("detection", e.Detections[r.Rule].Name)
	if r.Span.Windowed {
		e.o.taken = windowedStats
		e.windowEnd("window_start", r.Span.Timed, r.Span.Start)
		e.windowEnd("window_end", r.Span.Timed, r.Span.End)
		e.late(r)
	}
	if r.Follow.ID != "" {
		e.o.taken = followedStats
	}
	e.followed(r)
	e.columns(r)
	e.overflow(r)
	e.final(r)
	e.o.end()
	return e.o.buf
}

// followed names a row that may be printed again.
func (e *Encoder) followed(r row.Named) {
	if r.Follow.ID != "" {
		e.o.text("row_id", r.Follow.ID)
	}
}

func (e *Encoder) final(r row.Named) {
	if r.Follow.Final {
		e.o.key("final")
		e.o.buf = append(e.o.buf, "true"...)
	}
}

// windowEnd writes an end of a window as other times of rows are; null if there is none.
func (e *Encoder) windowEnd(name string, timed bool, nanos int64) {
	if !timed {
		e.o.value(name, nil)
		return
	}
	zone := e.Zone
	if zone == nil {
		zone = time.UTC
	}
	e.o.value(name, time.Unix(0, nanos).In(zone).AppendFormat(nil, "2006-01-02T15:04:05"))
}

func (e *Encoder) late(r row.Named) {
	if r.Span.Late {
		e.o.key("late")
		e.o.buf = append(e.o.buf, "true"...)
	}
}

func (e *Encoder) columns(r row.Named) {
	for i, name := range r.Columns {
		e.o.column(name)
		switch v := r.Values[i]; v.Kind() {
		case row.Null:
			e.o.textOrNull(nil)
		case row.Number:
			e.o.buf = append(e.o.buf, v.String()...)
		case row.Multi:
			e.o.list(v.Texts())
		default:
			e.o.buf = appendString(e.o.buf, v.String())
		}
	}
}

// overflow marks a row that stands for groups for which there was no room.
func (e *Encoder) overflow(r row.Named) {
	if r.Overflow {
		e.o.key("overflow")
		e.o.buf = append(e.o.buf, "true"...)
	}
}

// Risk returns the lines of a row's risk events, one per risk object, with the fields of
// Splunk's risk index; an object of several values is several objects. The slice is
// valid until the next call.
func (e *Encoder) Risk(r row.Named) []byte {
	d := e.Detections[r.Rule]
	e.o.buf = e.o.buf[:0]
	for _, obj := range d.Risk.Objects {
		v := r.Get(obj.Field)
		if obj.Optional && v.IsNull() {
			continue
		}
		e.risk(d, r, obj, firstOf(v))
		for i := 1; i < v.Len(); i++ {
			e.risk(d, r, obj, []byte(v.Texts()[i]))
		}
	}
	return e.o.buf
}

// firstOf returns the text of the first value, or nil.
func firstOf(v row.Value) []byte {
	if v.IsNull() {
		return nil
	}
	return []byte(v.Texts()[0])
}

func (e *Encoder) risk(d *detection.Detection, r row.Named, obj detection.RiskObject, object []byte) {
	o := &e.o
	o.begin()
	o.taken = riskNames
	if r.Span.Windowed {
		o.taken = windowedRisk
	}
	if r.Follow.ID != "" {
		o.taken = followedRisk
	}
	o.text("search_name", d.SavedSearch())
	o.text("source", d.SavedSearch())
	o.text("orig_sid", sid(d, r.Span))
	o.value("risk_object", object)
	o.text("risk_object_type", obj.Type)
	o.integer("risk_score", int64(obj.Score))
	o.text("risk_message", detection.Fill(d.Risk.MessageFor(obj), func(name string) string {
		if v := r.Get(name); !v.IsNull() {
			return strings.Join(v.Texts(), ", ")
		}
		return "null"
	}))
	o.texts("analyticstories", d.Stories)
	o.texts("annotations._all", append(append([]string(nil), d.Stories...), d.MITRE...))
	o.texts("annotations.mitre_attack", d.MITRE)
	if threats := d.Risk.Threats; len(threats) > 0 {
		var values, types []string
		for _, t := range threats {
			for _, v := range r.Get(t.Field).Texts() {
				values, types = append(values, v), append(types, t.Type)
			}
		}
		o.texts("threat_object", values)
		o.texts("threat_object_type", types)
	}
	o.text("contributing_events_search", contributing(d, obj.Field, object))
	from, to := "0.000", "+Infinity" // all time, as Splunk prints it
	if r.Span.Timed {
		from, to = epochMillis(r.Span.Start), epochMillis(r.Span.End)
	}
	o.text("info_min_time", from)
	o.text("info_max_time", to)
	e.late(r)
	e.followed(r)
	e.columns(r)
	e.overflow(r)
	e.final(r)
	o.end()
}

// epochMillis prints Unix seconds with three decimals.
func epochMillis(nanos int64) string {
	return strconv.FormatFloat(float64(time.Unix(0, nanos).UnixMilli())/1e3, 'f', 3, 64)
}

// sid stands for Splunk's job id: the same for every run of one version of a detection
// over one window, or all time, so that a consumer can tell repeated events.
func sid(d *detection.Detection, span row.Span) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", d.ID, d.Version)
	if span.Timed {
		fmt.Fprintf(h, " %d", span.Start)
	}
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
