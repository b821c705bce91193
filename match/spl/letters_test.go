package spl

import (
	"strings"
	"testing"
)

// Words of operators are ASCII in any case, and nothing that other definitions of case
// take for it. What lower() and upper() make is Unicode's own affair.
func TestOperatorsAreASCII(t *testing.T) {
	t.Parallel()
	for search, want := range map[string]string{
		"a=b \u0131n":       `(and (= a "b") (term "*` + "\u0131n" + `*"))`,
		"a=b CA\u017FE":     `(and (= a "b") (term "*` + "CA\u017FE" + `*"))`,
		"a=b TERM(\u0130Σ)": `(and (= a "b") (term "*` + "\u0130Σ" + `*"))`,
	} {
		r, err := Compile(search+" | stats count by a", Env{})
		if err != nil {
			t.Errorf("%s: %v", search, err)
		} else if got := r.Where.String(); got != want {
			t.Errorf("%s is\n%s, want\n%s", search, got, want)
		}
	}
	for _, word := range []string{"In", "nOt"} {
		if _, err := Compile("a=b "+word+" | stats count by a", Env{}); err == nil || !strings.Contains(err.Error(), "operator") {
			t.Errorf("%s: %v", word, err)
		}
	}
}
