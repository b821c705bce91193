package reference

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// node is an element of an XML event.
type node struct {
	name     string
	attrs    []xml.Attr
	text     strings.Builder // up to the first child element
	children []*node
}

// attr returns the values of an attribute.
func (n *node) attr(name string) []string {
	var out []string
	for _, a := range n.attrs {
		if a.Name.Local == name {
			out = append(out, restore(a.Value))
		}
	}
	return out
}

// value returns the element's own text.
func (n *node) value() string { return restore(n.text.String()) }

// maxDepth is how deep elements may nest, the event included.
const maxDepth = 257

// parseXML reads one element with all it holds. An end tag closes what is
// still open inside its element, since real exports hold a bare <nil>; one that
// closes nothing makes the text malformed.
func parseXML(text string) (*node, error) {
	d := xml.NewDecoder(strings.NewReader(tame(text)))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	top := &node{}
	open := []*node{top}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errMalformed
		}
		last := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{name: token.Name.Local, attrs: token.Copy().Attr}
			last.children = append(last.children, n)
			if open = append(open, n); len(open) > maxDepth {
				return nil, errMalformed
			}
		case xml.EndElement:
			for len(open) > 1 && open[len(open)-1].name != token.Name.Local {
				open = open[:len(open)-1]
			}
			if len(open) == 1 {
				return nil, errMalformed
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(last.children) == 0 {
				last.text.Write(token)
			}
		}
	}
	if len(open) != 1 || len(top.children) != 1 {
		return nil, errMalformed
	}
	return top.children[0], nil
}

// decodeXML reads the text of an event, from <Event to </Event>.
func decodeXML(text string) (*event, error) {
	root, err := parseXML(text)
	if err != nil {
		return nil, err
	}
	return eventOf(root)
}

// eventOf reads an Event element. What the system has rendered for human
// readers (RenderingInfo) is left aside.
func eventOf(root *node) (*event, error) {
	e := newEvent()
	found := false
	for _, part := range root.children {
		switch part.name {
		case "System":
			found = true
			e.readSystem(part)
		case "EventData":
			for _, data := range part.children {
				e.readData(data)
			}
		case "UserData":
			e.readLeaves(part)
		}
	}
	if !found {
		return nil, errMalformed
	}
	return e, nil
}

// systemElements and systemAttributes say where a System element keeps what.
var (
	systemElements = map[string]system{
		"EventID": sysEventID, "Channel": sysChannel, "Computer": sysComputer,
		"Opcode": sysOpcode, "Level": sysLevel, "Task": sysTask, "Keywords": sysKeywords,
		"Version": sysVersion, "EventRecordID": sysRecordID,
	}
	systemAttributes = []struct {
		element, name string
		part          system
	}{
		{"Provider", "Name", sysProvider},
		{"Provider", "Guid", sysGUID},
		{"Execution", "ProcessID", sysProcessID},
		{"Execution", "ThreadID", sysThreadID},
		{"Correlation", "ActivityID", sysActivityID},
		{"Security", "UserID", sysUserID},
	}
)

// readSystem reads a System element.
func (e *event) readSystem(parent *node) {
	for _, n := range parent.children {
		if part, ok := systemElements[n.name]; ok {
			e.system[part] = append(e.system[part], n.value())
		}
		for _, a := range systemAttributes {
			if n.name == a.element {
				e.system[a.part] = append(e.system[a.part], n.attr(a.name)...)
			}
		}
		if n.name == "TimeCreated" {
			e.times = append(e.times, n.attr("SystemTime")...)
		}
	}
}

// readData reads an element of EventData. Its Name names it; one without goes
// by the name of its element.
func (e *event) readData(n *node) {
	name := n.name
	if given := n.attr("Name"); len(given) > 0 {
		name = given[0]
	}
	e.addData(name, []string{n.value()})
}

// readLeaves reads the elements of UserData that hold text, at any depth.
func (e *event) readLeaves(n *node) {
	for _, child := range n.children {
		if len(child.children) > 0 {
			e.readLeaves(child)
		} else {
			e.readData(child)
		}
	}
}

// decodeXMLText reads the events in a string that some envelope carried.
func decodeXMLText(text string) ([]*event, error) {
	var out []*event
	var failure error
	f := framer{emit: func(rec record) {
		if !rec.xml {
			failure = errMalformed
			return
		}
		ev, err := decodeXML(rec.text)
		if err != nil {
			failure = err
			return
		}
		out = append(out, ev)
	}}
	for line := range strings.SplitSeq(text, "\n") {
		f.line(line)
	}
	f.end()
	if failure == nil && len(out) == 0 {
		failure = errMalformed
	}
	return out, failure
}
