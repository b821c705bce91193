package prefilter

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"

	"sluice/match/event"
	"sluice/match/rule"
)

// Texts returns what a value, folded, holds if the expression matches in it: more than
// what the record must hold as it is, since a value is decoded.
func Texts(re rule.Regexp) []string {
	tree, err := syntax.Parse(re.Source(), syntax.Perl)
	if err != nil {
		return nil
	}
	var w runs
	w.walk(tree)
	w.cut()
	return w.texts
}

// stand returns the need for all pieces of folded text of a value.
func stand(pieces []string) Need {
	n := Need{op: all}
	for _, piece := range pieces {
		for _, lit := range stretches(piece) {
			n.parts = append(n.parts, Need{op: literal, lit: lit})
		}
	}
	return n.simple()
}

// simple returns an all or any that has one part, or none, as what it comes to.
func (n Need) simple() Need {
	switch len(n.parts) {
	case 0:
		return Need{}
	case 1:
		return n.parts[0]
	}
	return n
}

// term returns what a Term requires. It holds only if the pattern covers some
// value, folded, which then contains its pieces. It looks at event data, whose
// values stand in the record as they are, and at rule.TermFields, which do too
// but for two repairs that take bytes off both ends or the end: the quotes around
// an attribute's value, and what follows the point in 4104.0. So what is left is a
// stretch of the record, as step 2 of the proof needs.
func term(t rule.Term) Need { return stand(t.Value.Pieces()) }

// matches returns what a Matches requires: if the expression matches in a value,
// the value holds what of it is literal, and so does the value folded, with that
// folded.
func matches(m rule.Matches) Need {
	if !event.Verbatim(m.Field) {
		return Need{}
	}
	tree, err := syntax.Parse(m.Re.Source(), syntax.Perl)
	if err != nil {
		return Need{}
	}
	return expression(tree)
}

// expression returns what every text that re matches holds.
func expression(re *syntax.Regexp) Need {
	w := runs{need: Need{op: all}}
	w.walk(re)
	w.cut()
	return w.need.simple()
}

// runs collects what must stand one behind the other in a match.
type runs struct {
	need  Need
	texts []string // the runs of two bytes and more
	run   []byte   // folded text that ends where the walk is
}

// cut ends the run: what comes next need not follow it.
func (w *runs) cut() {
	if len(w.run) > 1 {
		w.texts = append(w.texts, string(w.run))
	}
	w.add(stand([]string{string(w.run)}))
	w.run = w.run[:0]
}

func (w *runs) add(n Need) {
	switch n.op {
	case always:
	case all:
		w.need.parts = append(w.need.parts, n.parts...)
	default:
		w.need.parts = append(w.need.parts, n)
	}
}

// walk goes on behind what re matches. What it does not know may match anything,
// which requires nothing.
func (w *runs) walk(re *syntax.Regexp) {
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
		w.add(alternatives(re.Sub))
	default:
		w.cut()
	}
}

// once takes what is there one time or more.
func (w *runs) once(re *syntax.Regexp) {
	w.cut()
	w.walk(re)
	w.cut()
}

// char takes a character of a literal. Only ASCII counts: it stands in the value
// as it is or, where case does not count, in the other case. But regexp folds more
// than rule.Fold does: it takes the Kelvin sign for k, and the long s for s.
func (w *runs) char(r rune, anyCase bool) {
	if r >= utf8.RuneSelf || anyCase && foldsBeyondASCII(r) {
		w.cut()
		return
	}
	w.run = append(w.run, rule.FoldByte(byte(r)))
}

func foldsBeyondASCII(r rune) bool {
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// alternatives returns the need for one of subs.
func alternatives(subs []*syntax.Regexp) Need {
	n := Need{op: any}
	for _, sub := range subs {
		part := expression(sub)
		switch {
		case part.op == always:
			return Need{}
		case part.op == any:
			n.parts = append(n.parts, part.parts...)
		case !slices.ContainsFunc(n.parts, func(o Need) bool { return o.op == literal && o.lit == part.lit && part.op == literal }):
			n.parts = append(n.parts, part)
		}
	}
	return n.simple()
}
