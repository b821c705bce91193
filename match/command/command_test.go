package command_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"sluice/match/command"
	"sluice/match/expr"
	"sluice/match/lookup"
	"sluice/match/row"
	"sluice/match/spl"
)

// table reads a table of lines: columns, then rows; cells are separated by blanks. A
// cell - is null, "" is empty, a;b are two values, #5 is a number, _ stands for a blank.
func table(text string) *row.Table {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	t := &row.Table{Columns: strings.Fields(lines[0])}
	for _, line := range lines[1:] {
		var r []row.Value
		for _, cell := range strings.Fields(line) {
			cell = strings.ReplaceAll(cell, "_", " ")
			switch {
			case cell == "-":
				r = append(r, row.Value{})
			case cell == `""`:
				r = append(r, row.OfText(""))
			case strings.HasPrefix(cell, "#"):
				n, ok := row.ParseEpoch(cell[1:])
				if !ok {
					panic(cell)
				}
				r = append(r, row.OfNanos(n))
			default:
				r = append(r, row.OfTexts(strings.Split(cell, ";")))
			}
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// show prints a table in that form.
func show(t *row.Table) string {
	var b strings.Builder
	b.WriteString(strings.Join(t.Columns, " "))
	for _, r := range t.Rows {
		b.WriteString("\n")
		for i := range t.Columns {
			v := row.Get(r, i)
			cell := strings.ReplaceAll(strings.Join(v.Texts(), ";"), " ", "_")
			switch {
			case v.IsNull():
				cell = "-"
			case v.Kind() == row.Number:
				cell = "#" + cell
			case cell == "":
				cell = `""`
			}
			b.WriteString(strings.Repeat(" ", min(i, 1)) + cell)
		}
	}
	return b.String()
}

var lookups = func() *lookup.Set {
	s := &lookup.Set{}
	errs := s.Add(fstest.MapFS{
		"codes.csv": {Data: []byte("code,text,level\n4624,Logon,low\n4625,Failure,high\n4625,Again,high\n")},
		"tools.yml": {Data: []byte("name: tools\nfilename: t.csv\ncase_sensitive_match: 'false'\nmatch_type: WILDCARD(file)\ndefault_match: 'false'\nmin_matches: 1\nmax_matches: 1\n")},
		"t.csv":     {Data: []byte("file,is_tool\n*\\mimi*,true\n*katz.exe,yes\n")},
		"nets.yml":  {Data: []byte("name: nets\nfilename: nets.csv\nmatch_type: CIDR(net)\n")},
		"nets.csv":  {Data: []byte("net,zone\n10.0.0.0/8,inner\n10.1.0.0/16,lab\n192.0.2.7,one\n")},
		"seen.yml":  {Data: []byte("name: seen\ncollection: seen\nfields_list: _key, service, first\n")},
	}, "lookups")
	if len(errs) > 0 {
		panic(errs)
	}
	return s
}()

var env = command.Env{Env: expr.Env{Zone: time.FixedZone("", 7200), Now: time.Unix(1000, 0)}}

// after returns what a search's commands make of a table.
func after(t *testing.T, commands, before string) string {
	t.Helper()
	r, err := spl.Compile("* | stats count | "+commands, spl.Env{Lookups: lookups})
	if err != nil {
		t.Errorf("%s: %v", commands, err)
		return ""
	}
	tab, e := table(before), env
	command.Run(&e, r.After, tab)
	return show(tab)
}

func TestCommands(t *testing.T) {
	t.Parallel()
	const ab = "a b\n1 x\n2 y\n3 x\n- z"
	for _, c := range []struct{ commands, before, want string }{
		{`eval c=a+1, a=null()`, ab, "a b c\n- x #2\n- y #3\n- x #4\n- z -"},
		{`eval c=c`, ab, "a b c\n1 x -\n2 y -\n3 x -\n- z -"},
		{`where a>=2`, ab, "a b\n2 y\n3 x"},
		{`where NOT a=1`, ab, "a b\n2 y\n3 x\n- z"},
		{`search b=X a<3`, ab, "a b\n1 x"},
		{`search NOT a=*`, ab, "a b\n- z"},
		{`search a!=1`, ab, "a b\n2 y\n3 x"},
		{`search a IN (1, 3.0) OR b=*z*`, ab, "a b\n1 x\n3 x\n- z"},
		{`search c=1`, ab, "a b"},
		{`search z`, ab, "a b\n- z"},
		{`search b=CASE(X)`, ab, "a b"},
		{`search m=x m=y`, "m\nx;y\nx", "m\nx;y"},
		{`search m!=x`, "m\nx;y\nx", "m\nx;y"},
		{`regex b="^[xy]$"`, ab, "a b\n1 x\n2 y\n3 x"},
		{`regex s="^a(?#x)\Q.\E\Kc$"`, "s\na.c\nabc", "s\na.c"},
		{`rex field=s "(?'k'\V)\x2e"`, "s\na.c", "s k\na.c a"},
		{`regex b!="x"`, ab, "a b\n2 y\n- z"},
		{`regex a!="1"`, ab, "a b\n2 y\n3 x\n- z"}, // a missing field does not match either
		{`rex field=s "(?<k>\w+)=(?<v>\w*)"`, "s k\na=1,b=2 old\nnone old", "s k v\na=1,b=2 a 1\nnone old -"},
		{`rex field=s max_match=0 "(?<k>\w+)=(?<v>\w*)"`, "s\na=1,b=\nc=3;d=4", "s k v\na=1,b= a;b 1;\nc=3;d=4 c;d 3;4"},
		{`rex field=s max_match=1 "(?P<k>x)?y"`, "s\nxy\ny", "s k\nxy x\ny -"},
		{`rex field=s mode=sed "s/[0-9]+/<\0>/g"`, "s\na1b22\n-", "s\na<1>b<22>\n-"},
		{`rex field=s mode=sed "s#a/#b#"`, "s\na/a/", "s\nba/"},
		{`rename a as c, b as "d e"`, "a b\n1 2", "c d e\n1 2"},
		{`rename a as b`, "a b c\n1 2 3", "b c\n1 3"},
		{`rename x as b`, "a b\n1 2", "a b\n1 -"}, // no such field: the target is lost
		{`rename x as y`, "a b\n1 2", "a b\n1 2"},
		{`rename s_* as dest_*`, "s_ip s_nt other\n1 2 3", "dest_ip dest_nt other\n1 2 3"},
		{`rename *_s as s_*`, "a_s b_s\n1 2", "s_a s_b\n1 2"},
		{`rename * as x_*`, "a b x_a _time\n1 - - #5", "x_a b _time\n1 - #5"}, // x_a is new, and b not there
		{`rename P.* as *`, "P.a a P.b b\n- 1 2 -", "P.a a b\n- 1 2"},         // without a value it is not there
		{`rename a as b b as c`, "a b\n1 2", "c\n1"},
		{`fillnull`, "a b _time\n- x -\n1 - #5", "a b _time\n0 x -\n1 0 #5"},
		{`fillnull value=none a c`, ab, "a b c\n1 x none\n2 y none\n3 x none\nnone z none"},
		{`fields b`, "a b _time\n1 2 #3", "_time b\n#3 2"},
		{`fields + b, a, zz`, "a b\n1 2", "b a\n2 1"},
		{`fields - a zz`, "a b\n1 2", "b\n2"},
		{`fields - x_*`, "x_a b x_c\n1 2 3", "b\n2"},
		{`table b zz a`, "a b c\n1 2 3", "b zz a\n2 - 1"},
		{`table x_* a`, "a x_1 x_2\n1 2 3", "x_1 x_2 a\n2 3 1"},
		{`dedup b`, ab, "a b\n1 x\n2 y\n- z"},
		{`dedup a`, ab, "a b\n1 x\n2 y\n3 x"}, // rows without the field go
		{`dedup 2 b`, "a b\n1 x\n2 x\n3 x", "a b\n1 x\n2 x"},
		{`dedup a, b`, "a b\n1 x\n1 x\n1 y", "a b\n1 x\n1 y"},
		{`sort - a`, ab, "a b\n3 x\n2 y\n1 x\n- z"},
		{`sort a`, "a\n10\n9\nx\n1", "a\n1\n9\n10\nx"},
		{`sort str(a)`, "a\n10\n9\n1", "a\n1\n10\n9"},
		{`sort ip(a)`, "a\n10.0.0.10\n9.0.0.1\n10.0.0.9\nzz", "a\n9.0.0.1\n10.0.0.9\n10.0.0.10\nzz"},
		{`sort 2 -num(a)`, "a\n1\n3\n2", "a\n3\n2"},
		{`sort b, -a`, ab, "a b\n3 x\n1 x\n2 y\n- z"},
		{`sort a desc`, "a\n1\n2", "a\n2\n1"},
		{`sort limit=1 a`, "a\n2\n1", "a\n1"},
		{`head 2`, ab, "a b\n1 x\n2 y"},
		{`head`, ab, ab},
		{`tail 2`, ab, "a b\n- z\n3 x"},
		{`reverse`, "a\n1\n2", "a\n2\n1"},
		{`mvexpand m`, "m n\na;b 1\nc 2\n- 3", "m n\na 1\nb 1\nc 2\n- 3"},
		{`mvexpand m limit=2`, "m\na;b;c", "m\na\nb"},
		{`mvexpand zz`, "m\na;b", "m\na;b"},
		{`makemv delim="," m`, "m\na,b,,c\n-", "m\na;b;c\n-"},
		{`nomv m`, "m\na;b", "m\na\nb"},
		{`bin _time span=5m`, "_time\n#1714554753.25\n#-1\n-", "_time\n#1714554600\n#-300\n-"},
		{`bucket span=1d _time as day`, "_time\n#1714600800\n#1714600799", "_time day\n#1714600800 #1714600800\n#1714600799 #1714514400"}, // midnight of +02:00
		{`bin span=10 _time`, "_time\n#19", "_time\n#10"},
		{`addtotals fieldname=sum a, b`, "a b c\n1 #2 9\nx 3 9\n- - 9", "a b c sum\n1 #2 9 #3\nx 3 9 #3\n- - 9 #0"},
		{`addtotals`, "a b _time\n1 2 #5", "a b _time Total\n1 2 #5 #3"},
		{`convert ctime(t)`, "t\n#0\nx\n-", "t\n01/01/1970_02:00:00\nx\n-"},
		{`convert timeformat="%F" ctime(t) as d`, "t\n#86400.5", "t d\n#86400.5 1970-01-02"},
		{`convert timeformat="%F" mktime(t) num(n) rmcomma(c)`, "t n c\n1970-01-02 12 1,234\nx y -", "t n c\n#79200 #12 1234\n- - -"},
		{`convert ctime(*Time)`, "aTime b\n#0 #0", "aTime b\n01/01/1970_02:00:00 #0"},
		{`replace "x" with "ex" in b`, ab, "a b\n1 ex\n2 y\n3 ex\n- z"},
		{`replace 1 with one, *z* with zet`, ab, "a b\none x\n2 y\n3 x\n- zet"},
		{`lookup codes code as c OUTPUT text as t level`, "c t\n4624 old\n4625 old\n1 old\n- old", "c t level\n4624 Logon low\n4625 Failure;Again high;high\n1 old -\n- old -"},
		{`lookup codes code as c OUTPUTNEW text as t`, "c t\n4624 old\n4624 -", "c t\n4624 old\n4624 Logon"},
		{`lookup codes code`, "code\n4624", "code text level\n4624 Logon low"},
		{`lookup codes code level as l OUTPUT text`, "code l\n4625 high\n4625 low", "code l text\n4625 high Failure;Again\n4625 low -"},
		{`lookup codes code OUTPUT text`, "code\n4624;4625;9", "code text\n4624;4625;9 Logon;Failure;Again"},
		{`lookup update=true tools file as f output is_tool`, "f\nC:\\MIMIKATZ.exe\nC:\\a.exe\n-", "f is_tool\nC:\\MIMIKATZ.exe true\nC:\\a.exe false\n- -"},
		{`lookup nets net as ip OUTPUT zone`, "ip\n10.1.2.3\n192.0.2.7\n192.0.2.8\nx", "ip zone\n10.1.2.3 inner;lab\n192.0.2.7 one\n192.0.2.8 -\nx -"},
		{`lookup seen service OUTPUT first`, "service first\na -", "service first\na -"},
		{`spath input=j`, "j\n{\"a\":{\"b\":1},\"c\":[\"x\",{\"d\":true}],\"n\":null}\nnone", "j a.b c{} c{}.d\n{\"a\":{\"b\":1},\"c\":[\"x\",{\"d\":true}],\"n\":null} 1 x true\nnone - - -"},
		{`spath input=j path=a.b output=o`, "j\n{\"a\":{\"b\":1}}\n{}", "j o\n{\"a\":{\"b\":1}} 1\n{} -"},
		{`spath input=x`, "x\n<r><p>1</p><q><p>2</p></q></r>", "x r.p r.q.p\n<r><p>1</p><q><p>2</p></q></r> 1 2"},
		{`xmlkv x`, "x\n<r><p>1</p><q><p>2</p></q><e/></r>\nText_<k>v</k>", "x p k\n<r><p>1</p><q><p>2</p></q><e/></r> 1;2 -\nText_<k>v</k> - v"},
		{`stats count sum(a) as s by b`, ab, "b count s\nx #2 #4\ny #1 #2\nz #1 -"},
		{`stats count`, ab, "count\n#4"},
		{`stats count`, "a", "count"},
		{`stats values(b) as v dc(b) avg(a) as m max(a) min(b) list(b) count(eval(b="x")) as xs`, ab, "v dc(b) m max(a) min(b) list(b) xs\nx;y;z #3 #2 #3 x x;y;x;z #2"},
		{`stats first(b) as f last(b) as l earliest(b) as e latest(b) as n`, "b _time\nx #1\ny #3\nz #2\nw -", "f l e n\ny w x y"},
		{`stats first(b) as f last(b) as l`, ab, "f l\nx z"}, // the order of the rows
		{`stats count by m`, "m\na;b\nb\n-", "m count\n- #1\na #1\nb #2"},
		{`stats count min(_time) as t by _time`, "_time\n#5.5\n#5.5", "_time count t\n#5.5 #2 #5.5"},
		{`stats dc(eval(upper(b))) as u`, "b\nx\nX", "u\n#1"},
		{`stats range(a) stdev(a) as s mode(b) sumsq(a) var(a) as v`, "a b\n1 x\n3 y\n2 y", "range(a) s mode(b) sumsq(a) v\n#2 #1 y #14 #1"},
		{`eventstats avg(a) as m count by b`, ab, "a b m count\n1 x #2 #2\n2 y #2 #1\n3 x #2 #2\n- z - #1"},
		{`eventstats stdev(a) as s`, "a\n5", "a s\n5 #0"}, // of one value, 0
		{`eventstats count by a`, ab, "a b count\n1 x #1\n2 y #1\n3 x #1\n- z -"},
		{`eventstats count(eval(a>1)) as n`, ab, "a b n\n1 x #2\n2 y #2\n3 x #2\n- z #2"},
	} {
		if got := after(t, c.commands, c.before); got != c.want {
			t.Errorf("%s\n--- of\n%s\n--- got\n%s\n--- want\n%s", c.commands, c.before, got, c.want)
		}
	}
}

// Splunk's way: rows in which a BY field is null are in no group.
func TestStatsDropsNulls(t *testing.T) {
	t.Parallel()
	r, err := spl.Compile("* | stats count | stats count by a", spl.Env{})
	if err != nil {
		t.Fatal(err)
	}
	tab, e := table("a\n1\n-"), env
	e.DropNulls = true
	command.Run(&e, r.After, tab)
	if got := show(tab); got != "a count\n1 #1" {
		t.Errorf("got\n%s", got)
	}
}

// What commands multiply is bounded and counted.
func TestRowsAreBounded(t *testing.T) {
	t.Parallel()
	r, err := spl.Compile("* | stats count | mvexpand a | mvexpand b | mvexpand c", spl.Env{})
	if err != nil {
		t.Fatal(err)
	}
	many := make([]string, 1500)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	v := row.OfTexts(many)
	tab, e := &row.Table{Columns: []string{"a", "b", "c"}, Rows: [][]row.Value{{v, v, row.OfText("1")}}}, env
	command.Run(&e, r.After, tab)
	if len(tab.Rows) != 1_000_000 || e.Cut != 1500*1500-1_000_000 {
		t.Errorf("%d rows, %d cut", len(tab.Rows), e.Cut)
	}
}

// Hostile texts are looked into only so far.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		strings.Repeat("[", 100_000), strings.Repeat("[", 9000) + strings.Repeat("]", 9000), strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000),
		strings.Repeat("<a>", 100_000), "<a>" + strings.Repeat("<b>x</b>", 50_000) + "</a>", "<a>&nope;</a>", "<a><b></a></b>", "<!DOCTYPE x [<!ENTITY y 'z'>]><a>&y;</a>",
		"[" + strings.Repeat("1,", 50_000) + "1]",
	} {
		for _, commands := range []string{`spath input=x`, `spath input=x path=a{}.b`, `xmlkv x`, `rex field=x max_match=0 "(?<y>.)"`, `eval y=spath(x,"a{}{}{}")`, `makemv delim="<" x`} {
			r, err := spl.Compile("* | stats count | "+commands, spl.Env{})
			if err != nil {
				t.Fatal(err)
			}
			tab, e := &row.Table{Columns: []string{"x"}, Rows: [][]row.Value{{row.OfText(text)}}}, env
			command.Run(&e, r.After, tab)
			if len(tab.Rows) != 1 || len(tab.Columns) > 20_000 {
				t.Errorf("%s of %.20s: %d rows, %d columns", commands, text, len(tab.Rows), len(tab.Columns))
			}
			for _, v := range tab.Rows[0] {
				if v.Len() > 100_001 {
					t.Errorf("%s of %.20s: %d values", commands, text, v.Len())
				}
			}
		}
	}
}

// Columns tells what Run does to the columns of any table.
func TestColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		search string
		want   string
		all    bool
	}{
		{`stats count by a b | rename a as c | eval d=1 | fields - b`, "c count d", true},
		{`stats count by a | lookup codes code as a OUTPUT text | table text a`, "text a", true},
		{`stats count by a | rex field=a "(?<x>.)(?<y>.)" | eventstats avg(count) as m`, "a count x y m", true},
		{`stats count by a | stats values(a) as v by count`, "count v", true},
		{`stats count by a | xmlkv a`, "a count", false},
		{`stats count by a | xmlkv a | table Task a`, "Task a", true},
		{`stats count by a | xmlkv a | fields Task a`, "a Task", true},
		{`stats count by a | spath input=a path=x output=y | addtotals | bin _time span=1h as h`, "a count y Total h", true},
		{`stats count by x_a x_b | rename x_* as y_* | fields y_*`, "y_a y_b", true},
		{`table a b`, "a b count", true},
	} {
		r, err := spl.Compile("* | "+c.search, spl.Env{Lookups: lookups})
		if err != nil {
			t.Errorf("%s: %v", c.search, err)
			continue
		}
		names, all := r.Columns()
		if got := strings.Join(names, " "); got != c.want || all != c.all {
			t.Errorf("%s: %s, all %v; want %s, %v", c.search, got, all, c.want, c.all)
		}
	}
}
