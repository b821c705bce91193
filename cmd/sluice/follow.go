package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/pipeline"
	"sluice/internal/state"
	"sluice/match"
	"sluice/match/detection"
	"sluice/match/row"
	"sluice/sink"
	"sluice/tailer"
)

// followFlags are the flags of `sluice run --follow`.
type followFlags struct {
	follow     bool
	exclude    []string
	from       string
	every      time.Duration
	flushAfter time.Duration
	state      string
}

func (f *followFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVarP(&f.follow, "follow", "f", false, "stay on the inputs as they grow, rotate and appear, until interrupted")
	fl.StringArrayVar(&f.exclude, "exclude", nil, "with --follow, glob of names of files, or of whole paths, that are not followed (repeatable)")
	fl.StringVar(&f.from, "from", "start", "with --follow and no state yet, where to begin in files that are there: start or end")
	fl.DurationVar(&f.every, "every", 5*time.Second, "with --follow, how often rows that have changed are printed; 0: at once")
	fl.DurationVar(&f.flushAfter, "flush-after", 30*time.Second, "with --follow, how long a last line without a line feed waits for more")
	fl.StringVar(&f.state, "state", "", "with --follow, folder of what has been read and counted, one for each command line; none keeps nothing (default $STATE_DIRECTORY, else a folder of the user)")
}

// check refuses the flags where they mean nothing.
func (f *followFlags) check(cmd *cobra.Command, output string) error {
	if !f.follow {
		for _, name := range []string{"exclude", "from", "every", "flush-after", "state"} {
			if cmd.Flags().Changed(name) {
				return fmt.Errorf("cannot use --%s without --follow", name)
			}
		}
		return nil
	}
	if _, err := choose("from", f.from, map[string]int{"start": 0, "end": 0}); err != nil {
		return err
	}
	switch {
	case f.every < 0:
		return fmt.Errorf("cannot use --every %v: it must not be below 0", f.every)
	case f.flushAfter <= 0:
		return fmt.Errorf("cannot use --flush-after %v: it must be above 0", f.flushAfter)
	case cmd.Flags().Changed("exit-status"):
		return errors.New("cannot use --exit-status with --follow, which ends when it is told to")
	case output == "partial":
		return errors.New("cannot use --output partial with --follow: rows of a run that goes on would be counted several times")
	}
	return nil
}

// follow stays on the inputs until ctx ends.
func (c *cli) follow(ctx context.Context, j *job) error {
	start := time.Now()
	keep, restore, err := c.openState(j)
	if err != nil {
		return err
	}
	if keep != nil {
		defer keep.Close()
	}
	out := bufio.NewWriterSize(c.stdout, 64<<10)
	events := map[tailer.What]int64{}
	cfg := pipeline.FollowConfig{
		Program: j.program(j.detections, out), Threads: j.threads, MaxMemory: j.memory, DropNulls: j.nulls == "splunk",
		Every: j.every, Restore: restore, Log: func(err error) { c.warn("%v", err) },
	}
	if keep != nil {
		cfg.Save = func(s *pipeline.State) error { return checkpoint(keep, s) }
	}
	tail := tailer.FollowConfig{
		Args: j.args, Exclude: j.exclude, Format: j.record, Max: j.max, FromEnd: j.from == "end",
		FlushAfter: j.flushAfter, Log: func(e tailer.Event) { events[e.What]++; c.tellFile(e) },
	}
	if restore != nil {
		tail.Restore = restore.Positions
	}
	follower, err := tailer.Follow(tail)
	if err != nil {
		return fmt.Errorf("cannot follow: %w", err)
	}
	defer follower.Close()
	boundHeap(j.memory)
	cfg.Chunks = follower
	cfg.Reload = c.reloads(ctx, j, out)
	c.tellAwaited(j.args)
	res, err := pipeline.Follow(ctx, cfg)
	if res == nil {
		return err
	}
	c.report(j, res, 0, time.Since(start))
	if errors.Is(err, pipeline.ErrBlocked) { // nothing is lost
		c.warn("%v", err)
		return nil
	}
	if err != nil {
		return writeError(err)
	}
	return nil
}

// tellAwaited tells of inputs that are not there yet: a name may be mistyped.
func (c *cli) tellAwaited(args []string) {
	for _, arg := range args {
		if _, err := os.Stat(arg); arg == tailer.Stdin || !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if found, err := filepath.Glob(arg); err == nil && len(found) == 0 {
			c.warn("%s: there is no such file yet; it is waited for", arg)
		}
	}
}

