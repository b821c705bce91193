//go:build unix

package followtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Nobody reads stdout: reading stops, little memory is taken, and files that are rotated
// meanwhile are read when it goes on.
func TestFault24BlockedStdout(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.write("a.ndjson", 1)
	p := s.command(nil, "--output", "events", s.dir)
	p.launch(false)
	appendTo(t, s.path("a.ndjson"), lines(events(1, 20_000)))
	if !settles(t, p, 300*time.Millisecond) {
		t.Fatal("it goes on reading")
	}
	for i := range 4 {
		must(t, os.Rename(s.path("a.ndjson"), s.path(fmt.Sprint("a.ndjson.", 4-i))))
		appendTo(t, s.path("a.ndjson"), lines(events(20_001+i*20_000, 20_000)))
		time.Sleep(100 * time.Millisecond)
	}
	if !settles(t, p, 300*time.Millisecond) {
		t.Error("it goes on reading")
	}
	if kib := resident(t, p.cmd.Process.Pid); kib > 96<<10 {
		t.Errorf("it takes %d KiB", kib)
	}
	got := map[string]int{}
	in := bufio.NewReader(p.stdout)
	for len(got) < 100_001 {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("after %d events: %v; %s", len(got), err, p.errors())
		}
		i := strings.Index(line, "ipinfo.io ")
		got[line[i:strings.IndexByte(line[i:], '"')+i]]++
	}
	for name, n := range got {
		if n != 1 {
			t.Fatalf("%d times: %s", n, name)
		}
	}
	close(p.read)
	p.stop()
}

// settles reports whether a process comes to read no more.
func settles(t *testing.T, p *process, quiet time.Duration) bool {
	t.Helper()
	last, since := "", time.Now()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.cmd.Process.Pid))
		if err != nil {
			t.Skipf("SKIPPED: how much a process reads cannot be told here: %v", err)
		}
		// Hints are read on; they are small.
		n := fmt.Sprint(field(b, "rchar") >> 16)
		if n != last {
			last, since = n, time.Now()
		} else if time.Since(since) > quiet {
			return true
		}
	}
	return false
}

func field(b []byte, name string) (n int) {
	_, rest, _ := bytes.Cut(b, []byte(name+":"))
	fmt.Sscan(string(rest), &n)
	return n
}

// resident is the memory of a process in KiB.
func resident(t testing.TB, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	return field(b, "VmRSS")
}

// A blocked run that is told to end does so, and what it could not print is printed by
// the next one; told twice, it leaves at once.
func TestFault26BlockedStdout(t *testing.T) {
	t.Parallel()
	for _, twice := range []bool{true, false} {
		if !twice && !long() {
			continue // it takes the 10 s that it waits
		}
		s := newSetup(t)
		s.write("a.ndjson", 10)
		p := s.command(nil, s.dir)
		p.launch(false)
		one := make([]byte, 1)
		if _, err := p.stdout.Read(one); err != nil {
			t.Fatal(err)
		}
		// More groups than a pipe holds.
		var many strings.Builder
		for i := range 3000 {
			e := event{fmt.Sprint("many", i), int64(i), i}
			many.WriteString(e.json())
			s.want.add(e)
		}
		appendTo(t, s.path("a.ndjson"), many.String())
		if !settles(t, p, 300*time.Millisecond) {
			t.Fatal("it goes on reading")
		}
		began := time.Now()
		p.signal(syscall.SIGTERM)
		if twice {
			time.Sleep(200 * time.Millisecond)
			p.signal(syscall.SIGTERM)
		}
		<-p.ended
		switch d := time.Since(began); {
		case !twice && p.cmd.ProcessState.ExitCode() != 0:
			t.Errorf("it ended with %v", p.cmd.ProcessState)
		case twice && d > 5*time.Second, d > 25*time.Second:
			t.Errorf("it ended after %v", d)
		case !twice && !strings.Contains(p.errors(), "the output takes no more"):
			t.Errorf("stderr: %s", p.errors())
		}
		s.finish()
	}
}

// A consumer that leaves ends the run quietly, and the next one knows all.
func TestFault25ClosedStdout(t *testing.T) {
	t.Parallel()
	for _, output := range []string{"stats", "events"} {
		s := newSetup(t)
		s.write("a.ndjson", 10)
		p := s.command(nil, "--output", output, s.dir)
		p.launch(false)
		line, err := bufio.NewReaderSize(p.stdout, 16).ReadString('\n')
		if err != nil || !json.Valid([]byte(line)) {
			t.Fatalf("%q, %v", line, err)
		}
		p.stdout.Close()
		for ended := false; !ended; {
			s.write("a.ndjson", 3)
			select {
			case <-p.ended:
				ended = true
			case <-time.After(20 * time.Millisecond):
			}
		}
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("%s: status %d", output, code)
		}
		p.quietly()
		if output == "stats" {
			s.finish()
		}
	}
}

// jq shows each row as it is printed.
func TestJqSeesEachLine(t *testing.T) {
	t.Parallel()
	jq, err := exec.LookPath("jq")
	if err != nil {
		t.Skip("SKIPPED: jq is not there, so nobody has seen lines with it")
	}
	s := newSetup(t)
	s.write("a.ndjson", 1)
	p := s.command(nil, s.dir)
	r, w, err := os.Pipe()
	must(t, err)
	p.launch(false)
	filter := exec.Command(jq, "--unbuffered", "-c", "{detection, row_id, dest, count, firstTime, lastTime}")
	filter.Stdin, filter.Stdout = p.stdout, w
	must(t, filter.Start())
	w.Close()
	p.stdout.Close()
	p.stdout = r
	p.consume()
	for range 20 { // each is there before the next one is written
		s.reach(p)
		s.write("a.ndjson", 1)
	}
	s.reach(p)
	p.stop()
	must(t, filter.Wait())
	s.check()
}
