package tailer

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// modelFile is what the model knows of a file: the records that stand in it.
type modelFile struct {
	text    string
	whole   []string
	partial string // text behind the last line feed
}

func (m *modelFile) add(text string) {
	m.text += text
	all := m.partial + text
	for {
		line, rest, ok := strings.Cut(all, "\n")
		if !ok {
			break
		}
		m.whole = append(m.whole, line)
		all = rest
	}
	m.partial = all
}

// model says which records must have been delivered: all that stood in a file
// which was there, or was held open, when the follower last looked, and those that
// had been accounted when it was started.
type model struct {
	*rig
	rnd       *rand.Rand
	log       []string
	files     map[string]*modelFile // by name
	held      map[*modelFile]bool   // deleted, and known to the follower
	known     map[*modelFile]bool   // seen by this run
	want      map[string]bool
	fragments map[string]bool // beginnings of records, which may be delivered when their file has ended
	rest      string          // what completes the partial record of app.json
	late      *os.File        // app.json as it was before it was renamed, and what it is called
	lateFile  *modelFile
	linked    string
	n         int
}

func newModel(t *testing.T, seed uint64, args ...string) *model {
	m := &model{
		rig: newRig(t, args...), rnd: rand.New(rand.NewPCG(seed, 6)), files: map[string]*modelFile{},
		want: map[string]bool{}, fragments: map[string]bool{},
	}
	m.restarted()
	m.must(os.Mkdir(m.path("t"), 0o755))
	m.drain() // what is rotated before the first start is not read
	return m
}

func (m *model) restarted() { m.held, m.known = map[*modelFile]bool{}, map[*modelFile]bool{} }

func (m *model) record() string {
	m.n++
	// No shorter than any event is: a file of fewer bytes is not known again in a copy.
	return fmt.Sprintf(`{"n":%d,"pad":%q}`, m.n, strings.Repeat("x", firstMark+m.n*7%90))
}

// append writes to a file, in the model too.
func (m *model) append(name, text string) {
	m.write(name, text)
	if m.files[name] == nil {
		m.files[name] = &modelFile{}
	}
	m.files[name].add(text)
}

// forget says that a name is gone.
func (m *model) forget(name string) {
	if f := m.files[name]; f != nil {
		if m.known[f] {
			m.held[f] = true
		}
		delete(m.files, name)
		if f == m.lateFile {
			m.lateFile = nil
		}
	}
}

func (m *model) move(from, to string) {
	m.rename(from, to)
	m.forget(to)
	m.files[to] = m.files[from]
	delete(m.files, from)
}

// shift makes room for app.json.1, as logrotate does.
func (m *model) shift() {
	for i := 4; i >= 1; i-- {
		for _, ext := range []string{"", ".gz"} {
			from := fmt.Sprint("app.json.", i, ext)
			if m.files[from] == nil {
				continue
			}
			if i == 4 {
				m.must(os.Remove(m.path(from)))
				m.forget(from)
				continue
			}
			m.move(from, fmt.Sprint("app.json.", i+1, ext))
		}
	}
	m.rest = ""
}

var modelSteps = []struct {
	name   string
	weight int
	do     func(m *model) bool
}{
	{"write", 20, func(m *model) bool {
		var text strings.Builder
		text.WriteString(m.rest)
		if m.rest = ""; m.files["app.json"] != nil && m.files["app.json"].partial != "" && text.Len() == 0 {
			return false
		}
		for range m.rnd.IntN(30) + 1 {
			text.WriteString(m.record() + "\n")
		}
		m.append("app.json", text.String())
		return true
	}},
	{"write part", 8, func(m *model) bool {
		if f := m.files["app.json"]; m.rest == "" && f != nil && f.partial != "" {
			return false
		}
		if m.rest == "" {
			m.rest = m.record() + "\n"
		}
		n := min(len(m.rest), m.rnd.IntN(len(m.rest))+1)
		if f := m.files["app.json"]; f == nil || f.text == "" {
			n = max(n, firstMark)
		}
		if n > len(m.rest)-2 { // a record that is complete but for its line feed is one
			n = len(m.rest)
		}
		m.append("app.json", m.rest[:n])
		m.rest = m.rest[n:]
		return true
	}},
	{"rename", 6, func(m *model) bool {
		if m.files["app.json"] == nil {
			return false
		}
		m.shift()
		if m.late != nil {
			m.late.Close()
		}
		var err error
		m.late, err = os.OpenFile(m.path("app.json"), os.O_WRONLY|os.O_APPEND, 0)
		m.must(err)
		m.lateFile = m.files["app.json"]
		m.move("app.json", "app.json.1")
		return true
	}},
	{"write late", 4, func(m *model) bool {
		if m.lateFile == nil || m.lateFile.partial != "" {
			return false
		}
		text := m.record() + "\n"
		m.put(m.late, text)
		m.lateFile.add(text)
		return true
	}},
	{"copytruncate", 5, func(m *model) bool {
		f := m.files["app.json"]
		if f == nil {
			return false
		}
		m.shift()
		m.copy("app.json", "app.json.1")
		c := *f
		m.files["app.json.1"] = &c
		m.must(os.Truncate(m.path("app.json"), 0))
		m.replaced("app.json", "")
		return true
	}},
	{"truncate", 2, func(m *model) bool {
		if m.files["app.json"] == nil {
			return false
		}
		m.must(os.Truncate(m.path("app.json"), 0))
		m.replaced("app.json", "")
		return true
	}},
	{"rewrite", 2, func(m *model) bool {
		f := m.files["app.json"]
		if f == nil {
			return false
		}
		text := ""
		for len(text) < len(f.text) {
			text += m.record() + "\n"
		}
		m.must(os.WriteFile(m.path("app.json"), []byte(text), 0o644))
		m.replaced("app.json", text)
		return true
	}},
	{"delete", 2, func(m *model) bool {
		name := []string{"app.json", "app.json.1", "app.json.2"}[m.rnd.IntN(3)]
		if m.files[name] == nil {
			return false
		}
		m.must(os.Remove(m.path(name)))
		m.forget(name)
		if name == "app.json" {
			m.rest = ""
		}
		return true
	}},
	{"pack", 3, func(m *model) bool {
		name := fmt.Sprint("app.json.", m.rnd.IntN(3)+1)
		f := m.files[name]
		if f == nil || m.files[name+".gz"] != nil {
			return false
		}
		m.must(os.WriteFile(m.path(name+".gz"), []byte(pack(m.t, f.text, ".gz")), 0o644))
		m.must(os.Remove(m.path(name)))
		c := *f
		m.forget(name)
		m.files[name+".gz"] = &c
		return true
	}},
	{"link", 4, func(m *model) bool {
		m.linked = fmt.Sprint("t/", m.rnd.IntN(3), ".json")
		os.Remove(m.path("tmp"))
		m.must(os.Symlink(m.path(m.linked), m.path("tmp")))
		m.rename("tmp", "link.json")
		return true
	}},
	{"write linked", 8, func(m *model) bool {
		if m.linked == "" {
			return false
		}
		m.append(m.linked, m.record()+"\n"+m.record()+"\n")
		return true
	}},
	{"look", 15, func(m *model) bool { m.drain(); m.looked(); return true }},
	{"wait", 4, func(m *model) bool {
		m.pass(time.Second)
		m.looked()
		m.pass(time.Duration(m.rnd.IntN(40)) * time.Second)
		return true
	}},
	{"restart", 3, func(m *model) bool { return m.end(len(m.chunks)) }},
	{"crash", 4, func(m *model) bool { return m.end(m.rnd.IntN(len(m.chunks) + 1)) }},
}

