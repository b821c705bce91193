// Package tape reads a JSON text in one pass to a flat list of where its values
// stand. What nobody asks for is neither copied nor unescaped: of a record of
// sixty members a detection reads five.
//
// It takes what fastjson takes, which is more than RFC 8259 allows, since logs
// hold it: control characters in strings, escapes that stand for nothing, which
// stay as they are, and numbers of any of a number's bytes, nan and inf. Half a
// surrogate pair is U+FFFD. FuzzTape compares with fastjson.
package tape

import (
	"bytes"
	"fmt"
	"iter"
	"math"
)

// Kind is the kind of a value.
type Kind uint8

const (
	Missing Kind = iota // there is no such value
	Null
	False
	True
	Number
	String
	Array
	Object
)

// Tape holds the values of one text. It is for one goroutine.
type Tape struct {
	text    []byte
	nodes   []node
	open    []int32 // nodes of the arrays and objects around the current place
	scratch []byte  // unescaped strings, one behind another
	clean   []span  // where they stand
	values  int
	names   names // of one object
}

// node is a value, or a member's name, which the member's value follows.
type node struct {
	lo, hi uint32 // where its text stands, in a string between the quotes
	end    int32  // the node behind it and all that it holds
	clean  int32  // of an unescaped string: its index, plus one, or asIs
	kind   Kind
}

type span struct{ lo, hi int }

// asIs says that a string has no escapes.
const asIs = -1

// Value is a value of a Tape, until the Tape's next text. The zero Value is
// Missing.
type Value struct {
	t *Tape
	i int32
}

// Limits of a text. Depth is that of fastjson, in arrays and objects around a
// value.
const (
	maxDepth  = 300
	maxValues = 1 << 20 // 32 MiB of nodes
	maxText   = math.MaxInt32
)

// SyntaxError tells where a text stops being JSON.
type SyntaxError struct {
	At   int // offset in the text
	What string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("not JSON at byte %d: %s", e.At, e.What) }

// LimitError tells of a text that holds too much to be read.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return e.What }

var (
	errValues = &LimitError{fmt.Sprintf("more than %d values", maxValues)}
	errText   = &LimitError{"text is too long"}
)

// Read reads the first value of text, which must stay as it is while the value
// is in use. It returns where what follows the value begins, behind blanks. The
// error is a *SyntaxError or a *LimitError.
func (t *Tape) Read(text []byte) (v Value, rest int, err error) {
	t.text, t.nodes, t.open, t.values = text, t.nodes[:0], t.open[:0], 0
	t.scratch, t.clean, t.names.of = t.scratch[:0], t.clean[:0], 0
	if len(text) > maxText {
		return Value{}, 0, errText
	}
	if rest, err = t.read(); err != nil {
		return Value{}, 0, err
	}
	return Value{t, 0}, blank(text, rest), nil
}

// read reads values until the outermost is complete and returns where it ends.
func (t *Tape) read() (i int, err error) {
	b := t.text
	for {
		if i, err = t.begin(blank(b, i)); err != nil {
			return i, err
		}
		// Behind a value, or a bracket that opens one.
		for {
			i = blank(b, i)
			if len(t.open) == 0 {
				return i, nil
			}
			if i == len(b) {
				return i, t.wrong(i, "an array or object has no end")
			}
			n := &t.nodes[t.open[len(t.open)-1]]
			isFirst := n.end == 0
			n.end = 1
			switch {
			case n.kind == Object && b[i] == '}', n.kind == Array && b[i] == ']':
				i++
				n.hi, n.end = uint32(i), int32(len(t.nodes))
				t.open = t.open[:len(t.open)-1]
				continue
			case b[i] == ',' && !isFirst:
				i = blank(b, i+1)
			case !isFirst:
				return i, t.wrong(i, "a comma or a bracket is wanted")
			}
			if n.kind == Object {
				if i, err = t.name(i); err != nil {
					return i, err
				}
			}
			break
		}
	}
}

// begin reads a scalar, or the bracket that opens an array or object.
func (t *Tape) begin(i int) (int, error) {
	if t.values++; t.values > maxValues {
		return i, errValues
	}
	b := t.text
	if i == len(b) {
		return i, t.wrong(i, "a value is wanted")
	}
	if len(t.open) >= maxDepth {
		return i, t.wrong(i, "nested too deep")
	}
	switch b[i] {
	case '{', '[':
		kind := Object
		if b[i] == '[' {
			kind = Array
		}
		t.open = append(t.open, int32(len(t.nodes)))
		t.nodes = append(t.nodes, node{lo: uint32(i), kind: kind}) // end 0: nothing in it yet
		return i + 1, nil
	case '"':
		return t.str(i)
	case 't':
		return t.word(i, "true", True)
	case 'f':
		return t.word(i, "false", False)
	case 'n':
		if bytes.HasPrefix(b[i:], []byte("null")) {
			return t.word(i, "null", Null)
		}
	}
	n := numberEnd(b[i:])
	if n == 0 {
		return i, t.wrong(i, "a value is wanted")
	}
	t.add(i, i+n, Number)
	return i + n, nil
}

