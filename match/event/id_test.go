package event

import (
	"slices"
	"testing"
)

// Whatever the shape, an id stands behind one of IDNames.
func TestIDNames(t *testing.T) {
	var walk func(shape string, n *node, path []string)
	found := 0
	walk = func(shape string, n *node, path []string) {
		if n.sys == sysEventID {
			found++
			if !slices.ContainsFunc(path, func(name string) bool { return slices.Contains(IDNames, name) }) {
				t.Errorf("%s: no name of %v in %v", shape, IDNames, path)
			}
		}
		for name, child := range n.children {
			walk(shape, child, append(slices.Clone(path), name))
		}
	}
	for _, s := range []*shape{
		shapeFlat, shapeFluentBit, shapeWinlogbeat6, shapeWinlogbeat, shapeModule, shapeVector, shapeOTel,
		shapeEvtxDump, shapeVelociraptor, shapeSentinel,
	} {
		walk(s.name, s.tree, nil)
	}
	if found < 10 {
		t.Errorf("%d paths of event ids", found)
	}
	for name, s := range systemElements {
		if s == sysEventID && !slices.Contains(IDNames, name) {
			t.Errorf("XML: no name of %v: %s", IDNames, name)
		}
	}
	for name, f := range fields {
		if id := f.from == sysEventID && name != "signature"; id != slices.Contains(IDFields, name) && f.text == "" {
			t.Errorf("IDFields has %s: %v", name, !id)
		}
	}
}
