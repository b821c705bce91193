package detection

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file is a YAML document being read; its methods note what is wrong with it.
type file struct {
	name   string
	src    []byte
	l      *Loader
	check  string // what its errors are about, unless said otherwise
	refs   []reference
	keys   map[string]*yaml.Node // where the members of the detection stand, by key
	failed bool
}

// reference is a place that names a column of the rows.
type reference struct {
	column string
	at     *yaml.Node
	how    how
}

// how a reference is meant. What the first generation names need not be there:
// published files name fields that their rows do not have.
type how int

const (
	required how = iota
	objectOfFirst
	tokenOfFirst
	wanted // by a test
)

func (f *file) errorf(n *yaml.Node, format string, args ...any) {
	f.fault(f.check, n, format, args...)
}

// fault notes an error, for which the file is not loaded.
func (f *file) fault(check string, n *yaml.Node, format string, args ...any) {
	f.failed = true
	f.note(check, n, false, format, args...)
}

func (f *file) warn(check string, n *yaml.Node, format string, args ...any) {
	f.note(check, n, true, format, args...)
}

func (f *file) note(check string, n *yaml.Node, warning bool, format string, args ...any) {
	e := &Error{File: f.name, Check: check, Msg: fmt.Sprintf(format, args...), Warning: warning}
	if n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	f.l.fail(e)
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// documents reads src as YAML documents, of which the first is a mapping, or
// returns nil. Documents that hold nothing are left out; merge keys are resolved.
func (f *file) documents(src []byte) (docs []*yaml.Node) {
	dec := yaml.NewDecoder(bytes.NewReader(src))
	for {
		doc := new(yaml.Node)
		err := dec.Decode(doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			e := &Error{File: f.name, Check: CheckYAML, Msg: "cannot read YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
			if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
				e.Line, _ = strconv.Atoi(m[1])
				e.Column, e.Msg = 1, "cannot read YAML: "+m[2]
			}
			f.l.fail(e)
			return nil
		}
		if len(doc.Content) > 0 && doc.Content[0].Tag != "!!null" {
			if bytes.Contains(src, []byte("<<")) { // as few files do
				if at, wrong := merge(doc); wrong != "" {
					f.fault(CheckYAML, at, "%s", wrong)
					return nil
				}
			}
			docs = append(docs, doc)
		}
	}
	if len(docs) == 0 || docs[0].Content[0].Kind != yaml.MappingNode {
		f.fault(CheckYAML, nil, "cannot load: the file is not a YAML mapping")
		return nil
	}
	return docs
}

// single returns the mapping of the only document, or nil.
func (f *file) single(docs []*yaml.Node) *yaml.Node {
	switch {
	case len(docs) > 1:
		f.fault(CheckYAML, docs[1], "cannot load: the file holds more than one YAML document")
		return nil
	case len(docs) == 0:
		return nil
	}
	return docs[0].Content[0]
}

// member returns the value of a key of a mapping, or nil.
func member(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return resolved(n.Content[i+1])
		}
	}
	return nil
}

func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// members calls set for each member of a mapping and warns of unknown keys and
// of keys that stand twice.
func (f *file) members(n *yaml.Node, what string, set map[string]func(*yaml.Node)) {
	n = resolved(n)
	if n.Kind != yaml.MappingNode {
		f.errorf(n, "%s must be a mapping", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], resolved(n.Content[i+1])
		switch read, known := set[key.Value]; {
		case seen[key.Value]:
			f.errorf(key, "key %q stands twice in %s", key.Value, what)
		case !known:
			f.warn(CheckKey, key, "unknown key %q in %s", key.Value, what)
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

// number is integer for what may have a fraction, and keeps it.
func (f *file) number(to *float64, what string, lo, hi float64) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, err := strconv.ParseFloat(n.Value, 64)
		if n.Kind != yaml.ScalarNode || err != nil || math.IsNaN(v) || v < lo || v > hi {
			f.errorf(n, "%s must be a number from %g to %g", what, lo, hi)
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
		each(resolved(item))
	}
}
