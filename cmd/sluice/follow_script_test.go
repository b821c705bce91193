package main

import (
	"bytes"
	"os"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is when a test gives up waiting for what must come, on the slowest machine.
const patience = 2 * time.Minute

// await FILE REGEXP waits until FILE, which another process writes, holds REGEXP.
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	want, err := regexp.Compile(args[1])
	ts.Check(err)
	var text []byte
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if text, err = os.ReadFile(ts.MkAbs(args[0])); err == nil && want.Match(text) {
			return
		}
	}
	ts.Fatalf("%q did not come (%v):\n%s", args[1], err, text)
}

// append FROM TO writes what FROM holds behind what TO does, with @NOW@ replaced by the
// time.
func cmdAppend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: append FROM TO")
	}
	text := bytes.ReplaceAll([]byte(ts.ReadFile(args[0])), []byte("@NOW@"), time.Now().UTC().AppendFormat(nil, time.RFC3339Nano))
	f, err := os.OpenFile(ts.MkAbs(args[1]), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	ts.Check(err)
	_, err = f.Write(text)
	ts.Check(err)
	ts.Check(f.Close())
}
