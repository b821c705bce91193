package spl

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/match/command"
	"sluice/match/expr"
	"sluice/match/row"
)

// evalRow is what the expressions of TestEval read.
var evalRow = row.Table{
	Columns: []string{"n", "m", "s", "up", "many", "nums", "empty", "a b", "_time", "path", "js", "ip", "nil"},
	Rows: [][]row.Value{{
		row.OfText("4104"), row.OfNumber(2.5), row.OfText("script"), row.OfText("ScRiPt"),
		row.OfTexts([]string{"x", "Y", "x", "z1"}), row.OfTexts([]string{"10", "9", "abc"}), row.OfText(""), row.OfText("blank"),
		row.OfNanos(1_714_554_753_250e6), row.OfText(`C:\Windows\Temp\a.exe`),
		row.OfText(`{"a":{"b":[1,{"c":"deep"},null]},"t":true}`), row.OfText("10.1.2.3"), {},
	}},
}

var evalEnv = command.Env{Env: expr.Env{Zone: time.UTC, Now: time.Unix(1_714_600_000, 0)}}

// evaluated returns the value of an expression over evalRow, printed so that kinds
// differ.
func evaluated(t *testing.T, text string) string {
	t.Helper()
	r, err := Compile("* | stats count | eval x = "+text, Env{})
	if err != nil {
		t.Errorf("%s: %v", text, err)
		return ""
	}
	e := r.After[0].(command.Eval)
	s := expr.Scope{Table: &evalRow, Row: evalRow.Rows[0], Env: &evalEnv.Env}
	return printed(e.X.Value(&s))
}

func printed(v row.Value) string {
	switch v.Kind() {
	case row.Null:
		return "null"
	case row.Number:
		return v.String()
	case row.Multi:
		return fmt.Sprintf("%q", v.Texts())
	}
	return fmt.Sprintf("%q", v.String())
}

