package find

import (
	"regexp/syntax"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"
)

// classes parts the characters: those of one class are alike to every instruction of a
// program.
type classes struct {
	ascii [utf8.RuneSelf]uint8
	from  []rune  // where a stretch of characters of one class begins, ascending, from 0
	class []uint8 // of each stretch
	rep   []rune  // a character of each class
}

const (
	maxClasses = 250
	// maxTests bounds the work of finding the classes: stretches times instructions.
	maxTests = 1 << 20
)

// of returns the class of r.
func (c *classes) of(r rune) uint32 {
	i := sort.Search(len(c.from), func(i int) bool { return c.from[i] > r })
	return uint32(c.class[i-1])
}

// newClasses finds the classes of a program; context says that it asks for line ends
// and words. It returns false if that is too much.
func newClasses(prog *syntax.Prog, context bool) (c classes, ok bool) {
	insts := distinct(prog)
	c.from = stretches(insts, context)
	if len(c.from)*(len(insts)+1) > maxTests {
		return c, false
	}
	known := map[string]uint8{}
	sign := make([]byte, len(insts)+1)
	for _, r := range c.from {
		clear(sign)
		for i, in := range insts {
			if in.MatchRune(r) {
				sign[i] = 1
			}
		}
		if context && r == '\n' {
			sign[len(insts)] = 1
		} else if context && syntax.IsWordChar(r) {
			sign[len(insts)] = 2
		}
		k, old := known[string(sign)]
		if !old {
			if len(c.rep) == maxClasses {
				return c, false
			}
			k = uint8(len(c.rep))
			known[string(sign)] = k
			c.rep = append(c.rep, r)
		}
		c.class = append(c.class, k)
	}
	for b := range c.ascii {
		c.ascii[b] = uint8(c.of(rune(b)))
	}
	return c, true
}

// distinct returns the instructions that take a character, those that take the same ones
// once.
func distinct(prog *syntax.Prog) (insts []*syntax.Inst) {
	known := map[string]bool{}
	for i := range prog.Inst {
		in := &prog.Inst[i]
		if !isRune(in) {
			continue
		}
		key := string(append([]rune{rune(in.Op), rune(in.Arg)}, in.Rune...))
		if !known[key] {
			known[key] = true
			insts = append(insts, in)
		}
	}
	return insts
}

// stretches returns where some instruction begins or ends to take characters.
func stretches(insts []*syntax.Inst, context bool) []rune {
	at := []rune{0}
	add := func(lo, hi rune) { at = append(at, lo, hi+1) }
	for _, in := range insts {
		switch {
		case in.Op == syntax.InstRuneAnyNotNL:
			add('\n', '\n')
		case in.Op == syntax.InstRuneAny:
		case len(in.Rune) == 1: // and its other cases, if they count
			r := in.Rune[0]
			add(r, r)
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				add(f, f)
			}
		default:
			for i := 0; i+1 < len(in.Rune); i += 2 {
				add(in.Rune[i], in.Rune[i+1])
			}
		}
	}
	if context {
		add('\n', '\n')
		add('0', '9')
		add('A', 'Z')
		add('_', '_')
		add('a', 'z')
	}
	slices.Sort(at)
	at = slices.Compact(at)
	for at[len(at)-1] > unicode.MaxRune {
		at = at[:len(at)-1]
	}
	return at
}
