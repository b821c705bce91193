package spl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/match/command"
	"sluice/match/row"
	"sluice/match/rule"
)

var testMacros = Macros{
	{"src", 0}:      {Definition: `(source=A OR source="B C")`},
	{"ctime", 1}:    {Params: []string{"field"}, Definition: `convert timeformat="%F" ctime($field$)`},
	{"has", 2}:      {Params: []string{"f", "v"}, Definition: `$f$="*$v$*"`},
	{"outer", 1}:    {Params: []string{"x"}, Definition: "NOT `has(Inner, $x$)`"},
	{"loop", 0}:     {Definition: "`loop`"},
	{"bad", 0}:      {Definition: "a=1 | b"},
	{"nothing", 0}:  {Definition: " "},
	{"open", 0}:     {Definition: `a="1`},
	{"search", 0}:   {Definition: "x=1"},
	{"x_filter", 0}: {Definition: "search *"},
}

// where is the printed condition of search, which gets a stats command.
func where(t *testing.T, search string) string {
	t.Helper()
	r, err := Compile(search+" | stats count", Env{Macros: testMacros})
	if err != nil {
		t.Errorf("Compile(%q): %v", search, err)
		return ""
	}
	return r.Where.String()
}

func TestSearch(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{`a=1`, `(= a "1")`},
		{`search a=1`, `(= a "1")`},
		{`search=1`, `(= search "1")`}, // a field, not the command
		{`*`, `all`},
		{`* a=1`, `(and all (= a "1"))`},
		{`a=*`, `(= a "*")`},
		// Precedence: parentheses, NOT, OR, AND.
		{`a=1 b=2`, `(and (= a "1") (= b "2"))`},
		{`a=1 AND b=2 c=3`, `(and (= a "1") (= b "2") (= c "3"))`},
		{`a=1 AND b=2 OR c=3`, `(and (= a "1") (or (= b "2") (= c "3")))`},
		{`a=1 OR b=2 AND c=3`, `(and (or (= a "1") (= b "2")) (= c "3"))`},
		{`a=1 OR b=2 c=3 OR d=4`, `(and (or (= a "1") (= b "2")) (or (= c "3") (= d "4")))`},
		{`(a=1 AND b=2) OR c=3`, `(or (and (= a "1") (= b "2")) (= c "3"))`},
		{`NOT a=1 OR b=2`, `(or (not (= a "1")) (= b "2"))`},
		{`NOT a=1 b=2`, `(and (not (= a "1")) (= b "2"))`},
		{`NOT(a=1 b=2)`, `(not (and (= a "1") (= b "2")))`},
		{`NOT NOT a=1`, `(not (not (= a "1")))`},
		{`a=1 AND NOT(b IN ("x"))`, `(and (= a "1") (not (or (= b "x"))))`},
		{`((a=1))`, `(= a "1")`},
		// Operators, with and without space.
		{`a != 1 b<2 c<=3 d >4 e>= 5`, `(and (!= a "1") (< b "2") (<= c "3") (> d "4") (>= e "5"))`},
		{"a\t=\r\n1", `(= a "1")`},
		// Values.
		{`a="x y"`, `(= a "x y")`},
		{`a=" x "`, `(= a " x ")`},
		{`a=""`, `(= a "")`},
		{`a="*Inv*ke*"`, `(= a "*Inv*ke*")`},
		{`a=*x*`, `(= a "*x*")`},
		{`a=b=c`, `(= a "b=c")`},
		{`a=AND b=OR`, `(and (= a "AND") (= b "OR"))`},
		{`a="\"q\""`, `(= a "\"q\"")`},
		{`a="*\\Temp\\*"`, `(= a "*\\Temp\\*")`},
		{`a="C:\Temp\*"`, `(= a "C:\\Temp\\*")`},
		// The names of a log's events.
		{`source="WinEventLog:Setup"`, `(or (= source "WinEventLog:Setup") (= source "XmlWinEventLog:Setup"))`},
		{`source=XmlWinEventLog:A OR source=wineventlog:A x=1`, `(and (or (= source "XmlWinEventLog:A") (= source "wineventlog:A")) (= x "1"))`},
		{`sourcetype=xmlWinEventLog:Setup`, `(or (= sourcetype "xmlWinEventLog:Setup") (= source "XmlWinEventLog:Setup"))`},
		{`sourcetype=WinEventLog*`, `(or (= sourcetype "WinEventLog*") (= sourcetype "XmlWinEventLog*"))`},
		{`source IN ("WinEventLog:A", b)`, `(or (= source "WinEventLog:A") (= source "XmlWinEventLog:A") (= source "b"))`},
		{`sourcetype=xmlwineventlog source!="WinEventLog:A" NOT source="WinEventLog:B"`, `(and (= sourcetype "xmlwineventlog") (!= source "WinEventLog:A") (not (= source "WinEventLog:B")))`},
		{`a=*\\Temp\\x.exe`, `(= a "*\\Temp\\x.exe")`},
		{`a!=C:\Temp\\*`, `(!= a "C:\\Temp\\*")`},
		{`a IN (c:\\x, CASE(c:\\y))`, `(or (= a "c:\\x") (= a cased"c:\\\\y"))`},
		{`c:\\x`, `(term "*c:\\x*")`},
		{`a="\\\""`, `(= a "\\\"")`},
		{`a=C:\Temp`, `(= a "C:\\Temp")`},
		{`a='x'`, `(= a "'x'")`},
		{`a="[b]|c(d)"`, `(= a "[b]|c(d)")`},
		{"a=\"x\ny\"", `(= a "x\ny")`},
		{`a="größe"`, `(= a "größe")`},
		{`a{}.b="1"`, `(= a{}.b "1")`},
		{`"a b"=1 "c"!=2`, `(and (= "a b" "1") (!= c "2"))`},
		{`a==1 b== "x"`, `(and (= a "1") (= b "x"))`},
		{`a=CASE(Xy*) b=CASE("Z w")`, `(and (= a cased"Xy*") (= b cased"Z w"))`},
		{`a=CASEx b=TERM(1.2)`, `(and (= a "CASEx") (= b "1.2"))`},
		// Terms, which are looked for in all values.
		{`abc "d e" f*g`, `(and (term "*abc*") (term "*d e*") (term "*f*g*"))`},
		{`a=1 OR abc`, `(or (= a "1") (term "*abc*"))`},
		{`NOT "x=1" TERM(y.z) CASE(Q)`, `(and (not (term "*x=1*")) (term "*y.z*") (term cased"*Q*"))`},
		{`CASE x`, `(and (term "*CASE*") (term "*x*"))`},
		// What is searched, and searches by name.
		{`index=main a=1`, `(and all (= a "1"))`},
		{`index IN (a, b)`, `(or all all)`},
		{`eventtype=WinEventLog_Security OR Channel=x`, `(or (= Channel "Security") (= Channel "x"))`},
		{`eventtype="wineventlog_system"`, `(= Channel "System")`},
		{`sourcetype=XmlWinEventLog source=xmlwineventlog:x`, `(and (= sourcetype "XmlWinEventLog") (= source "xmlwineventlog:x"))`},
		{`source="WinEventLog:Security"`, `(or (= source "WinEventLog:Security") (= source "XmlWinEventLog:Security"))`},
		{`source=WinEventLog:a OR source=XmlWinEventLog:a`, `(or (= source "WinEventLog:a") (= source "XmlWinEventLog:a"))`},
		{`source=XmlWinEventLog:a OR source=WinEventLog:a OR b=1`, `(or (= source "XmlWinEventLog:a") (= source "WinEventLog:a") (= b "1"))`},
		{`sourcetype=XmlWinEventLog:a/b c=1`, `(and (or (= sourcetype "XmlWinEventLog:a/b") (= source "XmlWinEventLog:a/b")) (= c "1"))`},
		{`NOT sourcetype=wineventlog*`, `(not (= sourcetype "wineventlog*"))`},
		{`source IN (WinEventLog:a, WinEventLog:b, x)`, `(or (= source "WinEventLog:a") (= source "XmlWinEventLog:a") (= source "WinEventLog:b") (= source "XmlWinEventLog:b") (= source "x"))`},
		{`source!=WinEventLog:a other=WinEventLog:a source=*WinEventLog:a`, `(and (!= source "WinEventLog:a") (= other "WinEventLog:a") (= source "*WinEventLog:a"))`},
		// IN.
		{`a IN (1)`, `(or (= a "1"))`},
		{`a IN(1,"b c",*d*)`, `(or (= a "1") (= a "b c") (= a "*d*"))`},
		{`a IN (,"x",,"y",)`, `(or (= a "x") (= a "y"))`},
		{`a IN ("x" "y")`, `(or (= a "x") (= a "y"))`},
		{`INx=1`, `(= INx "1")`},
		{`a NOT IN (1) NOT a IN (2)`, `(and (not (or (= a "1"))) (not (or (= a "2"))))`},
		{`a IN (CASE(X),"y")`, `(or (= a cased"X") (= a "y"))`},
		{`IN=1 OR NOT=2 AND=3`, `(and (or (= IN "1") (= NOT "2")) (= AND "3"))`},
		// Macros are text; comments are space.
		{"`src` a=1", `(and (or (= source "A") (= source "B C")) (= a "1"))`},
		{"`has(x, y)`", `(= x "*y*")`},
		{"`has(x,\"y,z\")`", `(= x "*y,z*")`},
		{"` has( x , y ) `", `(= x "*y*")`},
		{"`has(x, $f$)`", `(= x "*$f$*")`}, // an argument is not a definition
		{"`outer(deep)`", `(not (= Inner "*deep*"))`},
		{"a=\"`src`\"", "(= a \"`src`\")"},
		{"a=\"\\\"`src`\"", "(= a \"\\\"`src`\")"},
		{"a=1 ```b=2 | stats``` c=3", `(and (= a "1") (= c "3"))`},
		{"a=1```x```b=2", `(and (= a "1") (= b "2"))`},
		{"a=\"```x```\"", "(= a \"```x```\")"},
		{"```all``` a=1", `(= a "1")`},
	} {
		if got := where(t, c[0]); got != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], got, c[1])
		}
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	const all = "where all "
	for _, c := range [][2]string{
		{`| stats count`, `| stats count() as count by `},
		{`| STATS Count AS n BY dest`, `| stats count() as n by dest`},
		{`| stats count min(_time) as firstTime max(_time) as lastTime by a b`,
			`| stats count() as count min(_time) as firstTime max(_time) as lastTime by a b`},
		{`| stats count, min( _time ) as "first time" , MAX(_time) by a, "b c" ,d`,
			`| stats count() as count min(_time) as "first time" max(_time) as MAX(_time) by a "b c" d`},
		{`| stats max(_time) by a`, `| stats max(_time) as max(_time) by a`},
		{`| fillnull | stats count by a`, `| fill "0"  | stats count() as count by a`},
		{`| fillnull value=unknown a, b "c d" | stats count by a`, `| fill "unknown" a b "c d" | stats count() as count by a`},
		{`| fillnull value="" a | stats count by a`, `| fill "" a | stats count() as count by a`},
		{`| fillnull a value = 1 | stats count by a`, `| fill "1" a | stats count() as count by a`},
		{`| search * | stats count | search *`, `| stats count() as count by `},
		{`| stats min(_time) as f | convert ctime(f)`, `| stats min(_time) as f by  | time f "%m/%d/%Y %H:%M:%S"`},
		{`| stats min(_time) as f max(_time) as "l t" | convert timeformat="%F %T" ctime(f), ctime("l t")`,
			`| stats min(_time) as f max(_time) as "l t" by  | time f "%F %T" | time "l t" "%F %T"`},
		{"| stats min(_time) as f | `ctime(f)`", `| stats min(_time) as f by  | time f "%F"`},
		{"| stats count | `x_filter` | `not_defined_filter`", `| stats count() as count by `},
		{"|stats count|search *|`x_filter`\n", `| stats count() as count by `},
	} {
		r, err := Compile("* "+c[0], Env{Macros: testMacros})
		if err != nil {
			t.Errorf("Compile(%q): %v", c[0], err)
		} else if got := strings.TrimPrefix(r.String(), all); got != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], got, c[1])
		}
	}
}

