package main

import (
	"fmt"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"sluice/internal/state"
)

// savestate DIR N saves a state N times, with a section of JSON lines, one that is
// none, and an empty one.
func cmdSaveState(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: savestate DIR N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	s, err := state.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	for i := range n {
		ts.Check(s.Save(
			state.Bytes("files", fmt.Appendf(nil, "{\"path\": \"<a>.log\", \"offset\": %d}\n[1]\n", i+1)),
			state.Bytes("counts", []byte{0, 1, 2}),
			state.Bytes("empty", nil),
		))
	}
	ts.Check(s.Close())
}

// holdstate DIR keeps the state locked until the script ends.
func cmdHoldState(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: holdstate DIR")
	}
	s, err := state.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { _ = s.Close() })
}
