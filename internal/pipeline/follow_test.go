package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sluice/agg/window"
	"sluice/internal/pipeline"
	"sluice/internal/record"
	"sluice/match"
	"sluice/match/row"
	"sluice/match/rule"
	"sluice/tailer"
)

// feed stands for a follower: it brings the lines of a few files, in pieces and in any
// order, from where the positions say.
type feed struct {
	rng     *rand.Rand
	pool    *tailer.Pool
	files   [][]timedRecord
	at      []int    // lines
	numbers []uint64 // as of tailer.FollowConfig
	wait    bool     // for ever behind the last one, instead of the end
}

func newFeed(rng *rand.Rand, files [][]timedRecord, from []tailer.Position) *feed {
	f := &feed{rng: rng, pool: tailer.NewPool(8), files: files, at: make([]int, len(files))}
	for i := range files {
		f.numbers = append(f.numbers, uint64(len(files)+len(from)+i))
	}
	for i, p := range from {
		f.at[p.Inode], f.numbers[p.Inode] = int(p.Offset), uint64(i+1)
	}
	return f
}

func (f *feed) Next(ctx context.Context) (*tailer.Chunk, error) {
	var left []int
	for i := range f.files {
		if f.at[i] < len(f.files[i]) {
			left = append(left, i)
		}
	}
	if ctx.Err() != nil || len(left) == 0 && f.wait {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if len(left) == 0 {
		return nil, io.EOF
	}
	if f.rng.IntN(6) == 0 { // so that all there is has been added
		time.Sleep(2 * time.Millisecond)
	}
	i := left[f.rng.IntN(len(left))]
	n := min(1+f.rng.IntN(6), len(f.files[i])-f.at[i])
	var text strings.Builder
	for _, r := range f.files[i][f.at[i] : f.at[i]+n] {
		text.WriteString(r.text)
	}
	f.at[i] += n
	b, err := tailer.NewReader(strings.NewReader(text.String()), f.pool, record.NDJSON, 0).Next()
	if err != nil {
		return nil, err
	}
	return &tailer.Chunk{Block: b, Source: f.numbers[i], Position: tailer.Position{Path: fmt.Sprint("f", i), Inode: uint64(i), Offset: int64(f.at[i])}}, nil
}

// sums counts hits by rule, window and host before the positions.
func sums(files [][]timedRecord, at []tailer.Position, windows []window.Spec, rules int) map[string]int {
	out := map[string]int{}
	for _, p := range at {
		for _, r := range files[p.Inode][:p.Offset] {
			for k := range rules {
				if r.hits {
					out[groupName(k, r, windows)]++
				}
			}
		}
	}
	return out
}

func groupName(rule int, r timedRecord, windows []window.Spec) string {
	start := "none"
	if windows != nil && r.timed {
		s, _ := windows[rule].Of(r.nanos)
		start = fmt.Sprint(s)
	}
	return fmt.Sprint(rule, " ", start, " ", r.dest)
}

func changeName(c row.Named) string {
	start := "none"
	if c.Span.Timed {
		start = fmt.Sprint(c.Span.Start)
	}
	return fmt.Sprint(c.Rule, " ", start, " ", c.Get("dest").String())
}

// consumer keeps what a consumer of rows would know, and checks each print against what
// was saved before it.
type consumer struct {
	t       *testing.T
	files   [][]timedRecord
	windows []window.Spec
	rules   int
	saved   *pipeline.State
	rows    map[string]row.Named // by ID: the last one printed
	left    int                  // saves until the run is killed
}

func (c *consumer) save(s *pipeline.State) error {
	if c.left == 0 {
		return nil // dead
	}
	again, err := pipeline.ParseState(s.Parts())
	if err != nil {
		c.t.Error(err)
	}
	c.saved = again
	c.left--
	return nil
}

func (c *consumer) print(_ []byte, rows []row.Named) error {
	if c.left == 0 {
		return nil // dead
	}
	most := sums(c.files, c.saved.Positions, c.windows, c.rules)
	for _, r := range rows {
		n, _ := r.Get("count").Num()
		name := changeName(r)
		if want := most[name]; int(n) > want || !r.Span.Late && len(c.windows) == 0 && int(n) != want {
			c.t.Errorf("printed %v of %s, and %d are saved", n, name, want)
		}
		if old, ok := c.rows[r.Follow.ID]; ok {
			before, _ := old.Get("count").Num()
			if n < before && changeName(old) == name {
				c.t.Errorf("%s fell from %v to %v", name, before, n)
			}
			if changeName(old) != name || old.Span.Late != r.Span.Late {
				c.t.Errorf("%s and %s have one ID", name, changeName(old))
			}
		}
		c.rows[r.Follow.ID] = r
	}
	return nil
}

func followed(t *testing.T, windows []window.Spec) *pipeline.Program {
	t.Helper()
	rules := compile(t, `EventCode=4104 ScriptBlockText="*ipinfo*" | stats count min(_time) as a max(_time) as b by dest`,
		`EventCode=4104 ScriptBlockText="*ipinfo*" | eval x=1 | stats sum(x) as count values(dest) as d by dest | where count > 0`)
	return &pipeline.Program{Rules: rules, Set: match.Compile(rules, match.Options{}), Windows: windows, IDs: []string{"one", "two"}}
}

func hitsOf(rng *rand.Rand, first int64, files int) (out [][]timedRecord) {
	for range files {
		var list []timedRecord
		at := first
		for range 20 + rng.IntN(60) {
			at += rng.Int64N(int64(5 * time.Minute))
			r := timedRecord{timed: rng.IntN(9) > 0, dest: fmt.Sprint("pc", rng.IntN(3)), hits: rng.IntN(3) > 0, nanos: at - rng.Int64N(int64(20*time.Minute))}
			render(rng, &r, false)
			list = append(list, r)
		}
		out = append(out, list)
	}
	return out
}

// A run that is killed at any time goes on from what it saved; what a consumer knows in
// the end is what was written, each event counted once.
func TestFollowKilledAnywhere(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC).UnixNano()
	rounds := 60
	if testing.Short() {
		rounds = 12
	}
	late := false
	defer func() {
		if !late && !t.Failed() {
			t.Error("nothing came late")
		}
	}()
	for round := range rounds {
		rng := rand.New(rand.NewPCG(71, uint64(round)))
		files := hitsOf(rng, first, 1+rng.IntN(3))
		var windows []window.Spec
		if round%3 > 0 {
			windows = slices.Repeat([]window.Spec{window.Scheduled}, 2)
		}
		prog := followed(t, windows)
		c := &consumer{t: t, files: files, windows: windows, rules: 2, rows: map[string]row.Named{}}
		prog.Print = c.print
		var ticks atomic.Int64 // the clock moves with each look at it
		start := time.Unix(0, first).Add(time.Duration(rng.IntN(6)-2) * time.Hour)
		clock := func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * 10 * time.Second) }
		kills := 0
		for c.left = 1 + rng.IntN(12); ; c.left = 1 + rng.IntN(12) {
			if kills > 4 {
				c.left = 1 << 30
			}
			from := c.saved
			var at []tailer.Position
			if from != nil {
				at = from.Positions
			}
			_, err := pipeline.Follow(context.Background(), pipeline.FollowConfig{
				Program: prog, Threads: 1 + rng.IntN(3), Chunks: newFeed(rng, files, at), Restore: from, Save: c.save,
				Every: time.Duration(rng.IntN(2)) * time.Millisecond, Now: clock,
				Log: func(err error) { t.Error(err) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.left > 0 {
				break
			}
			kills++
		}
		var ends []tailer.Position
		for i := range files {
			ends = append(ends, tailer.Position{Inode: uint64(i), Offset: int64(len(files[i]))})
		}
		got := map[string]int{}
		for _, r := range c.rows {
			n, _ := r.Get("count").Num()
			got[changeName(r)] += int(n)
			late = late || r.Span.Late
			if !r.Follow.Final {
				t.Errorf("round %d: the last row of %s is not final", round, changeName(r))
			}
		}
		if want := sums(files, ends, windows, 2); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("round %d, %d kills:\n got %v\nwant %v", round, kills, got, want)
		}
	}
}

