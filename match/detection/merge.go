package detection

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// maxMerged bounds how many members merge keys add to the mappings of a file: a few lines
// can merge a large mapping again and again.
const maxMerged = 100_000

// merger puts the members that merge keys (<<) stand for into the mappings of a document
// (yaml.org/type/merge.html): a mapping's own members come before merged ones, and of
// several mappings the earlier one's before the later one's. Members keep their places.
type merger struct {
	state map[*yaml.Node]mergeState
	added int
	at    *yaml.Node // of what is wrong
	wrong string
}

type mergeState uint8

const (
	merging mergeState = iota + 1
	merged
)

// merge merges within n and reports what is wrong, or nothing.
func merge(n *yaml.Node) (at *yaml.Node, wrong string) {
	m := merger{state: map[*yaml.Node]mergeState{}}
	m.walk(n)
	return m.at, m.wrong
}

func (m *merger) fail(at *yaml.Node, format string, args ...any) {
	if m.wrong == "" {
		m.at, m.wrong = at, fmt.Sprintf(format, args...)
	}
}

func (m *merger) walk(n *yaml.Node) {
	if n = resolved(n); n == nil || m.state[n] != 0 || m.wrong != "" {
		return
	}
	m.state[n] = merging
	for _, child := range n.Content {
		m.walk(child)
	}
	if n.Kind == yaml.MappingNode {
		m.mapping(n)
	}
	m.state[n] = merged
}

func isMerge(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" }

// mapping merges into one mapping, whose own values are done.
func (m *merger) mapping(n *yaml.Node) {
	var own, sources []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !isMerge(key) {
			own = append(own, key, value)
			continue
		}
		list := []*yaml.Node{value}
		if v := resolved(value); v.Kind == yaml.SequenceNode {
			list = v.Content
		}
		for _, source := range list {
			switch source = resolved(source); {
			case source.Kind != yaml.MappingNode:
				m.fail(key, "cannot merge: what stands behind << is no mapping, nor a list of mappings")
			case m.state[source] == merging:
				m.fail(key, "cannot merge a mapping into itself")
			default:
				sources = append(sources, source)
			}
		}
	}
	if len(own) == len(n.Content) {
		return
	}
	has := map[string]bool{}
	for i := 0; i < len(own); i += 2 {
		has[own[i].Value] = true
	}
	for _, source := range sources {
		for i := 0; i+1 < len(source.Content); i += 2 {
			key := source.Content[i]
			if key.Kind == yaml.ScalarNode && has[key.Value] {
				continue
			}
			if m.added++; m.added > maxMerged {
				m.fail(key, "cannot merge: merge keys add more than %d members", maxMerged)
				return
			}
			has[key.Value] = true
			own = append(own, key, source.Content[i+1])
		}
	}
	n.Content = own
}
