//go:build unix

package followtest

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// modelSteps are what may happen. A step returns false if it cannot now. Those that are
// lossy destroy bytes: all has been read and saved before.
var modelSteps = []struct {
	name   string
	weight int
	lossy  bool
	do     func(m *model) bool
}{
	{"write", 30, false, func(m *model) bool { m.write(m.anyFile(), 1+m.rnd.IntN(20)); return true }},
	{"write part", 8, false, func(m *model) bool { return m.writePart(m.anyFile()) }},
	{"rotate", 6, false, func(m *model) bool { return m.rotate() }},
	{"write late", 4, false, func(m *model) bool {
		if m.late == nil {
			return false
		}
		_, err := m.late.WriteString(lines(m.make(2)))
		must(m.t, err)
		return true
	}},
	{"copytruncate", 4, true, func(m *model) bool {
		name := m.anyFile()
		text, err := os.ReadFile(m.path(name))
		if err != nil {
			return false
		}
		must(m.t, os.WriteFile(m.path(fmt.Sprint("copies/", m.n)), text, 0o644))
		return m.truncate(name)
	}},
	{"truncate", 3, true, func(m *model) bool { return m.truncate(m.anyFile()) }},
	{"truncate and regrow", 3, true, func(m *model) bool {
		name := m.anyFile()
		info, err := os.Stat(m.path(name))
		if err != nil || info.Size() > 1<<20 {
			return false
		}
		m.truncate(name)
		for grown := false; !grown; {
			m.write(name, 1+m.rnd.IntN(40))
			now, err := os.Stat(m.path(name))
			must(m.t, err)
			grown = now.Size() >= info.Size()
		}
		return true
	}},
	{"delete", 3, true, func(m *model) bool { return m.remove(m.anyFile()) }},
	{"delete and create", 3, true, func(m *model) bool {
		name := m.anyFile()
		if !m.remove(name) {
			return false
		}
		m.write(name, 1+m.rnd.IntN(60))
		return true
	}},
	{"swap link", 4, true, func(m *model) bool {
		m.links++
		target := m.target()
		os.Remove(m.path("tmp"))
		must(m.t, os.Symlink(m.path(target), m.path("tmp")))
		must(m.t, os.Rename(m.path("tmp"), m.path("cur.ndjson")))
		if m.rnd.IntN(2) == 0 { // dangling until something is written
			m.write(target, 2)
		}
		return true
	}},
	{"wait until all is read", 6, false, func(m *model) bool { m.settle(); return true }},
	{"pause", 4, false, func(m *model) bool { m.pass(time.Duration(m.rnd.IntN(40)) * time.Second); return true }},
	{"stop", 2, false, func(m *model) bool { m.settle(); m.stop(false); m.down(true); return true }},
	{"stop at once", 2, false, func(m *model) bool { m.stop(false); m.down(false); return true }},
	{"kill", 5, false, func(m *model) bool { m.stop(true); m.down(false); return true }},
	{"reload", 2, false, func(m *model) bool { return m.reload() }},
	{"fail to save", 1, false, func(m *model) bool {
		if m.rnd.IntN(4) > 0 {
			return false
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.failing = 1 + m.rnd.IntN(2)
		return true
	}},
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
			if s.lossy {
				m.settle()
			}
			if s.do(m) {
				m.note(fmt.Sprintf("%s (%d)", s.name, m.n))
				return
			}
			break
		}
	}
}

func (m *model) note(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(m.log, text)
}

// anyFile is one that is written to.
func (m *model) anyFile() string {
	names := []string{"app.ndjson", "app.ndjson", "d/b.ndjson", fmt.Sprint("d/", m.rnd.IntN(4), ".ndjson"), m.target()}
	if m.links == 0 {
		names = names[:4]
	}
	return names[m.rnd.IntN(len(names))]
}

func (m *model) target() string { return fmt.Sprint("t/", m.links, ".ndjson") }

// writePart writes a part of an event, or more of it, but not so much that only its line
// feed is missing: then it is one already.
func (m *model) writePart(name string) bool {
	if m.rest[name] == "" {
		m.rest[name] = lines(m.make(1))
	}
	text := m.rest[name]
	n := 1 + m.rnd.IntN(len(text))
	if n > len(text)-3 {
		n = len(text)
	}
	appendTo(m.t, m.path(name), text[:n])
	if m.rest[name] = text[n:]; n == len(text) {
		delete(m.rest, name)
	} else if m.rnd.IntN(3) > 0 {
		m.pass(time.Duration(m.rnd.IntN(2)) * time.Second)
	}
	return true
}

// complete writes the rests of all partial records.
func (m *model) complete() {
	for name, rest := range m.rest {
		appendTo(m.t, m.path(name), rest)
		delete(m.rest, name)
	}
}

// rotate renames app.ndjson, and the older ones.
func (m *model) rotate() bool {
	if !m.exists("app.ndjson") || !m.knowsApp() {
		return false
	}
	at := func(i int) string { return m.path(fmt.Sprint("app.ndjson.", i)) }
	if _, err := os.Stat(at(6)); err == nil {
		if m.run == nil {
			return false
		}
		m.settle()
		must(m.t, os.Remove(at(6)))
	}
	for i := 5; i > 0; i-- {
		os.Rename(at(i), at(i+1))
	}
	if m.late != nil {
		m.late.Close()
	}
	var err error
	m.late, err = os.OpenFile(m.path("app.ndjson"), os.O_WRONLY|os.O_APPEND, 0)
	must(m.t, err)
	must(m.t, os.Rename(m.path("app.ndjson"), at(1)))
	if rest := m.rest["app.ndjson"]; rest != "" { // its writer goes on in the old file
		_, err := m.late.WriteString(rest)
		must(m.t, err)
		delete(m.rest, "app.ndjson")
	}
	return true
}

// knowsApp reports whether a run that begins now would be no first one for app.ndjson:
// such a one does not read what is rotated already.
func (m *model) knowsApp() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved == nil {
		return false
	}
	for _, p := range m.saved.Positions {
		if strings.Contains(p.Path, "app.ndjson") {
			return true
		}
	}
	return false
}

func (m *model) truncate(name string) bool {
	if !m.exists(name) {
		return false
	}
	must(m.t, os.Truncate(m.path(name), 0))
	return true
}

func (m *model) remove(name string) bool {
	if !m.exists(name) {
		return false
	}
	must(m.t, os.Remove(m.path(name)))
	return true
}

// down does what happens while nothing runs, and starts. If all had been read, bytes may
// be destroyed.
func (m *model) down(lossy bool) {
	for range m.rnd.IntN(4) {
		switch k := m.rnd.IntN(7); {
		case k < 3:
			m.write(m.anyFile(), 1+m.rnd.IntN(10))
			lossy = false
		case k == 3:
			m.rotate()
		case k == 4 && lossy:
			m.truncate(m.anyFile())
		case k == 5 && lossy:
			m.remove(m.anyFile())
		case k == 6:
			m.ahead.Add(int64(time.Duration(m.rnd.IntN(100)) * time.Second))
		}
	}
	m.start()
}

// reload puts other rules in force between two records.
func (m *model) reload() bool {
	m.program = m.newProgram()
	select {
	case m.run.reload <- m.printing(m.run, m.program):
	case <-time.After(patience):
		m.fail("a reload", "it is not taken")
	}
	m.settle()
	return true
}
