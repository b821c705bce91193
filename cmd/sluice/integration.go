package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/match/detection"
	"sluice/match/row"
	"sluice/sink"
)

// hecFlags say where the risk events of tests are sent.
type hecFlags struct {
	url      string
	token    string
	index    string
	insecure bool
	timeout  time.Duration
}

// tokenVariable is for the token, which as a flag every user of the computer sees.
const tokenVariable = "SLUICE_HEC_TOKEN"

func (f *hecFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.url, "hec", "", "also send the risk events to this HTTP Event Collector, such as https://splunk:8088")
	fl.StringVar(&f.token, "hec-token", "", "its token, with indexer acknowledgment (default: $"+tokenVariable+")")
	fl.StringVar(&f.index, "hec-index", "risk", "the index to send to")
	fl.DurationVar(&f.timeout, "hec-timeout", time.Minute, "how long to wait for the acknowledgements of a test")
	fl.BoolVar(&f.insecure, "hec-insecure", false, "do not check the server's certificate")
}

// integrator runs the integration part of tests.
type integrator struct {
	hec  *sink.HEC
	down error // why nothing more can be sent
}

// integrator returns nil if nothing is to be sent.
func (f *hecFlags) integrator(cmd *cobra.Command) (*integrator, error) {
	if !cmd.Flags().Changed("hec") {
		for _, name := range []string{"hec-token", "hec-index", "hec-timeout", "hec-insecure"} {
			if cmd.Flags().Changed(name) {
				return nil, fmt.Errorf("cannot use --%s without --hec", name)
			}
		}
		return nil, nil
	}
	token := f.token
	if token == "" {
		token = strings.TrimSpace(os.Getenv(tokenVariable))
	}
	if token == "" {
		return nil, fmt.Errorf("cannot use --hec without a token (hint: set %s)", tokenVariable)
	}
	if f.timeout <= 0 {
		return nil, fmt.Errorf("cannot use --hec-timeout %v: it must be above 0", f.timeout)
	}
	hec, err := sink.NewHEC(sink.HECConfig{
		URL: f.url, Token: token, Insecure: f.insecure,
		Index: f.index, Host: testHost, Sourcetype: riskSourcetype, AckTimeout: f.timeout,
	})
	return &integrator{hec: hec}, err
}

const (
	// testHost is the host of the events of tests, so that they can be told from
	// findings, and be deleted.
	testHost = "sluice-test"
	// riskSourcetype is one that no configuration of Splunk's changes, so JSON is
	// extracted by default. In Splunk's own, stash, it would not be, and that is left
	// out of the license's volume, which is not ours to claim.
	riskSourcetype = "sluice:risk"
)

// integration is what became of the risk events of a test, and a member of its line
// of -o json.
type integration struct {
	Result  string  `json:"result"`
	Events  int     `json:"events"` // acknowledged
	Seconds float64 `json:"seconds"`
	Reason  string  `json:"reason,omitempty"`
}

// test sends the risk events of a test whose unit part came to unit with rows.
func (in *integrator) test(ctx context.Context, d *detection.Detection, unit outcome, rows []row.Named) *integration {
	start := time.Now()
	o := &integration{}
	o.Result, o.Reason = prevented(d, unit)
	if o.Result == "" {
		o.Result, o.Reason, o.Events = in.send(ctx, d, rows)
	}
	o.Seconds = time.Since(start).Seconds()
	return o
}

// prevented tells the result of a test that sends nothing. As in contentctl, Hunting
// and Correlation searches are skipped, and a failed unit test fails this one too.
func prevented(d *detection.Detection, unit outcome) (result, reason string) {
	switch {
	case slices.Contains([]string{"Hunting", "Correlation"}, d.Type):
		return skipped, "searches of type " + d.Type + " are not tested so"
	case len(d.Risk.Objects) == 0:
		return skipped, "it has no risk objects"
	case unit.Result == failed:
		return failed, "the unit test failed"
	case unit.Result != passed:
		return skipped, "there is no result of the unit test"
	}
	return "", ""
}

func (in *integrator) send(ctx context.Context, d *detection.Detection, rows []row.Named) (result, reason string, acked int) {
	if in.down != nil {
		return failed, fmt.Sprintf("not sent, as an earlier test met: %v", in.down), 0
	}
	r, err := in.hec.Send(ctx, riskEvents(d, rows))
	switch {
	case errors.Is(err, sink.ErrUnavailable):
		in.down = err
		return failed, err.Error(), r.Acked
	case err != nil:
		return failed, err.Error(), r.Acked
	case r.Accepted == 0:
		return skipped, "the test makes no risk events", 0
	case r.Acked < r.Accepted:
		return failed, fmt.Sprintf("%d of %d risk events were accepted, but get no acknowledgement (hint: enable indexer acknowledgment for the token)",
			r.Accepted-r.Acked, r.Accepted), r.Acked
	}
	return passed, "", r.Acked
}

// riskEvents gives the risk events of rows as `sluice run -o risk` prints them. Their
// time is that of the test, since an old one may be past what the index retains.
func riskEvents(d *detection.Detection, rows []row.Named) iter.Seq[sink.HECEvent] {
	enc := &sink.Encoder{Detections: []*detection.Detection{d}}
	now := time.Now()
	return func(yield func(sink.HECEvent) bool) {
		for _, r := range rows {
			for line := range bytes.Lines(enc.Risk(r)) {
				if !yield(sink.HECEvent{Time: now, Source: d.SavedSearch(), Event: line}) {
					return
				}
			}
		}
	}
}
