package corpus

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"strings"
)

// part is a piece of an XML document: a tag, or the text between two tags with
// its references, sections and comments resolved.
type part struct {
	kind  byte // '<' start tag, '/' end tag, 'e' empty element, 't' text, 'r' copied
	name  string
	attrs []KV
	text  string // of a text; what is copied of an 'r'
}

func respellXML(rng *rand.Rand, doc []byte, opts Options) []byte {
	parts, ok := splitXML(string(doc))
	if !ok {
		return doc
	}
	w := &xmlSpeller{rng: rng, opts: opts, spaces: some(rng), comments: some(rng) * 0.3}
	for i := range parts {
		w.part(parts, i)
	}
	return w.out.Bytes()
}

// splitXML reads a document into parts; false means that it is damaged.
func splitXML(s string) ([]part, bool) {
	var parts []part
	text := func(t string) {
		if n := len(parts); n > 0 && parts[n-1].kind == 't' {
			parts[n-1].text += t
			return
		}
		parts = append(parts, part{kind: 't', text: t})
	}
	for s != "" {
		var piece string
		var ok bool
		switch {
		case strings.HasPrefix(s, "<!--"):
			_, s, ok = strings.Cut(s[4:], "-->")
		case strings.HasPrefix(s, "<![CDATA["):
			piece, s, ok = strings.Cut(s[9:], "]]>")
			text(lineFeeds(piece))
		case strings.HasPrefix(s, "<?"):
			piece, s, ok = strings.Cut(s, "?>")
			parts = append(parts, part{kind: 'r', text: piece + "?>"})
		case s[0] == '<':
			var p part
			p, s, ok = splitTag(s)
			parts = append(parts, p)
		default:
			end := strings.IndexByte(s+"<", '<')
			piece, ok = resolve(lineFeeds(s[:end]))
			text(piece)
			s = s[end:]
		}
		if !ok {
			return nil, false
		}
	}
	return parts, true
}

const xmlSpace = " \t\r\n"

// splitTag reads one tag and returns what follows it.
func splitTag(s string) (part, string, bool) {
	p := part{kind: '<'}
	s = s[1:]
	if strings.HasPrefix(s, "/") {
		p.kind, s = '/', s[1:]
	}
	end := strings.IndexAny(s, xmlSpace+"/>")
	if end < 1 {
		return p, s, false
	}
	p.name, s = s[:end], s[end:]
	for {
		s = strings.TrimLeft(s, xmlSpace)
		if strings.HasPrefix(s, ">") {
			return p, s[1:], true
		}
		if strings.HasPrefix(s, "/>") && p.kind == '<' {
			p.kind = 'e'
			return p, s[2:], true
		}
		name, rest, ok := strings.Cut(s, "=")
		rest = strings.TrimLeft(rest, xmlSpace)
		if !ok || rest == "" || rest[0] != '\'' && rest[0] != '"' {
			return p, s, false
		}
		value, after, closed := strings.Cut(rest[1:], rest[:1])
		value, ok = resolve(value)
		if !closed || !ok {
			return p, s, false
		}
		p.attrs = append(p.attrs, KV{strings.TrimRight(name, xmlSpace), value})
		s = after
	}
}

var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}

// resolve replaces references by what they stand for.
func resolve(s string) (string, bool) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "&")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		ref, rest, closed := strings.Cut(after, ";")
		if !closed {
			return "", false
		}
		if e, ok := entities[ref]; ok {
			b.WriteString(e)
		} else if r, ok := charRef(ref); ok {
			b.WriteRune(r)
		} else {
			return "", false
		}
		s = rest
	}
}

func charRef(ref string) (rune, bool) {
	base, digits := 10, strings.TrimPrefix(ref, "#")
	if strings.HasPrefix(ref, "#x") {
		base, digits = 16, ref[2:]
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), err == nil && strings.HasPrefix(ref, "#")
}

// xmlSpeller writes parts in a random spelling.
type xmlSpeller struct {
	rng      *rand.Rand
	opts     Options
	out      bytes.Buffer
	spaces   float64 // how often white space stands where it may
	comments float64 // how often a comment stands where it may
}

func (w *xmlSpeller) part(parts []part, i int) {
	p := parts[i]
	leaf := func(i int) bool { // parts[i] opens an element without children
		return parts[i].kind == '<' && i+1 < len(parts) &&
			(parts[i+1].kind == '/' || parts[i+1].kind == 't' && i+2 < len(parts) && parts[i+2].kind == '/')
	}
	switch p.kind {
	case 'r':
		w.out.WriteString(p.text)
	case 't':
		w.text(p.text)
		return
	case '/':
		w.endTag(p.name)
	case '<':
		if !leaf(i) || parts[i+1].kind == 't' || w.rng.IntN(2) == 0 {
			w.startTag(p, ">")
		} else {
			// The end tag that follows is part of an empty element tag now.
			w.startTag(p, "/>")
			parts[i+1] = part{kind: 'r'}
		}
	case 'e':
		if w.rng.IntN(2) == 0 {
			w.startTag(p, "/>")
		} else {
			w.startTag(p, ">")
			w.endTag(p.name)
		}
	}
	if i+1 < len(parts) && !leaf(i) && parts[i+1].kind != 't' && parts[i+1].kind != 'r' {
		w.between()
	}
}

