// Package prefilter says, from a record's raw bytes, which rules it may
// satisfy: no false negative, ever.
//
// Theorem: if rule R accepts an event that the decoder reads from record r,
// then R is among Candidates(r).
//
// Proof, step by step:
//
//  1. Need(R) is implied by R. A comparison field=*a*b* holds only if the folded
//     value of the field contains a and b; field=4104 only if it contains 4104,
//     since numbers have no exponents (rule.Number). An And implies each of its
//     parts, an Or one of its parts; need.go has the other forms, and what is
//     not mentioned requires nothing. Where blanks at the end of a value do not count
//     (rule.AsSigma), what is left of the value contains them, and so does the value;
//     an empty value satisfies only what requires nothing.
//
//  2. Only fields whose value stands in the record as it is are used
//     (event.Verbatim), and only inert stretches of literals: runs of the bytes
//     in inert, and the byte before and behind one, see step 7. The decoder takes a value from one contiguous stretch of the
//     record. What it changes there: escapes (step 3); CR and CRLF to LF, and
//     invalid UTF-8 to U+FFFD, neither of which removes what separates two inert
//     bytes or makes an inert byte.
//
//  3. An inert byte c of a value is written in the record either as c or, with
//     hides(r) true, another way. JSON can only write \u00hh for it: its other
//     escapes stand for bytes that are not inert, and an unknown one such as \q
//     keeps both bytes. XML can only write &#…; for it, or break a literal with
//     a CDATA section, a comment or a processing instruction, all of which begin
//     with <! or <?; behind a child element the value ends. Where records nest
//     (XML or JSON text in JSON strings) the outer layer can write \, & and < as
//     \u005c, \u0026 and \u003c; hides knows these, and looks at every \u00hh
//     whatever the number of backslashes before it. UTF-16 was transcoded before.
//
//  4. Letter case: rule.Fold maps only A-Z to a-z and nothing else to ASCII. So an
//     inert stretch of a folded pattern is found in the record with A-Z folded.
//
//  5. A literal lies within one field of one event, so within one record.
//
//  6. A plan has of each rule's need literals of which one must be there (parts
//     of an And: those of one of them; of an Or: those of all). By the steps above,
//     a record that some rule accepts holds one of them as it is, but for case, or
//     a spelling for which hides is true. internal/scan finds each place where a
//     window of such a literal or what hides looks for begins, and Next stops
//     where there is more than a window.
//
//     Once a record is decoded, its values hide nothing: a literal that some rule
//     needs stands in one of them, but for case. So the rules of a record that may
//     hide something are chosen by its values (Reveal).
//
//  7. What stands before an inert stretch may be written in several ways, but all
//     of them end in a few bytes: " \ / < > & ' + and the grave accent each as it
//     is, as \" \\ or \/, as \u00hh, which ends in its last digit, or as &quot; or
//     &#…;. An outer layer writes digits, letters and semicolons as they are, with
//     step 3, and the byte itself in one of these ways again. Likewise, what stands
//     behind a stretch begins as it is, with a backslash or with an ampersand. So
//     the plans look for such a byte at both ends of a stretch (spelled).
//
//  8. A large set is parted by event id. A rule whose condition implies one of a few
//     ids accepts no event without one of them. A decoder takes an id from behind a
//     name of event.IDNames and from nowhere else, and name and digits stand in the
//     record as they are or hides is true (step 3). So the numbers behind all such
//     names are all ids of the record's events, if a plain number follows each; else
//     all rules are candidates, and the decoded events tell their ids (Reveal).
//
// cloudflare/ahocorasick finds the literals of one record at a time, for sets that
// have no anchors; it is what the plans are tested against. Its dictionary must
// hold no duplicates and no empty string, and its Match is for one goroutine; see
// New and NewScanner.
package prefilter

import (
	"sort"
	"strings"
	"sync"

	"github.com/cloudflare/ahocorasick"

	"sluice/match/event"
	"sluice/match/prefilter/internal/anchor"
	"sluice/match/prefilter/internal/scan"
	"sluice/match/rule"
)

