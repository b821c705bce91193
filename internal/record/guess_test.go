package record

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// A guess is right where exports put events: with or without a prolog, a header
// or a line feed between them, and line feeds and braces in their text.
func TestGuess(t *testing.T) {
	event := "<Event xmlns='x'><System><EventID>4104</EventID></System>\n<EventData><Data Name='ScriptBlockText'>if (1)\n{\n&lt;Event&gt;\n}\n</Data></EventData></Event>"
	object := `{"EventID":4104,"ScriptBlockText":"<Event>\n</Event>"}`
	for name, c := range map[string]struct{ before, record, between string }{
		"wevtutil":  {"", event, ""},
		"lines":     {"\ufeff<?xml version='1.0'?>\r\n<Events>\r\n", event, "\r\n"},
		"evtx_dump": {"Record 1\n<?xml version=\"1.0\"?>\n", event, "\nRecord 12\n<?xml version=\"1.0\"?>\n"},
		"NDJSON":    {"", object, "\n"},
	} {
		text := []byte(c.before + strings.Repeat(c.record+c.between, 200))
		ends := map[int]bool{} // where a framer has come to at a record that begins behind lo
		var f Framer
		for pos := 0; ; {
			_, n, ok := f.Next(text[pos:], true)
			if !ok {
				break
			}
			pos += n
			ends[Blank(text, pos)] = true
		}
		right, tries := 0, 1000
		r := rand.New(rand.NewPCG(1, 2))
		for range tries {
			lo := len(c.before) + 1 + r.IntN(len(text)-4*len(c.record)-len(c.before))
			place, ok := Guess(text, lo, len(text))
			if !ok || place < lo || place > lo+2*(len(c.record)+len(c.between)) {
				t.Fatalf("%s: from %d: %d, %v", name, lo, place, ok)
			}
			if ends[Blank(text, place)] {
				right++
			}
		}
		if right < tries*3/4 { // a header between two events misleads
			t.Errorf("%s: %d of %d guesses are right", name, right, tries)
		}
	}
}

// What has no such place is not searched behind hi, and nothing is out of range.
func FuzzGuess(f *testing.F) {
	f.Add([]byte("<Event/></Event ></Event"), 3, 20)
	f.Add([]byte("{}\n{}\n"), 1, 4)
	f.Add([]byte("<Event>"), 0, 7)
	f.Fuzz(func(t *testing.T, text []byte, lo, hi int) {
		if lo < 0 || hi < lo || hi > len(text) {
			t.Skip()
		}
		place, ok := Guess(text, lo, hi)
		if ok && (place < lo || place > hi) {
			t.Errorf("%d is not from %d to %d", place, lo, hi)
		}
		if !ok && lo > 0 && !startsWithEvent(text) && bytes.IndexByte(text[lo-1:hi], '\n') >= 0 {
			t.Error("a line feed was missed")
		}
	})
}
