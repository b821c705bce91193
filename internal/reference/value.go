package reference

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/valyala/fastjson"
)

// value is a JSON value that stays valid after the next record. Numbers keep
// the text they were written with.
type value struct {
	kind    kind
	text    string   // of a string, number or boolean
	members []member // of an object, in order, duplicate keys included
	items   []*value // of an array
}

type member struct {
	key   string
	value *value
}

type kind int

const (
	null kind = iota
	str
	scalar // number or boolean
	object
	array
)

// parseObjects reads the JSON objects of a record one after another. What
// came in front of the first thing that is no object is returned with an error.
func parseObjects(text string) ([]*value, error) {
	var out []*value
	var s fastjson.Scanner
	s.Init(replaceLoneSurrogates(text))
	for s.Next() {
		if s.Value().Type() != fastjson.TypeObject {
			return out, errMalformed
		}
		out = append(out, copyValue(s.Value()))
	}
	if s.Error() != nil {
		return out, errMalformed
	}
	return out, nil
}

// copyValue copies a parsed value, which dies with the next parse.
func copyValue(v *fastjson.Value) *value {
	switch v.Type() {
	case fastjson.TypeString:
		return &value{kind: str, text: string(v.GetStringBytes())}
	case fastjson.TypeNumber, fastjson.TypeTrue, fastjson.TypeFalse:
		return &value{kind: scalar, text: string(v.MarshalTo(nil))}
	case fastjson.TypeArray:
		out := &value{kind: array}
		for _, item := range v.GetArray() {
			out.items = append(out.items, copyValue(item))
		}
		return out
	case fastjson.TypeObject:
		out := &value{kind: object}
		// Visit and not Get: Get knows only the first of duplicate keys.
		v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
			out.members = append(out.members, member{string(key), copyValue(v)})
		})
		return out
	}
	return &value{kind: null}
}

// replaceLoneSurrogates writes \ufffd for each escaped surrogate that is not
// part of a pair. fastjson would swallow the escape behind a lone one, or
// leave the six characters as they are.
func replaceLoneSurrogates(text string) string {
	if !strings.Contains(text, `\u`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		if text[i] != '\\' {
			out.WriteByte(text[i])
			i++
			continue
		}
		unit, ok := escapedUnit(text[i:])
		if !ok { // another escape: its second byte must not be read as a backslash
			end := min(i+2, len(text))
			out.WriteString(text[i:end])
			i = end
			continue
		}
		next, _ := escapedUnit(text[i+6:])
		switch {
		case !utf16.IsSurrogate(unit):
			out.WriteString(text[i : i+6])
			i += 6
		case utf16.DecodeRune(unit, next) != '\uFFFD':
			out.WriteString(text[i : i+12])
			i += 12
		default:
			out.WriteString(`\ufffd`)
			i += 6
		}
	}
	return out.String()
}

// escapedUnit reads the escape \uXXXX at the start of text.
func escapedUnit(text string) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}

// find returns all values at a path of keys joined with dots. Keys that hold
// dots themselves are understood, as some shippers flatten part of an object.
func (v *value) find(path string) []*value {
	var out []*value
	if v == nil || v.kind != object {
		return nil
	}
	for _, m := range v.members {
		if m.key == path {
			out = append(out, m.value)
		} else if rest, ok := strings.CutPrefix(path, m.key+"."); ok {
			out = append(out, m.value.find(rest)...)
		}
	}
	return out
}

// has reports whether there is something at one of the paths.
func (v *value) has(paths ...string) bool {
	for _, p := range paths {
		if len(v.find(p)) > 0 {
			return true
		}
	}
	return false
}

// object returns the first object at a path, or nil.
func (v *value) object(path string) *value {
	for _, found := range v.find(path) {
		if found.kind == object {
			return found
		}
	}
	return nil
}

// under returns what lies below a path as members named by the rest of their
// own path: the members of objects there, and keys that begin with the path
// and a dot.
func (v *value) under(path string) []member {
	var out []member
	if v == nil || v.kind != object {
		return nil
	}
	for _, m := range v.members {
		if m.key == path && m.value.kind == object {
			out = append(out, m.value.members...)
		} else if rest, ok := strings.CutPrefix(m.key, path+"."); ok {
			out = append(out, member{rest, m.value})
		} else if rest, ok := strings.CutPrefix(path, m.key+"."); ok {
			out = append(out, m.value.under(rest)...)
		}
	}
	return out
}

// texts returns the values of a field: a scalar is one, an array is those of
// its items, an object is its #text member, null is none.
func (v *value) texts() []string {
	switch v.kind {
	case str, scalar:
		return []string{v.text}
	case array:
		var out []string
		for _, item := range v.items {
			out = append(out, item.texts()...)
		}
		return out
	case object:
		var out []string
		for _, m := range v.members {
			if m.key == "#text" {
				out = append(out, m.value.texts()...)
			}
		}
		return out
	}
	return nil
}

// first returns the values at the first path where some are not missing.
func (v *value) first(paths ...string) []string {
	for _, p := range paths {
		var out []string
		for _, found := range v.find(p) {
			out = append(out, present(found.texts())...)
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// xmlText returns the first string at a path that looks like XML.
func (v *value) xmlText(path string) string {
	for _, found := range v.find(path) {
		if found.kind == str && strings.HasPrefix(strings.TrimLeft(found.text, blanks+"\n"+byteOrderMark), "<") {
			return strings.TrimLeft(found.text, blanks+"\n"+byteOrderMark)
		}
	}
	return ""
}
