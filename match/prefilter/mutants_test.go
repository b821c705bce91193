package prefilter_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/match/prefilter"
)

// mutant is a mistake in a file of this folder: old, which stands there once,
// became new.
type mutant struct {
	file, old, new string
	kernel         prefilter.Kernel // only this one has the mistake
}

var mutants = []mutant{
	// What is looked for.
	{file: "plan.go", old: `	{{"u", "0", "0", "2", "012345689abcdefABCDEF"}},` + "\n", new: ""},
	{file: "plan.go", old: `{"<", "?"}`, new: `{"<", "!"}`},
	{file: "plan.go", old: `string([]byte{c, c - 'a' + 'A'})`, new: `string([]byte{c})`},
	{file: "plan.go", old: "lits, sum = append(lits, l...), sum+c", new: "lits, sum = l, sum+c"},
	{file: "plan.go", old: "common = common && contains(", new: "common = common || contains("},
	{file: "plan.go", old: " && core(lit) == lit", new: ""},
	{file: "inert.go", old: "string([]byte{c, ';', hex[c&15], upper[c&15]})", new: "string([]byte{c, hex[c&15], upper[c&15]})"},
	{file: "inert.go", old: "string([]byte{c, '\\\\', '&'})", new: "string([]byte{c, '\\\\'})"},
	{file: "inert.go", old: "return inert[c] || c == '\\\\'", new: "return inert[c]"},
	{file: "prefilter.go", old: "pieces = []string{wholeDigits(pieces[0])}", new: "_ = wholeDigits"},
	{file: "prefilter.go", old: "case part.op == always && how == any:", new: "case part.op == always && how == any && len(exprs) > 2:"},
	{file: "../find/held.go", old: " || anyCase && !w.ascii && foldsBeyondASCII(r)", new: ""},
	{file: "../find/held.go", old: "		r += 'a' - 'A'\n", new: ""},
	{file: "../find/held.go", old: "case syntax.OpPlus:", new: "case syntax.OpPlus, syntax.OpStar, syntax.OpQuest:"},
	{file: "../find/held.go", old: "if w.cut(); re.Min > 0 {", new: "if w.cut(); re.Max > 0 {"},
	{file: "../find/held.go", old: "case part.Nothing():\n			return Held{}", new: "case part.Nothing():"},
	{file: "need.go", old: "return Need{} // one that", new: "// one that"},
	{file: "../find/held.go", old: "	default:\n		w.cut()\n	}\n}\n\n// once", new: "	}\n}\n\n// once"},
	// The tables of expressions, and what texts are known to hold.
	{file: "../find/automaton.go", old: "i <= len(text)", new: "i < len(text)"},
	{file: "../find/automaton.go", old: "before = a.like(insts, before)", new: "before = 0"},
	{file: "../find/automaton.go", old: "if !a.begins {", new: "if !a.begins && char != '\\n' {"},
	{file: "../find/automaton.go", old: "else if want&^ops == 0 {", new: "else if want > 0 {"},
	{file: "../find/classes.go", old: "add(f, f)", new: "_ = f"},
	{file: "../find/grams.go", old: "g.other && n.ascii", new: "false"},
	{file: "../find/grams.go", old: "n.any = nil // one", new: "continue // one"},
	{file: "../find/grams.go", old: "run, other = 0, true", new: "other = true"},
	{file: "../find/grams.go", old: "g.other = high >= utf8.RuneSelf; g.other {", new: "g.other = high >= utf8.RuneSelf; false {"},
	{file: "../find/find.go", old: " && !invalid", new: " && (!invalid || true)"},
	{file: "need.go", old: "if !event.Verbatim(m.Field) {", new: "if m.Field == event.AllDerived[0] {"},
	// Letters beyond ASCII.
	{file: "../rule/fold.go", old: " || low < utf8.RuneSelf", new: ""},
	{file: "../rule/fold.go", old: "if w&(0x80*ones) != 0 {", new: "if w&(0x80*ones>>8) != 0 {"},
	{file: "inert.go", old: "t[c].to = rule.FoldByte(byte(c))", new: "t[c].to = rule.FoldByte(byte(c)&0x7f) | byte(c)&0x80"},
	// What becomes of it.
	{file: "signs.go", old: "clear(s.signs)", new: "_ = 0"},
	{file: "signs.go", old: "s.signs[i] == absent", new: "s.signs[i] != stands || i > 0"},
	{file: "plan.go", old: "for at := range 2 {", new: "for at := range 1 {"},
	{file: "plan.go", old: "p.heads[h] = uint16(i + 1)", new: "if p.heads[h] == 0 { p.heads[h] = uint16(i + 1) }"},
	{file: "plan.go", old: "lo+len(x.lit) > len(b)", new: "lo+len(x.lit) >= len(b)"},
	{file: "sweep.go", old: "s.hits, s.next = s.finder.Rest(s.block, s.call), s.to", new: "s.hits, s.next = nil, s.to"},
	{file: "sweep.go", old: "	return b[i] != '}' && (", new: "	return b[i] != '}' && false && ("},
	{file: "sweep.go", old: "s.next-s.lineAt > maxLine", new: "s.next-s.lineAt > 100*maxLine"},
	{file: "sweep.go", old: "return s.ends + bytes.Count(s.block[s.call+1:at]", new: "return s.ends + bytes.Count(s.block[s.call:at]"},
	{file: "choice.go", old: "s.anchors, s.confirm = newSearch(p), newSearch(p)", new: "s.anchors = newSearch(p); s.confirm = s.anchors"},
	{file: "prefilter.go", old: "		return s.f.all(dst)\n	}\n	n := len(dst)", new: "		return dst\n	}\n	n := len(dst)"},
	{file: "prefilter.go", old: "for _, v := range ev.Values(slot) {\n", new: "for _, v := range ev.Values(slot)[:min(1, len(ev.Values(slot)))] {\n"},
	{file: "prefilter.go", old: "s.confirm.parts(v, s.note, false)", new: "s.confirm.parts(v, s.note, true)"},
	{file: "plan.go", old: "			if inert[w[k]] {\n", new: "			if true {\n"},
	// Event ids.
	{file: "eventid.go", old: "	case '\\\\', '.', '&', '\\'', '/':", new: "	case '.', '&', '\\'', '/':"},
	{file: "eventid.go", old: "const beforeName = \"\\\"'27;.</cC\"", new: "const beforeName = \"\\\"'27;</cC\""},
	{file: "eventid.go", old: `	{"te", "_", "i", "d"},`, new: ""},
	{file: "eventid.go", old: "if hidesAt(raw, i) {", new: "if hidesAt(raw, i) && raw[i] == '<' {"},
	{file: "eventid.go", old: "				return nil, false\n", new: "				continue\n"},
	{file: "class.go", old: "	add(u.open)\n", new: ""},
	{file: "class.go", old: "		u.stands[x.number] = false\n", new: ""},
	{file: "class.go", old: "		list = append(list, any...)\n", new: ""},
	// The kernels.
	{file: "internal/scan/scan.go", old: "over := h.At + 64 - n", new: "over := h.At + 70 - n"},
	{file: "internal/scan/scan.go", old: "return hits, from + n*f.kernel.step(), ends", new: "return hits, min(to, from+n*f.kernel.step()+1), ends"},
	{file: "internal/scan/classes.go", old: "if o >= len(m) || hasByte", new: "if hasByte"},
	{file: "internal/scan/classes.go", old: "for x := range 0x80 {", new: "for x := range 0x60 {", kernel: "AVX-512"},
	{file: "internal/scan/classes.go", old: "row[48+x>>4] |= m", new: "row[48+x>>4] = m", kernel: "AVX2"},
	{file: "internal/scan/scan_amd64.s", old: "VPERMB     256(DX), Z12, Z15", new: "VPERMB     192(DX), Z12, Z15", kernel: "AVX-512"},
	{file: "internal/scan/scan_amd64.s", old: "BOTH(4, Y8, Y9, Y12)", new: "BOTH(4, Y6, Y9, Y12)", kernel: "AVX2"},
	{file: "internal/scan/generic.go", old: "turn = base + i + 1", new: "turn = base + i + 2"},
}

