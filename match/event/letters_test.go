package event

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"sluice/match/rule"
)

// The texts of numbers are known in every case that rule.Fold makes one, and in no other:
// each letter of each is tried as every character, and as every byte.
func TestNumberFoldsAsRulesDo(t *testing.T) {
	t.Parallel()
	for _, names := range []map[string]string{opcodes, levels, tasks} {
		known := number(names)
		check := func(text string) {
			want, ok := names[rule.FoldString(text)]
			if !ok {
				want = text
			}
			if got := string(known(nil, []byte(text))); got != want {
				t.Fatalf("%q is %q, want %q", text, got, want)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			check(name)
			check(strings.ToUpper(name))
			check(name + "x")
			check(name + strings.Repeat(" ", 64))
			for c := range 256 {
				check(name[:1] + string([]byte{byte(c)}) + name[2:])
			}
		}
		name := slices.Sorted(maps.Keys(names))[0]
		for r := range unicode.MaxRune + 1 {
			check(name[:1] + string(r) + name[2:])
		}
		for r := range rune(0x3000) { // with what others take for i, k and s
			for i := range name {
				check(name[:i] + string(r) + name[i+1:])
			}
		}
	}
	for _, text := range []string{"\u0130nfo", "crıtical", "tran\u017Ffer"} {
		if got := string(number(levels)(nil, []byte(text))); got != text {
			t.Errorf("%q is %q", text, got)
		}
	}
	if longest := slices.MaxFunc(slices.Concat(slices.Collect(maps.Keys(opcodes)), slices.Collect(maps.Keys(levels)), slices.Collect(maps.Keys(tasks))),
		func(a, b string) int { return len(a) - len(b) }); len(longest) > 60 {
		t.Errorf("%q may not fit", longest)
	}
}
