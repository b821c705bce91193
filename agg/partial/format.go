// Package partial writes rows that are not yet complete, and adds those of several runs
// or hosts: any set of partials, in any order and however often each is delivered, merges
// to what one run over all inputs counts.
//
// A file of partials is lines of JSON:
//
//	{"sluice":"partial","v":1,"source":"pc1","epoch":7,"window":"auto","lag":"10m","nulls":"keep"}
//	{"detection":"Odd","id":"6f0a…","hash":"0a1b…"}
//	{"key":["pc1",null],"window":1795164600000000000,"count":3,"first":1795164600000000000,"last":1795164600000000001}
//	{"rows":1,"sha256":"9c0d…"}
//	{"parts":1}
//
// A part is what one source counted in one epoch: its head, each detection with the rows
// behind it, and its end with their number and the hash of all its lines before that. The
// last line counts the parts. So a file that was cut or changed anywhere is told from a
// whole one, and several files written one behind another are a file of partials, too.
//
// A part is known by its source and epoch, and counted once. Parts of one source and
// different epochs add up: each is of events that no other is of. So merging is the union
// of sets of parts, which is associative, commutative and idempotent; rows are added up
// when they are printed. Two different parts of one source and epoch are an error.
//
// A row that counts what there was no room for has "overflow", nulls for values, and no
// statistics. Times are Unix nanoseconds. A value that is not UTF-8 is {"b64":"…"}. Statistics are
// states of agg.Stat in base64, in the order of the detection's functions. A line has
// only one spelling, the one that is written here; another is refused.
package partial

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"sluice/agg"
)

// Version is that of the format. A reader takes no other.
const Version = 1

// Head says whose a part is and how it was counted.
type Head struct {
	Format string `json:"sluice"` // partial
	V      int    `json:"v"`
	Source string `json:"source"` // who counted
	Epoch  int64  `json:"epoch"`  // which of the source's parts; not below 0
	// Options are the same in all parts that can be merged.
	Options
}

// Options are what rows depend on besides events and detections.
type Options struct {
	Window string `json:"window"` // none, auto or a length of time
	Lag    string `json:"lag"`    // of closed windows; empty for what is usual
	Nulls  string `json:"nulls"`  // keep or splunk
}

// Detection is whose rows follow. Hash is of its compiled form.
type Detection struct {
	Name string `json:"detection"`
	ID   string `json:"id"`
	Hash string `json:"hash"`
}

type tail struct {
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Group is a detection with its rows, whose Rule is not set.
type Group struct {
	Detection
	Funcs []agg.Func // of the rows' statistics
	Rows  []*agg.Row
}

// text is a value of a key.
type text []byte

// UnmarshalJSON reads null, a string or {"b64":"…"}.
func (t *text) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case 'n':
		*t = nil
		return nil
	case '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = append(text{}, s...)
		return nil
	}
	var o struct {
		B64 []byte `json:"b64"`
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return err
	}
	*t = append(text{}, o.B64...)
	return nil
}

// line is a row.
type line struct {
	Key      []text   `json:"key"`
	Window   *int64   `json:"window"`
	Late     bool     `json:"late"`
	Overflow bool     `json:"overflow"`
	Count    int64    `json:"count"`
	First    *int64   `json:"first"`
	Last     *int64   `json:"last"`
	Stats    [][]byte `json:"stats"`
}

// appendRow writes a row. It is our own since encoding/json takes longer than the rest.
func appendRow(dst []byte, r *agg.Row, funcs []agg.Func) []byte {
	dst = append(dst, `{"key":[`...)
	for i, v := range r.Key {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case v == nil:
			dst = append(dst, "null"...)
		case utf8.Valid(v):
			dst = appendString(dst, string(v))
		default:
			dst = append(appendBase64(append(dst, `{"b64":`...), v), '}')
		}
	}
	dst = append(dst, ']')
	number := func(name string, n int64) {
		dst = append(append(append(dst, `,"`...), name...), `":`...)
		dst = strconv.AppendInt(dst, n, 10)
	}
	if r.Window != agg.NoWindow {
		number("window", r.Window)
	}
	if r.Late {
		dst = append(dst, `,"late":true`...)
	}
	if r.Overflow {
		dst = append(dst, `,"overflow":true`...)
	}
	number("count", r.Count)
	if r.Timed {
		number("first", r.First)
		number("last", r.Last)
	}
	if len(r.Stats) > 0 && !r.Overflow {
		dst = append(dst, `,"stats":`...)
		for i := range r.Stats {
			dst = append(dst, "[,"[min(i, 1)])
			dst = appendBase64(dst, r.Stats[i].AppendState(nil, funcs[i]))
		}
		dst = append(dst, ']')
	}
	return append(dst, '}', '\n')
}

func appendBase64(dst, b []byte) []byte {
	dst = base64.StdEncoding.AppendEncode(append(dst, '"'), b)
	return append(dst, '"')
}

// appendString writes UTF-8 as a JSON string, in which nothing is escaped that need not be.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = fmt.Appendf(dst, `\u%04x`, c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// appendLine writes v, which is no row.
func appendLine(dst []byte, v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // structs of texts and numbers can be written
	}
	return append(dst, b.Bytes()...)
}