// Each mutant can be made, which is known before they are.
func TestMutantsStand(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		text, err := os.ReadFile(m.file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), m.old); n != 1 {
			t.Errorf("%s has %q %d times, want once", m.file, m.old, n)
		}
	}
}

// A mistake in the prefilter is a missed match, so the tests must see each of
// these. They are run with the mistake laid over the file.
func TestMutantsAreCaught(t *testing.T) {
	if os.Getenv("SLUICE_MUTANTS") == "" {
		t.Skip("SKIPPED: set SLUICE_MUTANTS=1 to break the prefilter in many ways; takes minutes")
	}
	for i, m := range mutants {
		t.Run(strconv.Itoa(i), func(t *testing.T) { m.check(t) })
	}
}

func (m *mutant) check(t *testing.T) {
	if m.kernel != "" && !slices.Contains(prefilter.Kernels(), m.kernel) {
		t.Skipf("SKIPPED: this machine has no %s: %s: %s", m.kernel, m.file, m.old)
	}
	path, err := filepath.Abs(m.file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		t.Fatalf("%s has %q %d times, want once", m.file, m.old, n)
	}
	dir := t.TempDir()
	broken := filepath.Join(dir, filepath.Base(path))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {path: broken}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, broken, strings.Replace(string(text), m.old, m.new, 1))
	write(t, filepath.Join(dir, "overlay.json"), string(overlay))
	out, caught := underTest(filepath.Join(dir, "overlay.json"))
	switch {
	case !caught:
		t.Errorf("not caught: %s: %s became %s", m.file, m.old, m.new)
	case strings.Contains(out, "test timed out"), !strings.Contains(out, "FAIL"):
		t.Errorf("only the time limit tells: %s: %s became %s", m.file, m.old, m.new)
	case strings.Contains(out, "[build failed]"):
		t.Errorf("does not compile: %s: %s became %s\n%s", m.file, m.old, m.new, out)
	}
}

// underTest runs the tests that guard the prefilter, for a minute at most.
func underTest(overlay string) (out string, failed bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-short", "-failfast", "-timeout", "60s",
		"../find", "./internal/scan", ".", "..")
	cmd.Env = append(os.Environ(), "SLUICE_MUTANTS=") // not the mutants of the mutant
	cmd.WaitDelay = 5 * time.Second
	b, err := cmd.CombinedOutput()
	return string(b), err != nil
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