// A line of an event is printed before it is saved that the event was read: whatever
// happens in between, it is not lost.
func TestFollowEventsComeBeforeTheirPositions(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(95, 1))
	files := hitsOf(rng, time.Now().UnixNano(), 3)
	prog := followed(t, nil)
	prog.Rules, prog.IDs = prog.Rules[:1], prog.IDs[:1]
	prog.Set = match.Compile(prog.Rules, match.Options{})
	prog.Event = func(dst []byte, h *match.Hit) []byte { return append(dst, "line\n"...) }
	lines, saves := 0, 0
	prog.Print = func(events []byte, _ []row.Named) error {
		lines += strings.Count(string(events), "\n")
		return nil
	}
	save := func(s *pipeline.State) error {
		read := 0
		for _, n := range sums(files, s.Positions, nil, 1) {
			read += n
		}
		if saves++; lines < read {
			t.Errorf("%d events are saved as read, and %d are printed", read, lines)
		}
		return nil
	}
	_, err := pipeline.Follow(context.Background(), pipeline.FollowConfig{Program: prog, Threads: 2, Chunks: newFeed(rng, files, nil), Save: save})
	if err != nil || saves == 0 || lines == 0 {
		t.Errorf("%d saves, %d lines, %v", saves, lines, err)
	}
}

