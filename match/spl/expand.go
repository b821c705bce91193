package spl

import (
	"fmt"
	"slices"
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
	end  int   // length of the user's text
	// blank holds the places where a macro stood for nothing, in order.
	blank []int
}

// blankAt reports whether a macro that stands for nothing is all that there is between
// pos and what is not blank before it.
func (t *expanded) blankAt(pos int) bool {
	before := pos
	for before > 0 && isSpace(t.s[before-1]) {
		before--
	}
	return slices.ContainsFunc(t.blank, func(at int) bool { return before <= at && at <= pos })
}

// origin maps a position in the expanded text to the user's text. Text that a
// macro brought in belongs to the place of the call.
func (t *expanded) origin(pos int) int {
	if pos < len(t.from) {
		return t.from[pos]
	}
	return t.end
}

const (
	maxMacroDepth = 20
	maxMacroCalls = 10_000
	maxExpanded   = 1 << 20 // bytes
)

// expand replaces macro calls, which stand between backticks outside quotes,
// and removes ```comments```.
func expand(search string, macros Macros) (*expanded, error) {
	x := &expander{macros: macros, out: make([]byte, 0, 2*len(search)), from: make([]int, 0, 2*len(search))}
	if err := x.add(search, -1, 0); err != nil {
		return nil, err
	}
	return &expanded{s: string(x.out), from: x.from, end: len(search), blank: x.blank}, nil
}

type expander struct {
	macros Macros
	calls  int
	out    []byte
	from   []int
	blank  []int
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
	if x.calls++; x.calls > maxMacroCalls {
		return &Error{at, fmt.Sprintf("more than %d macro calls", maxMacroCalls)}
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
	text, ok := m.fill(args)
	if !ok {
		return &Error{at, fmt.Sprintf("the search grows past %d bytes here", maxExpanded)}
	}
	if strings.TrimSpace(text) == "" {
		x.blank = append(x.blank, len(x.out))
	}
	return x.add(text, at, depth+1)
}

// fill puts args in the places of the parameters, all at once: what an argument
// brings in is not looked at again. ok is false when the text grows too long.
func (m Macro) fill(args []string) (text string, ok bool) {
	size := len(m.Definition)
	pairs := make([]string, 0, 2*len(args))
	for i, param := range m.Params {
		token := "$" + param + "$"
		size += strings.Count(m.Definition, token) * len(args[i])
		pairs = append(pairs, token, args[i])
	}
	if size > maxExpanded {
		return "", false
	}
	return strings.NewReplacer(pairs...).Replace(m.Definition), true
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