// minLiteral is the shortest literal worth looking for: shorter ones stand in
// nearly every record.
const minLiteral = 3

// Need is what a record must contain so that a rule may accept it. Its String
// form is that of the tests: "lit", (and …), (or …), and + for no condition.
type Need struct {
	op    op
	lit   string
	id    int // index into Filter.literals
	parts []Need
}

type op uint8

const (
	always op = iota
	literal
	all
	any
)

func (n Need) String() string {
	switch n.op {
	case always:
		return "+"
	case literal:
		return `"` + n.lit + `"`
	}
	var b strings.Builder
	b.WriteString(map[op]string{all: "(and", any: "(or"}[n.op])
	for _, p := range n.parts {
		b.WriteString(" " + p.String())
	}
	return b.String() + ")"
}

// Analyze returns what e requires of the raw record.
func Analyze(e rule.Expr) Need {
	switch e := e.(type) {
	case rule.And:
		return combine(all, e)
	case rule.Or:
		return combine(any, e)
	case rule.Compare:
		return compare(e)
	case rule.Matches:
		return matches(e)
	case rule.Term:
		return term(e)
	}
	return Need{} // such as Not, InNet and SameField
}

// combine joins the needs of parts. In an And what requires nothing drops out;
// in an Or it makes the whole require nothing.
func combine(how op, exprs []rule.Expr) Need {
	n := Need{op: how}
	for _, e := range exprs {
		part := Analyze(e)
		switch {
		case part.op == always && how == any:
			return Need{}
		case part.op == always:
		case part.op == how:
			n.parts = append(n.parts, part.parts...)
		default:
			n.parts = append(n.parts, part)
		}
	}
	switch len(n.parts) {
	case 0:
		return Need{}
	case 1:
		return n.parts[0]
	}
	return n
}

func compare(c rule.Compare) Need {
	if c.Op != rule.Eq || !event.Verbatim(c.Field) {
		return Need{}
	}
	pieces := c.Value.Pieces()
	if _, number := rule.Number([]byte(c.Value.Text())); number {
		pieces = []string{wholeDigits(pieces[0])} // 4104 equals 04104.0 too
	}
	return stand(pieces)
}

// wholeDigits returns the digits of a decimal number before its point, without
// leading zeros: what every text of an equal number contains.
func wholeDigits(number string) string {
	whole, _, _ := strings.Cut(strings.TrimLeft(number, "+-"), ".")
	return strings.TrimLeft(whole, "0")
}

// Filter holds the needs of a set of rules. It is immutable.
type Filter struct {
	needs    []Need
	literals []string
	open     bool           // some rule needs nothing: every record is a candidate
	gate     *plan          // of a literal that all rules need; nil if there is none
	signs    signs          // of rules, with anchors
	anchors  *plan          // of the rarest literals of each rule; nil if some rule has none
	swept    *later         // anchors for whole blocks
	numbers  map[string]int // of the anchors' parts, by literal
	classes  *classes       // instead of all plans; nil for small sets and for those of one id
}

// Options leave out fast paths, so that each has what it is measured and tested
// against.
type Options struct {
	NoGate    bool   // do not look for what all rules need
	NoAnchors bool   // do not look for what each rule needs
	ByID      bool   // look for event ids in each record, which else only large sets do
	Kernel    Kernel // the zero value is the best of this machine
}

// Kernel names a kernel of internal/scan; see Kernels.
type Kernel string

// Kernels returns the kernels that this machine can run: "generic", and as the
// processor has it "AVX2" and "AVX-512". The best one is the last.
func Kernels() (names []Kernel) {
	for _, k := range scan.Kernels() {
		names = append(names, Kernel(k.String()))
	}
	return names
}

func (name Kernel) pick() scan.Kernel {
	for _, k := range scan.Kernels() {
		if Kernel(k.String()) == name {
			return k
		}
	}
	return scan.Best()
}

