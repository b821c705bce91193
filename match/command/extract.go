package command

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sluice/match/expr"
	"sluice/match/row"
	"sluice/match/rule"
)

// Spath takes values out of a field that holds JSON or XML: with a Path what stands
// there in JSON, as As; without one every value, under its path.
type Spath struct{ Input, Path, As string }

// XMLKv takes the text of each element without children out of a field, as a field of
// the element's name.
type XMLKv struct{ Input string }

func (c Spath) String() string {
	return fmt.Sprintf("spath %s %q as %s", rule.QuoteName(c.Input), c.Path, rule.QuoteName(c.As))
}

func (c XMLKv) String() string { return "xmlkv " + rule.QuoteName(c.Input) }

// Reads returns the input.
func (c Spath) Reads() []string { return []string{c.Input} }

// Reads returns the input.
func (c XMLKv) Reads() []string { return []string{c.Input} }

// Columns adds As, or what the input holds.
func (c Spath) Columns(in []string, all bool) ([]string, bool) {
	if c.Path == "" {
		return in, false
	}
	return with(in, c.As), all
}

// Columns adds what the input holds.
func (c XMLKv) Columns(in []string, _ bool) ([]string, bool) { return in, false }

// extracted collects values by name, in order. It is bounded.
type extracted struct {
	names  []string
	values map[string][]string
	n      int
}

func (e *extracted) add(name, text string) {
	if e.n++; e.n > maxFound || name == "" || len(name) > 1000 {
		return
	}
	if e.values == nil {
		e.values = map[string][]string{}
	}
	if e.values[name] == nil {
		e.names = append(e.names, name)
	}
	e.values[name] = append(e.values[name], text)
}

func (e *extracted) set(t *row.Table, n int) {
	for _, name := range e.names {
		t.Set(n, t.Need(name), row.OfTexts(e.values[name]))
	}
}

// Run extracts.
func (c Spath) Run(_ *Env, t *row.Table) {
	i := t.Index(c.Input)
	for n, r := range t.Rows {
		v := row.Get(r, i)
		if v.IsNull() {
			continue
		}
		text := strings.TrimSpace(v.String())
		if c.Path != "" {
			if found := expr.JSONPath(text, c.Path); !found.IsNull() {
				t.Set(n, t.Need(c.As), found)
			}
			continue
		}
		var e extracted
		if strings.HasPrefix(text, "<") {
			e.xml(text, func(path []string) string { return strings.Join(path, ".") })
		} else {
			e.json(text)
		}
		e.set(t, n)
	}
}

// Run extracts.
func (c XMLKv) Run(_ *Env, t *row.Table) {
	i := t.Index(c.Input)
	for n, r := range t.Rows {
		v := row.Get(r, i)
		if v.IsNull() {
			continue
		}
		var e extracted
		text := v.String()
		if k := strings.IndexByte(text, '<'); k >= 0 {
			e.xml(text[k:], func(path []string) string { return path[len(path)-1] })
		}
		e.set(t, n)
	}
}

// maxNesting bounds how deep texts are looked into.
const maxNesting = 100

// xml adds the text of each element without children, as far as the text can be read.
func (e *extracted) xml(text string, name func(path []string) string) {
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.Strict = false
	var path []string
	leaf := false
	var chars strings.Builder
	for {
		tok, err := dec.RawToken()
		if err != nil {
			return
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if len(path) == maxNesting {
				return
			}
			path = append(path, tok.Name.Local)
			leaf = true
			chars.Reset()
		case xml.CharData:
			chars.Write(tok)
		case xml.EndElement:
			if len(path) == 0 || path[len(path)-1] != tok.Name.Local {
				return
			}
			if leaf && chars.Len() > 0 {
				e.add(name(path), chars.String())
			}
			path = path[:len(path)-1]
			leaf = false
		}
	}
}

func (e *extracted) json(text string) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) == nil {
		e.value("", v, 0)
	}
}

// value adds the values of v under their paths, as spath names them: a.b, and a{} for
// the items of an array.
func (e *extracted) value(path string, v any, depth int) {
	if depth > maxNesting || e.n > maxFound {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			sub := k
			if path != "" {
				sub = path + "." + k
			}
			e.value(sub, v[k], depth+1)
		}
	case []any:
		for _, item := range v {
			e.value(path+"{}", item, depth+1)
		}
	case string:
		e.add(path, v)
	case json.Number:
		e.add(path, v.String())
	case bool:
		e.add(path, strconv.FormatBool(v))
	}
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
