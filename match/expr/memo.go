package expr

import (
	"strings"

	"sluice/match/find"
)

// Memo keeps what the expressions over a row ask for again and again: a hunting search
// runs some thirty expressions over one text, most of them over lower(text). It is for
// one goroutine; a nil Memo keeps nothing.
type Memo struct {
	lower [2]struct{ in, out string }
	known [4]struct {
		text string
		find.Grams
	}
	oldLower, oldKnown int // which is replaced next
}

// maxKept is up to how many bytes a text is kept.
const maxKept = 1 << 20

// lowered returns strings.ToLower(s).
func (m *Memo) lowered(s string) string {
	if m == nil || len(s) > maxKept {
		return strings.ToLower(s)
	}
	for i := range m.lower {
		if e := &m.lower[i]; e.in == s { // mostly the same memory, which is compared first
			return e.out
		}
	}
	e := &m.lower[m.oldLower]
	m.oldLower = (m.oldLower + 1) % len(m.lower)
	e.in, e.out = s, strings.ToLower(s)
	return e.out
}

// matches reports whether re is found in text.
func (m *Memo) matches(re *find.Regexp, text string) bool {
	if m == nil || len(text) > maxKept {
		return re.MatchString(text)
	}
	for i := range m.known {
		if e := &m.known[i]; e.text == text {
			return re.MatchStringIn(text, &e.Grams)
		}
	}
	e := &m.known[m.oldKnown]
	m.oldKnown = (m.oldKnown + 1) % len(m.known)
	e.text = text
	e.ResetString(text)
	return re.MatchStringIn(text, &e.Grams)
}
