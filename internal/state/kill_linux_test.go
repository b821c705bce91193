package state

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// strace gives the command that runs a helper with a fault injected, or skips.
func strace(t *testing.T) string {
	if testing.Short() {
		t.Skip("SKIPPED: hundreds of processes, without -short only")
	}
	path, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("SKIPPED: strace is not there, so nothing is killed at its system calls")
	}
	if out, err := exec.Command(path, "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: strace may not trace: %v, %s", err, out)
	}
	return path
}

// acked runs a helper under strace and gives the last generation that it said it has
// saved, and how it ended.
func acked(cmd *exec.Cmd) (last uint64, killed bool, err error) {
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err = cmd.Run()
	for line := range strings.Lines(out.String()) {
		if !strings.HasSuffix(line, "\n") {
			continue // killed in the middle of it
		}
		n, e := strconv.ParseUint(strings.TrimSpace(line), 10, 64)
		if e != nil {
			return 0, false, fmt.Errorf("the helper says %q, %s", line, stderr.String())
		}
		last = n
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status := exit.Sys().(syscall.WaitStatus)
		if status.Signaled() && status.Signal() == syscall.SIGKILL {
			return last, true, nil // strace ends as what it traced
		}
	}
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return last, false, err
}

// goesOn opens a folder whose process has ended, checks that it gives a generation
// from low to high, and saves the next.
func goesOn(dir string, low, high uint64) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	sections, info, err := s.Load()
	if err != nil {
		return err
	}
	if info.Generation < low || info.Generation > high || len(info.Damaged) > 0 {
		return fmt.Errorf("%+v, want a generation from %d to %d", info, low, high)
	}
	if err := exact(info.Generation, sections); err != nil {
		return err
	}
	if err := saveNext(s); err != nil {
		return err
	}
	if _, next, err := s.Load(); err != nil || next.Generation != info.Generation+1 {
		return fmt.Errorf("after the next Save: %+v, %w", next, err)
	}
	return nil
}

// A process is killed at each of its system calls of a kind in turn. What it said it
// had saved is there.
func TestKilledAtEverySyscall(t *testing.T) {
	t.Parallel()
	path := strace(t)
	atLeast := map[string]int{ // kills; three generations are saved
		"write": 12, "fsync": 6, "renameat": 3, "openat": 10, "close": 9, "unlinkat": 3,
		"flock": 1, "ftruncate": 1, "pwrite64": 1, "pread64": 6, "mkdirat": 2,
	}
	for _, call := range slices.Sorted(maps.Keys(atLeast)) {
		t.Run(call, func(t *testing.T) {
			kills := 0
			for ; ; kills++ {
				dir := filepath.Join(t.TempDir(), "a", "state")
				hit := false
				for range 2 { // from nothing, and from what was left
					inject := fmt.Sprintf("inject=%s:signal=KILL:when=%d", call, kills+1)
					before := current(t, dir)
					last, killed, err := acked(helper("save", dir, path, "-f", "-qq", "-o", os.DevNull, "-e", inject))
					if err != nil {
						t.Fatal(err)
					}
					if err := goesOn(dir, max(before, last), max(before, last)+1); err != nil {
						t.Errorf("killed at %s %d: %v", call, kills+1, err)
					}
					hit = hit || killed
				}
				if !hit {
					break
				}
			}
			if kills < atLeast[call] {
				t.Errorf("killed at %d calls of %s, want %d", kills, call, atLeast[call])
			}
		})
	}
}

// current gives the generation of a folder, 0 if there is none.
func current(t *testing.T, dir string) uint64 {
	list, err := Inspect(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		return 0
	}
	return list[0].Generation
}

// The same with calls that fail. The helper ends with an error or, where the error
// does no harm, saves all.
func TestSyscallsFail(t *testing.T) {
	t.Parallel()
	path := strace(t)
	for _, c := range []struct {
		call, err string
		want      string // what is on stderr
	}{
		{"fsync", "EIO", "input/output error"},
		{"fsync", "EINVAL", ""}, // a folder that cannot be synced; a file must be
		{"renameat", "EROFS", "read-only file system"},
		{"renameat", "ENOSPC", "no space left"},
		{"flock", "ENOLCK", "cannot lock the state folder"},
		{"ftruncate", "ENOSPC", ""}, // only the process id is not there
	} {
		for n := 1; ; n++ {
			dir := t.TempDir()
			inject := fmt.Sprintf("inject=%s:error=%s:when=%d", c.call, c.err, n)
			trace := filepath.Join(t.TempDir(), "trace")
			last, _, err := acked(helper("save", dir, path, "-f", "-qq", "-o", trace, "-e", inject, "-e", "trace="+c.call))
			hit, e := os.ReadFile(trace)
			if e != nil {
				t.Fatal(e)
			}
			if err != nil && (c.want == "" && c.err != "EINVAL" || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%s %d fails with %s: %v", c.call, n, c.err, err)
			}
			if err == nil && last != 3 {
				t.Errorf("%s %d fails with %s: %d generations", c.call, n, c.err, last)
			}
			if err := goesOn(dir, last, last+1); err != nil {
				t.Errorf("%s %d failed with %s: %v", c.call, n, c.err, err)
			}
			if !bytes.Contains(hit, []byte("(INJECTED)")) {
				if n == 1 {
					t.Errorf("%s was never called", c.call)
				}
				break
			}
		}
	}
}

// A file system without room, and then with room again.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can mount a small file system to fill")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("SKIPPED: cannot mount a small file system to fill: %v", err)
	}
	defer func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	s, err := Open(filepath.Join(dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	save := func(n byte) error { return s.Save(Bytes("data", bytes.Repeat([]byte{n}, 60_000))) }
	loads := func(n byte) {
		t.Helper()
		sections, info, err := s.Load()
		if err != nil || len(info.Warnings) > 0 || !bytes.Equal(sections["data"], bytes.Repeat([]byte{n}, 60_000)) {
			t.Errorf("want data %d: %+v, %v", n, info, err)
		}
	}
	for n := byte(1); n <= 3; n++ {
		if err := save(n); err != nil {
			t.Fatal(err)
		}
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 256<<10), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	for range 3 {
		if err := save(4); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("on a full disk: %v", err)
		}
		loads(3)
	}
	// With room for half a checkpoint it is no different, and the half is removed.
	if err := os.Truncate(ballast, 256<<10-2*60_000-2*4096-40_000); err != nil {
		t.Fatal(err)
	}
	if err := save(4); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("on a nearly full disk: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "state", tmpName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the half of a checkpoint is left: %v", err)
	}
	loads(3)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := save(5); err != nil {
		t.Error(err)
	}
	loads(5)
}
