package find

import (
	"encoding/binary"
	"regexp/syntax"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// automaton is the table of an expression. A state is the instructions at which a match
// may be before the next character, and what the character before it was to ^, $ and
// \b. States are made as texts reach them.
//
// Readers take no lock: an entry of the table is written once, by whoever holds mu, and
// a table that has become too small is replaced by a copy.
type automaton struct {
	prog    *syntax.Prog
	classes classes
	stride  uint32 // entries of a state: one a class, and one for the end of the text
	start   uint32
	context bool // the program asks what stands before and behind
	begins  bool // a match can only be at the beginning of the text
	table   atomic.Pointer[[]uint32]
	full    atomic.Bool   // the table would get too large: there is no answer any more
	taken   *atomic.Int64 // of entries

	mu     sync.Mutex // of what follows
	states []state
	index  map[string]uint32
	seen   []uint32 // by instruction: the round in which it was visited
	round  uint32
	stack  []uint32
}

type state struct {
	insts  []uint32 // sorted; not yet followed where they ask for context
	before rune     // a character like the one before; see like
}

// Entries of the table that are no states. States are multiples of the stride, from one
// stride on, which is larger than these.
const (
	unknown = iota
	found
	dead
	specials
)

const (
	// maxEntries bounds the table of one expression, and maxAll what all of them
	// take, in entries of four bytes: what a hostile text can make them grow to.
	maxEntries = 64 << 10
	maxAll     = 8 << 20
)

// entries counts those of all tables.
var entries atomic.Int64

// newAutomaton returns nil if the expression is too large for one.
func newAutomaton(tree *syntax.Regexp) *automaton {
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil
	}
	a := &automaton{prog: prog, index: map[string]uint32{}, seen: make([]uint32, len(prog.Inst)), taken: new(atomic.Int64)}
	for i := range prog.Inst {
		a.context = a.context || prog.Inst[i].Op == syntax.InstEmptyWidth
	}
	a.begins = prog.StartCond()&syntax.EmptyBeginText != 0
	var ok bool
	if a.classes, ok = newClasses(prog, a.context); !ok {
		return nil
	}
	a.stride = uint32(max(specials, len(a.classes.rep)) + 1)
	a.table.Store(new([]uint32))
	runtime.AddCleanup(a, func(taken *atomic.Int64) { entries.Add(-taken.Load()) }, a.taken)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.round++
	a.start = a.state(a.follow(nil, uint32(prog.Start), 0), -1)
	if a.start == unknown {
		return nil
	}
	return a
}

// find reports whether a match is in text. ok is false if there is no answer.
func (a *automaton) find(text []byte) (yes, ok bool) {
	if a.full.Load() {
		return false, false
	}
	table := *a.table.Load()
	s := a.start
	if s < a.stride {
		return s == found, true
	}
	for i := 0; i <= len(text); {
		var class uint32
		switch {
		case i == len(text):
			class = a.stride - 1
			i++
		case text[i] < utf8.RuneSelf:
			class = uint32(a.classes.ascii[text[i]])
			i++
		default:
			r, n := utf8.DecodeRune(text[i:])
			class = a.classes.of(r)
			i += n
		}
		next := atomic.LoadUint32(&table[s+class])
		if next == unknown {
			if next, table = a.learn(s, class); next == unknown {
				return false, false
			}
		}
		if next < specials {
			return next == found, true
		}
		s = next
	}
	return false, true // not reached: the end is known to be found or dead
}

// learn fills the entry of a state and returns it, with the table that now holds it; it
// is unknown if the table is full.
func (a *automaton) learn(s, class uint32) (uint32, []uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	next := atomic.LoadUint32(&(*a.table.Load())[s+class])
	if next == unknown {
		if next = a.step(&a.states[s/a.stride-1], class); next == unknown {
			a.full.Store(true)
		} else {
			atomic.StoreUint32(&(*a.table.Load())[s+class], next)
		}
	}
	return next, *a.table.Load()
}

