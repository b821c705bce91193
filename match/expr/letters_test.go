package expr

import (
	"strings"
	"testing"
	"unicode"

	"sluice/internal/corpus"
	"sluice/match/find"
)

// lower() and (?i) have definitions of their own, those of packages strings and regexp.
// What is kept of a text changes nothing in them, however often it is asked.
func TestMemoOfLetters(t *testing.T) {
	t.Parallel()
	var m Memo
	for r := range unicode.MaxRune + 1 {
		if s := "A" + string(r) + "B"; m.lowered(s) != strings.ToLower(s) {
			t.Fatalf("%q in lower case is %q", s, m.lowered(s))
		}
	}
	var all []*find.Regexp
	for _, w := range corpus.Words {
		for _, src := range []string{"(?i)" + w, w, "(?i)^.?" + corpus.Opposite(w) + "$|abcd", "[é-ü]" + w} {
			re, err := find.Compile(src)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, re)
		}
	}
	found := 0
	for _, w := range corpus.Words {
		for _, text := range []string{w, corpus.Opposite(w), strings.ToUpper(w), strings.ToLower(w), "é" + w} {
			for i, re := range all {
				got, want := m.matches(re, text), re.MatchString(text)
				if got != want {
					t.Fatalf("%s in %q, as number %d: %v, want %v", re, text, i, got, want)
				}
				if got {
					found++
				}
			}
		}
	}
	if found < 300 {
		t.Errorf("only %d found", found)
	}
}
