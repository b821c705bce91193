package sigma

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/match/rule"
)

// maxSearches bounds how many names each "1 of" looks through.
const maxSearches = 1000

// detectionReader reads the detection section for one log source.
type detectionReader struct {
	*compiler
	source   *source
	first    bool // of several log sources: warnings are given once
	names    []string
	searches map[string]*search
}

// search is what a name of the condition stands for.
type search struct {
	at   *yaml.Node
	expr rule.Expr
	size int // conditions in expr
	used bool
}

func (d *detectionReader) read(n *yaml.Node) rule.Expr {
	d.searches = map[string]*search{}
	var condition *yaml.Node
	d.members(n, "detection", func(key, value *yaml.Node) {
		switch key.Value {
		case "condition":
			condition = value
		case "timeframe":
			d.errorf(key, "timeframe is not supported: it belongs to conditions that count, or to correlation rules")
		default:
			if len(d.names) == maxSearches {
				d.errorf(key, "detection has more than %d searches", maxSearches)
			}
			if len(d.names) >= maxSearches {
				return
			}
			before := d.size
			d.names = append(d.names, key.Value)
			d.searches[key.Value] = &search{at: key, expr: d.search(key, value), size: d.size - before}
		}
	})
	if condition == nil && !d.failed {
		d.errorf(n, "detection has no condition")
	}
	if d.failed {
		return nil
	}
	var alternatives []rule.Expr
	for _, item := range list(condition) {
		alternatives = append(alternatives, d.condition(item))
	}
	if len(alternatives) == 0 {
		d.errorf(condition, "condition is empty")
	}
	if d.failed {
		return nil
	}
	for _, name := range d.names {
		if s := d.searches[name]; !s.used && d.first {
			d.warnf(s.at, "the condition does not use %q", name)
		}
	}
	return or(alternatives...)
}

// search reads a search: a mapping, whose members all hold; a list, of which one
// mapping or keyword does; or one keyword.
func (d *detectionReader) search(key, n *yaml.Node) rule.Expr {
	var alternatives []rule.Expr
	for _, x := range list(n) {
		if x.Kind == yaml.MappingNode {
			alternatives = append(alternatives, d.mapping(x))
			continue
		}
		alternatives = append(alternatives, d.test(&test{at: x, values: []*yaml.Node{x}}))
	}
	if len(alternatives) == 0 {
		d.errorf(key, "%q is empty", key.Value)
		return rule.All{}
	}
	return or(alternatives...)
}

func (d *detectionReader) mapping(n *yaml.Node) rule.Expr {
	var parts []rule.Expr
	d.members(n, "a search", func(key, value *yaml.Node) {
		field, modifiers, _ := strings.Cut(key.Value, "|")
		it := &test{at: key, field: field, values: list(value)}
		if modifiers != "" {
			it.modifiers = strings.Split(modifiers, "|")
		}
		parts = append(parts, d.test(it))
	})
	if len(parts) == 0 {
		d.errorf(n, "a search is empty")
	}
	return and(parts...)
}
