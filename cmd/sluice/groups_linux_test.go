//go:build linux && !race

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// peak returns the most memory that a process has had resident, in bytes, or 0 if it
// has ended.
func peak(t *testing.T, pid int) int {
	t.Helper()
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n << 10
}

// Groups past --max-memory go to the overflow row: rows and overflow add up to the
// matched events, no group has two rows, and the process has at most 64 MiB more than
// what groups may take. With SLUICE_GROUPS=10000000 there are ten million under 256 MiB.
func TestMemoryOfManyGroups(t *testing.T) {
	groups, limit := 300_000, 8
	if n, _ := strconv.Atoi(os.Getenv("SLUICE_GROUPS")); n > 0 {
		groups, limit = n, 256
	} else {
		t.Parallel()
	}
	start := time.Now()
	cmd := exec.Command("sluice", "run", "--stats", "--max-memory", fmt.Sprint(limit, "MiB"), "-")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer stdin.Close()
		w := bufio.NewWriterSize(stdin, 1<<20)
		for i := range groups + 1000 { // the first thousand come twice
			fmt.Fprintf(w, `{"EventID":4104,"Channel":"PowerShellCore/Operational","ScriptBlockText":"Invoke-RestMethod ipinfo.io","Hostname":"host-%07d"}`+"\n", i%groups)
		}
		if err := w.Flush(); err != nil {
			t.Error(err)
		}
	}()
	var events, overflow int64
	rows, most, last := 0, 0, ""
	for sc := bufio.NewScanner(stdout); sc.Scan(); rows++ {
		var row struct {
			Dest     *string
			Count    int64
			Overflow bool
		}
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
			t.Fatalf("%v: %s", err, sc.Bytes())
		}
		events += row.Count
		switch {
		case row.Overflow && (row.Dest != nil || overflow > 0):
			t.Errorf("overflow row %s", sc.Bytes())
		case row.Overflow:
			overflow = row.Count
		case row.Dest == nil || *row.Dest <= last:
			t.Fatalf("row %s comes behind %s", sc.Bytes(), last)
		default:
			last = *row.Dest
		}
		if rows%10_000 == 0 {
			most = max(most, peak(t, cmd.Process.Pid))
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	t.Logf("%d groups under %d MiB: %d rows, %d events overflowed, peak %d MiB, %.1f s\n%s",
		groups, limit, rows, overflow, most>>20, time.Since(start).Seconds(), stderr.Bytes())
	if want := int64(groups + 1000); events != want || !bytes.Contains(stderr.Bytes(), fmt.Appendf(nil, `"matched":%d,`, want)) {
		t.Errorf("rows count %d events of %d", events, want)
	}
	if most == 0 || most > (limit+64)<<20 {
		t.Errorf("peak of %d MiB, want %d at most", most>>20, limit+64)
	}
	if rows < limit<<20/400 || overflow == 0 || !bytes.Contains(stderr.Bytes(), []byte("overflow row of 1 detection")) {
		t.Errorf("%d rows, %d events overflowed", rows, overflow)
	}
}
