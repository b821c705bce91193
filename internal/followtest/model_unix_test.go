//go:build unix

package followtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/pipeline"
	"sluice/match"
	"sluice/match/row"
	"sluice/match/rule"
	"sluice/match/spl"
	"sluice/tailer"
)

// model runs tailer.Follower and pipeline.Follow in this process, does to their files
// what happens to logs, and knows what must have been counted. What may be lost by
// design, bytes that are gone before anyone could read them, it does not ask for: it
// waits until all is read, printed and saved before it destroys anything.
type model struct {
	t     *testing.T
	rnd   *rand.Rand
	dir   string
	begun time.Time
	ahead atomic.Int64 // the clock, before the real one
	log   []string
	want  sums
	n     int
	rest  map[string]string // of the partial record at the end of a file
	links int
	late  *os.File // app.ndjson.1 as it was app.ndjson
	reach int      // reloads

	run  *modelRun
	mu   sync.Mutex
	more *sync.Cond
	// What outlives runs: the state, and what a consumer knows.
	saved    *pipeline.State
	unsaved  bool // the last time
	failing  int  // how often saving is to fail
	program  *pipeline.Program
	rows     map[string]row.Named
	names    map[string]string // of the rules of rows
	fell     string
	overdone bool // rows may fall: some were printed that were not saved
}

// modelRun is one run.
type modelRun struct {
	follower *tailer.Follower
	cancel   func()
	done     chan error
	dead     bool // what it does is not seen any more; under model.mu
	reload   chan *pipeline.Program
	poke     atomic.Pointer[context.CancelFunc]
	ahead    *atomic.Int64 // of the model
	clock    time.Duration // what the follower knows of it
}

// Next has the follower look at the clock whenever it is poked, and at no other time:
// how long it takes for something is to be the real time.
func (r *modelRun) Next(ctx context.Context) (*tailer.Chunk, error) {
	for {
		r.clock = time.Duration(r.ahead.Load())
		inner, cancel := context.WithCancel(ctx)
		r.poke.Store(&cancel)
		c, err := r.follower.Next(inner)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.Canceled) {
			return c, err
		}
	}
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{
		t: t, rnd: rand.New(rand.NewPCG(seed, 32)), dir: t.TempDir(), begun: time.Now(), want: sums{},
		rest: map[string]string{}, rows: map[string]row.Named{}, names: map[string]string{},
	}
	m.more = sync.NewCond(&m.mu)
	m.program = m.newProgram()
	must(t, os.MkdirAll(m.path("d"), 0o755))
	must(t, os.MkdirAll(m.path("t"), 0o755))
	must(t, os.MkdirAll(m.path("copies"), 0o755))
	m.start()
	m.write("app.ndjson", 3)
	m.settle()
	return m
}

func (m *model) path(name string) string { return filepath.Join(m.dir, filepath.FromSlash(name)) }

func (m *model) now() time.Time { return time.Now().Add(time.Duration(m.ahead.Load())) }

// newProgram has a rule that stays and one that is another each time.
func (m *model) newProgram() *pipeline.Program {
	m.reach++
	const search = `EventCode=4104 ScriptBlockText="*ipinfo.io*" | stats count min(_time) as firstTime max(_time) as lastTime by dest`
	p := &pipeline.Program{IDs: []string{"one", fmt.Sprint("two-", m.reach)}}
	if m.reach%2 == 0 {
		p.IDs[0], p.IDs[1] = p.IDs[1], p.IDs[0]
	}
	for range 2 {
		r, err := spl.Compile(search, spl.Env{})
		must(m.t, err)
		p.Rules = append(p.Rules, r)
	}
	p.Set = match.Compile(append([]*rule.Rule(nil), p.Rules...), match.Options{})
	return p
}

func (m *model) start() {
	r := &modelRun{done: make(chan error, 1), reload: make(chan *pipeline.Program), ahead: &m.ahead, clock: time.Duration(m.ahead.Load())}
	cfg := tailer.FollowConfig{
		Args: []string{m.path("app.ndjson"), m.path("d"), m.path("cur.ndjson")}, Pool: tailer.NewPool(4),
		Now: func() time.Time { return time.Now().Add(r.clock) },
		Log: func(e tailer.Event) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.log = append(m.log, fmt.Sprintf("  %v %s at %d", e.What, filepath.Base(e.Path), e.Offset))
		},
	}
	if m.saved != nil {
		cfg.Restore = m.saved.Positions
	}
	var err error
	r.follower, err = tailer.Follow(cfg)
	must(m.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	follow := pipeline.FollowConfig{
		Program: m.printing(r, m.program), Threads: 2, Chunks: r, Restore: m.saved, Reload: r.reload, Now: m.now,
		Save: func(s *pipeline.State) error { return m.save(r, s) },
	}
	m.run = r
	go func() {
		_, err := pipeline.Follow(ctx, follow)
		r.follower.Close()
		r.done <- err
	}()
}

