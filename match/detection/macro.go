package detection

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/match/spl"
)

// macro reads a macro file: name, definition and, optionally, arguments.
func (l *Loader) macro(name string, src []byte) {
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
	key := spl.MacroKey{Name: id, Args: len(params)}
	if _, fixed := l.defined[key]; !fixed {
		l.setMacro(key, spl.Macro{Params: params, Definition: definition})
	}
}

func (l *Loader) setMacro(key spl.MacroKey, m spl.Macro) {
	if l.Macros == nil {
		l.Macros = spl.Macros{}
	}
	l.Macros[key] = m
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
	key := spl.MacroKey{Name: m[1], Args: len(params)}
	if l.defined == nil {
		l.defined = spl.Macros{}
	}
	l.defined[key] = spl.Macro{Params: params, Definition: definition}
	l.setMacro(key, l.defined[key])
	return nil
}
