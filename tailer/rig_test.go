package tailer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/record"
)

// rig drives a Follower through Next and keeps what it delivers, as a consumer
// that accounts every chunk at once would.
type rig struct {
	t      testing.TB
	dir    string
	cfg    FollowConfig
	f      *Follower
	hints  bool // of the system; without, the test says when to look
	clock  time.Time
	events []Event
	chunks []accounted // of this run
	base   accounts    // before this run
	kinds  map[record.Kind]int
}

// accounted is what one chunk brought.
type accounted struct {
	source  uint64
	pos     Position
	gone    bool
	records []string
}

// accounts is what a consumer keeps.
type accounts struct {
	positions []Position
	records   map[string]int
}

// newRig follows args, names in a new folder; the whole folder if there are none.
func newRig(t testing.TB, args ...string) *rig {
	r := &rig{t: t, dir: t.TempDir(), clock: time.Unix(1.8e9, 0), kinds: map[record.Kind]int{}}
	if real, err := filepath.EvalSymlinks(r.dir); err == nil {
		r.dir = real
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	for _, a := range args {
		r.cfg.Args = append(r.cfg.Args, filepath.Join(r.dir, a))
	}
	r.cfg.Now = func() time.Time { return r.clock }
	r.cfg.Log = func(e Event) { r.events = append(r.events, e) }
	r.cfg.Pool = NewPool(1) // every block comes back before the next is asked for
	r.base.records = map[string]int{}
	t.Cleanup(r.close)
	return r
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

func (r *rig) follow() {
	r.t.Helper()
	f, err := follow(r.cfg, r.hints)
	if err != nil {
		r.t.Fatal(err)
	}
	r.f, r.chunks = f, nil
}

func (r *rig) close() {
	if r.f != nil {
		r.f.Close()
		r.f = nil
	}
}

// drain reads until nothing more comes, without the clock going on.
func (r *rig) drain() {
	r.t.Helper()
	if r.f == nil {
		r.follow()
	}
	r.f.scan, r.f.scanAt, r.f.tickAt = true, time.Time{}, time.Time{}
	r.look()
}

// look reads what the follower finds by itself, without the clock going on.
func (r *rig) look() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.f.idle = func() {
		if r.f.scan {
			r.f.scanAt = time.Time{}
			return
		}
		cancel()
	}
	for {
		c, err := r.f.Next(ctx)
		if errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			r.t.Fatal(err)
		}
		r.take(c)
	}
}

func (r *rig) take(c *Chunk) {
	a := accounted{source: c.Source, gone: c.Gone}
	text, err := json.Marshal(c.Position)
	if err == nil {
		err = json.Unmarshal(text, &a.pos)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if c.Block != nil {
		for _, rec := range c.Block.Records {
			a.records = append(a.records, strings.TrimRight(string(c.Block.Data[rec.Lo:rec.Hi]), "\r"))
			r.kinds[rec.Kind]++
		}
		c.Block.Release()
	}
	r.chunks = append(r.chunks, a)
}

// pass lets time go by and reads.
func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	r.clock = r.clock.Add(d)
	r.drain()
}

// rest waits until all that can come has come.
func (r *rig) rest() {
	r.t.Helper()
	for range 3 {
		r.pass(time.Second)
		r.pass(30 * time.Second)
	}
}

// after is what is accounted behind the first n chunks of this run.
func (r *rig) after(n int) accounts {
	a := accounts{records: maps.Clone(r.base.records)}
	positions := map[uint64]Position{}
	for i, p := range r.base.positions {
		positions[uint64(i+1)] = p
	}
	for _, c := range r.chunks[:n] {
		positions[c.source] = c.pos
		if c.gone {
			delete(positions, c.source)
		}
		for _, rec := range c.records {
			a.records[rec]++
		}
	}
	for _, n := range slices.Sorted(maps.Keys(positions)) {
		a.positions = append(a.positions, positions[n])
	}
	return a
}

// stop ends the run when all its chunks are accounted.
func (r *rig) stop() { r.crash(len(r.chunks)) }

// crash ends the run when its first n chunks are accounted.
func (r *rig) crash(n int) {
	if r.f == nil {
		return
	}
	r.base = r.after(n)
	r.close()
	r.chunks = nil
	r.cfg.Restore = r.base.positions
}

// want checks that exactly these records have been delivered, once each unless
// they are listed more often.
func (r *rig) want(records ...string) {
	r.t.Helper()
	want := map[string]int{}
	for _, rec := range records {
		want[rec]++
	}
	r.wantCounts(want)
}

func (r *rig) wantCounts(want map[string]int) {
	r.t.Helper()
	got := r.after(len(r.chunks)).records
	var wrong []string
	for rec := range got {
		if got[rec] != want[rec] {
			wrong = append(wrong, fmt.Sprintf("%d times, want %d: %.100q", got[rec], want[rec], rec))
		}
	}
	for rec := range want {
		if got[rec] == 0 {
			wrong = append(wrong, fmt.Sprintf("not delivered: %.100q", rec))
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		r.t.Fatalf("%d of %d records are wrong:\n%s\nevents: %v", len(wrong), len(want), strings.Join(wrong[:min(10, len(wrong))], "\n"), r.events)
	}
}

func (r *rig) saw(what What) (n int) {
	for _, e := range r.events {
		if e.What == what {
			n++
		}
	}
	return n
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) write(name, text string) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	r.must(err)
	r.put(f, text)
	r.must(f.Close())
}

func (r *rig) put(f *os.File, text string) {
	r.t.Helper()
	_, err := f.WriteString(text)
	r.must(err)
}

func (r *rig) rename(from, to string) {
	r.t.Helper()
	r.must(os.Rename(r.path(from), r.path(to)))
}

// copytruncate does what logrotate does by that name.
func (r *rig) copytruncate(from, to string) {
	r.t.Helper()
	r.copy(from, to)
	r.must(os.Truncate(r.path(from), 0))
}

func (r *rig) copy(from, to string) {
	r.t.Helper()
	text, err := os.ReadFile(r.path(from))
	r.must(err)
	r.must(os.WriteFile(r.path(to), text, 0o644))
}

// recs makes n records that no other call with the same name makes.
func recs(name string, from, n int) (all []string) {
	for i := from; i < from+n; i++ {
		all = append(all, fmt.Sprintf(`{"of":%q,"n":%d,"pad":%q}`, name, i, strings.Repeat("x", i*7%90)))
	}
	return all
}

func lines(records []string) string { return strings.Join(records, "\n") + "\n" }

func join(all ...[]string) []string { return slices.Concat(all...) }

// settleDown is rest, for those who have another.
func (r *rig) settleDown() { r.rest() }

// wantPlaces checks that positions are kept of these files and of no others.
func (r *rig) wantPlaces(names ...string) {
	r.t.Helper()
	var got, want []string
	for _, p := range r.after(len(r.chunks)).positions {
		st, err := statPath(p.Path)
		r.must(err)
		if got = append(got, p.Path); st.id != (fileID{p.Dev, p.Inode}) {
			r.t.Errorf("the position of %s is one of another file", p.Path)
		}
	}
	for _, name := range names {
		want = append(want, r.path(name))
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		r.t.Errorf("positions of %v, want %v", got, want)
	}
}