func (m *model) save(r *modelRun, s *pipeline.State) error {
	again, err := pipeline.ParseState(s.Parts())
	if err != nil {
		m.t.Error(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.more.Broadcast()
	switch {
	case r.dead:
		return nil
	case m.failing > 0:
		m.failing--
		m.unsaved, m.overdone = true, true
		return errors.New("no space left")
	}
	m.saved, m.unsaved = again, false
	return nil
}

// printing is p whose rows come to the model.
func (m *model) printing(r *modelRun, p *pipeline.Program) *pipeline.Program {
	q := *p
	q.Print = func(_ []byte, rows []row.Named) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		defer m.more.Broadcast()
		if r.dead {
			return nil
		}
		for _, c := range rows {
			id := c.Follow.ID
			if old, ok := m.rows[id]; ok && count(old) > count(c) && !m.overdone {
				m.fell = fmt.Sprintf("%s of %v fell from %d to %d", p.IDs[c.Rule], c.Get("dest"), count(old), count(c))
			}
			m.rows[id], m.names[id] = c, p.IDs[c.Rule][:3]
		}
		return nil
	}
	return &q
}

func count(r row.Named) int {
	n, _ := r.Get("count").Num()
	return int(n)
}

// differs says how what a consumer knows differs from what was written.
func (m *model) differs() string {
	out := ""
	for _, name := range []string{"one", "two"} {
		got := sums{}
		for id, r := range m.rows {
			if m.names[id] != name {
				continue
			}
			first, _ := r.Get("firstTime").Num()
			last, _ := r.Get("lastTime").Num()
			host := r.Get("dest").String()
			got[host] = got[host].plus(printed{Count: count(r), First: first, Last: last}.sum())
		}
		if d := m.want.differs(got); d != "" {
			out += name + ": " + d
		}
	}
	return out
}

// settle completes partial records and waits until all is printed and saved.
func (m *model) settle() {
	m.t.Helper()
	m.complete()
	for end := time.Now().Add(patience); ; {
		if m.settled(6 * time.Millisecond) {
			return
		}
		if time.Now().After(end) {
			m.fail("after "+fmt.Sprint(patience), m.differs())
		}
		m.pass(time.Second)
	}
}

// settled waits a while for that.
func (m *model) settled(d time.Duration) bool {
	end := time.Now().Add(d) // before the timer is set, which would else fire too early to end the wait
	timer := time.AfterFunc(d, func() {
		m.mu.Lock() // or it comes between a look at the clock and Wait
		defer m.mu.Unlock()
		m.more.Broadcast()
	})
	defer timer.Stop()
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.unsaved || m.differs() != "" {
		if !time.Now().Before(end) {
			return false
		}
		m.more.Wait()
	}
	if m.fell != "" {
		m.t.Error(m.fell)
	}
	return true
}

func (m *model) fail(when, what string) {
	m.t.Helper()
	m.mu.Lock()
	log := strings.Join(m.log, "\n")
	m.mu.Unlock()
	m.t.Fatalf("%s: %s\n%s", when, what, log)
}

// pass has the clock go on. File times are coarse: nothing has changed for a while then.
func (m *model) pass(d time.Duration) {
	time.Sleep(5 * time.Millisecond)
	m.ahead.Add(int64(d))
	if m.run != nil {
		if poke := m.run.poke.Load(); poke != nil {
			(*poke)()
		}
	}
}

// stop ends the run; killed, what it does from now on is not seen.
func (m *model) stop(killed bool) {
	m.t.Helper()
	m.mu.Lock()
	m.run.dead = killed
	m.mu.Unlock()
	m.run.cancel()
	if err := <-m.run.done; err != nil && !killed {
		m.fail("the run ended", err.Error())
	}
	m.run = nil
}

// write appends n events to a file, and before them what completes the last one.
func (m *model) write(name string, n int) {
	list := m.make(n)
	appendTo(m.t, m.path(name), m.rest[name]+lines(list))
	delete(m.rest, name)
}

func (m *model) make(n int) []event {
	list := events(m.n, n)
	m.n += n
	m.want.add(list...)
	return list
}

func (m *model) exists(name string) bool {
	_, err := os.Stat(m.path(name))
	return err == nil
}

// end closes what is open.
func (m *model) end() {
	if m.run != nil {
		m.stop(false)
	}
	if m.late != nil {
		m.late.Close()
	}
}

// TestFault32Model does SLUICE_FOLLOW_STEPS random steps, in short histories. They wait
// more than they work, so several run at once. The seed of one that fails is in its name.
func TestFault32Model(t *testing.T) {
	t.Parallel()
	const history = 250
	seeds := make(chan uint64)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for seed := range seeds {
				t.Run(fmt.Sprint("seed", seed), func(t *testing.T) { newModel(t, seed).live(history) })
			}
		})
	}
	for seed := range uint64(steps(t, 3000) / history) {
		if seeds <- seed; t.Failed() {
			break
		}
	}
	close(seeds)
	all.Wait()
}

func (m *model) live(steps int) {
	defer m.end()
	for range steps {
		m.step()
	}
	m.settle()
	m.pass(time.Minute) // nothing is counted twice later
	time.Sleep(10 * time.Millisecond)
	m.settle()
}