// program returns what the detections are in force as.
func (j *job) program(list []*detection.Detection, out *bufio.Writer) *pipeline.Program {
	rules := rulesOf(list)
	p := &pipeline.Program{
		Rules: rules,
		Set:   match.Compile(rules, match.Options{Zone: j.zone, NoPrefilter: j.noFilter, AllFields: j.output == "events"}),
	}
	p.Windows, _ = j.specs(list) // the flags have been checked
	for i, d := range identify(list, j.window) {
		id := d.Hash
		if p.Windows != nil { // rows of other windows are others
			sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", id, p.Windows[i].Period, p.Windows[i].Offset))
			id = hex.EncodeToString(sum[:16])
		}
		p.IDs, p.Names = append(p.IDs, id), append(p.Names, d.Name)
	}
	enc := &sink.Encoder{Detections: list, Zone: j.zone}
	if j.output == "events" {
		p.Event = func(dst []byte, h *match.Hit) []byte { return enc.Event(dst, h.Rule, h.Event) }
	}
	rows := &rowPrinter{out: out, enc: &sink.Encoder{Detections: list, Zone: j.zone}, output: j.output}
	p.Print = func(events []byte, list []row.Named) error {
		if _, err := out.Write(events); err != nil {
			return err
		}
		for _, r := range list {
			if j.output == "risk" && !r.Follow.Final && closes(p, r) {
				continue // the scheduled search has not run yet
			}
			if err := rows.print(r); err != nil {
				return err
			}
		}
		return out.Flush()
	}
	return p
}

// closes reports whether a row becomes final. Risk events of one that does not, as its
// events have no time or its window no end, must not wait for that.
func closes(p *pipeline.Program, r row.Named) bool {
	return p.Windows != nil && r.Span.Timed && !p.Windows[r.Rule].Open
}

// openState opens the folder of the state and reads what is to be gone on from.
func (c *cli) openState(j *job) (*state.Store, *pipeline.State, error) {
	if j.state == "none" {
		return nil, nil, nil
	}
	dir, err := stateDir(j.state)
	if err != nil {
		return nil, nil, err
	}
	store, err := state.Open(dir)
	if err != nil && j.state == "" {
		err = fmt.Errorf("%w (hint: --state names another one)", err)
	}
	if err != nil {
		return nil, nil, err
	}
	parts, info, err := store.Load()
	if err == nil {
		for _, w := range info.Warnings {
			c.warn("%s", w)
		}
		if info.Generation == 0 {
			return store, nil, nil
		}
		var s *pipeline.State
		if s, err = pipeline.ParseState(parts); err == nil {
			return store, s, nil
		}
	}
	store.Close()
	return nil, nil, fmt.Errorf("cannot go on from the state in %s: %w (hint: sluice state reset --yes forgets it)", dir, err)
}

func checkpoint(keep *state.Store, s *pipeline.State) error {
	parts := s.Parts()
	var sections []state.Section
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		sections = append(sections, state.Bytes(name, parts[name]))
	}
	return keep.Save(sections...)
}

// reloads brings the rules anew with each SIGHUP, if they can be loaded without an error.
func (c *cli) reloads(ctx context.Context, j *job, out *bufio.Writer) <-chan *pipeline.Program {
	ask := hangups(ctx)
	if ask == nil {
		return nil
	}
	programs := make(chan *pipeline.Program)
	go func() {
		for range ask {
			list, err := j.reload()
			if err != nil {
				c.warn("the rules in force stay: %v", err)
				continue
			}
			select {
			case programs <- j.program(list, out):
				c.warn("%d %s loaded anew", len(list), plural(int64(len(list)), "detection"))
			case <-ctx.Done():
			}
		}
	}()
	return programs
}

// reload loads the rules that the flags name. Any error refuses them all.
func (j *job) reload() ([]*detection.Detection, error) {
	l, err := j.loader()
	if err != nil {
		return nil, err
	}
	list := loadAll(l, j.rules)
	if bad := refusals(l.Problems); len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	if len(list) == 0 {
		return nil, errors.New("no detection was loaded")
	}
	return list, nil
}

// tellFile tells what happened to a followed file, if it may be of concern.
func (c *cli) tellFile(e tailer.Event) {
	switch e.What {
	case tailer.Truncated:
		c.warn("%s: truncated or rewritten at offset %d; it is read from its start", e.Path, e.Offset)
	case tailer.Cut:
		c.warn("%s: ends in the middle of a record at offset %d", e.Path, e.Offset)
	case tailer.Unreadable:
		c.warn("cannot read %s: %v; it is tried again", e.Path, hinted(tailer.Reason(e.Err)))
	case tailer.Readable:
		c.warn("%s: can be read again", e.Path)
	case tailer.Unwatched:
		c.warn("the system gives no hints when files change: %v; they are looked at every second", e.Err)
	}
}
