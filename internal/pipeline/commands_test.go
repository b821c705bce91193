package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/detection"
	"sluice/match/lookup"
	"sluice/match/row"
	"sluice/match/spl"

	"sluice/detections"
)

// commandSearches have commands before and behind stats, and every statistic.
var commandSearches = []string{
	`EventCode=4104 ScriptBlockText="*ipinfo*" | rename Computer as dest UserID as user | stats count min(_time) as firstTime max(_time) as lastTime by dest user EventCode | convert timeformat="%F %T" ctime(firstTime) | search dest=*0*`,
	`EventCode=4104 | eval has=if(match(ScriptBlockText,"(?i)invoke-\w+method"),"yes","no"), size=len(ScriptBlockText) | stats count values(has) as has min(size) max(size) avg(size) as mean stdev(size) as sd range(size) sum(size) sumsq(size) var(size) by dest | where count>3 | eval up=round(mean+2*sd,3) | sort - count, dest`,
	`EventCode=* | rex field=ScriptBlockText max_match=5 "(?<word>[A-Za-z]+-[A-Za-z]+)" | stats dc(word) as n values(word) as words list(word) as listed first(word) as f last(word) as l mode(word) by Channel | eval words=mvjoin(words,"|")`,
	`EventCode=4104 | regex ScriptBlockText="(?i)ip(info|ify)" | stats count earliest(ScriptBlockId) as e latest(ScriptBlockId) as n earliest(_time) as et latest(_time) by user_id`,
	`EventCode=4104 | regex ScriptBlockText!="(?i)ipinfo" | bin _time span=1h | stats count dc(dest) as hosts by _time | eventstats avg(count) as m stdev(count) as s | eval out=if(count>=m,1,0) | where out=1 | convert ctime(_time)`,
	`EventCode=4104 | fillnull value=none Path | eval Path=lower(Path) | where like(Path,"%.ps1") OR Path="none" | stats count values(dest) as dest by Path | mvexpand dest | stats sum(count) as total by dest | head 20`,
	`EventCode=4104 | lookup codes code as EventCode OUTPUT text as what | stats count by what Opcode | lookup hosts pattern as what OUTPUTNEW zone | fillnull value=- zone | replace "Script*" with S in what`,
	`ScriptBlockText=*invoke* NOT Path=* | table _time dest EventCode ScriptBlockId | rename dest as host | dedup host | fields - count`,
	`Channel=*PowerShell* | eval k=Opcode."-".EventCode | stats count(Path) as paths count(eval(EventCode=4104)) as blocks dc(eval(upper(dest))) as d by k | addtotals fieldname=sum paths blocks | where sum>0`,
	`invoke-restmethod | stats count by EventCode`,
	`(ipinfo.io OR "api.ipify.org") NOT 4103 | spath input=ScriptBlockText path=a | xmlkv ScriptBlockText | stats count values(Path) as p by dest | eventstats max(count) as most by p | where count=most`,
	`EventCode=4104 | mvexpand ScriptBlockText | eval t=strftime(_time,"%H"), a=relative_time(_time,"@d") | stats count min(a) as day by t | sort t | reverse`,
}

func commandRules(t testing.TB) (rules []reference.Rule) {
	t.Helper()
	return compiled(t, commandSearches...)
}

// compiled compiles searches, with the built-in macros and some lookups.
func compiled(t testing.TB, searches ...string) (rules []reference.Rule) {
	t.Helper()
	var l detection.Loader
	l.LoadMacros(detections.FS, "builtin")
	lookups := &lookup.Set{}
	lookups.Add(fstest.MapFS{
		"codes.csv": {Data: []byte("code,text\n4104,Script block\n4103,Pipeline\n4104,Block\nabc,Word\n")},
		"hosts.yml": {Data: []byte("name: hosts\nfilename: h.csv\nmatch_type: WILDCARD(pattern)\ncase_sensitive_match: 'false'\n")},
		"h.csv":     {Data: []byte("pattern,zone\nscript*,a\n*block,b\n")},
	}, "lookups")
	for _, search := range searches {
		r, err := spl.Compile(search, spl.Env{Macros: l.Macros, Lookups: lookups})
		if err != nil {
			t.Fatalf("%s: %v", search, err)
		}
		rules = append(rules, reference.Rule{Name: search, Rule: r})
	}
	return rules
}

