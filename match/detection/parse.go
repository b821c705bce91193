package detection

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/match/spl"
)

// file is a YAML document being read; its methods note what is wrong with it.
type file struct {
	name   string
	src    []byte
	l      *Loader
	refs   []reference
	failed bool
}

// reference is a place that names a column of the rows.
type reference struct {
	column string
	at     *yaml.Node
}

func (f *file) errorf(n *yaml.Node, format string, args ...any) {
	f.failed = true
	f.note(n, false, format, args...)
}

func (f *file) warnf(n *yaml.Node, format string, args ...any) { f.note(n, true, format, args...) }

func (f *file) note(n *yaml.Node, warning bool, format string, args ...any) {
	e := &Error{File: f.name, Msg: fmt.Sprintf(format, args...), Warning: warning}
	if n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	f.l.fail(e)
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// mapping reads src as one YAML mapping, or returns nil.
func (f *file) mapping(src []byte) *yaml.Node {
	var doc, next yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(src))
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		e := &Error{File: f.name, Msg: "cannot read YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			e.Line, _ = strconv.Atoi(m[1])
			e.Column, e.Msg = 1, "cannot read YAML: "+m[2]
		}
		f.l.fail(e)
		return nil
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		f.errorf(nil, "cannot load: the file is not a YAML mapping")
		return nil
	}
	if dec.Decode(&next) == nil {
		f.errorf(&next, "cannot load: the file holds more than one YAML document")
		return nil
	}
	return doc.Content[0]
}

// members calls set for each member of a mapping and warns of unknown keys and
// of keys that stand twice.
func (f *file) members(n *yaml.Node, what string, set map[string]func(*yaml.Node)) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		f.errorf(n, "%s must be a mapping", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		switch read, known := set[key.Value]; {
		case seen[key.Value]:
			f.errorf(key, "key %q stands twice in %s", key.Value, what)
		case !known:
			f.warnf(key, "unknown key %q in %s", key.Value, what)
		case read != nil:
			read(value)
		}
		seen[key.Value] = true
	}
}

func (f *file) text(to *string, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode {
			f.errorf(n, "%s must be text", what)
			return
		}
		*to = n.Value
	}
}

func (f *file) integer(to *int, what string, lo, hi int) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || v < lo || v > hi {
			f.errorf(n, "%s must be a whole number from %d to %d", what, lo, hi)
			return
		}
		*to = v
	}
}

func (f *file) oneOf(to *string, what string, values ...string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		f.text(to, what)(n)
		if n.Kind == yaml.ScalarNode && !slices.Contains(values, n.Value) {
			f.errorf(n, "%s must be one of %s", what, strings.Join(values, ", "))
		}
	}
}

func (f *file) texts(to *[]string, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		f.list(n, what, func(item *yaml.Node) {
			var s string
			f.text(&s, "an item of "+what)(item)
			*to = append(*to, s)
		})
	}
}

func (f *file) list(n *yaml.Node, what string, each func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		f.errorf(n, "%s must be a list", what)
		return
	}
	for _, item := range n.Content {
		if item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		each(item)
	}
}

// parse reads a detection file; it returns nil if the file has errors.
func (l *Loader) parse(name string, src []byte) *Detection {
	f := &file{name: name, src: src, l: l}
	root := f.mapping(src)
	if root == nil {
		return nil
	}
	d := &Detection{File: name}
	var search *yaml.Node
	f.members(root, "the detection", map[string]func(*yaml.Node){
		"name":        f.text(&d.Name, "name"),
		"id":          f.text(&d.ID, "id"),
		"version":     f.integer(&d.Version, "version", 1, 1<<20),
		"type":        f.oneOf(&d.Type, "type", "TTP", "Anomaly", "Hunting", "Correlation"),
		"description": f.text(&d.Description, "description"),
		"search": func(n *yaml.Node) {
			f.text(&d.Search, "search")(n)
			search = n
		},
		"rba":  func(n *yaml.Node) { f.rba(n, &d.Risk) },
		"tags": func(n *yaml.Node) { f.tags(n, d) },
		// Known to the schema and of no use to an engine.
		"date": nil, "author": nil, "status": nil, "data_source": nil,
		"how_to_implement": nil, "known_false_positives": nil, "references": nil,
		"drilldown_searches": nil, "tests": nil, "explanation": nil,
		"enabled_by_default": nil, "deployment": nil,
	})
	for _, need := range []struct{ key, value string }{{"name", d.Name}, {"id", d.ID}, {"type", d.Type}, {"search", d.Search}} {
		if need.value == "" && !f.failed {
			f.errorf(root, "cannot load detection: it has no %s", need.key)
		}
	}
	if f.failed {
		return nil
	}
	var err error
	if d.Rule, err = spl.Compile(d.Search, spl.Env{Macros: l.Macros}); err != nil {
		f.searchError(search, err)
		return nil
	}
	f.checkRisk(d)
	if f.failed {
		return nil
	}
	return d
}

