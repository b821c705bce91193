package expr

import (
	"encoding/json"
	"strconv"
	"strings"

	"sluice/match/row"
)

var jsonFunctions = map[string]*function{
	"spath":        {min: 2, max: 2, call: jsonPath},
	"json_extract": {min: 1, max: 2, call: jsonPath},
	"json_valid": {min: 1, max: 1, call: func(_ *Env, a []row.Value) row.Value {
		if json.Valid([]byte(a[0].String())) {
			return row.OfInt(1)
		}
		return row.OfInt(0)
	}},
}

func jsonPath(_ *Env, a []row.Value) row.Value {
	path := ""
	if len(a) == 2 {
		path = a[1].String()
	}
	return JSONPath(a[0].String(), path)
}

// JSONPath returns what stands at a path such as a.b{0}.c or a{}.b in a JSON text:
// {} is each item of an array, {n} the n-th from 0. Objects and arrays give their
// JSON. What is not there, or no JSON, is null.
func JSONPath(text, path string) row.Value {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return row.Value{}
	}
	found := []any{v}
	for _, step := range pathSteps(path) {
		var next []any
		for _, v := range found {
			next = append(next, step.of(v)...)
		}
		found = next
	}
	var out []string
	for _, v := range found[:min(len(found), maxValues)] {
		if s, ok := jsonText(v); ok {
			out = append(out, s)
		}
	}
	return row.OfTexts(out)
}

// pathStep is a member's name, or an index; -1 is every item.
type pathStep struct {
	name  string
	index int
	array bool
}

func (s pathStep) of(v any) []any {
	switch v := v.(type) {
	case map[string]any:
		if m, ok := v[s.name]; ok && !s.array {
			return []any{m}
		}
	case []any:
		switch {
		case !s.array:
		case s.index < 0:
			return v
		case s.index < len(v):
			return []any{v[s.index]}
		}
	}
	return nil
}

func pathSteps(path string) (steps []pathStep) {
	for _, part := range strings.Split(path, ".") {
		name, rest, _ := strings.Cut(part, "{")
		if name != "" {
			steps = append(steps, pathStep{name: name})
		}
		for rest != "" {
			var index string
			index, rest, _ = strings.Cut(rest, "}")
			n, err := strconv.Atoi(index)
			if err != nil {
				n = -1
			}
			steps = append(steps, pathStep{index: n, array: true})
			rest = strings.TrimPrefix(rest, "{")
		}
	}
	return steps
}

func jsonText(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	b, err := json.Marshal(v)
	return string(b), err == nil
}