// TestSteps prints what stands around the grouping.
func TestSteps(t *testing.T) {
	t.Parallel()
	const st = " | stats count() as count by "
	for _, c := range [][2]string{
		// What looks at events as they are becomes part of the base search.
		{`a=1 | search b=2 c=3 | stats count by d`, `where (and (= a "1") (and (= b "2") (= c "3")))` + st + "d"},
		{`a=1 b=2 | regex c="x+" | regex d!="y" | stats count by d`, `where (and (= a "1") (= b "2") (matches c "x+") (not (matches d "y")))` + st + "d"},
		{`* | search abc | stats count`, `where (term "*abc*")` + st},
		// What changes fields, and what stands behind that, does not.
		{`a=1 | rename b as c | search c=2 | stats count by c`, `where (= a "1") | rename b as c | search (= c "2")` + st + "c"},
		{`* | eval b=1 | regex c="x" | search * | stats count`, `where all | eval b = 1 | regex c = "x"` + st},
		{`* | where a>1 | stats count`, `where all | where (> a 1)` + st},
		{`* | search _time>5 | stats count`, `where all | search (> _time "5")` + st},
		// fillnull directly before a plain stats needs no row.
		{`* | fillnull | eval a=1 | stats count by a`, `where all | fillnull "0" in  | eval a = 1` + st + "a"},
		{`* | eval a=1 | fillnull value=x a | stats count by a`, `where all | eval a = 1 | fillnull "x" in a` + st + "a"},
		{`* | fillnull | stats values(b) as v by a`, `where all | fillnull "0" in  | stats values(b) as v by a`},
		// All functions, with their other names.
		{`* | stats c dc(a) distinct_count(b) as d Values(c) avg(d) mean(e) as m count(f) by _time "g h"`,
			`where all | stats count() as c dc(a) as dc(a) dc(b) as d values(c) as Values(c) avg(d) as avg(d) avg(e) as m count(f) as count(f) by _time "g h"`},
		{`* | stats count values(x) as a(b) by c`, `where all | stats count() as count values(x) as a(b) by c`},
		{`* | stats count(eval(a=1 OR b="x")) as n, max(eval(len(c)))`,
			`where all | eval "eval(a=1 OR b=\"x\")" = (if (or (= a 1) (= b "x")) 1 null) | eval eval(len(c)) = (len c)` +
				` | stats count("eval(a=1 OR b=\"x\")") as n max(eval(len(c))) as max(eval(len(c))) by `},
		// Behind the grouping.
		{`* | stats min(_time) as f by a | rename a as b | convert ctime(f)`, `where all | stats min(_time) as f by a | rename a as b | convert ctime f "%m/%d/%Y %H:%M:%S"`},
		{`* | stats count by a | stats sum(count) as n`, `where all` + st + `a | stats sum(count) as n by `},
		{`* | stats count as n by a | eventstats avg(n) as m by a | where n>m | head 5 | fields - m`,
			`where all | stats count() as n by a | eventstats avg(n) as m by a | where (> n m) | head 5 | fields - m`},
		{`* | stats count by a | sort 0 -num(count), a | dedup 2 a | tail 3 | reverse`, `where all` + st + `a | sort 0 (count num -) (a auto +) | dedup 2 a | tail 3 | reverse`},
		{`* | stats count by a | mvexpand a limit=3 | makemv delim="," a | nomv a`, `where all` + st + `a | mvexpand a 3 | makemv a "," | eval a = (mvjoin a "\n")`},
		{`* | bin span=2h _time as t | bucket _time span=30 | stats count by t`, `where all | bin _time span 2h0m0s as t | bin _time span 30s as _time` + st + "t"},
		{`* | stats count by a | addtotals fieldname="s t" row=true col=f x* | replace a with "b c" in d`, `where all` + st + `a | addtotals "x*" as "s t" | replace "a" "b c" in d`},
		{`* | rex max_match=0 field=a "(?<b>x)" | rex field=a mode=sed "s/x/y/gi" | stats count by b`, `where all | rex a "(?<b>x)" max 0 | sed a "(?i)x" "y" all true` + st + "b"},
		{`* | spath input=a path=b.c | spath input=a output=o b{} | xmlkv m | stats count by b.c`, `where all | spath a "b.c" as b.c | spath a "b{}" as o | xmlkv m` + st + "b.c"},
		{`* | stats count by a | fillnull value=- | table a count | rename a* as b*`, `where all` + st + `a | fillnull "-" in  | table a count | rename "a*" as "b*"`},
		{`* | stats count by a | eval b=1,c="2" , 'd e'=b`, `where all` + st + `a | eval b = 1 | eval c = "2" | eval "d e" = b`},
		{`* | stats count by 'x y' z | dedup 'x y'`, `where all` + st + `"x y" z | dedup 1 "x y"`},
		// Without stats, a table's rows are counted.
		{`a=1 | table b, c d`, `where (= a "1")` + st + "b c d | nulls"},
		{`a=1 | eval b=2 | table count b | search b=2`, `where (= a "1") | eval b = 2 | stats count() as event_count by count b | nulls | search (= b "2")`},
		{`a=1 | table b c | stats count by b`, `where (= a "1") | table b c` + st + "b"},
		// Macros that stand for nothing, comments.
		{"* | `nothing` | stats count | `nothing`", `where all` + st},
		{"* `nothing` | stats count `nothing`", `where all` + st},
		{"* ```x``` | eval a=1 ```y | eval b=2``` | stats count by a", `where all | eval a = 1` + st + "a"},
	} {
		r, err := Compile(c[0], Env{Macros: testMacros})
		if err != nil {
			t.Errorf("Compile(%q): %v", c[0], err)
		} else if got := r.String(); got != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], got, c[1])
		}
	}
}

