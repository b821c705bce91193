package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/agg"
	"sluice/agg/window"
	"sluice/internal/pipeline"
	"sluice/internal/record"
	"sluice/match"
	"sluice/match/rule"
	"sluice/match/spl"
)

// timedRecord is one record of a test's file.
type timedRecord struct {
	text   string // with what stands behind it
	before string // what stands before it and is no record
	nanos  int64
	timed  bool
	dest   string
	hits   bool
}

// timeText spells a time in one of the forms that exports have; only such as say it to
// the nanosecond.
func timeText(rng *rand.Rand, nanos int64) string {
	t := time.Unix(0, nanos).UTC()
	for {
		switch rng.IntN(6) {
		case 0:
			return t.Format("2006-01-02T15:04:05.000000000Z")
		case 1:
			return t.In(time.FixedZone("", 7200)).Format("2006-01-02T15:04:05.000000000-07:00")
		case 2:
			if nanos%1000 == 0 {
				return t.Format("2006-01-02 15:04:05.000000")
			}
		case 3:
			if nanos > 0 {
				return fmt.Sprintf("%d.%09d", nanos/1e9, nanos%1e9)
			}
		case 4:
			if nanos%1e9 == 0 {
				return t.In(time.FixedZone("", -19800)).Format("2006-01-02 15:04:05 -0700")
			}
		case 5:
			if nanos%1e6 == 0 {
				return fmt.Sprintf("/Date(%d)/", nanos/1e6)
			}
		}
	}
}

// render spells a record, as NDJSON or as XML.
func render(rng *rand.Rand, r *timedRecord, xml bool) {
	script, at := "Get-Date", ""
	if r.hits {
		script = "irm ipinfo.io"
	}
	script += strings.Repeat(" ", rng.IntN(200))
	if r.timed {
		at = timeText(rng, r.nanos)
	}
	if xml {
		r.text = fmt.Sprintf("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='P'/><EventID>4104</EventID>"+
			"<TimeCreated SystemTime='%s'/><Channel>C</Channel><Computer>%s</Computer></System><EventData><Data Name='ScriptBlockText'>%s</Data></EventData></Event>\n",
			at, r.dest, script)
		return
	}
	r.text = fmt.Sprintf(`{"EventTime":"%s","Hostname":"%s","EventID":4104,"Channel":"C","SourceName":"P","ScriptBlockText":"%s"}`+"\n", at, r.dest, script)
}

// aroundEdges returns records on both sides of every edge of some windows, mostly in
// order, with some that come late, some that no rule accepts and some without a time.
func aroundEdges(rng *rand.Rand, w window.Spec, first int64, xml func() bool) (list []timedRecord) {
	start, _ := w.Of(first)
	add := func(nanos int64, hits bool) {
		r := timedRecord{nanos: nanos, timed: rng.IntN(40) > 0, dest: fmt.Sprint("pc", rng.IntN(3)), hits: hits}
		switch rng.IntN(60) {
		case 0: // no record at all, and longer than a step
			r.before = "<!-- " + strings.Repeat("between ", rng.IntN(200)) + "-->\n"
		case 1:
			r.before = "\n\n \n"
		}
		render(rng, &r, xml())
		if rng.IntN(50) == 0 { // a record that cannot be read
			r.text, r.timed, r.hits = "{\"EventTime\":\"2030-01-01T00:00:00Z\" ipinfo x\n", false, false
		}
		list = append(list, r)
	}
	for n := range int64(12) {
		edge := start + n*w.Period
		for _, by := range []int64{-w.Period / 2, -1e9, -1e3, -1, 0, 1, 1e3, 1e9, w.Lag - 1, w.Lag, w.Lag + 1} {
			for range 1 + rng.IntN(3) {
				add(edge+by, rng.IntN(3) > 0)
			}
			if rng.IntN(3) == 0 { // from before
				add(edge+by-rng.Int64N(3*w.Period+1), true)
			}
		}
	}
	return list
}

