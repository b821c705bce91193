package spl

import (
	"fmt"
	"strings"
)

// Macros holds macro definitions by name and number of arguments.
type Macros map[MacroKey]Macro

// MacroKey identifies a macro: Splunk keeps f and f(1) apart.
type MacroKey struct {
	Name string
	Args int
}

// Macro is text that replaces a call such as `name(a,b)` before parsing.
type Macro struct {
	Params     []string // names that stand as $name$ in Definition
	Definition string
}

// expanded is search text after macro expansion.
type expanded struct {
	s    string
	from []int // from[i] is the offset in the user's text that s[i] comes from
}

// origin maps a position in the expanded text to the user's text. Text that a
// macro brought in belongs to the place of the call.
func (t *expanded) origin(pos int) int {
	switch {
	case pos < len(t.from):
		return t.from[pos]
	case len(t.from) > 0:
		return t.from[len(t.from)-1]
	}
	return 0
}

const (
	maxMacroDepth = 20
	maxExpanded   = 1 << 20 // bytes
)

// expand replaces macro calls, which stand between backticks outside quotes,
// and removes ```comments```.
func expand(search string, macros Macros) (*expanded, error) {
	x := &expander{macros: macros}
	if err := x.add(search, -1, 0); err != nil {
		return nil, err
	}
	return &expanded{s: string(x.out), from: x.from}, nil
}

type expander struct {
	macros Macros
	out    []byte
	from   []int
}

// add appends text. at is the offset of the outermost macro call, or -1 for
// the user's own text.
func (x *expander) add(text string, at, depth int) error {
	place := func(i int) int {
		if at >= 0 {
			return at
		}
		return i
	}
	inQuotes := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inQuotes && c == '\\' && i+1 < len(text):
			x.emit(c, place(i))
			i++
			c = text[i]
		case c == '"':
			inQuotes = !inQuotes
		case c == '`' && !inQuotes && strings.HasPrefix(text[i:], "```"):
			n := strings.Index(text[i+3:], "```")
			if n < 0 {
				return &Error{place(i), "this comment is not closed"}
			}
			i += 3 + n + 2
			c = ' '
		case c == '`' && !inQuotes:
			n := strings.IndexByte(text[i+1:], '`')
			if n < 0 {
				return &Error{place(i), "this backtick is not closed"}
			}
			if err := x.call(text[i+1:i+1+n], place(i), depth); err != nil {
				return err
			}
			i += n + 1
			continue
		}
		x.emit(c, place(i))
		if len(x.out) > maxExpanded {
			return &Error{place(i), fmt.Sprintf("the search grows past %d bytes here", maxExpanded)}
		}
	}
	return nil
}

func (x *expander) emit(c byte, from int) {
	x.out = append(x.out, c)
	x.from = append(x.from, from)
}

func (x *expander) call(call string, at, depth int) error {
	if depth >= maxMacroDepth {
		return &Error{at, fmt.Sprintf("macros nest deeper than %d here", maxMacroDepth)}
	}
	name, args := splitCall(call)
	m, ok := x.macros[MacroKey{name, len(args)}]
	switch {
	case ok:
	case strings.HasSuffix(name, "_filter") && len(args) == 0:
		m = Macro{Definition: "search *"} // empty until the user fills it
	case len(args) > 0:
		return &Error{at, fmt.Sprintf("macro %q with %d arguments is not defined", name, len(args))}
	default:
		return &Error{at, fmt.Sprintf("macro %q is not defined", name)}
	}
	text := m.Definition
	for i, param := range m.Params {
		text = strings.ReplaceAll(text, "$"+param+"$", args[i])
	}
	return x.add(text, at, depth+1)
}

// splitCall takes name or name(a, "b,c") apart.
func splitCall(call string) (name string, args []string) {
	call = strings.TrimSpace(call)
	open := strings.IndexByte(call, '(')
	if open < 0 || !strings.HasSuffix(call, ")") {
		return call, nil
	}
	name, list := strings.TrimSpace(call[:open]), call[open+1:len(call)-1]
	if strings.TrimSpace(list) == "" {
		return name, nil
	}
	start, inQuotes := 0, false
	for i := 0; i <= len(list); i++ {
		switch {
		case i == len(list) || list[i] == ',' && !inQuotes:
			args = append(args, strings.Trim(strings.TrimSpace(list[start:i]), `"`))
			start = i + 1
		case list[i] == '"':
			inQuotes = !inQuotes
		}
	}
	return name, args
}
