package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sluice/agg/window"
	"sluice/internal/pipeline"
	"sluice/internal/record"
	"sluice/match"
	"sluice/match/detection"
	"sluice/match/row"
	"sluice/match/rule"
	"sluice/sink"
	"sluice/tailer"
)

// runFlags are the flags of `sluice run` as given.
type runFlags struct {
	rules []string
	ruleFlags
	windowFlags
	partialFlags
	followFlags
	output     string
	format     string
	nulls      string
	tz         string
	threads    int
	maxRecord  string
	maxMemory  string
	stats      bool
	quiet      bool
	exitStatus bool
	noFilter   bool
}

// job is what the flags mean.
type job struct {
	runFlags
	args       []string
	record     record.Format
	max        int
	memory     int // bytes
	zone       *time.Location
	detections []*detection.Detection
	windows    []window.Spec // by detection; nil without
}

const runHelp = `Read exports of Windows events to their end and print what the detections
find, one JSON object a line. With --follow, stay on them as they grow, rotate and
appear.

Inputs are NDJSON, JSON and Windows Event XML in any mix of shapes, plain or as
gzip or zstd. A folder is read with all that is below it but for hidden files;
- or no argument is standard input. Results go to stdout, everything else to
stderr.

With --follow, a row is printed whenever it has changed, with the numbers of all of
its window so far; the last row of a row_id is the one that holds, and "final" says
that no other will come. A state folder keeps what has been read and counted, so
that the next start goes on from there: each command line needs one of its own.
SIGTERM and an interrupt end it, SIGHUP loads the rules anew.

Exit status: 0, or 2 if an input or a rule could not be read, even when rows
were printed; with --exit-status, 1 if nothing matched.`

