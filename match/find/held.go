package find

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Held is what every match of an expression holds, with letters of ASCII folded to lower
// case: Text, or all of All, or one of Any. The zero Held is nothing.
type Held struct {
	Text     string
	All, Any []Held
}

// Nothing reports whether h asks for nothing.
func (h Held) Nothing() bool { return h.Text == "" && len(h.All) == 0 && len(h.Any) == 0 }

// String prints h as lists of texts: those of All, and of Any in a list of their own.
func (h Held) String() string {
	switch {
	case h.Text != "":
		return h.Text
	case len(h.Any) > 0:
		return fmt.Sprintf("{%v %v}", h.All, h.Any)
	}
	return fmt.Sprintf("{%v}", h.All)
}

// Holds returns what every text in which tree matches holds: if ascii, every such text of
// ASCII. Others may hold the Kelvin sign where k stands in an expression without case,
// or the long s for s.
func Holds(tree *syntax.Regexp, ascii bool) Held {
	w := walker{ascii: ascii}
	w.walk(tree)
	w.cut()
	return all(w.held)
}

func all(parts []Held) Held {
	if len(parts) == 1 {
		return parts[0]
	}
	return Held{All: parts}
}

// walker collects what must stand one behind the other in a match.
type walker struct {
	ascii bool
	held  []Held
	run   []byte // folded text that ends where the walk is
}

// cut ends the run: what comes next need not follow it.
func (w *walker) cut() {
	if len(w.run) > 0 {
		w.held = append(w.held, Held{Text: string(w.run)})
	}
	w.run = w.run[:0]
}

func (w *walker) add(h Held) {
	if len(h.All) > 0 {
		w.held = append(w.held, h.All...)
	} else if !h.Nothing() {
		w.held = append(w.held, h)
	}
}

// walk goes on behind what re matches. What it does not know may match anything,
// which requires nothing.
func (w *walker) walk(re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			w.char(r, re.Flags&syntax.FoldCase != 0)
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			w.walk(sub)
		}
	case syntax.OpCapture:
		w.walk(re.Sub[0])
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText,
		syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		// These match no text: what stands on both sides touches.
	case syntax.OpPlus:
		w.once(re.Sub[0])
	case syntax.OpRepeat:
		if w.cut(); re.Min > 0 {
			w.once(re.Sub[0])
		}
	case syntax.OpAlternate:
		w.cut()
		w.add(w.alternatives(re.Sub))
	default:
		w.cut()
	}
}

// once takes what is there one time or more.
func (w *walker) once(re *syntax.Regexp) {
	w.cut()
	w.walk(re)
	w.cut()
}

// char takes a character of a literal. Only ASCII counts: it stands in the text as it is
// or, where case does not count, in another case, which may be beyond ASCII.
func (w *walker) char(r rune, anyCase bool) {
	if r >= utf8.RuneSelf && anyCase && w.ascii {
		r = ofASCII(r)
	}
	if r >= utf8.RuneSelf || anyCase && !w.ascii && foldsBeyondASCII(r) {
		w.cut()
		return
	}
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	w.run = append(w.run, byte(r))
}

// ofASCII returns another case of r that is ASCII, if there is one.
func ofASCII(r rune) rune {
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f < utf8.RuneSelf {
			return f
		}
	}
	return r
}

func foldsBeyondASCII(r rune) bool {
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// alternatives returns what is held where one of subs matches.
func (w *walker) alternatives(subs []*syntax.Regexp) Held {
	var any []Held
	for _, sub := range subs {
		part := Holds(sub, w.ascii)
		switch {
		case part.Nothing():
			return Held{}
		case len(part.Any) > 0:
			any = append(any, part.Any...)
		case part.Text == "" || !slices.ContainsFunc(any, func(o Held) bool { return o.Text == part.Text }):
			any = append(any, part)
		}
	}
	if len(any) == 1 {
		return any[0]
	}
	return Held{Any: any}
}
