package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"sluice/internal/hectest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sluice": main})
}

// TestScript runs testdata/script. Beside testscript's own commands there are
// those of the map below; each says above its function what it does.
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":    cmdStatus,
			"identity":  cmdIdentity,
			"rows":      cmdRows,
			"hec":       cmdHEC,
			"envelopes": cmdEnvelopes,
			"gzip":      convert(pack(func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })),
			"zstd":      convert(pack(func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })),
			"utf16":     convert(toUTF16),
			"nonl":      convert(func(b []byte) ([]byte, error) { return bytes.TrimRight(b, "\n"), nil }),
			"gobytes":   convert(unescape),
			"repeat":    cmdRepeat,
			"closed":    cmdClosed,
			"head":      cmdHead,
			"savestate": cmdSaveState,
			"holdstate": cmdHoldState,
			"await":     cmdAwait,
			"append":    cmdAppend,
		},
		Setup: func(e *testscript.Env) error {
			e.Values[hecKey{}] = new(*hectest.Server)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, errors.New("unknown condition " + cond)
		},
	})
}

// status N COMMAND ARG... runs a command that must exit with status N.
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND ARG...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// identity FILE NAME=VALUE... reads the summary that --stats wrote to FILE and
// checks that every record is accounted for, and the named counts.
func cmdIdentity(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: identity FILE NAME=VALUE...")
	}
	var line string
	for l := range strings.Lines(ts.ReadFile(args[0])) {
		if strings.HasPrefix(l, "{") {
			if line != "" {
				ts.Fatalf("two summaries")
			}
			line = l
		}
	}
	var all map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(line), &all))
	count := func(name string) (n int64) {
		ts.Check(json.Unmarshal(all[name], &n))
		return n
	}
	if count("records") != count("skipped")+count("decoded")+count("malformed") {
		ts.Fatalf("records are not skipped + decoded + malformed: %s", line)
	}
	var seconds float64
	ts.Check(json.Unmarshal(all["seconds"], &seconds))
	for _, arg := range args[1:] {
		name, want, _ := strings.Cut(arg, "=")
		if got := string(all[name]); got != want {
			ts.Fatalf("%s is %s, want %s: %s", name, got, want, line)
		}
	}
}

// rows FILE MEMBER... writes rows.txt: one line for each JSON object of FILE with
// what stands in the named members, as JSON; a missing one is -.
func cmdRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: rows FILE MEMBER...")
	}
	var out strings.Builder
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var all map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &all); err != nil {
			ts.Fatalf("%v: %s", err, line)
		}
		var row []string
		for _, name := range args[1:] {
			value := string(all[name])
			if value == "" {
				value = "-"
			}
			row = append(row, value)
		}
		out.WriteString(strings.Join(row, " ") + "\n")
	}
	ts.Check(os.WriteFile(ts.MkAbs("rows.txt"), []byte(out.String()), 0o600))
}

// convert makes the command NAME IN OUT, which applies f to a file.
func convert(f func([]byte) ([]byte, error)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: NAME IN OUT")
		}
		out, err := f([]byte(ts.ReadFile(args[0])))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), out, 0o600))
	}
}

func pack(open func(io.Writer) (io.WriteCloser, error)) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		var out bytes.Buffer
		w, err := open(&out)
		if err == nil {
			_, err = w.Write(b)
		}
		if err == nil {
			err = w.Close()
		}
		return out.Bytes(), err
	}
}

// toUTF16 gives UTF-16LE with a byte order mark, as Windows PowerShell redirects.
func toUTF16(b []byte) ([]byte, error) {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(b))) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out, nil
}

// unescape reads each line as the inside of a Go string, and joins them.
func unescape(b []byte) ([]byte, error) {
	var out []byte
	for line := range strings.Lines(string(b)) {
		s, err := strconv.Unquote(`"` + strings.TrimSuffix(line, "\n") + `"`)
		if err != nil {
			return nil, err
		}
		out = append(out, s...)
	}
	return out, nil
}

// repeat N IN OUT writes IN N times, with @N@ replaced by the count.
func cmdRepeat(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: repeat N IN OUT")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	text := ts.ReadFile(args[1])
	var out strings.Builder
	for i := range n {
		out.WriteString(strings.ReplaceAll(text, "@N@", strconv.Itoa(i)))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(out.String()), 0o600))
}

// closed ARG... runs sluice with a stdout that is closed behind the first line,
// as | head -1 does. It must end quietly.
func cmdClosed(ts *testscript.TestScript, neg bool, args []string) {
	r, w, err := os.Pipe()
	ts.Check(err)
	defer r.Close()
	cmd := exec.Command("sluice", args...) // testscript.Main put it in PATH
	cmd.Dir = ts.MkAbs(".")
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &stderr
	ts.Check(cmd.Start())
	ts.Check(w.Close())
	var first []byte
	for one := make([]byte, 1); len(first) == 0 || first[len(first)-1] != '\n'; {
		if _, err := io.ReadFull(r, one); err != nil {
			ts.Fatalf("no line on stdout: %v; stderr %s", err, stderr.String())
		}
		first = append(first, one[0])
	}
	if !json.Valid(first) {
		ts.Fatalf("the first line is no JSON: %s", first)
	}
	r.Close()
	if err := cmd.Wait(); err != nil {
		ts.Fatalf("%v, stderr %s", err, stderr.String())
	}
	if stderr.Len() > 0 {
		ts.Fatalf("stderr is not empty: %s", stderr.String())
	}
}

// head N IN OUT writes the first N bytes of IN.
func cmdHead(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: head N IN OUT")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(ts.ReadFile(args[1])[:n]), 0o600))
}