// replaced says that a file holds other text now.
func (m *model) replaced(name, text string) {
	f := m.files[name]
	*f = modelFile{}
	f.add(text)
	m.rest = ""
}

// end ends the run when n chunks are accounted.
func (m *model) end(n int) bool {
	if m.f == nil {
		return false
	}
	a := m.after(n)
	if !slices.ContainsFunc(a.positions, func(p Position) bool { return strings.Contains(p.Path, "app.json") }) {
		return false // that would be a first start: rotated files are not read then
	}
	m.crash(n)
	m.restarted()
	clear(m.want)
	for rec := range m.base.records {
		if !m.fragments[rec] {
			m.want[rec] = true
		}
	}
	return true
}

// looked adds what stood where the follower has looked, and compares.
func (m *model) looked() {
	m.t.Helper()
	for _, c := range m.f.waiting {
		if !c.copied { // it is not clear yet whether it is a copy
			m.pass(6 * time.Second)
			break
		}
	}
	visible := maps.Clone(m.held)
	for name, f := range m.files {
		if !strings.HasPrefix(name, "t/") || name == m.linked || m.known[f] {
			visible[f] = true
			m.known[f] = true
		}
	}
	for f := range visible {
		for _, rec := range f.whole {
			m.want[rec] = true
		}
	}
	clear(m.held)
	got := m.after(len(m.chunks)).records
	for rec, n := range got {
		if n != 1 && !m.fragments[rec] || !m.want[rec] && !m.fragments[rec] {
			m.t.Fatalf("%d times: %q\n%s\n%v", n, rec, strings.Join(m.log, "\n"), m.events)
		}
	}
	for rec := range m.want {
		if got[rec] == 0 {
			m.t.Fatalf("lost: %q\n%s\n%v", rec, strings.Join(m.log, "\n"), m.events)
		}
	}
}

func (m *model) step() {
	total := 0
	for _, s := range modelSteps {
		total += s.weight
	}
	for {
		k := m.rnd.IntN(total)
		for _, s := range modelSteps {
			if k -= s.weight; k >= 0 {
				continue
			}
			if s.do(m) {
				m.log = append(m.log, fmt.Sprintf("%s (%d)", s.name, m.n))
				if f := m.files["app.json"]; f != nil && f.partial != "" {
					m.fragments[f.partial] = true
				}
				return
			}
			break
		}
	}
}

// TestFault32Model runs SLUICE_FOLLOW_STEPS random steps, in short histories. The
// seed of one that fails is in its name.
func TestFault32Model(t *testing.T) {
	steps := 6000
	if s := os.Getenv("SLUICE_FOLLOW_STEPS"); s != "" {
		var err error
		if steps, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	const history = 80
	for seed := range uint64(steps / history) {
		args := []string{"app.json", "link.json"}
		if seed%2 == 1 {
			args = []string{"app*", "link.json"}
		}
		ok := t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			m := newModel(t, seed, args...)
			for range history {
				m.step()
			}
			m.drain()
			m.looked()
			m.settleDown()
			m.looked()
			if m.late != nil {
				m.late.Close()
			}
		})
		if !ok {
			return
		}
	}
}
