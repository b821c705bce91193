package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sluice/agg"
	"sluice/agg/partial"
	"sluice/internal/pipeline"
	"sluice/match/detection"
)

// partialFlags say whose partial rows a run writes.
type partialFlags struct {
	source string
	epoch  int64
}

func (f *partialFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.source, "source", "", "with -o partial, who counts: rows of one source and epoch are merged once (default: the host's name and a random one)")
	fl.Int64Var(&f.epoch, "epoch", -1, "with -o partial, a number that rises with each run of the source (default: the time)")
}

// check refuses the flags where they mean nothing.
func (f *partialFlags) check(output string) error {
	if output != "partial" && (f.source != "" || f.epoch != -1) {
		return errors.New("cannot use --source and --epoch without --output partial")
	}
	if f.epoch < -1 {
		return fmt.Errorf("cannot use --epoch %d: it must not be below 0", f.epoch)
	}
	return nil
}

// identity returns the source and the epoch of a run.
func (f *partialFlags) identity() (source string, epoch int64) {
	source, epoch = f.source, f.epoch
	if source == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "unknown"
		}
		source = host + "/" + rand.Text()
	}
	if epoch < 0 {
		epoch = time.Now().UnixNano()
	}
	return source, epoch
}

// partials writes the groups of a run as one part.
type partials struct {
	out   *bufio.Writer
	w     *partial.Writer
	ids   []partial.Detection
	funcs [][]agg.Func
	last  int // whose groups those before were
}

func (j *job) partials(out *bufio.Writer) *partials {
	p := &partials{out, partial.NewWriter(out), identify(j.detections, j.window), pipeline.Funcs(rulesOf(j.detections)), -1}
	h := partial.Head{Options: partial.Options{Window: j.window, Lag: j.lag, Nulls: j.nulls}}
	h.Source, h.Epoch = j.identity()
	p.w.Begin(h)
	return p
}

// group writes g, which comes in the order of the detections. Errors are told by close.
func (p *partials) group(g *agg.Row) error {
	if g.Rule != p.last {
		p.w.Detection(p.ids[g.Rule], p.funcs[g.Rule])
		p.last = g.Rule
	}
	p.w.Row(g)
	return nil
}

func (p *partials) close() error {
	p.w.End()
	if err := p.w.Close(); err != nil {
		return err
	}
	return p.out.Flush()
}

// identify returns by what partial rows name detections. The hash is of all that decides
// which rows a detection's events make; of equal detections, it counts which one it is.
func identify(list []*detection.Detection, windows string) []partial.Detection {
	ids := make([]partial.Detection, len(list))
	seen := map[string]int{}
	for i, d := range list {
		text := fmt.Sprintf("%q %q %q %s", d.Kind, d.ID, d.Name, d.Rule)
		if windows == "auto" {
			text += fmt.Sprintf(" %+v", d.Windows)
		}
		seen[text]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", seen[text], text))
		ids[i] = partial.Detection{Name: d.Name, ID: d.ID, Hash: hex.EncodeToString(sum[:16])}
	}
	return ids
}
