//go:build unix

package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

const matching = `{"EventID":4104,"Channel":"PowerShellCore/Operational","ScriptBlockText":"Invoke-RestMethod ipinfo.io"}` + "\n"

// An interrupt ends a run even while it waits for a pipe to which nobody
// writes: the first one asks, the second one does not.
func TestInterruptWhileReading(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sluice", "run", "-o", "events", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		io.Copy(io.Discard, stdout)
		done <- cmd.Wait()
	}()
	// When all of this is taken, the signal handler has long been in place and
	// the next read waits: the pipe stays open.
	if _, err := io.WriteString(stdin, strings.Repeat(matching, 20_000)); err != nil {
		t.Fatal(err)
	}
	for {
		select {
		case err := <-done:
			if err == nil {
				t.Error("an interrupted run ended with status 0")
			}
			return
		default:
			cmd.Process.Signal(os.Interrupt)
			runtime.Gosched()
		}
	}
}

// A run that is interrupted between blocks prints the rows of what it has read
// and says so.
func TestInterruptKeepsRows(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sluice", "run", "-o", "events", "-j", "1", "-")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Write without end; once a line came out, the signal handler is in place.
	go func() {
		defer stdin.Close()
		chunk := strings.Repeat(matching, 1000)
		for {
			if _, err := io.WriteString(stdin, chunk); err != nil {
				return
			}
		}
	}()
	out := bufio.NewReader(stdout)
	if _, err := out.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitError {
		t.Errorf("it ended with %v, want status %d", err, exitError)
	}
	if !strings.HasSuffix(string(rest), "}\n") {
		t.Error("the last line is cut off")
	}
	if !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("stderr: %s", stderr.String())
	}
}
