//go:build unix

package followtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen; a machine may be busy.
const patience = 30 * time.Second

var binary string

// TestMain builds the command once.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "followtest")
	if err == nil {
		binary = filepath.Join(dir, "sluice")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", binary, "sluice/cmd/sluice").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot build the command:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// process is a sluice that follows.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	stdout *os.File // the reading end
	ended  chan struct{}
	err    error // of Wait, once ended is closed
	read   chan struct{}

	mu     sync.Mutex
	view   *view
	lines  int // of this process
	stderr bytes.Buffer
}

// setup is what most tests need: a folder of inputs, one of the state, rules, and what a
// consumer knows over all processes.
type setup struct {
	t     testing.TB
	dir   string
	state string
	rules string
	view  *view
	want  sums
	n     int
}

func newSetup(t testing.TB) *setup {
	dir := t.TempDir()
	return &setup{t: t, dir: dir, state: filepath.Join(t.TempDir(), "state"), rules: oneRule(t), view: newView(), want: sums{}}
}

func (s *setup) path(name string) string { return filepath.Join(s.dir, name) }

// write appends n new events to a file.
func (s *setup) write(name string, n int) {
	s.t.Helper()
	list := s.make(n)
	appendTo(s.t, s.path(name), lines(list))
}

// make makes n new events, which are to be counted.
func (s *setup) make(n int) []event {
	list := events(s.n, n)
	s.n += n
	s.want.add(list...)
	return list
}

func (s *setup) args(more ...string) []string {
	args := []string{"run", "--follow", "--every", "0", "--window", "none", "--flush-after", "300ms", "-j", "1", "--rules", s.rules, "--state", s.state}
	return append(args, more...)
}

// start follows the folder. There may be more flags, and a command that runs it.
func (s *setup) start(more ...string) *process {
	s.t.Helper()
	return s.startUnder(nil, more...)
}

func (s *setup) startUnder(wrapper []string, more ...string) *process {
	s.t.Helper()
	p := s.command(wrapper, append(more, s.dir)...)
	p.launch(true)
	return p
}

// command is start before the process runs.
func (s *setup) command(wrapper []string, more ...string) *process {
	argv := append(append(wrapper, binary), s.args(more...)...)
	p := &process{t: s.t, cmd: exec.Command(argv[0], argv[1:]...), ended: make(chan struct{}), read: make(chan struct{}), view: s.view}
	return p
}

// launch starts the process; its output is read into the view if that is wanted.
func (p *process) launch(consume bool) {
	p.t.Helper()
	r, w, err := os.Pipe()
	must(p.t, err)
	p.stdout, p.cmd.Stdout = r, w
	stderr, err := p.cmd.StderrPipe()
	must(p.t, err)
	must(p.t, p.cmd.Start())
	w.Close()
	told := make(chan struct{})
	go func() {
		defer close(told)
		p.keep(stderr)
	}()
	go func() {
		<-told
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	p.t.Cleanup(func() {
		p.kill()
		r.Close()
	})
	if consume {
		p.consume()
	}
}

func (p *process) keep(stderr io.Reader) {
	buf := make([]byte, 4096)
	for {
		n, err := stderr.Read(buf)
		p.mu.Lock()
		p.stderr.Write(buf[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// consume reads stdout into the view.
func (p *process) consume() {
	go func() {
		defer close(p.read)
		in := bufio.NewReader(p.stdout)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return // what a killed process has written of a line is no line
			}
			p.mu.Lock()
			p.lines++
			p.view.line(line)
			p.mu.Unlock()
		}
	}()
}

// until waits until cond holds, or the process ends. It returns whether it does.
func (p *process) until(cond func() bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(patience)
	for time.Now().Before(end) {
		p.mu.Lock()
		ok := cond()
		p.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-p.ended:
			if p.cmd.Stdout != nil {
				select {
				case <-p.read:
				case <-time.After(time.Second):
				}
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			return cond()
		case <-tick.C:
		}
	}
	return false
}

func (p *process) errors() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// said waits until a text stands on stderr.
func (p *process) said(text string) {
	p.t.Helper()
	if !p.until(func() bool { return strings.Contains(p.stderr.String(), text) }) {
		p.t.Fatalf("stderr has not %q:\n%s", text, p.errors())
	}
}

// quietly checks that nothing is on stderr.
func (p *process) quietly() {
	p.t.Helper()
	if text := p.errors(); text != "" {
		p.t.Errorf("stderr: %s", text)
	}
}

// reach waits until the rows are exactly what is wanted, and some are of this process.
func (s *setup) reach(p *process) {
	s.t.Helper()
	s.reachOf(p, "One", s.want)
}

func (s *setup) reachOf(p *process, name string, want sums) {
	s.t.Helper()
	if !p.until(func() bool { return p.lines > 0 && want.differs(s.view.of(name)) == "" }) {
		p.mu.Lock()
		defer p.mu.Unlock()
		s.t.Fatalf("%s: %s\nstderr: %s", name, want.differs(s.view.of(name)), p.stderr.String())
	}
}

// check looks at what a consumer knows when no process runs.
func (s *setup) check() {
	s.t.Helper()
	if diff := s.want.differs(s.view.of("One")); diff != "" {
		s.t.Error(diff)
	}
	if s.view.fell != "" {
		s.t.Error(s.view.fell)
	}
	if s.view.bad != "" {
		s.t.Errorf("no JSON: %q", s.view.bad)
	}
}

func (p *process) signal(sig os.Signal) { p.cmd.Process.Signal(sig) }

// status waits until the process has ended and returns its exit code, -1 if a signal
// has ended it.
func (p *process) status() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("the process does not end; stderr: %s", p.errors())
	}
	select {
	case <-p.read:
	case <-time.After(patience):
		p.t.Fatal("stdout does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// stop ends the process as a service manager does.
func (p *process) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	if code := p.status(); code != 0 {
		p.t.Errorf("status %d; stderr: %s", code, p.errors())
	}
}

// kill ends the process at once.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// killed is kill; what it has printed until then is read.
func (p *process) killed() {
	p.kill()
	<-p.read
}

// finish starts once more, waits until the rows are what is wanted, and stops.
func (s *setup) finish(more ...string) {
	s.t.Helper()
	p := s.start(more...)
	s.reach(p)
	p.stop()
	s.check()
}

// rotate renames a file and its older ones, of which keep stay.
func (s *setup) rotate(name string, keep int) {
	s.t.Helper()
	must(s.t, rotate(s.path(name), keep))
}

func rotate(path string, keep int) error {
	at := func(i int) string { return fmt.Sprint(path, ".", i) }
	for i := keep - 1; i > 0; i-- {
		os.Rename(at(i), at(i+1))
	}
	return os.Rename(path, at(1))
}

// generation is that of the state, 0 if there is none.
func generation(t *testing.T, dir string) (n int) {
	t.Helper()
	out, err := exec.Command(binary, "state", "-q", "--state", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(out), `"generation":`)
	fmt.Sscan(strings.TrimLeft(rest, " "), &n)
	return n
}
