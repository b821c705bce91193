//go:build linux && !race

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// A line of 200 MB from a pipe takes less than 64 MiB of memory that is not a
// file's, and costs no record around it.
func TestMemoryOfLongLine(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sluice", "run", "--stats", "-")
	var stats bytes.Buffer
	cmd.Stderr = &stats
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	anonymous := regexp.MustCompile(`RssAnon:\s+(\d+) kB`)
	most := 0
	look := func() {
		status, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/status")
		if err != nil {
			t.Fatal(err)
		}
		m := anonymous.FindSubmatch(status)
		if m == nil {
			t.Skip("SKIPPED: the kernel does not tell RssAnon")
		}
		n, _ := strconv.Atoi(string(m[1]))
		most = max(most, n)
	}
	if _, err := io.WriteString(stdin, matching+`{"EventID":4104,"ScriptBlockText":"`); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if _, err := stdin.Write(bytes.Repeat([]byte("A"), 1<<20)); err != nil {
			t.Fatal(err)
		}
		look()
	}
	if _, err := io.WriteString(stdin, "\"}\n"+matching); err != nil {
		t.Fatal(err)
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if most == 0 || most > 64<<10 {
		t.Errorf("%d kB of anonymous memory, want less than %d", most, 64<<10)
	}
	if !bytes.Contains(stats.Bytes(), []byte(`"malformed":1,"matched":2,`)) {
		t.Errorf("stats %s", stats.Bytes())
	}
}