// printNamed writes rows as they are printed, kinds of values told apart. Standard
// deviations are rounded: the reference rounds twice.
func printNamed(rules []reference.Rule, rows []row.Named) (out []string) {
	for _, r := range rows {
		s := rules[r.Rule].Name + ":"
		for i, name := range r.Columns {
			v := r.Values[i]
			text := fmt.Sprintf("%d %q", v.Kind(), v.Texts())
			if f, ok := v.Num(); ok && v.Kind() == row.Number && strings.Contains(v.String(), ".") && name != "_time" {
				text = fmt.Sprintf("%.12g", f)
			}
			s += " " + name + "=" + text
		}
		out = append(out, s)
	}
	return out
}

// Commands, statistics and groups of engine and reference come to the same rows, in
// the same order, whatever the prefilter and the number of workers.
func TestCommandsEqualReference(t *testing.T) {
	rules := commandRules(t)
	files := writeCorpus(t, records(t, 1600), 31)
	for _, drop := range []bool{false, true} {
		ref, err := reference.Run(files, rules, reference.Options{DropNulls: drop})
		if err != nil {
			t.Fatal(err)
		}
		want := printNamed(rules, ref.Named)
		for i, r := range rules {
			if !slices.ContainsFunc(ref.Named, func(n row.Named) bool { return n.Rule == i }) && !drop {
				t.Errorf("no rows of %s", r.Name)
			}
		}
		for threads := 1; threads <= 3; threads++ {
			res := engine(t, files, rules, match.Options{NoPrefilter: threads == 2}, drop, threads)
			compareRows(t, fmt.Sprintf("%d workers, drop %v", threads, drop), printNamed(rules, res.Rows), want)
			if res.Matched != ref.Matched {
				t.Errorf("%d events matched, the reference has %d", res.Matched, ref.Matched)
			}
		}
		for i := range rules {
			one := rules[i : i+1]
			fast := engine(t, files, one, match.Options{}, drop, 1+i%3)
			slow := engine(t, files, one, match.Options{NoPrefilter: true}, drop, 1)
			compareRows(t, one[0].Name, printNamed(one, fast.Rows), printNamed(one, slow.Rows))
		}
	}
}

// A hostile event makes neither rows nor values without bound.
func TestHostileRows(t *testing.T) {
	values := make([]string, 3000)
	for i := range values {
		values[i] = fmt.Sprintf(`"v%d"`, i)
	}
	many := "[" + strings.Join(values, ",") + "]"
	line := fmt.Sprintf(`{"EventID":4104,"Channel":"C","Hostname":"h","a":%s,"b":%s,"c":%s}`, many, many, many)
	path := writeFile(t, "many.ndjson", []byte(line+"\n"+line+"\n"))
	for _, search := range []string{
		`a=v1 | stats count values(c) as c by a b`,
		`a=v1 | mvexpand a | mvexpand b | stats dc(a) as n list(b) as l`,
		`a=v1 | eval x=mvzip(a,b), y=mvappend(x,x,x,x,a,b,c) | where a=y | stats values(y) as y`,
	} {
		r, err := spl.Compile(search, spl.Env{})
		if err != nil {
			t.Fatal(err)
		}
		rules := []reference.Rule{{Name: search, Rule: r}}
		res := engine(t, []string{path}, rules, match.Options{}, false, 2)
		if capped := !strings.Contains(search, "mvzip"); len(res.Rows) == 0 || len(res.Rows) > 10_000 || capped != (res.Capped == 2) {
			t.Errorf("%s: %d rows, %d capped", search, len(res.Rows), res.Capped)
		}
	}
}
