package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/agg"
	"sluice/agg/window"
	"sluice/internal/pipeline"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/command"
	"sluice/match/expr"
	"sluice/match/row"
	"sluice/match/rule"
)

// pipes are commands behind `stats count values(v) as v min(_time) as t list(j) as j by a b`.
var pipes = []string{
	`where count>2`, `where a="x" OR isnull(b)`, `where n>3`, `search a=x* NOT b=1`, `search 7`, `regex a="[xy]\d?"`, `regex v!="k1"`,
	`eval n=count*2`, `eval a=null()`, `eval v=mvindex(v,0), k=a.b`, `eval b=if(b=1,null(),b)`, `eval z=len(a)`,
	`rename a as c`, `rename c as b, v as w`, `rename no as v`, `rename * as o_*`, `rename o_* as p_*, *a as *q`,
	`fields a count`, `fields - v`, `fields - o_*`, `fields b, *`, `table count a b v`, `table c* x *`, `table n missing a`,
	`fillnull`, `fillnull value=0 b n`, `fillnull value=e new`,
	`rex field=a "(?<k>[a-z])(?<d>\d)?"`, `rex field=v max_match=0 "(?<d>\d)"`, `rex field=b mode=sed "s/1/one/g"`, `replace x* with X, "1" with one in a, b`,
	`convert ctime(t)`, `convert num(*)`, `convert rmcomma(a) as r`, `convert timeformat="%H" ctime(_time) as h`,
	`makemv delim="x" a`, `makemv delim="1" b`, `mvexpand v`, `mvexpand v limit=2`, `mvexpand j`, `nomv v`,
	`bin _time span=1h`, `bin _time span=1d as day`, `addtotals`, `addtotals fieldname=sum count n`, `addtotals c*`,
	`lookup codes code as b OUTPUT text as what`, `lookup hosts pattern as a OUTPUTNEW zone as b`, `lookup codes code as a`,
	`spath input=j path=p output=q`, `spath input=j`, `xmlkv v`, `xmlkv a`, `spath input=j path=p output=a`,
	`head 3`, `head 300`, `head`, `tail 5`, `tail`, `reverse`, `dedup a`, `dedup 2 a b`, `sort - count, a`, `sort 20 b`,
	`stats count by a`, `stats sum(count) as count values(v) as v by b`, `eventstats max(count) as n by a`, `eventstats count as m`,
}

// groupsOfPipes returns groups of n rules, some of them in windows and some late.
func groupsOfPipes(rng *rand.Rand, r *rule.Rule, n, size int) []*agg.Row {
	table := agg.New()
	funcs, _ := command.Funcs(r.Aggs)
	sample := func(from ...string) (list []agg.Sample) {
		for range rng.IntN(4) {
			list = append(list, agg.Sample{Text: from[rng.IntN(len(from))], Nanos: rng.Int64N(1e12), Timed: true})
		}
		return list
	}
	for i := range size {
		hit := agg.Hit{Rule: rng.IntN(n), Window: agg.NoWindow, Nanos: rng.Int64N(1e15), Timed: rng.IntN(4) > 0, Funcs: funcs}
		if hit.Rule%2 == 1 {
			hit.Window, hit.Late = rng.Int64N(2)*3600e9, rng.IntN(5) == 0
		}
		a := fmt.Sprintf("%c%d", 'x'+rune(rng.IntN(3)), i%400)
		hit.Key = [][]byte{[]byte(a), []byte(fmt.Sprint(rng.IntN(3)))}
		for k := range hit.Key {
			if rng.IntN(6) == 0 {
				hit.Key[k] = nil
			}
		}
		if rng.IntN(400) == 0 {
			hit.Key[0] = []byte(`<rare>1</rare>`)
		}
		hit.Samples = [][]agg.Sample{sample("k1", "k2", "7", "<p>1</p>"), sample(`{"p":1}`, `{"q":[2,3]}`, "no", `{"n":"x"}`)}
		for range 1 + rng.IntN(4) {
			table.Observe(&hit)
		}
	}
	return table.Rows()
}

// atOnce returns the rows of groups as pipeline.Rows does, by tables that are whole
// before the first command runs.
func atOnce(env *command.Env, rules []*rule.Rule, windows []window.Spec, groups []*agg.Row) (out []row.Named) {
	for len(groups) > 0 {
		g := groups[0]
		n := slices.IndexFunc(groups, func(o *agg.Row) bool { return o.Rule != g.Rule || o.Window != g.Window || o.Late != g.Late })
		if n < 0 {
			n = len(groups)
		}
		q := rules[g.Rule]
		t := &row.Table{Columns: slices.Clone(q.By)}
		for _, a := range q.Aggs {
			t.Columns = append(t.Columns, a.As)
		}
		for _, g := range groups[:n] {
			values, _ := command.RowOf(q.By, q.Aggs, g)
			t.Rows = append(t.Rows, values)
		}
		for _, f := range q.Times {
			command.Convert{How: command.CTime, Name: f.Column, Layout: f.Layout}.Run(env, t)
		}
		command.Run(env, q.After, t)
		span := row.Span{Windowed: true, Late: g.Late}
		if g.Window != agg.NoWindow {
			w := windows[g.Rule]
			span.Timed, span.Start, span.End = true, g.Window, w.End(g.Window)
			span.Ran = w.Ran(span.End)
		}
		for _, r := range t.NamedRows(g.Rule) {
			r.Span = span
			out = append(out, r)
		}
		groups = groups[n:]
	}
	return out
}

