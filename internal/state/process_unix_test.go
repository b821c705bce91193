//go:build unix

package state

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The environment in which the test binary is one of the processes below.
const (
	helperEnv = "SLUICE_STATE_HELPER" // hold or save
	helperDir = "SLUICE_STATE_DIR"
)

func TestMain(m *testing.M) {
	switch os.Getenv(helperEnv) {
	case "hold":
		os.Exit(holdLock())
	case "save":
		os.Exit(saveSome())
	}
	os.Exit(m.Run())
}

// holdLock opens the folder, says so, and waits for the end of stdin.
func holdLock() int {
	if _, err := Open(os.Getenv(helperDir)); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("locked")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// saveSome saves three generations and says each. All calls are from one thread, since
// strace counts by thread.
func saveSome() int {
	runtime.LockOSThread()
	s, err := Open(os.Getenv(helperDir))
	if err == nil {
		_, _, err = s.Load()
	}
	for range 3 {
		if err != nil {
			break
		}
		s.buffer = 64
		if err = saveNext(s); err == nil {
			fmt.Println(s.generation)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func helper(what, dir string, before ...string) *exec.Cmd {
	args := append(before, os.Args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), helperEnv+"="+what, helperDir+"="+dir, "GOMAXPROCS=2")
	return cmd
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := helper("hold", dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("%q, %v", line, err)
	}
	want := fmt.Sprintf("process %d uses it", cmd.Process.Pid)
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("%v, want %s", err, want)
	}
	if _, err := Inspect(dir); err != nil { // looking is allowed
		t.Error(err)
	}
	if err := cmd.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	_ = cmd.Wait()
	s, err := Open(dir)
	if err != nil {
		t.Fatalf("after the owner was killed: %v", err)
	}
	want = fmt.Sprintf("process %d uses it", os.Getpid())
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	if list, err := Inspect(dir); err != nil || list != nil {
		t.Errorf("a folder that is not there: %v, %v", list, err)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// Remains of others are replaced, and nobody else may read what is written.
	if err := os.WriteFile(filepath.Join(dir, tmpName), []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := saveNext(s); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]os.FileMode{".": 0o700 | os.ModeDir, lockName: 0o600, slots[0]: 0o600, slots[1]: 0o600}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(want)-1 {
		t.Errorf("%v, %v", entries, err)
	}
	for name, mode := range want {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode() != mode {
			t.Errorf("%s: %v, %v", name, st.Mode(), err)
		}
	}
	list, err := Inspect(dir)
	if err != nil || len(list) != 2 || list[0].Generation != 3 || !list[0].Current || list[1].Generation != 2 || list[1].Current {
		t.Fatalf("%+v, %v", list, err)
	}
	if got := list[0].Sections[0]; got.Name != "offsets" || !bytes.Equal(got.Data, content(3)["offsets"]) || got.Size != int64(len(got.Data)) {
		t.Errorf("%+v", got)
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if list, err := Inspect(dir); err != nil || list != nil {
		t.Errorf("after a reset: %v, %v", list, err)
	}
	if _, err := Open(filepath.Join(dir, lockName)); err == nil {
		t.Error("a file is taken for a folder")
	}
}

// What is no file at all, or far too large, costs no memory and does not block.
func TestStrangeFiles(t *testing.T) {
	t.Parallel()
	for want, make := range map[string]func(path string) error{
		"not a regular file":         func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"It is not a regular file":   func(path string) error { return os.Mkdir(path, 0o700) },
		"more than a state may have": func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40)) },
		"filled with zeros": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, MaxSize))
		},
		"too many levels of symbolic ": func(path string) error { return os.Symlink(path, path) },
	} {
		dir := t.TempDir()
		s, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := saveNext(s); err != nil {
			t.Fatal(err)
		}
		if err := make(filepath.Join(dir, slots[1])); err != nil {
			t.Fatal(err)
		}
		sections, info, err := s.Load()
		if err == nil {
			err = exact(1, sections)
		}
		if err != nil || info.Generation != 1 || len(info.Damaged) != 1 || !strings.Contains(info.Damaged[0].Reason, strings.ToLower(want)) {
			t.Errorf("%s: %+v, %v", want, info, err)
		}
		if err := saveNext(s); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// A state of 64 MB is written as it comes, and read into one piece of memory.
func TestMemory(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const size = 64 << 20
	line := bytes.Repeat([]byte("0123456789abcde\n"), 4096)
	big := Section{"big", func(w io.Writer) error {
		for range size / len(line) {
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		return nil
	}}
	allocated := func(f func()) uint64 {
		var a, b runtime.MemStats
		runtime.ReadMemStats(&a)
		f()
		runtime.ReadMemStats(&b)
		return b.TotalAlloc - a.TotalAlloc
	}
	for range 2 {
		if n := allocated(func() { err = s.Save(big) }); err != nil || n > 2<<20 {
			t.Errorf("Save allocates %d bytes: %v", n, err)
		}
	}
	var sections map[string][]byte
	if n := allocated(func() { sections, _, err = s.Load() }); err != nil || n > size+2<<20 {
		t.Errorf("Load allocates %d bytes: %v", n, err)
	}
	if got := sections["big"]; len(got) != size || !bytes.HasSuffix(got, line) {
		t.Errorf("%d bytes", len(got))
	}
}

// Who looks while others save sees whole generations, never an older one than before.
func TestInspectWhileSaving(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	done := make(chan error, 1)
	go func() {
		for range 200 {
			if err := saveNext(s); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	last := uint64(0)
	for {
		list, err := Inspect(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			if f.Damage != "" || f.Current && f.Generation < last {
				t.Fatalf("generation %d after %d, %s", f.Generation, last, f.Damage)
			}
			if f.Current {
				last = f.Generation
			}
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}
