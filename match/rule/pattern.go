package rule

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Pattern is a value that a field is compared with: literal text and wildcards,
// which must cover the whole value. Letter case does not count (see Fold) unless
// the pattern is cased. It is immutable.
type Pattern struct {
	text  string
	parts []Part
	cased bool

	// For matching, folded unless cased.
	pieces []string // text between the stars; one piece means no star; nil with a ?
	inner  []piece  // of pieces, all but the first and the last
	glob   []Part   // parts, with a ?
	tail   *tail    // see MatchPadded; nil if it has none
	open   bool     // it ends in a star

	needs []string // see Pieces
}

// Part is a piece of a pattern: literal text, or a wildcard.
type Part struct {
	Text string // of Literal
	Kind Kind
}

// Kind is what a Part stands for.
type Kind uint8

// The kinds. Any is any run of characters, line ends included. One is exactly
// one character; a byte that is not UTF-8 counts as one.
const (
	Literal Kind = iota
	Any
	One
)

// NewPattern compiles text, in which each * stands for any run of characters.
// There is no other wildcard and no way to write a literal star, as in Splunk's
// search command.
func NewPattern(text string) Pattern {
	var parts []Part
	for i, piece := range strings.Split(text, "*") {
		if i > 0 {
			parts = append(parts, Part{Kind: Any})
		}
		parts = append(parts, Part{Text: piece})
	}
	return Glob(parts, false)
}

// ParseGlob reads Sigma's notation: * and ? are wildcards, a backslash before one
// of them or before a backslash takes its meaning away, any other backslash is one.
// (Sigma specification 2, "Escaping".) Glob makes a pattern of what it returns.
func ParseGlob(text string) (parts []Part) {
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			parts = append(parts, Part{Text: lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '*':
			flush()
			parts = append(parts, Part{Kind: Any})
		case c == '?':
			flush()
			parts = append(parts, Part{Kind: One})
		case c == '\\' && i+1 < len(text) && strings.IndexByte(`\*?`, text[i+1]) >= 0:
			i++
			lit.WriteByte(text[i])
		default:
			lit.WriteByte(c)
		}
	}
	flush()
	return parts
}

// Glob compiles parts. A cased pattern tells letters of different case apart.
func Glob(parts []Part, cased bool) Pattern {
	p := compile(parts, cased)
	if p.open = len(p.parts) > 0 && p.parts[len(p.parts)-1].Kind == Any; !p.open {
		p.tail = tailOf(p.parts, cased)
	}
	return p
}

// compile compiles parts for all but MatchPadded.
func compile(parts []Part, cased bool) Pattern {
	p := Pattern{parts: normal(parts), cased: cased}
	p.text = plainText(p.parts)
	if p.special() {
		p.text = globText(p.parts)
	}
	var match []Part
	last := ""
	p.pieces = []string{}
	for _, x := range p.parts {
		if x.Kind == Literal {
			p.needs = append(p.needs, FoldString(x.Text))
		}
		if x.Text = p.fold(x.Text); x.Kind == Any {
			p.pieces = append(p.pieces, last)
			last = ""
		} else {
			last += x.Text
		}
		match = append(match, x)
	}
	p.pieces = append(p.pieces, last)
	if slices.Contains(match, Part{Kind: One}) {
		p.pieces, p.glob = nil, match
		return p
	}
	for i := 1; i < len(p.pieces)-1; i++ {
		p.inner = append(p.inner, newPiece(p.pieces[i]))
	}
	return p
}

func (p *Pattern) fold(s string) string {
	if p.cased {
		return s
	}
	return FoldString(s)
}

// normal returns parts without empty text and with neighbouring texts joined.
func normal(parts []Part) (out []Part) {
	for _, x := range parts {
		last := len(out) - 1
		switch {
		case x.Kind == Literal && x.Text == "":
		case x.Kind == Literal && last >= 0 && out[last].Kind == Literal:
			out[last].Text += x.Text
		default:
			out = append(out, x)
		}
	}
	return out
}