// step returns where a state comes to by a character of class, or by the end.
func (a *automaton) step(s *state, class uint32) uint32 {
	char := rune(-1)
	if class < a.stride-1 {
		char = a.classes.rep[class]
	}
	now := s.insts
	if a.context {
		a.round++
		now = nil
		for _, i := range s.insts {
			now = a.follow(now, i, syntax.EmptyOpContext(s.before, char))
		}
	}
	if a.matches(now) {
		return found
	}
	if char < 0 {
		return dead
	}
	a.round++
	var next []uint32
	for _, i := range now {
		if in := &a.prog.Inst[i]; isRune(in) && in.MatchRune(char) {
			next = a.follow(next, in.Out, 0)
		}
	}
	if !a.begins {
		next = a.follow(next, uint32(a.prog.Start), 0)
	}
	return a.state(next, char)
}

// follow adds to list what is reached from instruction i without a character. What asks
// for context goes on if all of it is in ops, and stays in the list if ops is 0: then
// the character behind is not known yet.
func (a *automaton) follow(list []uint32, i uint32, ops syntax.EmptyOp) []uint32 {
	a.stack = append(a.stack[:0], i)
	for len(a.stack) > 0 {
		i := a.stack[len(a.stack)-1]
		a.stack = a.stack[:len(a.stack)-1]
		if a.seen[i] == a.round {
			continue
		}
		a.seen[i] = a.round
		switch in := &a.prog.Inst[i]; in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			a.stack = append(a.stack, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			a.stack = append(a.stack, in.Out)
		case syntax.InstEmptyWidth:
			if want := syntax.EmptyOp(in.Arg); ops == 0 {
				list = append(list, i)
			} else if want&^ops == 0 {
				a.stack = append(a.stack, in.Out)
			}
		case syntax.InstFail:
		default:
			list = append(list, i)
		}
	}
	return list
}

func isRune(in *syntax.Inst) bool {
	switch in.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

func (a *automaton) matches(insts []uint32) bool {
	return slices.ContainsFunc(insts, func(i uint32) bool { return a.prog.Inst[i].Op == syntax.InstMatch })
}

// state returns the entry for the state of insts behind a character like before: unknown
// if there is no room for it.
func (a *automaton) state(insts []uint32, before rune) uint32 {
	switch {
	case a.matches(insts):
		return found
	case len(insts) == 0:
		return dead
	}
	slices.Sort(insts)
	before = a.like(insts, before)
	key := make([]byte, 0, 4*len(insts)+4)
	for _, i := range insts {
		key = binary.LittleEndian.AppendUint32(key, i)
	}
	key = binary.LittleEndian.AppendUint32(key, uint32(before))
	if s, ok := a.index[string(key)]; ok {
		return s
	}
	s := uint32(len(a.states)+1) * a.stride
	if !a.room(s+a.stride, int64(len(insts))) {
		return unknown
	}
	a.states = append(a.states, state{insts, before})
	a.index[string(key)] = s
	return s
}

// room makes the table hold n entries, if it may, and counts extra besides.
func (a *automaton) room(n uint32, extra int64) bool {
	old := *a.table.Load()
	grown := len(old)
	if int(n) > grown {
		grown = max(2*grown, int(n), 16*int(a.stride))
	}
	if grown > maxEntries {
		return false
	}
	more := int64(grown-len(old)) + 3*extra
	if a.taken.Add(more); entries.Add(more) > maxAll {
		return false
	}
	if grown > len(old) {
		table := make([]uint32, grown)
		copy(table, old) // mu is held: nobody writes
		a.table.Store(&table)
	}
	return true
}

// like returns a character that is to ^, $ and \b as before is, if any of insts asks;
// -1 is the beginning of the text.
func (a *automaton) like(insts []uint32, before rune) rune {
	if !slices.ContainsFunc(insts, func(i uint32) bool { return a.prog.Inst[i].Op == syntax.InstEmptyWidth }) {
		return 0
	}
	switch {
	case before < 0 || before == '\n':
		return before
	case syntax.IsWordChar(before):
		return 'a'
	}
	return 0
}