// New compiles the filter of rules; their indexes are what Candidates returns.
func New(rules []*rule.Rule, opt Options) *Filter {
	f := &Filter{}
	ids := map[string]int{}
	for _, r := range rules {
		n := Analyze(r.Where)
		f.number(&n, ids)
		f.needs = append(f.needs, n)
		f.open = f.open || n.op == always
	}
	kernel := opt.Kernel.pick()
	if f.classes = newClasses(rules, f.needs, opt, kernel); f.classes != nil {
		return f
	}
	if lit := gateLiteral(f.needs); lit != "" && !opt.NoGate {
		f.gate = newPlan([]part{{lit: lit}}, anchor.Neighbours, escapeBuckets(), kernel)
	}
	if parts := anchorParts(f.needs); len(parts) > 0 && !opt.NoAnchors {
		f.anchors = newPlan(parts, anchor.Neighbours, escapeBuckets(), kernel)
		f.signs = newSigns(f.needs)
		f.numbers = make(map[string]int, len(parts))
		for i := range parts {
			f.numbers[parts[i].lit] = i
		}
		f.swept = &later{plan: sync.OnceValue(func() *plan { return newPlan(parts, anchor.Buckets, escapeBuckets(), kernel) })}
	}
	return f
}

// number gives each distinct literal an index.
func (f *Filter) number(n *Need, ids map[string]int) {
	if n.op == literal {
		lit := core(n.lit)
		id, ok := ids[lit]
		if !ok {
			id = len(f.literals)
			ids[lit] = id
			f.literals = append(f.literals, lit)
		}
		n.id = id
	}
	for i := range n.parts {
		f.number(&n.parts[i], ids)
	}
}

// Literals returns the distinct literals that the filter looks for, sorted.
func (f *Filter) Literals() []string {
	s := append([]string(nil), f.literals...)
	sort.Strings(s)
	return s
}

// Scanner is one goroutine's use of a Filter.
type Scanner struct {
	f       *Filter
	choice  choice
	search  *search // of the block; nil without a plan
	gate    *search
	anchors *search // nil until it is needed
	confirm *search // of the anchors in one record; nil without
	looked  int     // bytes that confirm was asked about, until it is the better one
	stands  []bool  // by part of the anchors, with confirm: in the last record
	note    func(*part) bool
	hidden  bool       // some may be hidden there
	chosen  []bool     // by rule, with confirm or ids
	signs   []uint8    // by number: whether they stand in the record
	byID    *idScanner // nil without classes

	// Without confirm:
	matcher *ahocorasick.Matcher // nil without literals
	folded  []byte
	seen    []bool
}

// NewScanner returns a Scanner. Each has a matcher of its own, since Match
// writes to it.
func (f *Filter) NewScanner() *Scanner {
	s := &Scanner{f: f}
	if f.gate != nil {
		s.gate = newSearch(f.gate)
	}
	if f.classes != nil {
		s.byID, s.chosen = newIDScanner(f.classes), make([]bool, len(f.needs))
		return s
	}
	if f.anchors != nil {
		s.confirm = newSearch(f.anchors)
		s.stands, s.chosen = make([]bool, len(f.anchors.parts)), make([]bool, len(f.needs))
		s.signs = make([]uint8, len(f.signs.texts))
		s.note = func(x *part) bool {
			s.stands[x.number] = true
			return true
		}
	} else if len(f.literals) > 0 {
		s.matcher = ahocorasick.NewStringMatcher(f.literals)
		s.seen = make([]bool, len(f.literals))
	}
	if f.anchors != nil && f.gate == nil {
		s.sweepByAnchors()
	}
	return s
}

// Sweeps reports whether there is a plan, so that Start may be used.
func (s *Scanner) Sweeps() bool { return s.f.gate != nil || s.f.anchors != nil }

// Start makes the places of block from lo up to hi those that Next looks at.
// With another layout than Records, the last few may be left out.
func (s *Scanner) Start(block []byte, lo, hi int, layout Layout) {
	s.search = s.choose(hi - lo)
	s.search.start(block, lo, hi, layout)
}