func plainText(parts []Part) string {
	var b strings.Builder
	for _, x := range parts {
		b.WriteString(x.Text + [...]string{"", "*", "?"}[x.Kind])
	}
	return b.String()
}

var globEscapes = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)

func globText(parts []Part) string {
	var b strings.Builder
	for _, x := range parts {
		b.WriteString(globEscapes.Replace(x.Text) + [...]string{"", "*", "?"}[x.Kind])
	}
	return b.String()
}

// special reports whether NewPattern cannot make the pattern.
func (p *Pattern) special() bool {
	return p.cased || slices.ContainsFunc(p.parts, func(x Part) bool {
		return x.Kind == One || x.Kind == Literal && strings.Contains(x.Text, "*")
	})
}

// Text returns the pattern as NewPattern takes it or, if it takes no such one, as
// ParseGlob does.
func (p Pattern) Text() string { return p.text }

// String prints the pattern: quoted text with stars, as NewPattern takes it; glob
// before what only ParseGlob takes; cased before what is cased, in that notation.
func (p Pattern) String() string {
	switch quoted := strconv.Quote(p.text); {
	case p.cased:
		return "cased" + quoted
	case p.special():
		return "glob" + quoted
	default:
		return quoted
	}
}

// Parts returns what the pattern consists of. The caller must not change it.
func (p Pattern) Parts() []Part { return p.parts }

// Cased reports whether letter case counts.
func (p Pattern) Cased() bool { return p.cased }

// Exact reports whether the pattern has no wildcard.
func (p Pattern) Exact() bool { return len(p.pieces) == 1 }

// Pieces returns the folded literals that every matching value, folded, contains,
// in order. The caller must not change them.
func (p Pattern) Pieces() []string { return p.needs }

// Match reports whether the pattern covers value, which the caller has folded
// with Fold unless the pattern is cased.
func (p Pattern) Match(value []byte) bool { return p.match(value) }

func (p *Pattern) match(value []byte) bool {
	if p.glob != nil {
		return matchGlob(p.glob, value)
	}
	first, last := p.pieces[0], p.pieces[len(p.pieces)-1]
	if p.Exact() {
		return string(value) == first
	}
	if len(value) < len(first)+len(last) ||
		string(value[:len(first)]) != first ||
		string(value[len(value)-len(last):]) != last {
		return false
	}
	rest := value[len(first) : len(value)-len(last)]
	// The leftmost place for each piece leaves the most room for those behind it.
	for _, piece := range p.inner {
		i := piece.index(rest)
		if i < 0 {
			return false
		}
		rest = rest[i+len(piece.text):]
	}
	return true
}

// matchGlob matches parts that hold a ?. At a mismatch the last star takes one
// character more, or all up to the next place of the text behind it.
func matchGlob(parts []Part, value []byte) bool {
	i, at := 0, 0
	star, from := -1, 0 // the part behind the last star, and where it was tried
	for {
		switch {
		case i == len(parts):
			if at == len(value) || i == star {
				return true
			}
		case parts[i].Kind == Any:
			i++
			star, from = i, at
			continue
		case parts[i].Kind == One && at < len(value):
			_, n := utf8.DecodeRune(value[at:])
			i, at = i+1, at+n
			continue
		case parts[i].Kind == Literal && bytes.HasPrefix(value[at:], []byte(parts[i].Text)):
			i, at = i+1, at+len(parts[i].Text)
			continue
		}
		if star < 0 || from == len(value) {
			return false
		}
		_, n := utf8.DecodeRune(value[from:])
		from += n
		if star < len(parts) && parts[star].Kind == Literal {
			k := bytes.Index(value[from:], []byte(parts[star].Text))
			if k < 0 {
				return false
			}
			from += k
		}
		i, at = star, from
	}
}
