//go:build unix

package main

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sluice/internal/hectest"
)

// An interrupt ends the wait for an acknowledgement that never comes.
func TestInterruptWhileAcknowledging(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	var once sync.Once
	s := hectest.Start(hectest.Config{AckAt: -1, Answer: func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/ack") {
			once.Do(func() { close(asked) })
		}
		return false
	}})
	defer s.Close()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.log": `{"EventID":1,"Hostname":"pc1","Text":"odd"}`,
		"r.yml": `{name: N, id: i, type: TTP, search: Text=odd | stats count by dest,
			rba: {message: m, risk_objects: [{field: dest, type: system, score: 5}]},
			tests: [{name: t, attack_data: [{data: a.log}]}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "\t", " ")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sluice", "test", "--hec", s.URL, "--hec-token", "t", "--hec-timeout", "1h", filepath.Join(dir, "r.yml"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-asked:
		cmd.Process.Signal(os.Interrupt)
	case err := <-done:
		t.Fatalf("it ended before it was interrupted: %v, stderr %s", err, stderr.String())
	}
	var exit *exec.ExitError
	if err := <-done; !errors.As(err, &exit) || exit.ExitCode() != exitError || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("it ended with %v, stderr %s", err, stderr.String())
	}
}