// A rename with stars reads what commands behind it read under the new names, those of
// another rename among them.
func TestRenamesInARow(t *testing.T) {
	t.Parallel()
	r, err := Compile("a=1 | rename *_name as n_* | rename n_* as m_*_z | stats count by m_k_z", Env{})
	if err != nil {
		t.Fatal(err)
	}
	if in := r.Inputs(); !slices.Contains(in, "k_name") {
		t.Errorf("reads %q, not k_name", in)
	}
}

func TestStepRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"a=1 | @transaction x | stats count", `command "transaction" is not supported: it joins events over any distance`},
		{"a=1 | @join x [search y] | stats count", `command "join" is not supported: it needs a second search`},
		{"a=1 | stats count | @appendpipe [stats count]", `command "appendpipe" is not supported`},
		{"a=1 | @streamstats count | stats count", "it depends on the order in which events arrive"},
		{"a=1 | @sort x | stats count", "sort before stats is not supported: it looks at more than one event"},
		{"a=1 | @eventstats count | stats count", "eventstats before stats is not supported"},
		{"a=1 | @dedup x | stats count", "dedup before stats is not supported"},
		{"a=1 | @addtotals | stats count by Total", "addtotals before stats must name its fields"},
		{"a=1 | @addtotals n_* | stats count by Total", "addtotals before stats must name its fields"},
		{"a=1 | @head 1 | table x", "head before stats is not supported"},
		{"@a=1 | eval b=2", "no stats command and no table"},
		{"@a=1 | table x*", "no stats command and no table"},
		{"a=1 | eval b=2 | @search foo | stats count", "a term without a field is supported only before commands that change fields"},
		{"a=1 | rex field=a @\"x\" | stats count", "has no named group"},
		{"a=1 | rex field=a @\"(?<b>\" | stats count", "cannot compile the regular expression: missing closing )"},
		{"a=1 | rex field=a @\"(?<b>x)(?=y)\" | stats count", "lookaround is not supported (RE2)"},
		{"a=1 | @rex \"(?<b>x)\" | stats count", "rex reads the raw event unless it names a field"},
		{"a=1 | rex @offset_field=o field=a \"(?<b>x)\" | stats count", "option offset_field of rex is not supported"},
		{"a=1 | rex field=a mode=sed @\"y/a/b/\" | stats count", "only s/…/…/ is supported"},
		{"a=1 | rex field=a mode=sed @\"s/a/b/3\" | stats count", "with the flags g and i"},
		{"a=1 | @regex \"x\" | stats count", "regex reads the raw event unless it names a field"},
		{"a=1 | @regex a<\"x\" | stats count", "regex knows = and !=, not <"},
		{"a=1 | @spath | stats count", "spath reads the raw event unless it names a field"},
		{"a=1 | @xmlkv | stats count", "xmlkv reads the raw event unless it names a field"},
		{"a=1 | lookup @nope x | stats count", `lookup "nope" is not defined (it would be nope.csv in a folder named lookups)`},
		{"a=1 | bin @span=1mon _time | stats count", `span`},
		{"a=1 | bin @bins=5 _time | stats count", "only span= and _time are supported in bin"},
		{"a=1 | bin @x span=5 | stats count", "only span= and _time are supported in bin"},
		{"a=1 | @bin _time | stats count", "bin needs _time and span="},
		{"a=1 | rename @a* as b | stats count", "different wildcards"},
		{"a=1 | rename a @b | stats count", `expected AS behind "a"`},
		{"a=1 | replace a with @b* in c | stats count", "wildcards in what replaces a value are not supported"},
		{"a=1 | stats @median(x) by a", `aggregate "median(x)" is not supported`},
		{"a=1 | stats @perc95(x) by a", `aggregate "perc95(x)" is not supported`},
		{"a=1 | stats @values(*) as *", "wildcards in field names are not supported"},
		{"a=1 | stats @dc by a", `aggregate "dc" needs a field`},
		{"a=1 | stats count by a @x*", "wildcards in field names are not supported"},
		{"a=1 | stats count | sort @foo(x)", "sort knows auto, str, num and ip"},
		{"a=1 | stats count | dedup @0 x", "dedup keeps one row at least"},
		{"a=1 | stats count | dedup @x sortby y", "sortby is not supported in dedup"},
		{"a=1 | stats count | dedup x keepempty@=true", `expected a field, found "=true"`},
		{"a=1 | stats count by @'x", "this quote is not closed"},
		{"a=1 | stats count | head @x", "expected a number of rows"},
		{"a=1 | stats count | addtotals @col=true", "addtotals is supported for rows only"},
		{"a=1 | stats count | reverse @x", "expected the end of reverse"},
		{"a=1 | stats count | @", "expected a command, found the end"},
		{"a=1 @or b=2 | stats count", "write operators in upper case"},
	} {
		at := strings.IndexByte(c[0], '@')
		if strings.Contains(c[0], "bin @span") {
			c[0] = strings.Replace(c[0], "bin @span=1mon", "bin span=@1mon", 1)
			at = strings.IndexByte(c[0], '@')
		}
		checkRefusal(t, c[0][:at]+c[0][at+1:], at, c[1])
	}
}