func (t *Tape) add(lo, hi int, kind Kind) {
	t.nodes = append(t.nodes, node{lo: uint32(lo), hi: uint32(hi), end: int32(len(t.nodes) + 1), kind: kind})
}

func (t *Tape) wrong(i int, what string) error { return &SyntaxError{At: i, What: what} }

func (t *Tape) word(i int, word string, kind Kind) (int, error) {
	if !bytes.HasPrefix(t.text[i:], []byte(word)) {
		return i, t.wrong(i, "a value is wanted")
	}
	t.add(i, i+len(word), kind)
	return i + len(word), nil
}

// name reads a member's name and the colon behind it.
func (t *Tape) name(i int) (int, error) {
	if i == len(t.text) || t.text[i] != '"' {
		return i, t.wrong(i, "a member's name is wanted")
	}
	i, err := t.str(i)
	if err != nil {
		return i, err
	}
	if i = blank(t.text, i); i == len(t.text) || t.text[i] != ':' {
		return i, t.wrong(i, "a colon is wanted")
	}
	return i + 1, nil
}

// str reads the string that begins with the quote at i.
func (t *Tape) str(i int) (int, error) {
	b := t.text
	for at := i + 1; ; at++ {
		n := bytes.IndexByte(b[at:], '"')
		if n < 0 {
			return i, t.wrong(i, "a string has no end")
		}
		at += n
		run := at
		for run > i+1 && b[run-1] == '\\' {
			run--
		}
		if (at-run)%2 == 0 { // an escaped quote has an odd number before it
			t.add(i+1, at, String)
			return at + 1, nil
		}
	}
}

// numberEnd returns how long the number at the start of b is.
func numberEnd(b []byte) int {
	i := 0
	for i < len(b) && isNumber[b[i]] {
		i++
	}
	if i == 0 || i == 1 && (b[0] == '-' || b[0] == '+') {
		if w := b[i:min(len(b), i+3)]; bytes.EqualFold(w, []byte("inf")) || bytes.EqualFold(w, []byte("nan")) {
			return i + 3
		}
		if i < len(b) {
			return 0
		}
	}
	return i
}

var isNumber = func() (t [256]bool) {
	for _, c := range []byte("0123456789.-+eE") {
		t[c] = true
	}
	return t
}()

func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// Kind returns the value's kind.
func (v Value) Kind() Kind {
	if v.t == nil {
		return Missing
	}
	return v.t.nodes[v.i].kind
}

// Is reports whether the value is of the kind.
func (v Value) Is(k Kind) bool { return v.Kind() == k }

// Exists reports whether there is a value, null or not.
func (v Value) Exists() bool { return v.t != nil }

// Raw returns the value's own text, with the quotes of a string. It is a part of
// the text that was read.
func (v Value) Raw() []byte {
	if v.t == nil {
		return nil
	}
	n := v.t.nodes[v.i]
	if n.kind == String {
		return v.t.text[n.lo-1 : n.hi+1]
	}
	return v.t.text[n.lo:n.hi:n.hi]
}

// Text returns what a string says, and nil for another kind. It is a part of the
// text that was read or, where that has escapes, of the Tape.
func (v Value) Text() []byte {
	if !v.Is(String) {
		return nil
	}
	return v.t.string(v.i)
}

func (t *Tape) string(i int32) []byte {
	n := &t.nodes[i]
	s := t.text[n.lo:n.hi:n.hi]
	if n.clean == asIs {
		return s
	}
	if n.clean > 0 {
		c := t.clean[n.clean-1]
		return t.scratch[c.lo:c.hi:c.hi]
	}
	first := bytes.IndexByte(s, '\\')
	if first < 0 {
		n.clean = asIs
		return s
	}
	lo := len(t.scratch)
	t.scratch = unescape(t.scratch, s, first)
	hi := len(t.scratch)
	t.clean = append(t.clean, span{lo, hi})
	n.clean = int32(len(t.clean))
	return t.scratch[lo:hi:hi] // which stays when scratch grows elsewhere
}

// Members yields the members of an object, in order, and nothing of another kind.
func (v Value) Members() iter.Seq2[[]byte, Value] {
	return func(yield func([]byte, Value) bool) {
		if !v.Is(Object) {
			return
		}
		t := v.t
		for i, end := v.i+1, t.nodes[v.i].end; i < end; i = t.nodes[i+1].end {
			if !yield(t.string(i), Value{t, i + 1}) {
				return
			}
		}
	}
}

// Items yields the items of an array, in order, and nothing of another kind.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if !v.Is(Array) {
			return
		}
		for i, end := v.i+1, v.t.nodes[v.i].end; i < end; i = v.t.nodes[i].end {
			if !yield(Value{v.t, i}) {
				return
			}
		}
	}
}
