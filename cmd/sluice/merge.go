package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sluice/agg"
	"sluice/agg/partial"
	"sluice/agg/window"
	"sluice/internal/pipeline"
	"sluice/match"
	"sluice/match/detection"
	"sluice/sink"
	"sluice/tailer"
)

// mergeFlags are the flags of `sluice merge`.
type mergeFlags struct {
	rules []string
	ruleFlags
	output     string
	tz         string
	maxMemory  string
	stats      bool
	exitStatus bool
}

func (c *cli) mergeCommand() *cobra.Command {
	var f mergeFlags
	cmd := &cobra.Command{
		Use:   "merge [flags] [FILE | DIR | GLOB | -]...",
		Short: "Add up the partial rows of several runs or hosts",
		Long: `Add up what sluice run -o partial has written, of several runs or hosts, and
print the rows that one run over all their inputs would have printed.

The detections must be those of the runs. What a source wrote in an epoch counts
once, however often it is given. Files may be gzip or zstd, and hold what several
runs wrote; -o partial writes such a file, for another merge.

Exit status: 0, or 2 if a file could not be read or merged whole, even when rows of
others were printed; with --exit-status, 1 if there is no row.`,
		Example: `  sluice run -o partial --source $(hostname) logs/ | ssh hub 'cat > parts/$(uuidgen)'
  sluice merge parts/ | jq -c '{dest, count}'`,
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := c.merger(f, args)
			if err != nil {
				return err
			}
			return m.run()
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVarP(&f.rules, "rules", "r", nil, "detection file or folder of the runs, instead of those built in (repeatable)")
	f.ruleFlags.add(cmd)
	fl.StringVarP(&f.output, "output", "o", "stats", "what to print: stats (rows), risk (risk events) or partial (rows for another merge)")
	fl.StringVar(&f.tz, "tz", "UTC", "zone of printed times")
	fl.StringVar(&f.maxMemory, "max-memory", "1GiB", "memory for groups; past it, events of further ones are counted in one overflow row per detection")
	fl.BoolVar(&f.stats, "stats", false, "print a summary as one JSON line on stderr")
	fl.BoolVarP(&c.quiet, "quiet", "q", false, "no warnings")
	fl.BoolVarP(&f.exitStatus, "exit-status", "e", false, "exit with 1 if there is no row")
	fl.SortFlags = false
	return cmd
}

// merger adds partial rows up.
type merger struct {
	c *cli
	mergeFlags
	args       []string
	zone       *time.Location
	detections []*detection.Detection
	funcs      [][]agg.Func
	shapes     map[partial.Options]*shapes

	set      partial.Set
	table    *agg.Table      // of what is printed as rows
	parts    []*partial.Part // else
	files    int
	repeated int
}

// shapes is what rows of some options look like.
type shapes struct {
	ids     []partial.Detection
	windows []window.Spec
}

func (c *cli) merger(f mergeFlags, args []string) (*merger, error) {
	m := &merger{c: c, mergeFlags: f, args: args, table: agg.New(), shapes: map[partial.Options]*shapes{}}
	var err error
	if _, err = choose("output", f.output, map[string]int{"stats": 0, "risk": 0, "partial": 0}); err != nil {
		return nil, err
	}
	memory, err := parseSize("max-memory", f.maxMemory, math.MaxInt)
	if err != nil {
		return nil, err
	}
	m.table.Limit(memory)
	if m.zone, err = time.LoadLocation(f.tz); err != nil {
		return nil, fmt.Errorf("cannot use --tz %q: %w (hint: a name such as Europe/Berlin, UTC or Local)", f.tz, err)
	}
	if len(args) == 0 {
		if term.IsTerminal(int(c.stdin.Fd())) {
			return nil, errors.New("cannot merge: no file is given (hint: sluice merge FILE, or pipe them in)")
		}
		m.args = []string{tailer.Stdin}
	}
	if m.detections, err = c.load(f.rules, f.ruleFlags); err != nil {
		return nil, err
	}
	m.funcs = pipeline.Funcs(rulesOf(m.detections))
	return m, nil
}

func (m *merger) run() error {
	files, errs := tailer.Expand(m.args)
	for _, err := range errs {
		m.c.fail(err)
	}
	for _, name := range files {
		if err := m.file(name); err != nil {
			m.c.fail(fmt.Errorf("cannot merge %s: %w", name, err))
		}
	}
	out := bufio.NewWriterSize(m.c.stdout, 64<<10)
	if m.output == "partial" {
		return m.union(out)
	}
	return m.print(out)
}

// file takes the parts of a file up to its end or the first that is damaged.
func (m *merger) file(name string) error {
	f, err := tailer.Open(name, new(atomic.Int64))
	if err != nil {
		return err
	}
	defer f.Close()
	text, free, err := tailer.Decode(f)
	defer free()
	if err != nil {
		return err
	}
	m.files++
	r := partial.NewReader(text)
	r.Shape = m.shape
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		isNew, err := m.set.Add(p)
		switch {
		case err != nil:
			return err
		case !isNew:
			m.repeated++
		case m.output == "partial":
			m.parts = append(m.parts, p)
		default:
			m.add(p)
		}
	}
}