// perWindow is the plain reference: all records in order, one map.
func perWindow(list []timedRecord, w window.Spec, step int) (rows map[string]string, late int64) {
	type group struct{ count, first, last int64 }
	groups := map[string]*group{}
	var offset, now int64
	var mark, last *int64
	for _, r := range list {
		offset += int64(len(r.before))
		if s := offset / int64(step); s != now {
			if last != nil && (mark == nil || *last > *mark) {
				mark = last
			}
			now, last = s, nil
		}
		if r.hits {
			key := r.dest + " none"
			if r.timed {
				start := floor(r.nanos-w.Offset, w.Period)*w.Period + w.Offset
				key = fmt.Sprint(r.dest, " ", start)
				if mark != nil && *mark >= start+w.Period+w.Lag {
					key += " late"
					late++
				}
			}
			g := groups[key]
			if g == nil {
				g = &group{first: r.nanos, last: r.nanos}
				groups[key] = g
			}
			g.count++
			g.first, g.last = min(g.first, r.nanos), max(g.last, r.nanos)
		}
		last = nil
		if r.timed {
			last = &r.nanos
		}
		offset += int64(len(r.text))
	}
	rows = map[string]string{}
	for key, g := range groups {
		rows[key] = fmt.Sprint(g.count, " ", g.first, " ", g.last)
		if strings.Contains(key, "none") {
			rows[key] = fmt.Sprint(g.count)
		}
	}
	return rows, late
}

func floor(a, b int64) int64 {
	n := a / b
	if a%b < 0 {
		n--
	}
	return n
}

// groupsOf prints the groups of a result like perWindow's.
func groupsOf(groups []*agg.Row, rule int) map[string]string {
	rows := map[string]string{}
	for _, g := range groups {
		if g.Rule != rule {
			continue
		}
		key := string(g.Key[0]) + " none"
		text := fmt.Sprint(g.Count)
		if g.Window != agg.NoWindow {
			key = fmt.Sprint(string(g.Key[0]), " ", g.Window)
			if g.Late {
				key += " late"
			}
			text += fmt.Sprint(" ", g.First, " ", g.Last)
		}
		rows[key] = text
	}
	return rows
}

func compile(t testing.TB, searches ...string) (rules []*rule.Rule) {
	t.Helper()
	for _, s := range searches {
		r, err := spl.Compile(s, spl.Env{})
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r)
	}
	return rules
}

// checkWindows compares the engine's windows over a file of the records with the plain
// ones, which it returns.
func checkWindows(t *testing.T, list []timedRecord, w window.Spec, step int) (want map[string]string, late int64) {
	t.Helper()
	var text strings.Builder
	for _, r := range list {
		text.WriteString(r.before + r.text)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(text.String()))
	z.Close()
	rules := compile(t, `EventCode=4104 ScriptBlockText="*ipinfo*" | stats count min(_time) as a max(_time) as b by dest`,
		`EventCode=4104 ScriptBlockText="*ipinfo*" | eval x=1 | stats sum(x) as count min(_time) as a max(_time) as b by dest`)
	want, late = perWindow(list, w, step)
	for _, file := range []string{writeFile(t, "plain", []byte(text.String())), writeFile(t, "packed.gz", packed.Bytes())} {
		for threads := 1; threads <= 3; threads++ {
			n := 1 + threads%2
			res, err := pipeline.Run(context.Background(), pipeline.Config{
				Files: []string{file}, Rules: rules[:n], Set: match.Compile(rules[:n], match.Options{}), Format: record.Auto,
				Threads: threads, Segment: step, Windows: slices.Repeat([]window.Spec{w}, n),
			})
			if err != nil || len(res.Errors) > 0 {
				t.Fatal(err, res.Errors)
			}
			checkIdentity(t, res)
			for k := range n {
				if got := groupsOf(res.Groups, k); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("%+v, steps of %d, %d workers, rule %d of %s:\n got %v\nwant %v", w, step, threads, k, file, got, want)
				}
			}
			if res.Late != late*int64(n) {
				t.Errorf("%d late, want %d", res.Late, late*int64(n))
			}
		}
	}
	return want, late
}