// The rows of commands that run as rows come are those of whole tables: values, columns
// and their order.
func TestRowsAsTheyCome(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 8))
	rounds, n := 60, 6
	if testing.Short() {
		rounds = 10
	}
	printed := 0
	ran := map[string]bool{}
	for round := range rounds {
		var searches []string
		for range n {
			search := `EventCode=1 | stats count values(v) as v min(_time) as t list(j) as j by a b`
			for range 1 + rng.IntN(6) {
				p := pipes[rng.IntN(len(pipes))]
				search += " | " + p
				ran[p] = true
			}
			searches = append(searches, strings.Replace(search, "by a b", []string{"by a b", "by a _time"}[rng.IntN(2)], 1))
		}
		named := compiled(t, searches...)
		var rules []*rule.Rule
		for _, r := range named {
			rules = append(rules, r.Rule)
		}
		windows := slices.Repeat([]window.Spec{{Period: 3600e9}}, n)
		groups := groupsOfPipes(rng, rules[0], n, []int{5, 300, 6000}[round%3])
		want := atOnce(&command.Env{Env: expr.Env{Memo: new(expr.Memo)}}, rules, windows, groups)
		got, leftOut := pipeline.Rows(&command.Env{Env: expr.Env{Memo: new(expr.Memo)}}, rules, windows, groups)
		compareRows(t, fmt.Sprintf("round %d", round), printSpans(named, got), printSpans(named, want))
		if leftOut > 0 {
			t.Errorf("%d rows left out", leftOut)
		}
		if printed += len(got); t.Failed() {
			return
		}
	}
	if printed < 1000*rounds/2 || !testing.Short() && len(ran) < len(pipes) {
		t.Errorf("%d rows of %d of %d commands show little", printed, len(ran), len(pipes))
	}
}

// printSpans writes rows with their windows.
func printSpans(rules []reference.Rule, rows []row.Named) []string {
	out := printNamed(rules, rows)
	for i, r := range rows {
		out[i] += fmt.Sprintf(" %+v", r.Span)
	}
	return out
}

// A table that commands multiply is bounded, but not rows that are printed as they come.
func TestExpandedRowsAsTheyCome(t *testing.T) {
	t.Parallel()
	named := compiled(t, `EventCode=1 | stats count values(v) as v min(_time) as t list(j) as j by a b | where isnotnull(v) | mvexpand v`)
	groups := groupsOfPipes(rand.New(rand.NewPCG(3, 1)), named[0].Rule, 1, 2000)
	env := command.Env{MaxRows: 20}
	rows, leftOut := pipeline.Rows(&env, []*rule.Rule{named[0].Rule}, nil, groups)
	want, cut := 0, int64(0)
	for _, g := range groups {
		if want += len(g.Stats[0].Result(agg.Values).Texts); g.Stats[1].Cut() {
			cut++ // of the list
		}
	}
	if len(rows) != want || want < 1000 || env.Cut != cut || leftOut > 0 {
		t.Errorf("%d rows, want %d, %d cut, %d left out", len(rows), want, env.Cut, leftOut)
	}
}

// Whatever the limit, no row is left out before a command that looks at one row only, and
// what such commands take away takes no room.
func TestTailsAreWhole(t *testing.T) {
	t.Parallel()
	const n = 60_000
	path := manyGroups(t, n)
	for _, c := range []struct {
		tail string
		rows int
	}{
		{`where count>0`, n},
		{`where count=2`, n / 2},
		{`rename dest as host | eval up=upper(host) | fields host up count`, n},
		{`fillnull value=- | lookup codes code as dest | addtotals | table dest, *`, n},
		{`eval x=split(dest,"0") | mvexpand x limit=1`, n},
		{`head 100 | where count=2`, 100},
		{`where like(dest,"h00%") | sort - dest`, 10_000},
		{`where count=2 | head 50 | eventstats count as all | where all=50`, 50},
	} {
		named := compiled(t, `EventCode=4104 | stats count by dest | `+c.tail)
		rules := []*rule.Rule{named[0].Rule}
		cfg := pipeline.Config{Files: []string{path}, Rules: rules, Set: match.Compile(rules, match.Options{}), Threads: 2, MaxMemory: 64 << 20}
		rows := 0
		cfg.Row = func(row.Named) error {
			rows++
			return nil
		}
		res, err := pipeline.Run(context.Background(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if rows != c.rows || res.LeftOut > 0 || res.Overflow > 0 {
			t.Errorf("%s: %d rows, want %d, %d left out, %d overflowed", c.tail, rows, c.rows, res.LeftOut, res.Overflow)
		}
	}
}