// shape tells what the rows of a detection look like that were counted by h's options.
func (m *merger) shape(h partial.Head, d partial.Detection) (s partial.Shape, err error) {
	of := m.shapes[h.Options]
	if of == nil {
		if h.Nulls != "keep" && h.Nulls != "splunk" {
			return s, fmt.Errorf("the rows were counted with --nulls %q, which is not known", h.Nulls)
		}
		flags := windowFlags{h.Window, h.Lag}
		of = &shapes{ids: identify(m.detections, h.Window)}
		if of.windows, err = flags.specs(m.detections); err != nil {
			return s, err
		}
		m.shapes[h.Options] = of
	}
	i := slices.IndexFunc(of.ids, func(o partial.Detection) bool { return o.Hash == d.Hash })
	if i < 0 {
		return s, m.unknown(d)
	}
	s = partial.Shape{Fields: len(m.detections[i].Rule.By), Funcs: m.funcs[i]}
	if of.windows != nil {
		s.Windows = &of.windows[i]
	}
	return s, nil
}

// unknown says why there is no detection of d's hash.
func (m *merger) unknown(d partial.Detection) error {
	for _, o := range m.detections {
		if o.ID == d.ID || o.Name == d.Name {
			return fmt.Errorf("the detection %q was another when its rows were counted, or had other macros, than that of %s", d.Name, o.File)
		}
	}
	return fmt.Errorf("the detection %q is not among those loaded (hint: --rules, as for the run)", d.Name)
}

// add adds the rows of a part up.
func (m *merger) add(p *partial.Part) {
	ids := m.shapes[p.Options]
	for _, g := range p.Groups {
		rule := slices.IndexFunc(ids.ids, func(o partial.Detection) bool { return o.Hash == g.Hash })
		for _, r := range g.Rows {
			r.Rule = rule
			m.table.Add(r, g.Funcs)
		}
	}
}

// union writes the parts in the order of their sources and epochs.
func (m *merger) union(out *bufio.Writer) error {
	slices.SortFunc(m.parts, func(a, b *partial.Part) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), cmp.Compare(a.Epoch, b.Epoch))
	})
	w := partial.NewWriter(out)
	rows := int64(0)
	for _, p := range m.parts {
		w.Part(p.Head, p.Groups)
		rows += p.Rows
	}
	err := w.Close()
	if err == nil {
		err = out.Flush()
	}
	return m.end(err, mergeSummary{Rows: rows})
}

// print prints the rows of all parts together.
func (m *merger) print(out *bufio.Writer) error {
	rules := rulesOf(m.detections)
	cfg := pipeline.Config{Rules: rules, Set: match.Compile(rules, match.Options{Zone: m.zone, NoPrefilter: true})}
	var err error
	if o, ok := m.set.Options(); ok {
		cfg.DropNulls = o.Nulls == "splunk"
		flags := windowFlags{o.Window, o.Lag}
		if cfg.Windows, err = flags.specs(m.detections); err != nil {
			return err
		}
	}
	groups := m.table.Rows()
	rows, cut, leftOut := pipeline.Finish(&cfg, groups)
	s := mergeSummary{Rows: int64(len(rows)), Cut: cut, Overflow: m.table.Overflowed(), LeftOut: leftOut}
	m.c.tellLeftOut(leftOut, roomOfRows)
	if s.Overflow > 0 {
		m.c.warn("the groups took more memory than --max-memory %s: %d events of further ones are counted in overflow rows", m.maxMemory, s.Overflow)
	}
	for _, g := range groups {
		if g.Late {
			s.Late += g.Count
		}
	}
	enc := &sink.Encoder{Detections: m.detections, Zone: m.zone}
	p := &rowPrinter{out: out, enc: enc, output: m.output}
	for _, r := range rows {
		if err == nil {
			err = p.print(r)
		}
	}
	if err == nil {
		err = out.Flush()
	}
	s.Throttled = p.throttled
	return m.end(err, s)
}

// mergeSummary is the line that --stats prints.
type mergeSummary struct {
	Files     int   `json:"files"`
	Parts     int   `json:"parts"`
	Repeated  int   `json:"repeated"` // parts that were given again
	Rows      int64 `json:"rows"`
	Late      int64 `json:"late,omitempty"`
	Throttled int64 `json:"throttled,omitempty"` // risk events
	Cut       int64 `json:"cut,omitempty"`
	Overflow  int64 `json:"overflow,omitempty"`
	LeftOut   int64 `json:"left_out,omitempty"`
}

// end sums the merge up, whose rows were written with err.
func (m *merger) end(err error, s mergeSummary) error {
	if m.stats {
		s.Files, s.Parts, s.Repeated = m.files, m.set.Len(), m.repeated
		m.c.summary(s)
	}
	if err != nil {
		return writeError(err)
	}
	if m.exitStatus && s.Rows == 0 && m.c.code == exitOK {
		m.c.code = exitNoMatch
	}
	return nil
}