// Small files in which nearly each record decides what is late, with text between records
// that is none, and damage.
func TestLatenessOfEachStep(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(55, 56))
	m := int64(time.Minute)
	rounds := 250
	if testing.Short() {
		rounds = 50
	}
	for round := range rounds {
		w := window.Spec{Period: 60 * m, Offset: 50 * m, Lag: 10 * m * int64(rng.IntN(2))}
		aligned := round%3 == 2
		var list []timedRecord
		for range 40 {
			r := timedRecord{timed: rng.IntN(8) > 0, dest: fmt.Sprint("pc", rng.IntN(2)), hits: rng.IntN(3) > 0}
			r.nanos = (rng.Int64N(4)*60+50)*m + []int64{-1, 0, 1, 10*m - 1, 10 * m, 30 * m}[rng.IntN(6)]
			if rng.IntN(4) == 0 {
				r.before = "<!-- " + strings.Repeat("between ", rng.IntN(60)) + "-->\n"
			}
			render(rng, &r, round%3 == 0 || round%3 == 1 && rng.IntN(2) == 0)
			if rng.IntN(12) == 0 && !aligned {
				r.text, r.timed, r.hits = "{\"EventTime\":\"2030-01-01T00:00:00Z\" ipinfo x\n", false, false
			}
			if aligned { // the last line of a step ends where it does
				r.before, r.text = "", r.text[:len(r.text)-1]+strings.Repeat(" ", 400-len(r.text))+"\n"
				r.text = strings.Replace(r.text, "\"}", "\" ", 1)
				r.text = r.text[:398] + "}\n"
			}
			list = append(list, r)
		}
		step := 350 + rng.IntN(1200)
		if aligned {
			step = 400 * (1 + rng.IntN(4))
		}
		checkWindows(t, list, w, step)
	}
}

// Windows give what a plain pass over all records in order gives, late ones included:
// with times on both sides of each edge, whatever the steps, the number of workers, the
// packing and the other rules.
func TestWindowsEqualPlain(t *testing.T) {
	t.Parallel()
	m := int64(time.Minute)
	specs := []window.Spec{window.Scheduled, {Period: 15 * m}, {Period: m, Lag: 5e9}, {Period: 24 * 60 * m, Lag: 60 * m}, {Period: 60 * m, Offset: 7 * m, Lag: 1}}
	rng := rand.New(rand.NewPCG(51, 52))
	sawLate, sawNone := false, false
	for i, w := range specs {
		first := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC).UnixNano()
		if i == 1 {
			first = -5 * int64(time.Hour) // before and behind the epoch
		}
		xml := [](func() bool){func() bool { return false }, func() bool { return true }, func() bool { return rng.IntN(2) == 0 }}[i%3]
		list := aroundEdges(rng, w, first, xml)
		if i == 0 { // several blocks
			for range 6 {
				list = append(list, aroundEdges(rng, w, first+rng.Int64N(int64(30*time.Hour)), xml)...)
			}
		}
		for _, step := range []int{1, 53, 300, 1000, 7001, 1 << 20} {
			want, late := checkWindows(t, list, w, step)
			sawLate, sawNone = sawLate || late > 0, sawNone || want["pc0 none"] != ""
		}
	}
	if !sawLate || !sawNone {
		t.Errorf("the corpus shows little: late %v, without a time %v", sawLate, sawNone)
	}
}

