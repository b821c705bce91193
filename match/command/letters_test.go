package command_test

import (
	"fmt"
	"strings"
	"testing"

	"sluice/internal/corpus"
)

// The commands that do not tell cases apart keep or change rows with a letter in each of
// its cases; where and CASE tell them apart.
func TestCommandsOfEveryCase(t *testing.T) {
	t.Parallel()
	step := 1
	if testing.Short() {
		step = 10
	}
	for i := 0; i < len(corpus.Cases()); i += step {
		cases := corpus.Cases()[i]
		before, one := "m", "m\nP"+string(cases[0])+"s"
		for _, r := range cases {
			before += "\nP" + string(r) + "s"
		}
		replaced := "m" + strings.Repeat("\nnew", len(cases))
		a := string(cases[0])
		for commands, want := range map[string]string{
			fmt.Sprintf(`search m="p%sS"`, a):                  before,
			fmt.Sprintf(`search m IN ("x", "*%ss")`, a):        before,
			fmt.Sprintf(`search m>="p%ss" m<="P%sS"`, a, a):    before,
			fmt.Sprintf(`search "%sS"`, a):                     before,
			fmt.Sprintf(`search m=CASE("P%ss")`, a):            one,
			fmt.Sprintf(`where m="P%ss"`, a):                   one,
			fmt.Sprintf(`where like(m, "P%s%%")`, a):           one,
			fmt.Sprintf(`replace "p%s*" with "new" in m`, a):   replaced,
			fmt.Sprintf(`search NOT m!="p%ss" m!="p%s"`, a, a): before,
		} {
			if got := after(t, commands, before); got != want {
				t.Fatalf("%s\n got %q\nwant %q", commands, got, want)
			}
		}
	}
}