// TestRefusals checks the message and the place of every refusal. The place is
// where @ stands, which is not part of the text.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"@", "expected a comparison, found the end of the search"},
		{"  @", "expected a comparison"},
		{"| @stats count", `a search that begins with a command ("stats") is not supported`},
		{"| @tstats count", `command "tstats" is not supported: it reads an index, a data model`},
		{"@a=1", "the search has no stats command and no table"},
		{"@not a=1 | stats count", `a term without a field ("not")`},
		{"a=1 @or b=2 | stats count", `a term without a field ("or")`},
		{"a=1 AND @| stats count", `expected a comparison, found "|"`},
		{"(a=1 AND @) | stats count", `expected a comparison, found ")"`},
		{"a=1 OR @| stats count", `expected a comparison, found "|"`},
		{"@AND a=1 | stats count", `a term without a field ("AND")`},
		{"@= 1 | stats count", `expected a field before "="`},
		{"a= @| stats count", `expected a value, found "|"`},
		{"a=1@) | stats count", `expected a command or the end, found ")"`},
		{"(a=1 @| stats count", `expected ")" to close the group`},
		{"@[search x] | stats count", "subsearches are not supported"},
		{"a=@[search x] | stats count", `expected a value, found "[search"`},
		{`a=@"x | stats count`, "this quote is not closed"},
		{"a IN @| stats count", `expected "(" after IN`},
		{"a IN @(,) | stats count", "the list of IN is empty"},
		{"a IN (b @| stats count", `expected a value, found "|"`},
		{"@Scr*=x | stats count", "wildcards in field names"},
		{"a=CASE(x @y) | stats count", `expected ")" to close CASE, found "y)"`},
		{"TERM(@) | stats count", `expected a value, found ")"`},
		{"@eventtype=mine | stats count", `event type "mine" is not known`},
		{"@eventtype!=wineventlog_system | stats count", "is not known"},
		{"@tag=process | stats count", "tags are not supported"},
		{"NOT @index=main | stats count", "index can only be named, not excluded"},
		{"@index!=main | stats count", "index can only be named, not excluded"},
		{"@earliest=-1h a=1 | stats count", `time modifier "earliest" is not supported`},
		{"a=1 @latest=now | stats count", `time modifier "latest" is not supported`},
		{"@_time>5 | stats count", `field "_time" is not supported here`},
		{"@_raw=*x* | stats count", `field "_raw" is not supported here`},
		{"a=1 @Scr* IN (x) | stats count", "wildcards in field names are not supported"},
		// Macros: what they bring in belongs to the call.
		{"a=1 @`nope` | stats count", `macro "nope" is not defined`},
		{"a=1 @`has(x)` | stats count", `macro "has" with 1 arguments is not defined`},
		{"a=1 @`src() | stats count", "this backtick is not closed"},
		{"a=1 @```x | stats count", "this comment is not closed"},
		{"a=1 @`loop` | stats count", "macros nest deeper than 20"},
		{"c=2 @`bad` | stats count", `command "b" is not supported`},
		{"c=2 @`open` | stats count", "this quote is not closed"},
		{"`src` @[b] | stats count", "subsearches"}, // and behind a macro
		{"```x``` @[b] | stats count", "subsearches"},
		// Commands.
		{"a=1 | @", "expected a command, found the end of the search"},
		{"a=1 | @| stats count", `expected a command, found "|"`},
		{"a=1 | fillnull @a* | stats count", "wildcards in field names"},
		{"a=1 | fillnull value=@| stats count", `expected a value, found "|"`},
		{"a=1 | stats @", "expected an aggregate such as count, found the end"},
		{"a=1 | stats @by a", `expected an aggregate such as count, found "by"`},
		{"a=1 | stats min(@) by a", `expected a field, found ")"`},
		{"a=1 | stats min(_time @by a", `expected ")" to close the function`},
		{"a=1 | stats count as @| x", `expected a column name, found "|"`},
		{"a=1 | stats count as n, @min(_time) as n", `two aggregates have the name "n"`},
		{"a=1 | stats count by @", "expected a BY field, found the end"},
		{"a=1 | stats count by @| search *", `expected a BY field, found "|"`},
		{"a=1 | stats count by a, @a", `field "a" stands twice`},
		{"a=1 | stats count as a by @a", `BY field "a" has the name of an aggregate`},
		{"a=1 | stats count by @(a)", `expected a BY field, found "(a)"`},
		{"a=1 | stats count by a@=1", `expected a BY field, found "=1"`},
		{"a=1 | stats count | convert @memk(count)", "only timeformat=, ctime(), mktime(), num() and rmcomma() are supported"},
		{"a=1 | stats count | @foo", `command "foo" is not supported`},
	} {
		at := strings.IndexByte(c[0], '@')
		checkRefusal(t, c[0][:at]+c[0][at+1:], at, c[1])
	}
}

