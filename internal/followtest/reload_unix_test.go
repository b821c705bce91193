//go:build unix

package followtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Broken rules are told once and the old ones stay; good ones are taken.
func TestFault27Reload(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.write("a.ndjson", 6)
	p := s.start()
	s.reach(p)
	broken := filepath.Join(s.rules, "broken.yml")
	must(t, os.WriteFile(broken, []byte(strings.ReplaceAll(detection("Broken", "ipinfo.io"), "stats count", "stats (count")), 0o644))
	p.signal(syscall.SIGHUP)
	p.said("the rules in force stay")
	s.write("a.ndjson", 6)
	s.reach(p)
	text := p.errors()
	if strings.Count(text, "the rules in force stay") != 1 || !strings.Contains(text, "broken.yml:") {
		t.Errorf("stderr: %s", text)
	}
	for _, nothing := range []bool{true, false} {
		setRules(t, s.rules, map[string]string{})
		if !nothing {
			setRules(t, s.rules, map[string]string{"One": "ipinfo.io", "Two": "ipinfo.io"})
		}
		p.signal(syscall.SIGHUP)
		if nothing {
			p.said("no .yml file there")
		}
	}
	p.said("2 detections loaded anew")
	fresh := sums{}
	list := s.make(6)
	fresh.add(list...)
	appendTo(t, s.path("a.ndjson"), lines(list))
	s.reach(p)
	s.reachOf(p, "Two", fresh)
	p.stop()
	s.check()
}

// Rules are changed, removed and added while events flow. One that stays counts all;
// of one that changes, each event is counted by exactly one version.
func TestFault28ReloadUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	set := map[string]string{"One": "ipinfo.io", "Changing": "ipinfo.io"}
	setRules(t, s.rules, set)
	s.write("a.ndjson", 1)
	p := s.start("-j", "2")
	s.reach(p)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 60 {
			s.write("a.ndjson", 20)
			time.Sleep(5 * time.Millisecond)
		}
	}()
	for i := range 8 {
		// Another text of the same meaning is another version. One that comes back begins
		// anew under the names that its rows had, so here none does.
		set["Changing"] = "ipinfo.io" + strings.Repeat("*", i+2)
		if set["Coming and going"] = "ipinfo" + strings.Repeat("*", i+2); i%3 == 0 {
			delete(set, "Coming and going")
		}
		setRules(t, s.rules, set)
		p.signal(syscall.SIGHUP)
		if !p.until(func() bool { return strings.Count(p.stderr.String(), "loaded anew") == i+1 }) {
			t.Fatalf("not loaded: %s", p.errors())
		}
	}
	<-done
	s.reach(p)
	s.reachOf(p, "Changing", s.want)
	p.stop()
	s.check()
	for _, r := range s.view.rows {
		if r.Count < 0 || r.Count > s.want[r.Dest].count {
			t.Errorf("%+v", r)
		}
	}
	versions := 0
	for _, r := range s.view.rows {
		if r.Detection == "Changing" && r.Dest == "pc0" {
			versions++
		}
	}
	if versions < 2 {
		t.Errorf("%d versions have counted", versions)
	}
}

// A reload in which the run is killed counts nothing twice.
func TestFault28KilledDuringReload(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for i := range 8 {
		s.write("a.ndjson", 20)
		p := s.start("-j", "2")
		s.reach(p)
		setRules(t, s.rules, map[string]string{"One": "ipinfo.io", fmt.Sprint("Other", i): "ipinfo"})
		s.write("a.ndjson", 20)
		p.signal(syscall.SIGHUP)
		time.Sleep(time.Duration(i) * time.Millisecond)
		p.killed()
	}
	s.finish()
}