// Commands behind stats run once a window, as the scheduled search does.
func TestCommandsRunPerWindow(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(53, 54))
	w := window.Scheduled
	var text strings.Builder
	at := time.Date(2026, 11, 20, 8, 50, 0, 0, time.UTC).UnixNano()
	for n, dests := range []string{"aab", "bbbac", "", "c"} {
		for _, d := range dests {
			r := timedRecord{nanos: at + int64(n)*w.Period, timed: true, dest: string(d), hits: true}
			render(rng, &r, false)
			text.WriteString(r.text)
		}
	}
	rules := compile(t, `EventCode=4104 ScriptBlockText="*ipinfo*" | stats count by dest | sort - count | head 1 | eval all=dest."!"`)
	res, err := pipeline.Run(context.Background(), pipeline.Config{
		Files: []string{writeFile(t, "f", []byte(text.String()))}, Rules: rules, Set: match.Compile(rules, match.Options{}),
		Windows: []window.Spec{w}, Threads: 2,
	})
	if err != nil || len(res.Errors) > 0 {
		t.Fatal(err, res.Errors)
	}
	var got []string
	for _, r := range res.Rows {
		got = append(got, fmt.Sprint((r.Span.Start-at)/w.Period, (r.Span.End-at)/w.Period, (r.Span.Ran-at)/60e9, r.Get("all"), r.Get("count"), r.Span.Late))
	}
	if want := []string{"0 1 70 a! 2 false", "1 2 130 b! 3 false", "3 4 250 c! 1 false"}; !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
}

// Each file has a watermark of its own, whichever are read at the same time, and events
// come in the order of the input as they do without windows.
func TestWatermarkOfEachFile(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(57, 58))
	w := window.Scheduled
	rules := compile(t, `EventCode=4104 ScriptBlockText="*ipinfo*" | stats count min(_time) as a max(_time) as b by dest`)
	first := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC).UnixNano()
	var files []string
	for i := range 5 {
		var text bytes.Buffer
		for _, r := range aroundEdges(rng, w, first+int64(i)*7*w.Period, func() bool { return rng.IntN(2) == 0 }) {
			text.WriteString(r.before + r.text)
		}
		if i == 3 {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			z.Write(text.Bytes())
			z.Close()
			text = packed
		}
		files = append(files, writeFile(t, fmt.Sprint("f", i), text.Bytes()))
	}
	run := func(files []string, threads int, windows []window.Spec, events *bytes.Buffer) *pipeline.Result {
		t.Helper()
		cfg := pipeline.Config{Files: files, Rules: rules, Set: match.Compile(rules, match.Options{}), Threads: threads, Segment: 3000, Windows: windows}
		if events != nil {
			cfg.Events, cfg.Event = events, func(dst []byte, h *match.Hit) []byte { return fmt.Appendf(dst, "%s %d\n", h.Key[0], h.Nanos) }
		}
		res, err := pipeline.Run(context.Background(), cfg)
		if err != nil || len(res.Errors) > 0 {
			t.Fatal(err, res.Errors)
		}
		checkIdentity(t, res)
		return res
	}
	on := []window.Spec{w}
	sum, late := agg.New(), int64(0)
	for _, f := range files {
		res := run([]string{f}, 1, on, nil)
		late += res.Late
		for _, g := range res.Groups {
			sum.Add(g, nil)
		}
	}
	want := fmt.Sprint(groupsOf(sum.Rows(), 0))
	var plain bytes.Buffer
	run(files, 2, nil, &plain)
	for threads := 1; threads <= 4; threads++ {
		res := run(files, threads, on, nil)
		if got := fmt.Sprint(groupsOf(res.Groups, 0)); got != want || res.Late != late || late == 0 {
			t.Fatalf("%d workers: %d late, %s\nwant %d, %s", threads, res.Late, got, late, want)
		}
		var events bytes.Buffer
		res = run(files, threads, on, &events)
		if got := fmt.Sprint(groupsOf(res.Groups, 0)); got != want || !bytes.Equal(events.Bytes(), plain.Bytes()) || plain.Len() == 0 {
			t.Fatalf("%d workers, with events: %d bytes of them, want %d, and\n%s\nwant %s", threads, events.Len(), plain.Len(), got, want)
		}
	}
	open := w
	open.Open = true
	if res := run(files, 2, []window.Spec{open}, nil); res.Late != 0 {
		t.Errorf("%d hits are late to windows that are never closed", res.Late)
	}
}
