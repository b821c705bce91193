package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/match/rule"
)

// Group is a document that makes another thing of rules than each is by itself: a
// correlation, which counts what they find, or a filter, which narrows them. Neither is
// supported, and its rules alone would find what nobody asked for.
type Group struct {
	Kind string // correlation or filter
	// Rules are the ids and names of its rules. All says that it may be any: a filter is
	// for every rule of its Source, of a correlation they cannot be told.
	Rules []string
	All   bool
	// Generate says that the rules of a correlation make alerts of their own, too.
	Generate bool
	Source   Source // of a filter: it is only for rules within
}

// Source is the logsource section of a rule or filter.
type Source struct{ Category, Product, Service string }

// Holds reports whether s, a filter's, says nothing that o does not say.
func (s Source) Holds(o Source) bool {
	within := func(a, b string) bool { return a == "" || a == b }
	return within(s.Category, o.Category) && within(s.Product, o.Product) && within(s.Service, o.Service)
}

// Has reports whether the group is about a rule with an id, a name and a source.
func (g *Group) Has(id, name string, source Source) bool {
	if g.Kind == "filter" && !g.Source.Holds(source) {
		return false
	}
	return g.All || slices.ContainsFunc(g.Rules, func(ref string) bool {
		return ref == name && ref != "" || id != "" && rule.FoldString(ref) == rule.FoldString(id)
	})
}

// GroupOf reads a correlation or filter, after the specifications of both
// (github.com/SigmaHQ/sigma-specification, 2.0) and, where these are silent, pySigma. It
// returns nil if root is neither.
func GroupOf(root *yaml.Node) *Group {
	correlation, filter := valueOf(root, "correlation"), valueOf(root, "filter")
	switch {
	case correlation != nil:
		g := &Group{Kind: "correlation", Rules: scalars(valueOf(correlation, "rules"))}
		if c := valueOf(correlation, "condition"); c != nil && c.Kind == yaml.ScalarNode {
			g.Rules = append(g.Rules, names(c.Value)...) // such as: login and not logout
		}
		g.Generate = isTrue(valueOf(correlation, "generate")) || isTrue(valueOf(root, "generate"))
		g.All = len(g.Rules) == 0
		return g
	case filter != nil:
		g := &Group{Kind: "filter", Rules: scalars(valueOf(filter, "rules")), Source: sourceOf(valueOf(root, "logsource"))}
		g.All = len(g.Rules) == 0 || len(g.Rules) == 1 && slices.Contains([]string{"any", "all"}, strings.ToLower(g.Rules[0]))
		return g
	}
	return nil
}

// names returns the words of a condition; those that are no names of rules do no harm.
func names(condition string) []string {
	return strings.FieldsFunc(condition, func(r rune) bool { return r < 0x80 && !isName(byte(r)) })
}

func isTrue(n *yaml.Node) bool {
	return n != nil && n.ShortTag() == "!!bool" && strings.EqualFold(n.Value, "true")
}

// valueOf returns the value of a key, or nil.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return target(n.Content[i+1])
		}
	}
	return nil
}

// scalars returns the texts of a list, or one text.
func scalars(n *yaml.Node) (out []string) {
	if n == nil {
		return nil
	}
	for _, item := range list(n) {
		if item.Kind == yaml.ScalarNode && item.Value != "" {
			out = append(out, item.Value)
		}
	}
	return out
}

// sourceOf reads a logsource section; what is no text says nothing.
func sourceOf(n *yaml.Node) (s Source) {
	for key, to := range map[string]*string{"category": &s.Category, "product": &s.Product, "service": &s.Service} {
		if v := valueOf(n, key); v != nil && v.Kind == yaml.ScalarNode {
			*to = v.Value
		}
	}
	return s
}
