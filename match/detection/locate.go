package detection

import (
	"errors"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"sluice/match/spl"
)

// searchError places an error of the search text in the YAML file.
func (f *file) searchError(n *yaml.Node, err error) {
	e := &Error{File: f.name, Line: n.Line, Column: n.Column, Check: CheckSearch, Msg: "cannot compile search: " + err.Error()}
	var se *spl.Error
	if errors.As(err, &se) {
		e.Line, e.Column = locate(f.src, n, se.Offset)
	}
	f.l.fail(e)
}

// locate finds the place in src of byte offset of the scalar n. YAML's folding
// and indentation only change white space, so the k-th other byte of the value
// is the k-th other byte of the source, escapes counted as what they stand for.
// Offsets in the white space at the value's end give the place behind its text.
func locate(src []byte, n *yaml.Node, offset int) (line, column int) {
	want, behind := 0, 0
	for i := 0; i < min(offset, len(n.Value)); i++ {
		if !isSpace(n.Value[i]) {
			want++
		}
	}
	if want > 0 && want == countText(n.Value) {
		want, behind = want-1, 1
	}
	s := source{src: src, line: 1, column: 1, style: n.Style}
	for s.line < n.Line && s.pos < len(src) {
		s.step(1)
	}
	s.step(n.Column - 1)
	s.open()
	for s.pos < len(src) {
		size, text := s.unit()
		if text > want {
			return s.line, s.column + behind
		}
		want -= text
		s.step(size)
	}
	return n.Line, n.Column
}

func countText(s string) (n int) {
	for i := range len(s) {
		if !isSpace(s[i]) {
			n++
		}
	}
	return n
}

// source walks over a scalar as it is written.
type source struct {
	src          []byte
	pos          int
	line, column int // of pos, from 1
	style        yaml.Style
}

// step passes over n bytes.
func (s *source) step(n int) {
	for ; n > 0 && s.pos < len(s.src); n-- {
		s.column++
		if s.src[s.pos] == '\n' {
			s.line, s.column = s.line+1, 1
		}
		s.pos++
	}
}

// open goes to the scalar's text: past its tag and anchor, then past the line
// of a block scalar's indicator or past the opening quote.
func (s *source) open() {
	for s.pos < len(s.src) && (s.src[s.pos] == '&' || s.src[s.pos] == '!') {
		for s.pos < len(s.src) && !isSpace(s.src[s.pos]) {
			s.step(1)
		}
		for s.pos < len(s.src) && isSpace(s.src[s.pos]) {
			s.step(1)
		}
	}
	switch {
	case s.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		for s.pos < len(s.src) && s.src[s.pos] != '\n' {
			s.step(1)
		}
	case s.style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		s.step(1)
	}
}

// unit returns the length of what stands at pos, and how many bytes other than
// white space it gives to the value.
func (s *source) unit() (size, text int) {
	b := s.src[s.pos:]
	switch {
	case s.style&yaml.SingleQuotedStyle != 0 && b[0] == '\'' && len(b) > 1:
		return 2, 1
	case s.style&yaml.DoubleQuotedStyle != 0 && b[0] == '\\' && len(b) > 1:
		return escape(b)
	case isSpace(b[0]):
		return 1, 0
	}
	return 1, 1
}

// escape is unit for a backslash in double quotes.
func escape(b []byte) (size, text int) {
	digits := 0
	switch b[1] {
	case 'n', 'r', 't', ' ', '\n', '\r':
		return 2, 0
	case '_', 'N':
		return 2, 2
	case 'L', 'P':
		return 2, 3
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return 2, 1
	}
	size = min(2+digits, len(b))
	r, err := strconv.ParseUint(string(b[2:size]), 16, 31)
	if err != nil || r < utf8.RuneSelf && isSpace(byte(r)) {
		return size, 0
	}
	return size, utf8.RuneLen(rune(r))
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
