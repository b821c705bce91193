package rule

import (
	"errors"
	"regexp/syntax"
	"strings"
)

// breakName begins the name of a group that is a \R; no name of PCRE is as long.
const breakName = "a_line_break_that_is_one_and_never_two_"

// ahead is what may come behind a place in an expression.
type ahead struct {
	free  bool // nothing need come
	end   bool // nothing need come but ends of the text or of lines
	empty bool // no text need come, if assertions hold
	feed  bool // the text that comes may begin with a line feed
	looks bool // an assertion may come first that a line feed counts for
}

// before returns what comes where a comes and b behind it.
func (a ahead) before(b ahead) ahead {
	return ahead{a.free && b.free, a.end && b.end, a.empty && b.empty, a.feed || a.empty && b.feed, a.looks || a.empty && b.looks}
}

// or returns what comes where a or b may come.
func (a ahead) or(b ahead) ahead {
	return ahead{a.free || b.free, a.end || b.end, a.empty || b.empty, a.feed || b.feed, a.looks || b.looks}
}

// follow gives tree the meaning of PCRE where that depends on what comes behind: a $ that
// means the end of the text also stands before a last line feed, which then belongs to
// the match; in the mode m no line begins behind a last line feed; \R takes both of a
// carriage return and a line feed. Where package regexp, which does not look ahead, could
// then find something else, the expression is refused.
//
// With padded, each end of the text takes the blanks in front of it. That is as good as
// another end, since nothing can be taken behind it either way.
func follow(tree *syntax.Regexp, padded bool) (changed bool, err error) {
	f := follower{own: map[*syntax.Regexp]ahead{}, padded: padded}
	f.walk(tree, ahead{free: true, end: true, empty: true})
	return f.changed, f.err
}

type follower struct {
	own     map[*syntax.Regexp]ahead // what an expression is by itself
	padded  bool
	changed bool
	err     error
}

func (f *follower) refuse(why string) {
	if f.err == nil {
		f.err = errors.New(why)
	}
}

func isBreak(re *syntax.Regexp) bool {
	return re.Op == syntax.OpCapture && strings.HasPrefix(re.Name, breakName)
}

// walk looks at re, behind which comes a.
func (f *follower) walk(re *syntax.Regexp, a ahead) {
	switch re.Op {
	case syntax.OpEndText:
		dollar := re.Flags&syntax.WasDollar != 0
		if dollar && !a.end && (a.empty || a.feed) {
			f.refuse(`what stands behind $ (or \Z) may be the last line feed, which is not supported (RE2): write \n, or \z`)
		}
		switch {
		case f.padded && a.looks:
			f.refuse(`an assertion such as \b behind the end of the text is not supported`)
		case f.padded:
			f.put(re, paddedEnd)
		case dollar:
			f.put(re, `(?:\n?\z)`)
		}
	case syntax.OpEndLine:
		if f.padded {
			f.put(re, `(?:(?m:$)|`+paddedEnd+`)`)
		}
	case syntax.OpBeginLine:
		if a.empty {
			f.refuse(`what stands behind ^ in the mode m may be nothing, also behind a last line feed, where PCRE begins no line: let something stand there, such as .+ for .*`)
		}
	case syntax.OpConcat:
		for i := len(re.Sub) - 1; i >= 0; i-- {
			sub := re.Sub[i]
			own := f.of(sub)
			f.walk(sub, a)
			a = own.before(a)
		}
	case syntax.OpAlternate, syntax.OpQuest:
		for _, sub := range re.Sub {
			f.walk(sub, a)
		}
	case syntax.OpCapture:
		if !isBreak(re) {
			f.walk(re.Sub[0], a)
			return
		}
		if !a.free && (a.feed || a.looks) {
			f.refuse(`what stands behind \R may be the line feed of a pair, which PCRE does not part: that is not supported (RE2)`)
		}
		f.put(re, "(?-ims:"+lineBreak+")")
	case syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		sub := re.Sub[0]
		if isBreak(sub) && (re.Op != syntax.OpRepeat || re.Min <= 1 && re.Max < 0) {
			f.walk(sub, a) // a pair that is taken as two is taken all the same
			return
		}
		once := f.of(sub)
		more := ahead{free: true, end: true, empty: true, feed: once.feed, looks: once.looks}.before(a)
		if re.Op == syntax.OpRepeat && re.Min > 1 {
			b := once.before(more)
			b.feed, b.looks, b.empty = b.feed || more.feed, b.looks || more.looks, b.empty || more.empty
			more = b
		}
		f.walk(sub, more)
	}
}

// paddedEnd is the end of a text, or of what it is without some of the blanks there.
const paddedEnd = `[\t-\r ]*\z`

// put puts what src means in the place of re.
func (f *follower) put(re *syntax.Regexp, src string) {
	as, err := syntax.Parse(src, syntax.Perl)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	*re = *as
	f.changed = true
}

// of returns what re is by itself.
func (f *follower) of(re *syntax.Regexp) ahead {
	a, ok := f.own[re]
	if !ok {
		a = f.find(re)
		f.own[re] = a
	}
	return a
}

func (f *follower) find(re *syntax.Regexp) (a ahead) {
	nothing := ahead{free: true, end: true, empty: true}
	switch re.Op {
	case syntax.OpEmptyMatch:
		return nothing
	case syntax.OpLiteral:
		return ahead{feed: re.Rune[0] == '\n'}
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			a.feed = a.feed || re.Rune[i] <= '\n' && '\n' <= re.Rune[i+1]
		}
		return a
	case syntax.OpAnyChar:
		return ahead{feed: true}
	case syntax.OpBeginText:
		return ahead{empty: true, looks: true}
	case syntax.OpEndText:
		return ahead{end: re.Flags&syntax.WasDollar != 0, empty: true}
	case syntax.OpEndLine:
		return ahead{end: true, empty: true, looks: true}
	case syntax.OpBeginLine, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return ahead{empty: true, looks: true}
	case syntax.OpCapture, syntax.OpPlus:
		return f.of(re.Sub[0])
	case syntax.OpStar, syntax.OpQuest:
		return f.of(re.Sub[0]).or(nothing)
	case syntax.OpRepeat:
		if a = f.of(re.Sub[0]); re.Min == 0 {
			a = a.or(nothing)
		}
		return a
	case syntax.OpConcat:
		a = nothing
		for i := len(re.Sub) - 1; i >= 0; i-- {
			a = f.of(re.Sub[i]).before(a)
		}
		return a
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			a = a.or(f.of(sub))
		}
	}
	return a // also of what matches nothing, and any character but a line feed
}