// Rules are swapped between two records: groups of a rule that stays go on, those of one
// that goes are printed for the last time, and each record is counted by one of the sets.
func TestFollowReload(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		rng := rand.New(rand.NewPCG(81, uint64(round)))
		files := hitsOf(rng, time.Now().UnixNano(), 2)
		old := followed(t, nil)
		fresh := &pipeline.Program{Rules: []*rule.Rule{old.Rules[1], old.Rules[0]}, IDs: []string{"three", "one"}}
		fresh.Set = match.Compile(fresh.Rules, match.Options{})
		reload := make(chan *pipeline.Program, 1)
		finals := map[string]float64{}
		fd := newFeed(rng, files, nil)
		when := rng.IntN(10)
		prints := 0
		if when == 0 {
			reload <- fresh
		}
		names := map[string]string{}
		old.Print = func(_ []byte, rows []row.Named) error {
			if prints++; prints == when {
				reload <- fresh
			}
			for _, r := range rows {
				n, _ := r.Get("count").Num()
				finals[r.Follow.ID] = n
				names[r.Follow.ID] = r.Get("dest").String()
			}
			return nil
		}
		fresh.Print = old.Print
		_, err := pipeline.Follow(context.Background(), pipeline.FollowConfig{Program: old, Threads: 2, Chunks: fd, Reload: reload})
		if err != nil {
			t.Fatal(err)
		}
		// Rule "one" has counted all, rules "two" and "three" together as well.
		got, want := map[string]float64{}, map[string]float64{}
		for id, n := range finals {
			got[names[id]] += n
		}
		for _, list := range files {
			for _, r := range list {
				if r.hits {
					want[r.dest] += 2
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("round %d: got %v, want %v", round, got, want)
		}
	}
}

// busy brings the lines of one file and then those of another, of which there are always
// more.
type busy struct {
	*feed
	clock *atomic.Int64
}

func (b *busy) Next(ctx context.Context) (*tailer.Chunk, error) {
	if b.at[0] == len(b.files[0]) {
		at := b.clock.Add(int64(20 * time.Millisecond)) // less than would look like a pause
		r := timedRecord{timed: true, dest: "busy", hits: true, nanos: at}
		render(b.rng, &r, false)
		b.files[1] = append(b.files[1], r)
	}
	return b.feed.Next(ctx)
}

// Windows are closed while records come without a pause, though another file, which has
// been read, has ended long ago.
func TestFollowClosesWindowsOfBusyInputs(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC).UnixNano()
	rng := rand.New(rand.NewPCG(84, 1))
	files := append(hitsOf(rng, first, 1), nil)
	var clock atomic.Int64
	clock.Store(first + int64(24*time.Hour))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	prog := followed(t, slices.Repeat([]window.Spec{{Period: int64(time.Second), Lag: int64(100 * time.Millisecond)}}, 2))
	closed, busyClosed := 0, 0
	prog.Print = func(_ []byte, rows []row.Named) error {
		for _, r := range rows {
			if r.Follow.Final {
				closed++
				if r.Get("dest").String() == "busy" {
					busyClosed++
				}
			}
		}
		if busyClosed > 4 {
			cancel()
		}
		return nil
	}
	if _, err := pipeline.Follow(ctx, pipeline.FollowConfig{
		Program: prog, Threads: 2, Chunks: &busy{newFeed(rng, files, nil), &clock},
		Now: func() time.Time { return time.Unix(0, clock.Load()) },
	}); err != nil {
		t.Fatal(err)
	}
	if busyClosed == 0 || closed == busyClosed {
		t.Errorf("%d rows are final, %d of the busy file", closed, busyClosed)
	}
}