func TestEval(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		// Literals, fields, quotes.
		{`1`, "1"}, {`1.50`, "1.5"}, {`"a\"\\b"`, `"a\"\\b"`}, {`"\d\."`, `"\\d\\."`}, {`s`, `"script"`},
		{`'a b'`, `"blank"`}, {`S`, "null"}, {`nil`, "null"}, {`null()`, "null"}, {`null`, "null"}, {`empty`, `""`},
		// Arithmetic: numbers, texts that are numbers, words.
		{`1+2*3`, "7"}, {`(1+2)*3`, "9"}, {`10-2-3`, "5"}, {`7%4`, "3"}, {`1/4`, "0.25"}, {`1/0`, "null"}, {`0%0`, "null"},
		{`n+1`, "4105"}, {`n-m`, "4101.5"}, {`-n`, "-4104"}, {`- -1`, "1"}, {`+2`, "2"}, {`s-1`, "null"}, {`nil+1`, "null"},
		{`s+s`, `"scriptscript"`}, {`s+1`, "null"}, {`-s`, "null"},
		{`0.1+0.2`, "0.30000000000000004"}, {`2*0-0`, "0"},
		// Joining.
		{`"a"."b"`, `"ab"`}, {`"%".s."%"`, `"%script%"`}, {`n.s`, `"4104script"`}, {`"a".nil`, "null"}, {`1 . 2`, `"12"`},
		// Functions of conditions.
		{`if(n=4104,"y","n")`, `"y"`}, {`if(nil=1,"y","n")`, `"n"`}, {`if(NOT nil=1,"y","n")`, `"y"`}, {`if(nil!=1,"y","n")`, `"n"`},
		{`case(n=1,"a",n=4104,"b",true(),"c")`, `"b"`}, {`case(n=1,"a")`, "null"}, {`case(1=1,0,)`, "!"},
		{`coalesce(nil,empty,s)`, `""`}, {`coalesce(nil,null())`, "null"}, {`nullif(n,"4104")`, "null"}, {`nullif(s,"x")`, `"script"`},
		{`nullif(nil,1)`, "null"},
		// Text.
		{`lower(up)`, `"script"`}, {`upper(up)`, `"SCRIPT"`}, {`lower(many)`, `["x" "y" "x" "z1"]`}, {`len("größe")`, "5"}, {`len(n)`, "4"},
		{`substr(s,2)`, `"cript"`}, {`substr(s,1,2)`, `"sc"`}, {`substr(s,0,2)`, `"sc"`}, {`substr(s,-3,2)`, `"ip"`}, {`substr("größe",3,2)`, `"öß"`},
		{`substr(s,9)`, `""`}, {`substr(s,2,0)`, `""`}, {`substr(s,2,-1)`, `""`}, {`substr(many,1,1)`, `["x" "Y" "x" "z"]`},
		{`trim("  a ")`, `"a"`}, {`trim("$a$","$")`, `"a"`}, {`ltrim("xxa","x")`, `"a"`}, {`rtrim("axx","x")`, `"a"`},
		{`replace(path,"^.*\\\\","")`, `"a.exe"`}, {`replace(path,"(.*\\\)","")`, `"a.exe"`}, {`replace(s,"(s)(c)","\2\1\0")`, `"csscript"`}, {`replace(s,"x","y")`, `"script"`},
		{`replace(s,"r","$1")`, `"sc$1ipt"`}, {`replace(many,"x","")`, `["" "Y" "" "z1"]`}, {`replace(nil,"x","")`, "null"},
		{`replace("aaa","a","b")`, `"bbb"`}, {`replace("abc","","-")`, `"-a-b-c-"`},
		{`urldecode("a%20b%41")`, `"a bA"`}, {`urldecode("100%")`, `"100%"`},
		{`md5("a")`, `"0cc175b9c0f1b6a831c399e269772661"`}, {`sha1("")`, `"da39a3ee5e6b4b0d3255bfef95601890afd80709"`},
		{`len(sha256(s))`, "64"}, {`len(sha512(s))`, "128"},
		{`tostring(1234567)`, `"1234567"`}, {`tostring(1234567.5,"commas")`, `"1,234,567.50"`}, {`tostring(255,"hex")`, `"0xFF"`},
		{`tostring(3661,"duration")`, `"01:01:01"`}, {`tostring(-1234,"commas")`, `"-1,234"`},
		{`tonumber("010")`, "10"}, {`tonumber("ff",16)`, "255"}, {`tonumber("0x1F",16)`, "31"}, {`tonumber("x")`, "null"}, {`tonumber("2",2)`, "null"},
		{`typeof(n)`, `"Number"`}, {`typeof(s)`, `"String"`}, {`typeof(nil)`, `"Null"`},
		// Numbers.
		{`abs(-1.5)`, "1.5"}, {`ceil(1.2)`, "2"}, {`ceiling(1.2)`, "2"}, {`floor(-1.2)`, "-2"}, {`round(2.5)`, "3"}, {`round(3.14159,2)`, "3.14"},
		{`sqrt(9)`, "3"}, {`sqrt(-1)`, "null"}, {`pow(2,10)`, "1024"}, {`log(100)`, "2"}, {`log(8,2)`, "3"}, {`exp(0)`, "1"}, {`ln(1)`, "0"}, {`round(pi(),3)`, "3.142"},
		{`min(3,"12",nil)`, "3"}, {`max(3,"12")`, `"12"`}, {`max(3,"b",s)`, `"script"`}, {`min(nums)`, `"9"`}, {`max(nums)`, `"abc"`}, {`min(nil)`, "null"},
		{`exact(n)`, "4104"},
		// Several values.
		{`mvcount(many)`, "4"}, {`mvcount(s)`, "1"}, {`mvcount(nil)`, "null"}, {`mvindex(many,0)`, `"x"`}, {`mvindex(many,-1)`, `"z1"`},
		{`mvindex(many,1,2)`, `["Y" "x"]`}, {`mvindex(many,-2,-1)`, `["x" "z1"]`}, {`mvindex(many,4)`, "null"}, {`mvindex(many,-5)`, "null"}, {`mvindex(many,2,1)`, "null"},
		{`mvindex(s,0)`, `"script"`}, {`mvindex(many,1,99)`, `["Y" "x" "z1"]`},
		{`mvjoin(many,"-")`, `"x-Y-x-z1"`}, {`mvappend(many,s,nil)`, `["x" "Y" "x" "z1" "script"]`}, {`mvdedup(many)`, `["x" "Y" "z1"]`},
		{`mvsort(many)`, `["Y" "x" "x" "z1"]`}, {`mvzip(many,nums)`, `["x,10" "Y,9" "x,abc"]`}, {`mvzip(s,n,"=")`, `"script=4104"`},
		{`mvfind(many,"^z")`, "3"}, {`mvfind(many,"q")`, "null"}, {`mvfilter(many!="x")`, `["Y" "z1"]`}, {`mvfilter(match(many,"^q"))`, "null"},
		{`mvfilter(nil="x")`, "null"}, {`mvmap(nums,nums+1)`, `["11" "10"]`}, {`mvmap(many,upper(many))`, `["X" "Y" "X" "Z1"]`},
		{`split("a,b,,c",",")`, `["a" "b" "" "c"]`}, {`split("abc","")`, `["a" "b" "c"]`}, {`split(s,",")`, `"script"`},
		{`mvindex(split("u@d","@"),0)`, `"u"`},
		// Times.
		{`now()`, "1714600000"}, {`time()`, "1714600000"}, {`_time`, "1714554753.25"}, {`_time+1`, "1714554754.25"},
		{`strftime(_time,"%Y-%m-%d %H:%M:%S.%3N")`, `"2024-05-01 09:12:33.250"`}, {`strftime(s,"%Y")`, "null"},
		{`strptime("2024-05-01 09:12:33","%Y-%m-%d %H:%M:%S")`, "1714554753"}, {`strptime("1.5.2024","%d.%m.%Y")`, "1714521600"},
		{`strptime("2024-05-01T09:12:33.5Z","%Y-%m-%dT%H:%M:%S.%3N%Z")`, "null"}, {`strptime("2024-05-01T09:12:33.5+02:00","%Y-%m-%dT%H:%M:%S.%3N%z")`, "null"},
		{`strptime("2024-05-01T11:12:33.5+0200","%Y-%m-%dT%H:%M:%S.%1N%z")`, "1714554753.5"},
		{`strptime("x","%Y")`, "null"}, {`strptime("9999","%Y")`, "null"}, {`relative_time(0,"+900000d")`, "null"}, {`strptime("5","%K")`, "null"}, {`strptime("12.5","%s")`, "12.5"},
		{`relative_time(0,"+1d")`, "86400"}, {`relative_time(_time,"@d")`, "1714521600"}, {`relative_time(_time,"-70m@m")`, "1714550520"},
		{`relative_time(_time,"@h+5s")`, "1714554005"}, {`relative_time(_time,"@w")`, "1714262400"}, {`relative_time(_time,"@w1")`, "1714348800"},
		{`relative_time(_time,"@mon")`, "1714521600"}, {`relative_time(_time,"-1mon@mon")`, "1711929600"}, {`relative_time(_time,"@y")`, "1704067200"},
		{`relative_time(_time,"@q")`, "1711929600"}, {`relative_time(_time,"now")`, "1714554753.25"}, {`relative_time(_time,"soon")`, "null"}, {`relative_time(_time,"-99999999999d")`, "null"},
		// JSON.
		{`spath(js,"a.b{}.c")`, `"deep"`}, {`spath(js,"a.b{0}")`, `"1"`}, {`spath(js,"a.b{}")`, `["1" "{\"c\":\"deep\"}"]`}, {`spath(js,"t")`, `"true"`},
		{`json_extract(js,"a.x")`, "null"}, {`spath(s,"a")`, "null"}, {`spath(js,"a.b{9}")`, "null"}, {`json_valid(js)`, "1"}, {`json_valid(s)`, "0"},
	} {
		if c[1] == "!" {
			if _, err := Compile("* | stats count | eval x = "+c[0], Env{}); err == nil {
				t.Errorf("%s is accepted", c[0])
			}
			continue
		}
		if got := evaluated(t, c[0]); got != c[1] {
			t.Errorf("%s = %s, want %s", c[0], got, c[1])
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`n=4104`: true, `n==4104`: true, `n="4104"`: true, `n=4104.0`: true, `n="04104"`: true, `n!=4104`: false, `n>4103 AND n<4105`: true,
		`s="script"`: true, `s="SCRIPT"`: false, `s>"a"`: true, `s>5`: true, `5<s`: true, `nil=nil`: false, `nil!=nil`: false, `NOT nil=nil`: true,
		`n>=4104 n`: false, // refused, see below
		// AND before OR, unlike in search; NOT before both.
		`1=1 OR 1=1 AND 1=2`: true, `(1=1 OR 1=1) AND 1=2`: false, `NOT 1=2 AND 1=1`: true, `NOT (1=2 AND 1=1)`: true, `1=1 XOR 1=1`: false, `1=1 xor 1=2`: true,
		`1=1 or 1=2 and 1=2`: true,
		// Several values: one is enough.
		`many="Y"`: true, `many="y"`: false, `many!="x"`: true, `many="q"`: false, `nums>9`: true, `nums<9`: false, `many=nums`: false, `many="x" AND many="z1"`: true,
		`many IN ("q","z1")`: true, `s IN (many)`: false, `"Y" IN (many)`: true, `NOT s IN (nil)`: true, `nil IN ("a")`: false, `s NOT IN ("a")`: true, `in(s,"a","script")`: true,
		`s like "scr%"`: true, `s LIKE "SCR%"`: false, `like(s,"s_ript")`: true, `like(s,"s_cript")`: false, `like(s,"%")`: true, `like(nil,"%")`: false, `s NOT LIKE "x%"`: true,
		`like(path,"%\\Temp\\%")`: true, `like("größe","gr__e")`: true, `like("aXbX","%X")`: true, `like("a","")`: false, `like("","")`: true, `like("ab","a%%b")`: true,
		`match(s,"^scr")`: true, `match(s,"CR")`: false, `match(s,"(?i)CR")`: true, `match(nil,".*")`: false, `match("a".urldecode("%0A"),"a$")`: true, `match("a".urldecode("%0Ab"),"a$")`: false, `match("a".urldecode("%0A"),"a\z")`: false, `match(many,"^z\d$")`: true, `match(path,"\\\Temp")`: true,
		`match("notepad.exe",s)`: false, `match("a script b",s)`: true, `match(s,many)`: false, `match("(","(".s)`: false,
		`match("a/b","(?<!/)b")`: false, `match("a-b","(?<!/)b")`: true, `match("b","(?<![/x])b")`: true,
		`isnull(nil)`: true, `isnull(empty)`: false, `isnotnull(empty)`: true, `isnum(n)`: true, `isnum(s)`: false, `isint(m)`: false, `isint(n)`: true, `isstr(s)`: true, `isstr(nil)`: false,
		`cidrmatch("10.0.0.0/8",ip)`: true, `cidrmatch("10.2.0.0/16",ip)`: false, `cidrmatch("x",ip)`: false, `cidrmatch("10.0.0.0/8",s)`: false,
		`true()`: true, `false()`: false, `NOT false()`: true, `not(n=1)`: true, `NOT(n=4104)`: false,
	} {
		r, err := Compile("* | stats count | where "+text, Env{})
		if err != nil {
			if text != `n>=4104 n` {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		s := expr.Scope{Table: &evalRow, Row: evalRow.Rows[0], Env: &evalEnv.Env}
		if got := r.After[0].(command.Where).Cond.Holds(&s); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// Expressions print so that nothing is lost.
func TestEvalPrints(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`a=1+2*b."c"`: `eval a = (. (+ 1 (* 2 b)) "c")`,
		`'x y'='p q'`: `eval "x y" = $"p q"`,
		`a=if(b=1 AND NOT c IN (1,"2"),d,null())`:  `eval a = (if (and (= b 1) (not (in c 1 "2"))) d null)`,
		`a=case(b>1 OR c<2 OR d!=3,-e,true(),'1')`: `eval a = (case (or (> b 1) (< c 2) (!= d 3)) (- e) true $"1")`,
		`a=replace(b,"x","y")`:                     `eval a = (replace b "x" "y")`,
		`a=if(match(b,"x") XOR b like "%",1,2)`:    `eval a = (if (xor (match b "x") (like b "%")) 1 2)`,
		`a=mvfilter(b="c")`:                        `eval a = (mvfilter (= b "c"))`,
		`a=mvmap(b,len(b))`:                        `eval a = (mvmap b (len b))`,
		`a=if(cidrmatch("::/0",b),isnull,'null')`:  `eval a = (if (cidrmatch "::/0" b) isnull $"null")`,
	} {
		r, err := Compile("* | stats count | eval "+text, Env{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := r.After[0].String(); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestEvalRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"eval x=@1=1", "expected a value, found a condition"},
		{"where @1", "expected a condition, found a value"},
		{"where @a AND b=1", "expected a condition, found a value"},
		{"where b=1 OR @a", "expected a condition, found a value"},
		{"eval x=1+@(a=1)", "expected a value, found a condition"},
		{"eval x=if(@a,1,2)", "expected a condition, found a value"},
		{"eval x=if(a=1,1@)", `expected "," between the arguments of if`},
		{"eval x=case(a=1@)", `expected "," behind a condition of case`},
		{"eval x=@nope(1)", `function "nope" is not known`},
		{"eval x=@searchmatch(1)", `function "searchmatch" is not supported`},
		{"eval x=@substr(1)", `function "substr" takes from 2 to 3 arguments, not 1`},
		{"eval x=@len(1,2)", `function "len" takes one argument, not 2`},
		{"eval x=@now(1)", `function "now" takes no arguments, not 1`},
		{"eval x=@coalesce()", `function "coalesce" takes at least 1 arguments, not 0`},
		{"where match(a,@\"(?=b)c\")", "lookaround is not supported (RE2)"},
		{"where match(a,@\"(?<!b)c|d\")", "lookaround is not supported (RE2)"},
		{"eval x=replace(a,@\"(a)\\1\",\"\")", "cannot compile the regular expression: a backreference \\1 is not supported (RE2) at character 4"},
		{"eval x=mvfind(a,@\"(?=b)c\")", "lookaround is not supported (RE2)"},
		{"eval x=@mvfilter(a=b)", "mvfilter takes a condition on one field, this one has 2"},
		{"eval x=@mvmap(a,b)", "mvmap takes a field and an expression of it"},
		{"eval x=@\"a", "this quote is not closed"},
		{"eval x=@'a", "this quote is not closed"},
		{"eval x=@12abc", `expected a number, found "12abc"`},
		{"eval x=(1@", `expected ")" to close the group, found the end`},
		{"eval x=@", "expected an expression, found the end"},
		{"eval x=1 @y", "expected the end of eval"},
		{"eval @=1", `expected a field, found "=1"`},
		{"eval x@", `expected "=" behind the field of eval`},
		{"where a IN @b", `expected "(" after in`},
		{"eval x=a@ NOT b", "expected the end of eval"},
		{"eval x=@[search y]", "subsearches are not supported"},
	} {
		at := strings.IndexByte(c[0], '@')
		const prefix = "a=1 | stats count | "
		if strings.HasPrefix(c[0][at+1:], " ") {
			at++ // the place is behind the space
			c[0] = c[0][:at-1] + c[0][at:at+1] + "@" + c[0][at+1:]
		}
		text := strings.Replace(c[0], "@", "", 1)
		checkRefusal(t, prefix+text, len(prefix)+at, c[1])
	}
}

// Hostile expressions cost an error, or a value of bounded size.
func TestEvalBounds(t *testing.T) {
	t.Parallel()
	for text, msg := range map[string]string{
		"eval x=" + strings.Repeat("(", 100_000):           "nests deeper",
		"eval x=" + strings.Repeat("-", 100_000) + "1":     "nests deeper",
		"where " + strings.Repeat("NOT ", 100_000) + "a=1": "nests deeper",
		"eval x=1" + strings.Repeat("+1", 100_000):         "operators in a row",
		"eval x=" + strings.Repeat("if(a=1,", 10_000):      "nests deeper",
		"eval x=" + strings.Repeat("lower(", 10_000):       "nests deeper",
	} {
		if _, err := Compile("* | stats count | "+text, Env{}); err == nil || !strings.Contains(err.Error(), msg) {
			t.Errorf("%.40s: %v, want %q", text, err, msg)
		}
	}
	double := strings.Repeat("| eval a=a.a ", 60)
	r, err := Compile("* | stats count as a "+double, Env{})
	if err != nil {
		t.Fatal(err)
	}
	tab := row.Table{Columns: []string{"a"}, Rows: [][]row.Value{{row.OfText("xy")}}}
	command.Run(&evalEnv, r.After, &tab)
	if n := len(tab.Rows[0][0].String()); n > 16<<20 {
		t.Errorf("a text of %d bytes", n)
	}
}

func FuzzEval(f *testing.F) {
	for _, s := range []string{
		`case(match(s,"(?i)x"),1,true(),substr(many,0,2).'a b')`, `mvfilter(NOT many IN ("x",nil))`, `relative_time(_time,"-1d@d+2h")`,
		`replace(path,"(.)\\\(.)","\2$\1")`, `strptime("2024-01","%Y-%m")`, `round(1/3,2)+-n%7`, `spath(js,"a.b{}.c{0}")`, `mvzip(mvsort(nums),split(s,""))`,
		`tostring(n,"commas")`, `if(cidrmatch("1.2.3.4/0",ip) OR s LIKE "%_" XOR isnum(m),null(),tonumber("f",16))`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			t.Skip()
		}
		p := &parser{text: &expanded{s: text, from: make([]int, len(text)), end: len(text)}}
		n, err := p.exprOr()
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("%T is not an *Error", err)
			}
			return
		}
		again, err := (&parser{text: &expanded{s: text[:p.pos], from: make([]int, p.pos), end: p.pos}}).exprOr()
		if err != nil || again.String() != n.String() {
			t.Fatalf("%q alone is %v, %v", text[:p.pos], again, err)
		}
		s := expr.Scope{Table: &evalRow, Row: evalRow.Rows[0], Env: &evalEnv.Env}
		switch n := n.(type) {
		case expr.Value:
			if v := n.Value(&s); len(v.String()) > 64<<20 {
				t.Fatalf("a value of %d bytes", len(v.String()))
			} else if !v.Equal(n.Value(&s)) {
				t.Fatal("two answers")
			}
		case expr.Cond:
			if first := n.Holds(&s); n.Holds(&s) != first {
				t.Fatal("two answers")
			}
		}
		expr.Fields(n)
	})
}
