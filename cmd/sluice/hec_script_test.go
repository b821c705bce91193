package main

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"sluice/internal/hectest"
)

// hecKey is under which a script's server is kept.
type hecKey struct{}

// hec [OPTION...] starts an HTTP Event Collector in place of the script's last one
// and puts its URL into $HEC. Options are ack=N (the question at which it
// acknowledges; never below 0), noack, busy=N (so many answers), index=NAME, tls,
// page (it answers with HTML) and closed.
func cmdHEC(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: hec [OPTION...]")
	}
	cfg := hectest.Config{Token: "script-token"}
	closed := false
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		n, _ := strconv.Atoi(value)
		switch name {
		case "ack":
			cfg.AckAt = n
		case "noack":
			cfg.NoAck = true
		case "busy":
			cfg.Busy = n
		case "index":
			cfg.Indexes = append(cfg.Indexes, value)
		case "tls":
			cfg.TLS = true
		case "page":
			cfg.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
				io.WriteString(w, "<html>")
				return true
			}
		case "closed":
			closed = true
		default:
			ts.Fatalf("unknown option %s", arg)
		}
	}
	s := hectest.Start(cfg)
	ts.Defer(s.Close)
	if closed {
		s.Close()
	}
	*ts.Value(hecKey{}).(**hectest.Server) = s
	ts.Setenv("HEC", s.URL)
}

// envelopes N FILE checks that the script's server took N events, and writes FILE: a
// line for each with host, source, sourcetype and index, and FILE.events: the events.
func cmdEnvelopes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: envelopes N FILE")
	}
	var lines, events strings.Builder
	n := 0
	for _, batch := range (*ts.Value(hecKey{}).(**hectest.Server)).Batches() {
		for _, e := range batch {
			n++
			lines.WriteString(strings.Join([]string{e.Host, e.Source, e.Sourcetype, e.Index}, "; ") + "\n")
			events.WriteString(strings.TrimSpace(string(e.Event)) + "\n")
		}
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("the server took %d events, want %s:\n%s", n, args[0], events.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(lines.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]+".events"), []byte(events.String()), 0o600))
}
