package detection

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/match/spl"
)

// rank says which of two macros of one name wins: the one of the higher rank or,
// of equals, the later one.
type rank int

const (
	ofFolder     rank = iota // macros/ of what is loaded, or built in
	ofMacroDir               // LoadMacroDir
	ofDefinition             // Define
)

// macro reads a macro file: name, definition and, optionally, arguments.
func (l *Loader) macro(name string, src []byte, r rank) {
	f := &file{name: name, src: src, l: l, check: CheckMacro}
	root := f.single(f.documents(src))
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
	if (id == "" || definition == "") && !f.failed {
		f.errorf(root, "cannot load macro: it needs a name and a definition")
	}
	if f.failed {
		return
	}
	l.setMacro(id, spl.Macro{Params: params, Definition: definition}, r)
}

func (l *Loader) setMacro(name string, m spl.Macro, r rank) {
	if l.Macros == nil {
		l.Macros = spl.Macros{}
	}
	if l.ranks == nil {
		l.ranks = map[spl.MacroKey]rank{}
	}
	if key := (spl.MacroKey{Name: name, Args: len(m.Params)}); r >= l.ranks[key] {
		l.Macros[key], l.ranks[key] = m, r
	}
}

var macroHead = regexp.MustCompile(`^\s*([A-Za-z0-9_.-]+)\s*(?:\(([^()]*)\))?\s*$`)

// Define defines a macro by text of the form NAME=DEFINITION or
// NAME(a,b)=DEFINITION. It wins over those of files, whenever they are loaded.
func (l *Loader) Define(text string) error {
	head, definition, found := strings.Cut(text, "=")
	m := macroHead.FindStringSubmatch(head)
	if !found || m == nil {
		return fmt.Errorf("cannot define macro %q: want NAME=DEFINITION or 'NAME(a,b)=DEFINITION'", text)
	}
	var params []string
	if strings.TrimSpace(m[2]) != "" {
		for _, p := range strings.Split(m[2], ",") {
			if p = strings.TrimSpace(p); p == "" {
				return fmt.Errorf("cannot define macro %q: an argument has no name", text)
			}
			params = append(params, p)
		}
	}
	l.setMacro(m[1], spl.Macro{Params: params, Definition: definition}, ofDefinition)
	return nil
}
