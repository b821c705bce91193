package corpus

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	key   string
	value any // nil, bool, int, int64, string, raw, object or array
}

// array is a JSON array.
type array []any

// raw is a JSON token that is written as it is.
type raw string

// put appends a member and returns the longer object.
func (o object) put(key string, value any) object { return append(o, member{key, value}) }

// putText appends a member unless its value is empty.
func (o object) putText(key, value string) object {
	if value == "" {
		return o
	}
	return append(o, member{key, value})
}

// encode writes the object on one line.
func (o object) encode() []byte { return appendValue(nil, o) }

func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case string:
		return appendString(b, v)
	case raw:
		return append(b, v...)
	case object:
		return appendObject(b, v)
	case array:
		return appendArray(b, v)
	}
	panic(fmt.Sprintf("cannot write JSON value: type %T is not known", value))
}

func appendObject(b []byte, o object) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, m.key)
		b = append(b, ':')
		b = appendValue(b, m.value)
	}
	return append(b, '}')
}

func appendArray(b []byte, a array) []byte {
	b = append(b, '[')
	for i, v := range a {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, v)
	}
	return append(b, ']')
}

// appendString writes a JSON string with the fewest escapes that JSON allows.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < 0x20:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// numericNames are the data values that templates declare as numbers, which
// tools that read the binary log write without quotes.
var numericNames = map[string]bool{
	"MessageNumber": true, "MessageTotal": true, "ProcessId": true,
	"ParentProcessId": true, "TerminalSessionId": true, "LogonType": true, "KeyLength": true,
}

// typed returns a data value as a number when its template says so.
func typed(kv KV) any {
	if n, err := strconv.Atoi(kv.Value); err == nil && numericNames[kv.Name] && strconv.Itoa(n) == kv.Value {
		return n
	}
	return kv.Value
}

// empties says what a shape writes for an empty data value.
type empties int

const (
	emptyString empties = iota
	emptyNull
	emptyAbsent
)

// dataMembers returns the data values as members of an object.
func dataMembers(e *Event, empty empties, typedValues bool) object {
	var o object
	for _, kv := range e.Data {
		switch {
		case kv.Value == "" && empty == emptyAbsent:
		case kv.Value == "" && empty == emptyNull:
			o = o.put(kv.Name, nil)
		case typedValues:
			o = o.put(kv.Name, typed(kv))
		default:
			o = o.put(kv.Name, kv.Value)
		}
	}
	return o
}
