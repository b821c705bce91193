package corpus

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// node is a JSON value as read: an object, an array, a string or another token.
type node struct {
	kind  byte // '{', '[', '"' or 0 for a token that is copied
	token []byte
	runes []rune // of a string; a lone surrogate stays a surrogate
	keys  []node // of an object, one for each item
	items []node
}

var errJSON = errors.New("cannot read JSON: syntax error")

func respellJSON(rng *rand.Rand, doc []byte) []byte {
	p := &jsonReader{doc: doc}
	n, err := p.value()
	if p.space(); err != nil || p.pos != len(doc) {
		return doc
	}
	w := &jsonSpeller{rng: rng, spaces: some(rng)}
	w.value(&n)
	return w.out
}

// jsonReader is a small reader of JSON that keeps order and duplicates.
type jsonReader struct {
	doc []byte
	pos int
}

func (p *jsonReader) space() {
	for p.pos < len(p.doc) {
		switch p.doc[p.pos] {
		case ' ', '\t', '\r', '\n':
			p.pos++
		default:
			return
		}
	}
}

// next skips white space and returns the byte there, or 0 at the end.
func (p *jsonReader) next() byte {
	p.space()
	if p.pos == len(p.doc) {
		return 0
	}
	return p.doc[p.pos]
}

func (p *jsonReader) value() (node, error) {
	switch c := p.next(); c {
	case '{', '[':
		return p.list(c)
	case '"':
		return p.string()
	}
	start := p.pos
	for p.pos < len(p.doc) {
		switch p.doc[p.pos] {
		case ',', ']', '}', ' ', '\t', '\r', '\n', ':', '"', '{', '[':
			return p.token(start)
		}
		p.pos++
	}
	return p.token(start)
}

func (p *jsonReader) token(start int) (node, error) {
	if p.pos == start {
		return node{}, errJSON
	}
	return node{token: p.doc[start:p.pos]}, nil
}

// list reads an object or an array, from its opening bracket.
func (p *jsonReader) list(open byte) (node, error) {
	n := node{kind: open}
	end := open + 2 // the brackets of each kind are two code points apart
	p.pos++
	if p.next() == end {
		p.pos++
		return n, nil
	}
	for {
		if open == '{' {
			key, err := p.key()
			if err != nil {
				return n, err
			}
			n.keys = append(n.keys, key)
		}
		item, err := p.value()
		if err != nil {
			return n, err
		}
		n.items = append(n.items, item)
		c := p.next()
		p.pos++
		switch c {
		case end:
			return n, nil
		case ',':
		default:
			return n, errJSON
		}
	}
}

// key reads a key and its colon.
func (p *jsonReader) key() (node, error) {
	if p.next() != '"' {
		return node{}, errJSON
	}
	key, err := p.string()
	if err != nil {
		return key, err
	}
	if p.next() != ':' {
		return key, errJSON
	}
	p.pos++
	return key, nil
}

func (p *jsonReader) string() (node, error) {
	n := node{kind: '"'}
	p.pos++
	for p.pos < len(p.doc) {
		switch c := p.doc[p.pos]; {
		case c == '"':
			p.pos++
			return n, nil
		case c == '\\':
			r, err := p.escape()
			if err != nil {
				return n, err
			}
			n.add(r)
		default:
			r, size := utf8.DecodeRune(p.doc[p.pos:])
			if r == utf8.RuneError && size == 1 {
				return n, errJSON
			}
			p.pos += size
			n.runes = append(n.runes, r)
		}
	}
	return n, errJSON
}

// add appends an escaped character and joins the halves of a surrogate pair.
func (n *node) add(r rune) {
	if last := len(n.runes) - 1; last >= 0 {
		if pair := utf16.DecodeRune(n.runes[last], r); pair != utf8.RuneError {
			n.runes[last] = pair
			return
		}
	}
	n.runes = append(n.runes, r)
}

// escape reads one escape sequence.
func (p *jsonReader) escape() (rune, error) {
	if p.pos+1 >= len(p.doc) {
		return 0, errJSON
	}
	c := p.doc[p.pos+1]
	p.pos += 2
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		if p.pos+4 > len(p.doc) {
			return 0, errJSON
		}
		v, err := strconv.ParseUint(string(p.doc[p.pos:p.pos+4]), 16, 16)
		if err != nil {
			return 0, errJSON
		}
		p.pos += 4
		return rune(v), nil
	}
	return 0, errJSON
}

// jsonSpeller writes nodes in a random spelling.
type jsonSpeller struct {
	rng    *rand.Rand
	out    []byte
	spaces float64 // how often white space stands between tokens
}

// gap writes white space between two tokens, or nothing.
func (w *jsonSpeller) gap() {
	for w.rng.Float64() < w.spaces*0.5 {
		w.out = append(w.out, " \t"[w.rng.IntN(2)])
	}
}

func (w *jsonSpeller) value(n *node) {
	switch n.kind {
	case '{', '[':
		w.list(n)
	case '"':
		w.string(n.runes)
	default:
		w.out = append(w.out, n.token...)
	}
}

func (w *jsonSpeller) list(n *node) {
	order := make([]int, len(n.items))
	for i := range order {
		order[i] = i
	}
	if n.kind == '{' && w.rng.IntN(4) > 0 {
		order = w.shuffle(n)
	}
	w.out = append(w.out, n.kind)
	for i, at := range order {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.gap()
		if n.kind == '{' {
			w.string(n.keys[at].runes)
			w.gap()
			w.out = append(w.out, ':')
			w.gap()
		}
		w.value(&n.items[at])
		w.gap()
	}
	w.out = append(w.out, n.kind+2)
}

// shuffle returns a random order of the members in which those with equal keys
// keep the order among themselves.
func (w *jsonSpeller) shuffle(n *node) []int {
	order := w.rng.Perm(len(n.items))
	places := map[string][]int{}
	for place, at := range order {
		key := string(n.keys[at].runes)
		places[key] = append(places[key], place)
	}
	for at := range n.items {
		key := string(n.keys[at].runes)
		order[places[key][0]] = at
		places[key] = places[key][1:]
	}
	return order
}

// short are the characters that have an escape of two characters.
var short = map[rune]byte{'"': '"', '\\': '\\', '/': '/', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}

func (w *jsonSpeller) string(runes []rune) {
	escapes := some(w.rng)
	if escapes == 1 && w.rng.IntN(2) == 0 {
		escapes = 0.1
	}
	w.out = append(w.out, '"')
	for _, r := range runes {
		_, named := short[r]
		must := r < 0x20 || r == '"' || r == '\\' || utf16.IsSurrogate(r)
		switch {
		case named && w.rng.Float64() >= escapes && (must || w.rng.IntN(2) == 0):
			w.out = append(w.out, '\\', short[r])
		case must || w.rng.Float64() < escapes:
			w.escape(r)
		default:
			w.out = utf8.AppendRune(w.out, r)
		}
	}
	w.out = append(w.out, '"')
}

// escape writes a character as one or two \u escapes.
func (w *jsonSpeller) escape(r rune) {
	if r > 0xFFFF {
		high, low := utf16.EncodeRune(r)
		w.escape(high)
		r = low
	}
	w.out = append(w.out, '\\', 'u')
	w.out = append(w.out, hexDigits(w.rng, uint32(r), 4)...)
}