func (c *cli) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] [FILE | DIR | GLOB | -]...",
		Short: "Read event exports, or follow them, and print what the detections find",
		Long:  runHelp,
		Example: `  sluice run exports/ | jq -c '{dest, count, firstTime}'
  sluice run --stats -o risk Security.xml.gz
  zcat old.ndjson.gz | sluice run -r detections/ -
  sluice run --follow --state /var/lib/sluice '/var/log/win/*.json' | jq --unbuffered -c 'select(.final)'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.quiet = f.quiet
			if err := f.followFlags.check(cmd, f.output); err != nil {
				return err
			}
			if f.follow && f.output != "events" && !cmd.Flags().Changed("window") {
				f.window = "auto"
			}
			j, err := c.resolve(f, args)
			if err != nil {
				return err
			}
			if f.follow {
				return c.follow(cmd.Context(), j)
			}
			return c.run(cmd.Context(), j)
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVarP(&f.rules, "rules", "r", nil, "detection file or folder, instead of those built in (repeatable)")
	f.ruleFlags.add(cmd)
	fl.StringVarP(&f.output, "output", "o", "stats", "what to print: stats (rows), risk (risk events), events (matched events) or partial (rows for sluice merge)")
	f.windowFlags.add(cmd)
	f.partialFlags.add(cmd)
	f.followFlags.add(cmd)
	fl.StringVar(&f.format, "format", "auto", "input format: auto, ndjson or xml")
	fl.StringVar(&f.nulls, "nulls", "keep", "events with a missing BY field: keep (as null) or splunk (drop, as stats does)")
	fl.StringVar(&f.tz, "tz", "UTC", "zone of printed times, and of times in the input that have none")
	fl.IntVarP(&f.threads, "threads", "j", runtime.GOMAXPROCS(0), "worker threads")
	fl.StringVar(&f.maxRecord, "max-record", "16MiB", "longest record; longer ones count as malformed")
	fl.StringVar(&f.maxMemory, "max-memory", "1GiB", "memory for groups; past it, events of new groups are counted in one overflow row per detection")
	fl.BoolVar(&f.stats, "stats", false, "print a summary of the run as one JSON line on stderr")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no warnings and no progress")
	fl.BoolVarP(&f.exitStatus, "exit-status", "e", false, "exit with 1 if nothing matched")
	fl.BoolVar(&f.noFilter, "no-prefilter", false, "decode every record; for checks and benchmarks")
	fl.SortFlags = false
	return cmd
}

// resolve checks the flags and loads the rules. Rules with errors are reported
// and left out.
func (c *cli) resolve(f runFlags, args []string) (*job, error) {
	j := &job{runFlags: f, args: args}
	var err error
	if j.record, err = choose("format", f.format, map[string]record.Format{
		"auto": record.Auto, "ndjson": record.NDJSON, "xml": record.EventXML,
	}); err != nil {
		return nil, err
	}
	if _, err = choose("output", f.output, map[string]int{"stats": 0, "risk": 0, "events": 0, "partial": 0}); err != nil {
		return nil, err
	}
	if _, err = choose("nulls", f.nulls, map[string]int{"keep": 0, "splunk": 0}); err != nil {
		return nil, err
	}
	if j.zone, err = time.LoadLocation(f.tz); err != nil {
		return nil, fmt.Errorf("cannot use --tz %q: %w (hint: a name such as Europe/Berlin, UTC or Local)", f.tz, err)
	}
	if f.threads < 1 {
		return nil, fmt.Errorf("cannot use --threads %d: at least 1 is needed", f.threads)
	}
	if j.max, err = parseSize("max-record", f.maxRecord, 1<<30); err != nil {
		return nil, err
	}
	if j.memory, err = parseSize("max-memory", f.maxMemory, math.MaxInt); err != nil {
		return nil, err
	}
	if len(args) == 0 {
		if term.IsTerminal(int(c.stdin.Fd())) {
			return nil, errors.New("cannot read events: no file is given (hint: sluice run FILE, or pipe them in)")
		}
		j.args = []string{tailer.Stdin}
	}
	for _, glob := range slices.Concat(j.args, f.exclude) {
		if _, err := os.Lstat(glob); err != nil && strings.Contains(glob, "**") {
			return nil, fmt.Errorf("cannot use the glob %q: ** is not known (hint: a folder stands for all that is below it)", glob)
		}
	}
	if err = f.partialFlags.check(f.output); err != nil {
		return nil, err
	}
	if f.output == "events" && f.window != "none" {
		return nil, errors.New("cannot use --window with --output events, which counts nothing")
	}
	if j.detections, err = c.load(f.rules, f.ruleFlags); err != nil {
		return nil, err
	}
	if j.windows, err = f.specs(j.detections); err != nil {
		return nil, err
	}
	c.unscheduled(f.windowFlags, j.detections)
	for _, d := range j.detections {
		if f.output == "risk" && len(d.Risk.Objects) == 0 {
			c.warn("%s: the detection has no risk objects, so it makes no risk events", d.File)
		}
	}
	if len(j.detections) == 0 {
		return nil, errors.New("cannot run: no detection was loaded")
	}
	return j, nil
}

func choose[T any](flag, value string, values map[string]T) (T, error) {
	v, ok := values[value]
	if !ok {
		names := make([]string, 0, len(values))
		for _, name := range []string{"auto", "ndjson", "xml", "stats", "risk", "events", "partial", "keep", "splunk", "start", "end"} {
			if _, ok := values[name]; ok {
				names = append(names, name)
			}
		}
		return v, fmt.Errorf("cannot use --%s %q: want %s", flag, value, strings.Join(names, ", "))
	}
	return v, nil
}

// parseSize reads a number of bytes such as 64MiB, 64M or 67108864, up to a power of
// two, or to the greatest one of the machine.
func parseSize(flag, s string, limit int) (int, error) {
	units := []struct {
		suffix string
		factor int
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"", 1}}
	for _, u := range units {
		if digits, ok := strings.CutSuffix(s, u.suffix); ok {
			n, err := strconv.Atoi(strings.TrimSpace(digits))
			if err == nil && n > 0 && n <= limit/u.factor {
				return n * u.factor, nil
			}
			break
		}
	}
	most := ""
	if limit < math.MaxInt {
		most = fmt.Sprintf(", at most %dGiB", limit>>30)
	}
	return 0, fmt.Errorf("cannot use --%s %q: want a size such as 64MiB%s", flag, s, most)
}

func (c *cli) run(ctx context.Context, j *job) error {
	start := time.Now()
	files, errs := tailer.Expand(j.args)
	for _, err := range errs {
		c.fail(err)
	}
	if len(files)+len(errs) == 0 {
		c.warn("no file to read in %s", strings.Join(j.args, ", "))
	}
	out := bufio.NewWriterSize(c.stdout, 64<<10)
	enc := &sink.Encoder{Detections: j.detections, Zone: j.zone}
	rules := rulesOf(j.detections)
	cfg := pipeline.Config{
		Files:     files,
		Rules:     rules,
		Set:       match.Compile(rules, match.Options{Zone: j.zone, NoPrefilter: j.noFilter, AllFields: j.output == "events"}),
		Format:    j.record,
		MaxRecord: j.max,
		Threads:   j.threads,
		MaxMemory: j.memory,
		DropNulls: j.nulls == "splunk",
		Windows:   j.windows,
	}
	boundHeap(j.memory)
	rows := &rowPrinter{out: out, enc: enc, output: j.output}
	finish := out.Flush
	switch j.output {
	case "partial":
		w := j.partials(out)
		cfg.Group, finish = w.group, w.close
	case "events":
		cfg.Events = out
		cfg.Event = func(dst []byte, h *match.Hit) []byte { return enc.Event(dst, h.Rule, h.Event) }
	}
	if cfg.Group == nil {
		cfg.Row = rows.print
	}
	bar := c.progress(&cfg, tailer.Size(files))
	res, err := pipeline.Run(ctx, cfg)
	bar.stop()
	if err == nil {
		err = finish()
	}
	c.report(j, res, rows.throttled, time.Since(start))
	if err != nil {
		return writeError(err)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted: the rows are those of what was read until then")
	}
	if j.exitStatus && res.Matched == 0 && c.code == exitOK {
		c.code = exitNoMatch
	}
	return nil
}

func rulesOf(list []*detection.Detection) []*rule.Rule {
	rules := make([]*rule.Rule, len(list))
	for i, d := range list {
		rules[i] = d.Rule
	}
	return rules
}

// rowPrinter prints rows, or their risk events.
type rowPrinter struct {
	out       *bufio.Writer
	enc       *sink.Encoder
	output    string
	throttle  sink.Throttle
	throttled int64 // risk events that their detections' throttling has suppressed
}

func (p *rowPrinter) print(r row.Named) error {
	var lines []byte
	switch p.output {
	case "stats":
		lines = p.enc.Stats(r)
	case "risk":
		if lines = p.enc.Risk(r); len(lines) > 0 && p.throttle.Suppresses(p.enc.Detections[r.Rule], r) {
			p.throttled += int64(bytes.Count(lines, []byte("\n")))
			return nil
		}
	}
	_, err := p.out.Write(lines)
	return err
}

// besideGroups is the heap that a run needs for all but detections and groups, in bytes.
const besideGroups = 32 << 20

// boundHeap has the garbage collector keep the heap to the memory of the groups, what
// is there already and what a run needs besides, unless GOMEMLIMIT says less. It would
// let the heap grow to twice what is in use.
func boundHeap(groups int) {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	if n := int64(groups) + int64(now.HeapAlloc) + besideGroups; n > 0 && n < debug.SetMemoryLimit(-1) {
		debug.SetMemoryLimit(n)
	}
}

func writeError(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("cannot write results: %w", err)
}
