// Package spl compiles the SPL text of a detection to a rule.Rule.
//
// A search is a base search, commands on its events, a stats command (or a table, whose
// rows are counted) and commands on the rows. docs/detections.md lists what is
// understood; anything else is refused with its position and a reason, and nothing is
// passed over.
//
// Sources of the semantics: Splunk's search manual (expressions and predicates: in the
// search command OR binds tighter than AND), its search reference, the macros.conf
// specification (textual expansion), and docs/semantics.md.
package spl

import (
	"fmt"
	"strconv"
	"strings"

	"sluice/match/lookup"
	"sluice/match/rule"
)

// Error is a refusal, with the place that it is about.
type Error struct {
	Offset int // byte offset in the search text as the user wrote it; its length for the end
	Msg    string
}

func (e *Error) Error() string { return e.Msg }

// Env is what searches refer to by name.
type Env struct {
	Macros  Macros      // may be nil
	Lookups *lookup.Set // may be nil
}

// Compile translates search. A non-nil error is an *Error.
func Compile(search string, env Env) (*rule.Rule, error) {
	text, err := expand(search, env.Macros)
	if err != nil {
		return nil, err
	}
	p := &parser{text: text, lookups: env.Lookups}
	r, err := p.pipeline()
	if err != nil {
		return nil, err
	}
	return r, nil
}

// parser reads expanded text from left to right. Its methods return an *Error
// that already points into the user's text.
type parser struct {
	text    *expanded
	lookups *lookup.Set
	pos     int
	depth   int  // of parentheses and NOT
	negated bool // whether NOT stands before what is read
	rows    bool // whether the base search has been read
}

// maxDepth bounds the nesting of an expression, so that a hostile rule file
// costs an error and not the stack.
const maxDepth = 200

func (p *parser) errorf(pos int, format string, args ...any) *Error {
	return &Error{Offset: p.text.origin(pos), Msg: fmt.Sprintf(format, args...)}
}

func (p *parser) peek() byte {
	if p.pos < len(p.text.s) {
		return p.text.s[p.pos]
	}
	return 0
}

func (p *parser) space() {
	for p.pos < len(p.text.s) && isSpace(p.text.s[p.pos]) {
		p.pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// accept skips space and takes c if it is next.
func (p *parser) accept(c byte) bool {
	p.space()
	if p.peek() != c || p.pos == len(p.text.s) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(c byte, where string) error {
	if !p.accept(c) {
		return p.errorf(p.pos, "expected %q %s, found %s", string(c), where, p.found())
	}
	return nil
}

// found names what stands at the current position, for messages.
func (p *parser) found() string {
	p.space()
	if p.pos >= len(p.text.s) {
		return "the end of the search"
	}
	end := p.pos + 1
	for end < len(p.text.s) && end < p.pos+20 && !isSpace(p.text.s[end]) {
		end++
	}
	return fmt.Sprintf("%q", p.text.s[p.pos:end])
}

// word takes a run of bytes that are neither space nor in stop.
func (p *parser) word(stop string) string {
	start := p.pos
	for p.pos < len(p.text.s) && !isSpace(p.text.s[p.pos]) && !contains(stop, p.text.s[p.pos]) {
		p.pos++
	}
	return p.text.s[start:p.pos]
}

// unquoted takes a word in which \\ stands for a backslash, as in quotes: detections
// write TargetImage=C:\\Windows\\* either way.
func (p *parser) unquoted(stop string) string { return strings.ReplaceAll(p.word(stop), `\\`, `\`) }

func contains(set string, c byte) bool {
	for i := 0; i < len(set); i++ {
		if set[i] == c {
			return true
		}
	}
	return false
}

// quoted takes a double-quoted string; the current byte is its first quote.
// \" and \\ stand for a quote and a backslash, any other backslash for itself.
func (p *parser) quoted() (string, error) {
	start := p.pos
	p.pos++
	var out []byte
	for p.pos < len(p.text.s) {
		c := p.text.s[p.pos]
		switch {
		case c == '"':
			p.pos++
			return string(out), nil
		case c == '\\' && p.pos+1 < len(p.text.s) && contains(`"\`, p.text.s[p.pos+1]):
			p.pos++
			c = p.text.s[p.pos]
		}
		out = append(out, c)
		p.pos++
	}
	return "", p.errorf(start, "this quote is not closed")
}

func itoa(n int) string { return strconv.Itoa(n) }
