package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// childTimeout ends a child process that hangs.
const childTimeout = 15 * time.Minute

// command returns a child process with its time limit.
func command(ctx context.Context, argv ...string) (*exec.Cmd, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, childTimeout)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = 10 * time.Second
	return cmd, cancel
}

// output runs a command and returns what it prints first.
func output(ctx context.Context, argv ...string) string {
	cmd, cancel := command(ctx, argv...)
	defer cancel()
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// tools are the other programs by path; "" where this machine has none.
type tools struct {
	rg, wc string
	duckdb string // its command, or
	python string // a Python with its module
}

func findTools(ctx context.Context) (t tools) {
	t.rg, _ = exec.LookPath("rg")
	t.wc, _ = exec.LookPath("wc")
	t.duckdb, _ = exec.LookPath("duckdb")
	for _, name := range []string{"python3", "python"} {
		if t.python == "" && output(ctx, name, "-c", duckVersion) != "" {
			t.python = name
		}
	}
	return t
}

const duckVersion = "import duckdb; print(duckdb.__version__)"

// versions tells what was found, and names what is missing.
func (t tools) versions(ctx context.Context) []string {
	say := func(name string, argv ...string) string {
		if argv[0] == "" {
			return name + ": missing on this machine"
		}
		return name + ": " + output(ctx, argv...)
	}
	duck := say("DuckDB", t.duckdb, "--version")
	if t.duckdb == "" && t.python != "" {
		duck = say("DuckDB, as a Python module, timed without Python's start", t.python, "-c", duckVersion)
	}
	return []string{say("rg", t.rg, "--version"), say("wc", t.wc, "--version"), duck}
}

// build makes the command from the tree.
func build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "sluice")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	cmd, cancel := command(ctx, "go", "build", "-buildvcs=auto", "-o", path, "sluice/cmd/sluice")
	defer cancel()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build sluice: %w\n%s", err, out)
	}
	return path, nil
}

// revision tells from which commit a binary was built.
func revision(path string) string {
	rev := "of an unknown commit"
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return rev
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = "of commit " + s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			rev += ", modified"
		}
	}
	return rev + ", built by " + info.GoVersion
}

// duckArgs returns the command that runs the built-in detection in DuckDB. It
// prints the count first. Python's also prints the seconds of the query, which
// count instead of the whole command's: its start is not DuckDB's.
func (t tools) duckArgs(path string) []string {
	sql := fmt.Sprintf(duckQuery, strings.ReplaceAll(path, "'", "''"))
	set := fmt.Sprintf("SET enable_progress_bar = false; SET threads = %d", threads())
	switch {
	case t.duckdb != "":
		return []string{t.duckdb, "-csv", "-noheader", "-c", set + "; " + sql}
	case t.python != "":
		return []string{t.python, "-c", duckScript, set, sql}
	}
	return nil
}

const duckScript = `
import sys, time, duckdb
start = time.perf_counter()
db = duckdb.connect()
db.execute(sys.argv[1])
row = db.execute(sys.argv[2]).fetchall()[0]
print(row[0], time.perf_counter() - start, sep=",")
`

// duckQuery reads only the columns that it needs, which is the fastest way.
const duckQuery = `SELECT coalesce(sum(n), 0)::BIGINT FROM (
  SELECT Hostname, ProviderGuid, SourceName, Path, ScriptBlockId, ScriptBlockText, count(*) AS n
  FROM read_json('%s', format = 'newline_delimited', maximum_object_size = 16777216, columns = {
    EventID: 'VARCHAR', Channel: 'VARCHAR', Hostname: 'VARCHAR', ProviderGuid: 'VARCHAR', SourceName: 'VARCHAR',
    Path: 'VARCHAR', ScriptBlockId: 'VARCHAR', ScriptBlockText: 'VARCHAR'})
  WHERE EventID = '4104'
    AND lower(Channel) IN ('microsoft-windows-powershell/operational', 'powershellcore/operational')
    AND ScriptBlockText ILIKE '%%Invoke-RestMethod%%'
    AND (ScriptBlockText ILIKE '%%ipinfo.io%%' OR ScriptBlockText ILIKE '%%api.ipify.org%%')
  GROUP BY ALL)`

// number reads the first number that a command printed; nothing is 0.
func number(out []byte) (int64, error) {
	field := bytes.TrimSpace(out)
	if i := bytes.IndexAny(field, " ,\r\n\t"); i >= 0 {
		field = field[:i]
	}
	if len(field) == 0 {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(field), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("cannot read count %q", field)
	}
	return n, nil
}