func (f *file) rba(n *yaml.Node, r *Risk) {
	f.members(n, "rba", map[string]func(*yaml.Node){
		"message": func(n *yaml.Node) {
			f.text(&r.Message, "rba.message")(n)
			for _, name := range Tokens(r.Message) {
				f.refs = append(f.refs, reference{name, n})
			}
		},
		"risk_objects": func(n *yaml.Node) {
			f.list(n, "rba.risk_objects", func(item *yaml.Node) {
				var o RiskObject
				f.members(item, "a risk object", map[string]func(*yaml.Node){
					"field": f.column(&o.Field),
					"type":  f.oneOf(&o.Type, "type", "user", "system", "other"),
					"score": f.integer(&o.Score, "score", 1, 100),
				})
				if (o.Field == "" || o.Type == "" || o.Score == 0) && !f.failed {
					f.errorf(item, "a risk object needs field, type and score")
				}
				r.Objects = append(r.Objects, o)
			})
		},
		"threat_objects": func(n *yaml.Node) {
			f.list(n, "rba.threat_objects", func(item *yaml.Node) {
				var o ThreatObject
				f.members(item, "a threat object", map[string]func(*yaml.Node){
					"field": f.column(&o.Field),
					"type":  f.text(&o.Type, "type"),
				})
				if (o.Field == "" || o.Type == "") && !f.failed {
					f.errorf(item, "a threat object needs field and type")
				}
				r.Threats = append(r.Threats, o)
			})
		},
	})
	if len(r.Objects) > 0 && r.Message == "" && !f.failed {
		f.errorf(n, "rba has risk objects and no message")
	}
}

func (f *file) tags(n *yaml.Node, d *Detection) {
	f.members(n, "tags", map[string]func(*yaml.Node){
		"analytic_story":  f.texts(&d.Stories, "tags.analytic_story"),
		"mitre_attack_id": f.texts(&d.MITRE, "tags.mitre_attack_id"),
		"asset_type":      nil, "product": nil, "security_domain": nil, "cve": nil,
		"atomic_guid": nil, "group": nil, "throttling": nil, "manual_test": nil,
	})
}

// column reads the name of a column of the rows.
func (f *file) column(to *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		f.text(to, "field")(n)
		f.refs = append(f.refs, reference{n.Value, n})
	}
}

// checkRisk refuses risk fields that no row has.
func (f *file) checkRisk(d *Detection) {
	columns := slices.Clone(d.Rule.By)
	for _, a := range d.Rule.Aggs {
		columns = append(columns, a.As)
	}
	for _, ref := range f.refs {
		if !slices.Contains(columns, ref.column) {
			f.errorf(ref.at, "cannot load detection: its risk section names %q, which is no column of its rows", ref.column)
		}
	}
}

var token = regexp.MustCompile(`\$([A-Za-z_][A-Za-z0-9_.]*)\$`)

// Tokens returns the names of the $field$ tokens of a message.
func Tokens(message string) (names []string) {
	for _, m := range token.FindAllStringSubmatch(message, -1) {
		names = append(names, m[1])
	}
	return names
}

// Fill replaces the $field$ tokens of message by what value returns for them.
func Fill(message string, value func(name string) string) string {
	return token.ReplaceAllStringFunc(message, func(t string) string { return value(t[1 : len(t)-1]) })
}

// macro reads a macro file: name, definition and, optionally, arguments.
func (l *Loader) macro(name string, src []byte) {
	f := &file{name: name, src: src, l: l}
	root := f.mapping(src)
	if root == nil {
		return
	}
	var id, definition, description string
	var params []string
	f.members(root, "the macro", map[string]func(*yaml.Node){
		"name":        f.text(&id, "name"),
		"definition":  f.text(&definition, "definition"),
		"description": f.text(&description, "description"),
		"arguments":   f.texts(&params, "arguments"),
	})
	if id == "" || definition == "" {
		f.errorf(root, "cannot load macro: it needs a name and a definition")
	}
	if f.failed {
		return
	}
	if l.Macros == nil {
		l.Macros = spl.Macros{}
	}
	l.Macros[spl.MacroKey{Name: id, Args: len(params)}] = spl.Macro{Params: params, Definition: definition}
}