// between writes what may stand between two tags that enclose no text.
func (w *xmlSpeller) between() {
	if w.rng.Float64() < w.comments {
		w.comment()
	}
	if w.rng.Float64() < w.spaces*0.3 {
		w.out.WriteString([]string{" ", "\n", "\r\n", "\n  ", "\t", "\r\n\r\n"}[w.rng.IntN(6)])
	}
}

// gap writes white space inside a tag, at least as much as needed.
func (w *xmlSpeller) gap(needed bool) {
	written := false
	for w.rng.Float64() < w.spaces*0.4 {
		w.out.WriteString([]string{" ", "\t", "\n", "\r\n"}[w.rng.IntN(4)])
		written = true
	}
	if needed && !written {
		w.out.WriteByte(' ')
	}
}

func (w *xmlSpeller) startTag(p part, end string) {
	w.out.WriteString("<" + p.name)
	attrs := append([]KV(nil), p.attrs...)
	w.rng.Shuffle(len(attrs), func(i, j int) { attrs[i], attrs[j] = attrs[j], attrs[i] })
	for _, a := range attrs {
		w.gap(true)
		w.out.WriteString(a.Name)
		w.gap(false)
		w.out.WriteByte('=')
		w.gap(false)
		w.attribute(a.Value)
	}
	w.gap(false)
	w.out.WriteString(end)
}

func (w *xmlSpeller) endTag(name string) {
	w.out.WriteString("</" + name)
	if name != "Event" || w.opts.RootEndSpace {
		w.gap(false)
	}
	w.out.WriteByte('>')
}

// attribute writes a quoted value. White space in it other than a blank is
// always a reference, because a parser would make blanks of it.
func (w *xmlSpeller) attribute(value string) {
	quote := rune(`'"`[w.rng.IntN(2)])
	refs := some(w.rng)
	w.out.WriteRune(quote)
	for _, r := range value {
		switch {
		case r < 0x20:
			w.reference(r)
		case r == '<' || r == '&' || r == quote || w.rng.Float64() < refs:
			w.entity(r)
		default:
			w.out.WriteRune(r)
		}
	}
	w.out.WriteRune(quote)
}

// text writes the text of an element as a mix of plain characters, references,
// sections and comments.
func (w *xmlSpeller) text(s string) {
	runes := []rune(s)
	if strings.Trim(s, xmlSpace) == "" {
		w.out.WriteString(s)
		return
	}
	refs, sections, crlf := some(w.rng), some(w.rng), w.rng.IntN(2) == 0
	if len(runes) > 2000 && refs == 1 {
		refs = 0.4
	}
	for len(runes) > 0 {
		n := 1 + w.rng.IntN(len(runes))
		if w.rng.IntN(2) == 0 {
			n = min(len(runes), 1+w.rng.IntN(9))
		}
		chunk := runes[:n]
		runes = runes[n:]
		if w.rng.Float64() < w.comments {
			w.comment()
		}
		if w.rng.Float64() < sections {
			w.section(chunk, crlf)
		} else {
			w.plain(chunk, refs, crlf)
		}
	}
}

// plain writes characters outside sections.
func (w *xmlSpeller) plain(chunk []rune, refs float64, crlf bool) {
	for _, r := range chunk {
		switch {
		case r == '\r' || r == '<' || r == '&' || w.rng.Float64() < refs:
			w.entity(r)
		case r == '>' && bytes.HasSuffix(w.out.Bytes(), []byte("]")):
			w.entity(r)
		case r == '\n' && crlf:
			w.out.WriteString("\r\n")
		default:
			w.out.WriteRune(r)
		}
	}
}

// section writes characters in a CDATA section, which is interrupted by what
// it cannot hold: its own end, and a carriage return.
func (w *xmlSpeller) section(chunk []rune, crlf bool) {
	w.out.WriteString("<![CDATA[")
	for _, r := range chunk {
		switch {
		case r == '\r':
			w.out.WriteString("]]>")
			w.entity(r)
			w.out.WriteString("<![CDATA[")
		case r == '>' && bytes.HasSuffix(w.out.Bytes(), []byte("]]")):
			w.out.WriteString("]]><![CDATA[>")
		case r == '\n' && crlf:
			w.out.WriteString("\r\n")
		default:
			w.out.WriteRune(r)
		}
	}
	w.out.WriteString("]]>")
}

// entity writes a character as a predefined entity, if it has one, or as a
// numeric reference.
func (w *xmlSpeller) entity(r rune) {
	for name, text := range entities {
		if text == string(r) && w.rng.IntN(2) == 0 {
			w.out.WriteString("&" + name + ";")
			return
		}
	}
	w.reference(r)
}

func (w *xmlSpeller) reference(r rune) {
	zeros := strings.Repeat("0", w.rng.IntN(3)*w.rng.IntN(3))
	if w.rng.IntN(2) == 0 {
		w.out.WriteString("&#" + zeros + strconv.Itoa(int(r)) + ";")
		return
	}
	w.out.WriteString("&#x" + zeros + hexDigits(w.rng, uint32(r), 1) + ";")
}

// comments hold what must not be taken for markup or for text.
var comments = []string{
	"", " ", " a comment ", "</Event>", "<Event xmlns='x'>", "</Data>", "<Data Name='Path'>no</Data>", "Invoke-RestMethod ipinfo.io",
	"<EventID>4104</EventID>", "]]>", "<![CDATA[", "&lt;", "&", "'", "\"", ">", "<", " - - ", "\n", "</Event",
}

func (w *xmlSpeller) comment() {
	w.out.WriteString("<!--" + comments[w.rng.IntN(len(comments))] + "-->")
}
