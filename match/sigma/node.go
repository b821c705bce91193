package sigma

import "go.yaml.in/yaml/v3"

// target returns what an alias stands for. The readers go a few levels deep at
// most, so that an alias to what holds it ends.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// members calls f for each member of a mapping.
func (c *compiler) members(n *yaml.Node, what string, f func(key, value *yaml.Node)) {
	if n == nil || target(n).Kind != yaml.MappingNode {
		c.errorf(n, "%s must be a mapping", what)
		return
	}
	n = target(n)
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch key, value := n.Content[i], target(n.Content[i+1]); {
		case key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge":
			c.errorf(key, "a key of %s must be text", what)
		case seen[key.Value]:
			c.errorf(key, "key %q stands twice in %s", key.Value, what)
		default:
			seen[key.Value] = true
			f(key, value)
		}
	}
}

// text returns the text of a scalar.
func (c *compiler) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode {
		c.errorf(n, "%s must be text", what)
	}
	return n.Value
}

// texts returns the texts of a list.
func (c *compiler) texts(n *yaml.Node, what string) (out []string) {
	if n.Kind != yaml.SequenceNode {
		c.errorf(n, "%s must be a list", what)
		return nil
	}
	for _, item := range n.Content {
		out = append(out, c.text(target(item), "an item of "+what))
	}
	return out
}

// list returns the items of a list, or the one that stands for itself.
func list(n *yaml.Node) (items []*yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	for _, item := range n.Content {
		items = append(items, target(item))
	}
	return items
}
