package corpus

import "testing"

func TestScriptAndQuiet(t *testing.T) {
	g := New(1)
	size := 0
	for range 1000 {
		if e := g.Script(); e.EventID != 4104 || Satisfies(e) {
			t.Fatalf("a script that is none, or matches: %+v", e)
		} else {
			size += len(e.Get("ScriptBlockText"))
		}
		if e := g.Quiet(); e.EventID == 4104 || Satisfies(e) {
			t.Fatalf("noise that is a script block: %+v", e)
		}
	}
	if mean := size / 1000; mean < 2000 || mean > 10_000 {
		t.Errorf("scripts have %d bytes on average", mean)
	}
}
