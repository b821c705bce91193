//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// patience is how long a row may take.
const patience = time.Minute

const rules = `name: Found
id: 00000000-0000-4000-8000-000000000001
version: 1
date: '2026-11-25'
author: the sluice authors
type: Anomaly
search: EventCode=4104 ScriptBlockText="*ipinfo.io*" | stats count by dest
`

type bench struct {
	dir    string
	sluice string
}

// process is one that follows a folder of its own.
type process struct {
	dir, state string
	cmd        *exec.Cmd
	stderr     bytes.Buffer
	written    int64
	counted    atomic.Int64 // in the last row
	rows       chan struct{}
}

func (b *bench) start(name string, flags ...string) (*process, error) {
	root := filepath.Join(b.dir, name)
	p := &process{dir: filepath.Join(root, "in"), state: filepath.Join(root, "state"), rows: make(chan struct{}, 1)}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return nil, err
	}
	rule := filepath.Join(root, "rule.yml")
	if err := os.WriteFile(rule, []byte(rules), 0o644); err != nil {
		return nil, err
	}
	args := append([]string{"run", "--follow", "--window", "none", "--rules", rule, "--state", p.state}, flags...)
	p.cmd = exec.Command(b.sluice, append(args, p.dir)...)
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		in := bufio.NewScanner(out)
		for in.Scan() {
			var row struct{ Count int64 }
			if json.Unmarshal(in.Bytes(), &row) == nil {
				p.counted.Store(row.Count)
			}
			select {
			case p.rows <- struct{}{}:
			default:
			}
		}
	}()
	return p, nil
}

// write appends an event.
func (p *process) write(name string) error {
	f, err := os.OpenFile(filepath.Join(p.dir, name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	p.written++
	_, err = fmt.Fprintf(f, `{"EventID":4104,"Channel":"Microsoft-Windows-PowerShell/Operational","Computer":"pc","TimeCreated":"2026-11-25T01:00:00Z","ScriptBlockText":"Invoke-RestMethod ipinfo.io %d"}`+"\n", p.written)
	return errors.Join(err, f.Close())
}

// populate makes files with one event each, and waits until they are counted.
func (p *process) populate(files int) error {
	for i := range files {
		if err := p.write(fmt.Sprintf("f%05d.ndjson", i)); err != nil {
			return err
		}
	}
	return p.wait()
}

// wait waits until all that was written is counted.
func (p *process) wait() error {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for p.counted.Load() < p.written {
		select {
		case <-p.rows:
		case <-timeout.C:
			return fmt.Errorf("%d of %d events are counted", p.counted.Load(), p.written)
		}
	}
	if n := p.counted.Load(); n != p.written {
		return fmt.Errorf("%d events are counted of %d", n, p.written)
	}
	return nil
}

// end stops the process and checks the count once more.
func (p *process) end() error {
	p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, p.stderr.String())
	}
	return p.wait()
}

func (p *process) kill() { p.cmd.Process.Kill() }

// use is what a process holds.
type use struct {
	kib, files, threads int
	state               int64 // bytes
}

func (p *process) use() (u use, err error) {
	proc := fmt.Sprint("/proc/", p.cmd.Process.Pid)
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		return u, err
	}
	u.kib, u.threads = field(status, "VmRSS:"), field(status, "Threads:")
	fds, err := os.ReadDir(proc + "/fd")
	if err != nil {
		return u, err
	}
	u.files = len(fds)
	var newest time.Time
	for _, name := range []string{"checkpoint.0", "checkpoint.1"} {
		if info, err := os.Stat(filepath.Join(p.state, name)); err == nil && info.ModTime().After(newest) {
			u.state, newest = info.Size(), info.ModTime()
		}
	}
	return u, nil
}

func field(text []byte, name string) (n int) {
	_, rest, _ := bytes.Cut(text, []byte(name))
	fmt.Sscan(string(rest), &n)
	return n
}

// processor is the time that a process has used.
func (p *process) processor() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ") // fields from the third on; proc(5)
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("cannot read the processor time of the process")
	}
	var user, system int64
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * (time.Second / 100), nil // USER_HZ is 100
}
