package rule

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// PCRE reads regular expressions as the authors of Splunk's and Sigma's detections know
// them, which is as PCRE2 reads them: UTF on, UCP off, the line feed for a line end. What
// package regexp takes and means something else by would be a silently missed match, so
// each construct is translated, or refused with its place. TestPCRE has them as a table,
// in the order of the manual's pages pcre2pattern and pcre2syntax.
type PCRE struct {
	Flags string // of i, m and s: those that hold from the beginning
	// Test says that the expression is only asked whether it is found, not where.
	Test bool
	// Padded says that blanks at the end of the text do not count: its end is also in
	// front of them. It goes with Test.
	Padded bool
}

// Translate returns src in the syntax of package regexp.
func (p PCRE) Translate(src string) (string, error) {
	if !utf8.ValidString(src) {
		return "", errors.New("it is not UTF-8")
	}
	t := translator{src: src, test: p.Test, atom: -1}
	if p.Flags != "" {
		t.put("(?" + p.Flags + ")")
		t.fold = strings.Contains(p.Flags, "i")
	}
	if err := t.all(); err != nil {
		return "", err
	}
	out := t.out.String()
	tree, err := syntax.Parse(out, syntax.Perl)
	if err != nil {
		// What is wrong with the expression itself is better told in its own words.
		if _, own := syntax.Parse(src, syntax.Perl); own != nil {
			err = own
		}
		return "", errors.New(strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	switch changed, err := follow(tree, p.Padded); {
	case err != nil:
		return "", err
	case changed:
		return tree.String(), nil
	}
	return out, nil
}

// scope is which flags hold, up to the end of a group.
type scope struct {
	fold  bool // i
	blank bool // x: white space and comments count for nothing
	more  bool // xx: nor blanks in classes
}

// group is an open one: what holds behind it, where it begins in the translation, and
// how many groups that keep what they match there were before it.
type group struct {
	scope
	at, groups int
}

// translator reads src once from front to back.
type translator struct {
	scope
	src    string
	pos    int
	test   bool
	out    strings.Builder
	open   []group
	groups int
	// atom is where in the translation what a quantifier would repeat begins; -1 if
	// there is nothing. kept tells that groups in it keep what they match.
	atom    int
	kept    bool
	quoting bool // within \Q and \E
	breaks  int  // how many \R there were
}

// maxTranslation bounds the text that comes of the repetitions in an expression.
const maxTranslation = 1 << 16

func (t *translator) put(s string) { t.out.WriteString(s) }

// unit puts what a quantifier behind it repeats as a whole.
func (t *translator) unit(s string) {
	t.atom, t.kept = t.out.Len(), false
	t.put(s)
}

// rest is what is not read yet.
func (t *translator) rest() string { return t.src[t.pos:] }

// at reports whether s comes next.
func (t *translator) at(s string) bool { return strings.HasPrefix(t.rest(), s) }

// refuse says why the construct at pos cannot be used.
func (t *translator) refuse(pos int, format string, args ...any) error {
	return fmt.Errorf("%s at character %d", fmt.Sprintf(format, args...), utf8.RuneCountInString(t.src[:pos])+1)
}

// blanks are what the flag x passes over: the white space of ASCII, and what else
// Unicode takes for white space in patterns.
const blanks = " \t\n\v\f\r\u0085\u200e\u200f\u2028\u2029"

// skipBlanks goes on behind what the flag x passes over.
func (t *translator) skipBlanks() {
	if t.blank {
		t.pos = len(t.src) - len(strings.TrimLeft(t.rest(), blanks))
	}
}

func (t *translator) all() (err error) {
	for err == nil && t.pos < len(t.src) {
		if t.out.Len() > maxTranslation {
			return fmt.Errorf("its repetitions make more than %d bytes", maxTranslation)
		}
		if t.quoting {
			t.quoted()
			continue
		}
		if t.skipBlanks(); t.pos == len(t.src) {
			break
		}
		switch c := t.src[t.pos]; {
		case t.blank && c == '#':
			t.skipPast("\n")
		case c == '\\':
			err = t.escape()
		case c == '[':
			err = t.class()
		case c == '(':
			err = t.begin()
		case c == ')':
			err = t.end()
		case c == '*' || c == '+' || c == '?' || c == '{':
			err = t.quantifier()
		case c == '|':
			t.put("|")
			t.pos++
			t.atom = -1
		case c == '^' || c == '$' || c == '.':
			t.unit(t.src[t.pos : t.pos+1])
			t.pos++
		default:
			t.literal()
		}
	}
	if err == nil && len(t.open) > 0 {
		err = errors.New("missing closing )")
	}
	return err
}

// literal copies a character that stands for itself.
func (t *translator) literal() {
	_, n := utf8.DecodeRuneInString(t.rest())
	s := t.src[t.pos : t.pos+n]
	if strings.Contains(`\.+*?()|[{^$`, s) {
		s = `\` + s
	}
	t.unit(s)
	t.pos += n
}

// quoted copies a character behind \Q.
func (t *translator) quoted() {
	if t.at(`\E`) {
		t.pos += 2
		t.quoting = false
		return
	}
	t.literal()
}

// skipPast goes on behind the next s, or at the end. It reports whether there is one.
func (t *translator) skipPast(s string) bool {
	i := strings.Index(t.rest(), s)
	if i < 0 {
		t.pos = len(t.src)
		return false
	}
	t.pos += i + len(s)
	return true
}

// end ends a group.
func (t *translator) end() error {
	if len(t.open) == 0 {
		return t.refuse(t.pos, "unexpected )")
	}
	g := t.open[len(t.open)-1]
	t.open = t.open[:len(t.open)-1]
	t.scope = g.scope
	t.put(")")
	t.pos++
	t.atom, t.kept = g.at, t.groups > g.groups
	return nil
}

// begin begins a group, or does what else begins with a parenthesis.
func (t *translator) begin() error {
	start := t.pos
	g := group{t.scope, t.out.Len(), t.groups}
	switch {
	case t.at("(*"):
		return t.refuse(start, "a verb (*…) is not supported")
	case t.at("(?#"):
		if !t.skipPast(")") {
			return t.refuse(start, "missing ) of the comment")
		}
		return nil // a quantifier behind it is for what stands before it
	case !t.at("(?"):
		t.groups++
		t.put("(")
		t.pos++
	default:
		for _, no := range refusedGroups {
			if t.at(no.begin) {
				return t.refuse(start, "%s", no.why)
			}
		}
		if name, n := groupName(t.rest()); n > 0 {
			if len(name) > maxName {
				return t.refuse(start, "the name of a group is longer than %d bytes", maxName)
			}
			t.groups++
			t.put(strings.Replace(t.src[start:start+n], "'"+name+"'", "<"+name+">", 1))
			t.pos += n
			break
		}
		if group, err := t.flags(); err != nil || !group {
			return err
		}
	}
	t.open = append(t.open, g)
	t.atom = -1
	return nil
}

// maxName bounds the name of a group, in bytes, as PCRE2 does.
const maxName = 32

const noLook = "lookaround is not supported (RE2): "

// refusedGroups are the groups that an automaton cannot have, or that have no meaning.
var refusedGroups = []struct{ begin, why string }{
	{"(?=", noLook + "(?="}, {"(?!", noLook + "(?!"}, {"(?<=", noLook + "(?<="}, {"(?<!", noLook + "(?<!"},
	{"(?*", noLook + "(?*"}, {"(?<*", noLook + "(?<*"},
	{"(?>", "an atomic group (?> is not supported (RE2, as lookaround)"},
	{"(?|", "a group (?| that numbers its alternatives anew is not supported"},
	{"(?(", "a condition (?( is not supported"},
	{"(?P=", "a backreference (?P= is not supported (RE2)"},
	{"(?P>", "a call of a group (?P> is not supported (RE2)"}, {"(?&", "a call of a group (?& is not supported (RE2)"},
	{"(?R", "a call of the expression (?R is not supported (RE2)"},
	{"(?C", "a callout (?C is not supported"}, {"(?^", "(?^ is not supported: name the flags that no longer hold"},
}

// groupName reads the head of a group with a name, which is n bytes long.
func groupName(s string) (name string, n int) {
	for _, form := range []struct{ begin, end string }{{"(?P<", ">"}, {"(?<", ">"}, {"(?'", "'"}} {
		if rest, ok := strings.CutPrefix(s, form.begin); ok {
			if i := strings.Index(rest, form.end); i >= 0 {
				return rest[:i], len(form.begin) + i + len(form.end)
			}
		}
	}
	return "", 0
}

// flags reads (?flags) or the head of (?flags:…), and tells whether a group begins.
func (t *translator) flags() (group bool, err error) {
	start := t.pos
	var kept [2]string // of i, m, s, U: switched on and off
	off := 0
	for t.pos += 2; t.pos < len(t.src); t.pos++ {
		switch c := t.src[t.pos]; c {
		case 'i', 'm', 's', 'U':
			kept[off] += string(c)
			if c == 'i' {
				t.fold = off == 0
			}
		case 'x':
			t.more = off == 0 && strings.HasSuffix(t.src[:t.pos], "x")
			t.blank = off == 0
		case '-':
			if off++; off > 1 {
				return false, t.refuse(start, "two - in flags")
			}
		case ')', ':':
			t.pos++
			s := "(?" + kept[0]
			if kept[1] != "" {
				s += "-" + kept[1]
			}
			if group = c == ':'; group || s != "(?" {
				t.put(s + string(c))
			}
			if !group {
				t.atom = -1
			}
			return group, nil
		default:
			if '0' <= c && c <= '9' || c == '+' {
				return false, t.refuse(start, "a call of a group by its number is not supported (RE2)")
			}
			return false, t.refuse(start, "the group (?%s is not known, or not supported", string(t.src[t.pos:][:runeLen(t.rest())]))
		}
	}
	return false, t.refuse(start, "missing )")
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}