// Next returns the first stop at or behind from, or with End where it has come
// to. Calls must not go back in the block. A record in which nothing Opens has no
// candidates.
func (s *Scanner) Next(from int) (at int, why Stop) { return s.search.stop(from) }

// Lines returns how many line feeds stand behind lo and before at, up to which
// Next has looked with layout Lines.
func (s *Scanner) Lines(at int) int { return s.search.lines(at) }

// Candidates appends to dst the indexes of the rules that the record may
// satisfy, in ascending order.
func (s *Scanner) Candidates(dst []int, raw []byte) []int {
	s.choice.opened += len(raw)
	if s.byID != nil {
		return s.classed(dst, raw)
	}
	if s.confirm == nil {
		return s.match(dst, raw)
	}
	s.improve(len(raw))
	clear(s.stands)
	if s.hidden = s.confirm.parts(raw, s.note, true); s.hidden {
		return s.f.all(dst)
	}
	n := len(dst)
	return s.signed(s.choices(dst), n, raw)
}

// Hidden reports whether the record that Candidates was last called for may hide
// literals, so that all rules are its candidates.
func (s *Scanner) Hidden() bool { return s.hidden }

// Reveal appends to dst the indexes of the rules that an event of a Hidden record
// may satisfy, by its decoded values, in ascending order. It makes Stands tell of
// the event.
func (s *Scanner) Reveal(dst []int, ev *event.Event) []int {
	if s.byID != nil {
		return s.revealed(dst, ev)
	}
	clear(s.stands)
	for slot := range ev.Names() {
		for _, v := range ev.Values(slot) {
			s.confirm.parts(v, s.note, false)
		}
	}
	return s.choices(dst)
}

// choices appends the rules that need a part which stands.
func (s *Scanner) choices(dst []int) []int {
	clear(s.chosen)
	for i, yes := range s.stands {
		if yes {
			for _, r := range s.f.anchors.parts[i].rules {
				s.chosen[r] = true
			}
		}
	}
	for r, yes := range s.chosen {
		if yes {
			dst = append(dst, r)
		}
	}
	return dst
}

// Required returns the numbers of literals that the record must hold so that e
// may hold, as far as Stands tells of them.
func (f *Filter) Required(e rule.Expr) (numbers []int) {
	if f.anchors == nil {
		return nil
	}
	for _, lit := range Analyze(e).required(nil) {
		if i, ok := f.numbers[lit]; ok {
			numbers = append(numbers, i)
		}
	}
	return numbers
}

// Stands returns by number which literals stand in the record that Candidates
// was last called for or, where that is Hidden, in the event that Reveal was. It is
// nil if that is not known, and valid until one of them is called again.
func (s *Scanner) Stands() []bool { return s.stands }

// match is Candidates by all literals of the needs. It is the slow reference of
// the plans, and for sets that have no anchors.
func (s *Scanner) match(dst []int, raw []byte) []int {
	if s.matcher == nil {
		return s.f.all(dst)
	}
	if cap(s.folded) < len(raw) || cap(s.folded) > 1<<20 {
		s.folded = make([]byte, len(raw))
	}
	s.folded = s.folded[:len(raw)]
	if hides(raw, fold(s.folded, raw)) {
		return s.f.all(dst)
	}
	hits := s.matcher.Match(s.folded)
	if len(hits) == 0 && !s.f.open {
		return dst
	}
	clear(s.seen)
	for _, id := range hits {
		s.seen[id] = true
	}
	for i := range s.f.needs {
		if s.met(&s.f.needs[i]) {
			dst = append(dst, i)
		}
	}
	return dst
}

// all appends every rule.
func (f *Filter) all(dst []int) []int {
	for i := range f.needs {
		dst = append(dst, i)
	}
	return dst
}

func (s *Scanner) met(n *Need) bool {
	switch n.op {
	case literal:
		return s.seen[n.id]
	case all:
		for i := range n.parts {
			if !s.met(&n.parts[i]) {
				return false
			}
		}
	case any:
		for i := range n.parts {
			if s.met(&n.parts[i]) {
				return true
			}
		}
		return false
	}
	return true
}