func checkRefusal(t *testing.T, search string, at int, msg string) {
	t.Helper()
	_, err := Compile(search, Env{Macros: testMacros})
	var e *Error
	switch {
	case err == nil:
		t.Errorf("Compile(%q) is accepted, want %q", search, msg)
	case !errors.As(err, &e):
		t.Errorf("Compile(%q): %T is not an *Error", search, err)
	case !strings.Contains(e.Msg, msg):
		t.Errorf("Compile(%q): %q, want %q", search, e.Msg, msg)
	case e.Offset != at:
		t.Errorf("Compile(%q): offset %d, want %d", search, e.Offset, at)
	}
}

// Hostile macros and nesting cost an error, not memory, time or the stack.
func TestBounds(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("(", 100_000) + "a=1"
	if _, err := Compile(deep, Env{}); err == nil || !strings.Contains(err.Error(), "nests deeper") {
		t.Errorf("deep parentheses: %v", err)
	}
	if _, err := Compile(strings.Repeat("NOT ", 100_000)+"a=1", Env{}); err == nil || !strings.Contains(err.Error(), "nests deeper") {
		t.Errorf("many NOT: %v", err)
	}
	macros := Macros{}
	for i := range 15 {
		// Each doubles its text ten times over: once by calls, once by arguments.
		call := fmt.Sprintf("`m%d` ", i+1)
		macros[MacroKey{fmt.Sprintf("m%d", i), 0}] = Macro{Definition: strings.Repeat(call, 10)}
		macros[MacroKey{fmt.Sprintf("n%d", i), 1}] = Macro{
			Params: []string{"a"}, Definition: fmt.Sprintf("`n%d(%s)`", i+1, strings.Repeat("$a$", 10)),
		}
	}
	macros[MacroKey{"m15", 0}] = Macro{}
	macros[MacroKey{"n15", 1}] = Macro{Params: []string{"a"}, Definition: "a=1"}
	for search, msg := range map[string]string{
		"x=1 `m0`":         "macro calls",
		"x=1 `n0(abcdef)`": "grows past",
		"x=1 `m12`":        "no stats",
	} {
		_, err := Compile(search, Env{Macros: macros})
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Msg, msg) {
			t.Errorf("Compile(%q): %v, want %q", search, err, msg)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("`src` a=1 (b IN (\"x\", y) OR NOT c!=*) | fillnull value=0 d | stats count min(_time) as f by a, \"b c\" | `ctime(f)`")
	f.Add("a=\"\\\"\\\\\" ```c``` | stats count")
	f.Add("`outer(x)` | stats count as \"a b\"")
	f.Add("`loop`")
	f.Add("a=1 | stats count | convert timeformat=x ctime(")
	f.Add("\xff`")
	f.Add("a=1 | rex field=b max_match=0 \"(?<c>.)\" | eval d=case(c=1,\"x\",true(),c.\"y\") | bin _time span=5m | stats count(eval(d!=1)) values(c) by _time | eventstats avg(count) as m | sort -m | `nothing` | table m")
	f.Add("x \"y\" index=z | rename a* as b* | fillnull value=0 | where match(b,\"(?<!c)d\") OR NOT e IN (1,\"f\") | table g h | dedup 2 g | mvexpand h limit=3 | replace x with y in g | addtotals")
	f.Add("* | spath input=a path=b{}.c | xmlkv d | makemv delim=\",\" e | nomv e | stats list(e) as l | convert mktime(l) as k num(k) | tail 3 | reverse | head | fields - k")
	f.Fuzz(func(t *testing.T, search string) {
		r, err := Compile(search, Env{Macros: testMacros})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%T is not an *Error", err)
			}
			if e.Offset < 0 || e.Offset > len(search) {
				t.Fatalf("offset %d of %d bytes", e.Offset, len(search))
			}
			if r != nil {
				t.Fatal("a rule beside an error")
			}
		}
		again, err2 := Compile(search, Env{Macros: testMacros})
		if fmt.Sprint(err) != fmt.Sprint(err2) || r != nil && r.String() != again.String() {
			t.Fatalf("compiled twice: %v, %v and %v, %v", r, err, again, err2)
		}
		if r == nil {
			return
		}
		if len(r.Aggs) == 0 {
			t.Fatal("a rule without aggregates")
		}
		names := map[string]bool{}
		for _, name := range r.By {
			names[name] = true
		}
		for _, a := range r.Aggs {
			names[a.As] = true
		}
		if len(names) != len(r.By)+len(r.Aggs) {
			t.Fatalf("two columns have one name: %s", r)
		}
		r.Fields()
		columns, all := r.Columns()
		env := evalEnv
		env.MaxRows = 1000
		before := &row.Table{Columns: slices.Clone(evalRow.Columns), Rows: [][]row.Value{slices.Clone(evalRow.Rows[0])}}
		command.Run(&env, r.Before, before)
		after := &row.Table{Columns: slices.Clone(r.By), Rows: [][]row.Value{nil, {row.OfText("x"), row.OfTexts([]string{"1", "y"})}}}
		for _, a := range r.Aggs {
			after.Columns = append(after.Columns, a.As)
		}
		command.Run(&env, r.After, after)
		if len(before.Rows) > 1000 || len(after.Rows) > 1000 {
			t.Fatalf("%d and %d rows", len(before.Rows), len(after.Rows))
		}
		seen := map[string]bool{}
		for _, c := range after.Columns {
			if seen[c] || all && !slices.Contains(columns, c) {
				t.Fatalf("column %q of %q stands twice or is not foreseen: %q of %s", c, after.Columns, columns, r)
			}
			seen[c] = true
		}
		if _, ok := r.Where.(rule.And); ok && len(r.Where.(rule.And)) < 2 {
			t.Fatalf("a conjunction of one: %s", r)
		}
	})
}