// A rule that goes and comes back begins anew, and its rows are others: what was printed
// of them as final stays so.
func TestFollowRuleComesBack(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(83, 1))
	files := hitsOf(rng, time.Now().UnixNano(), 1)
	both := followed(t, nil)
	one := &pipeline.Program{Rules: both.Rules[:1], IDs: both.IDs[:1]}
	one.Set = match.Compile(one.Rules, match.Options{})
	var saved *pipeline.State
	finals, rows := map[string]float64{}, map[string]float64{}
	print := func(_ []byte, list []row.Named) error {
		for _, r := range list {
			n, _ := r.Get("count").Num()
			if _, ok := finals[r.Follow.ID]; ok {
				t.Errorf("a row is printed behind its final one: %v", n)
			}
			if rows[r.Follow.ID] = n; r.Follow.Final {
				finals[r.Follow.ID] = n
			}
		}
		return nil
	}
	both.Print, one.Print = print, print
	for round, p := range []*pipeline.Program{both, one, both} {
		reload := make(chan *pipeline.Program, 1)
		ctx, cancel := context.WithCancel(context.Background())
		fd := newFeed(rng, files, nil)
		if saved != nil {
			fd = newFeed(rng, files, saved.Positions)
		}
		fd.wait = true
		if round == 0 { // the rule goes while it runs, and again between two runs
			reload <- one
		}
		time.AfterFunc(50*time.Millisecond, cancel)
		if _, err := pipeline.Follow(ctx, pipeline.FollowConfig{
			Program: p, Threads: 1, Chunks: fd, Restore: saved, Reload: reload,
			Save: func(s *pipeline.State) (err error) {
				saved, err = pipeline.ParseState(s.Parts())
				return err
			},
		}); err != nil {
			t.Fatal(err)
		}
		more := hitsOf(rng, time.Now().UnixNano(), 1)
		files[0] = append(files[0], more[0]...)
	}
	if len(rows) < 4 {
		t.Errorf("%d rows", len(rows))
	}
}

// A run that is told to end does so though nobody reads its output, and has saved what it
// was to print.
func TestFollowEndsBlocked(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(91, 1))
	files := hitsOf(rng, time.Now().UnixNano(), 1)
	c := &consumer{t: t, files: files, rules: 2, left: 1 << 30}
	ctx, cancel := context.WithCancel(context.Background())
	release := make(chan struct{})
	defer close(release)
	fd := newFeed(rng, files, nil)
	fd.wait = true
	prog := followed(t, nil)
	prog.Print = func([]byte, []row.Named) error {
		cancel()
		<-release
		return nil
	}
	_, err := pipeline.Follow(ctx, pipeline.FollowConfig{Program: prog, Threads: 2, Chunks: fd, Save: c.save, Grace: 20 * time.Millisecond})
	if !errors.Is(err, pipeline.ErrBlocked) {
		t.Errorf("error %v", err)
	}
	if c.saved == nil || len(c.saved.Positions) == 0 {
		t.Error("nothing is saved")
	}
}
