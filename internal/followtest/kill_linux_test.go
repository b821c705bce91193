package followtest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// strace returns its path, or skips.
func strace(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: many processes, without -short only")
	}
	path, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("SKIPPED: strace is not there, so nothing is done at system calls")
	}
	if out, err := exec.Command(path, "-f", "-qq", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: strace may not trace: %v, %s", err, out)
	}
	return path
}

func inject(path, calls, what string, more ...string) []string {
	return append([]string{path, "-f", "-qq", "-o", os.DevNull, "-e", "trace=" + calls, "-e", "inject=" + calls + ":" + what}, more...)
}

// A run is killed at the k-th system call of a kind, for every k, while its input grows
// and is rotated. The next one ends with what was written, exactly. Every third run prints
// events, each at least once.
func TestFault19KilledAtEverySyscall(t *testing.T) {
	t.Parallel()
	path := strace(t)
	calls := []string{"fsync", "renameat", "write"}
	if long() {
		calls = append(calls, "openat", "close", "unlinkat", "newfstatat", "fstat", "preadv", "pread64", "getdents64",
			"inotify_add_watch", "read", "flock", "ftruncate", "pwrite64", "epoll_ctl")
	}
	for _, call := range calls {
		t.Run(call, func(t *testing.T) {
			if long() {
				t.Parallel()
			}
			kills := 0
			for missed := 0; missed < 2; kills++ { // threads share the calls in no certain way
				if killedAt(t, inject(path, call, fmt.Sprint("signal=KILL:when=", kills+1)), kills%3 == 2) {
					missed = 0
				} else {
					missed++
				}
				if t.Failed() || kills > 200 {
					t.Fatalf("at %s %d", call, kills+1)
				}
			}
			if kills < 3 {
				t.Errorf("killed at %d calls only", kills)
			}
			t.Logf("killed at %d calls", kills-2)
		})
	}
}

// killedAt runs once under a command that may kill, and then to the end.
func killedAt(t *testing.T, wrapper []string, events bool) bool {
	s := newSetup(t)
	var flags []string
	reached := func() bool { return total(s.view.of("One")) >= s.n }
	if events {
		flags = []string{"--output", "events"}
		reached = func() bool { return len(s.view.seen) >= s.n }
	}
	s.write("a.ndjson", 3)
	p := s.startUnder(wrapper, flags...)
	for i := range 3 {
		if !p.until(reached) {
			break
		}
		if i == 1 {
			must(t, os.Rename(s.path("a.ndjson"), s.path("a.ndjson.1")))
		}
		s.write("a.ndjson", 4)
	}
	p.until(reached)
	p.signalTraced(syscall.SIGTERM)
	p.status()
	killed := false
	if st, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok {
		killed = st.Signaled() && st.Signal() == syscall.SIGKILL
	}
	if !events {
		s.finish()
		return killed
	}
	s.write("a.ndjson", 1) // so that there is something to print
	p = s.start(flags...)
	if !p.until(reached) {
		t.Errorf("%d events of %d; stderr: %s", len(s.view.seen), s.n, p.errors())
	}
	p.stop()
	return killed
}

// signalTraced signals what strace runs, which is its only child.
func (p *process) signalTraced(sig syscall.Signal) {
	pid := p.cmd.Process.Pid
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return // it has ended
	}
	var child int
	if _, err := fmt.Sscan(string(b), &child); err == nil {
		syscall.Kill(child, sig)
	}
}

// The k-th write, fsync or rename of the state fails, or the first ones, or all: the run
// goes on, says so once, and saves when it can again; killed, the next one goes on from
// what was saved last.
func TestFault18StateCannotBeSaved(t *testing.T) {
	t.Parallel()
	path := strace(t)
	for _, call := range []string{"write", "fsync", "renameat"} {
		for _, failure := range []string{"EIO", "ENOSPC"} {
			for _, when := range []string{"1", "2", "2..6", "1+"} {
				if !long() && (failure == "EIO") != (call == "fsync") {
					continue
				}
				t.Run(fmt.Sprint(call, failure, when), func(t *testing.T) { cannotSave(t, path, call, failure, when) })
			}
		}
	}
}

func cannotSave(t *testing.T, path, call, failure, when string) {
	s := newSetup(t)
	s.write("a.ndjson", 3)
	only := []string{"-P", s.state + "/checkpoint.tmp"}
	if call == "fsync" {
		only = append(only, "-P", s.state)
	}
	p := s.startUnder(inject(path, call, "error="+failure+":when="+when, only...))
	for range 6 {
		s.reach(p)
		s.write("a.ndjson", 2)
	}
	s.reach(p)
	failed, again := strings.Count(p.errors(), "cannot save the state"), strings.Count(p.errors(), "is saved again")
	if failed < 1 || when == "1+" && (failed > 1 || again > 0) || again < failed-1 {
		t.Errorf("said %d times, and %d times that it is over:\n%s", failed, again, p.errors())
	}
	p.signalTraced(syscall.SIGKILL)
	p.status()
	saved := generation(t, s.state)
	if when == "1+" && saved > 0 && call != "fsync" {
		t.Errorf("generation %d was saved", saved)
	}
	if when != "1+" && saved == 0 {
		t.Error("nothing was saved when it could be again")
	}
	s.view = newView() // what is printed anew may be less than was printed and not saved
	s.finish()
}

// A disk without room, and then with room again.
func TestFault18FullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can mount a small file system to fill")
	}
	s := newSetup(t)
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("SKIPPED: cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	s.state = disk + "/state"
	s.write("a.ndjson", 5)
	p := s.start()
	s.reach(p)
	fill, err := os.Create(disk + "/fill")
	must(t, err)
	for err == nil {
		_, err = fill.Write(make([]byte, 4096))
	}
	must(t, fill.Close())
	for range 3 {
		s.write("a.ndjson", 5)
		s.reach(p)
	}
	if n := strings.Count(p.errors(), "no space left on device"); n != 1 {
		t.Errorf("said %d times:\n%s", n, p.errors())
	}
	before := generation(t, s.state)
	must(t, os.Remove(disk+"/fill"))
	s.write("a.ndjson", 5)
	s.reach(p)
	if !p.until(func() bool { return generation(t, s.state) > before }) {
		t.Error("nothing is saved though there is room again")
	}
	p.killed()
	s.finish()
}
