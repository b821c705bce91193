// Package find tells whether a regular expression is found in a text: as package
// regexp does, by a table that texts fill as they need it, and without a look at texts
// that lack what every match holds.
//
// Conditions of detections only ask whether, not where. For that an expression is a
// finite automaton whose state is the set of the program's instructions at which a
// match may be; package regexp keeps such a set for every byte anew, which takes it
// some 50 ns a byte where a look into a table takes 2. The row of the published
// detections in bench/versus defends this package.
package find

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"
	"unicode/utf8"
	"unsafe"
)

// Regexp is an expression in the syntax of package regexp, whose time is linear in the
// text. It is safe for concurrent use.
type Regexp struct {
	src    string
	re     *regexp.Regexp // the reference, and the answer where there is no table
	text   []byte         // if the expression is this text and nothing else
	tree   *syntax.Regexp
	once   sync.Once
	tables *automaton // nil if the expression has too many instructions or classes
	need   *Need
}

const (
	// maxSource and maxProgram bound an expression: its text in bytes and what it
	// is compiled to in instructions, each of which every byte of a value may meet.
	maxSource  = 16 << 10
	maxProgram = 20_000
)

// Compile compiles src, or says why it cannot: as package regexp does, or because the
// expression is too large.
func Compile(src string) (*Regexp, error) {
	if len(src) > maxSource {
		return nil, fmt.Errorf("the expression is longer than %d bytes", maxSource)
	}
	tree, err := syntax.Parse(src, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	if len(prog.Inst) > maxProgram {
		return nil, fmt.Errorf("the expression makes %d instructions, more than %d", len(prog.Inst), maxProgram)
	}
	re, err := regexp.Compile(src)
	if err != nil {
		return nil, err
	}
	r := &Regexp{src: src, re: re, tree: tree}
	invalid := slices.Contains(tree.Rune, utf8.RuneError) // stands for any byte that is not UTF-8
	if tree.Op == syntax.OpLiteral && tree.Flags&syntax.FoldCase == 0 && !invalid {
		r.text = []byte(string(tree.Rune))
	}
	return r, nil
}

// String returns the text of the expression.
func (r *Regexp) String() string { return r.src }

// Tree returns the expression as it was parsed; it must not be changed.
func (r *Regexp) Tree() *syntax.Regexp { return r.tree }

// prepare is put off until the first text comes: most expressions of a large set never
// see one.
func (r *Regexp) prepare() {
	r.once.Do(func() {
		r.tables = newAutomaton(r.tree)
		if r.need = NewNeed(Holds(r.tree, true)); r.need != nil {
			r.need.ascii = true
		}
	})
}

// Match reports whether the expression matches somewhere in text.
func (r *Regexp) Match(text []byte) bool {
	if r.text != nil {
		return bytes.Contains(text, r.text)
	}
	if r.prepare(); r.tables != nil {
		if found, ok := r.tables.find(text); ok {
			return found
		}
	}
	return r.re.Match(text)
}

// MatchString is Match of a string.
func (r *Regexp) MatchString(text string) bool { return r.Match(bytesOf(text)) }

// bytesOf returns the memory of text, which must only be read.
func bytesOf(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) }

// MatchIn is Match of a text of which g is known; it may answer without a look at the
// text.
func (r *Regexp) MatchIn(text []byte, g *Grams) bool {
	r.prepare()
	return !g.Lacks(r.need) && r.Match(text)
}

// MatchStringIn is MatchIn of a string.
func (r *Regexp) MatchStringIn(text string, g *Grams) bool { return r.MatchIn(bytesOf(text), g) }
