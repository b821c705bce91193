package pipeline_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/pipeline"
	"sluice/internal/record"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/rule"
)

// write writes the events of a scene in one shape and returns the file.
func (s scene) write(t testing.TB, shape int) []string {
	var recs [][]byte
	for n, e := range s.events {
		recs = append(recs, publishedRecord(e, shape, n))
	}
	if shape == 0 {
		return []string{writeFile(t, "a.xml", corpus.XMLLines(recs))}
	}
	return []string{writeFile(t, "a.ndjson", corpus.NDJSON(recs, false))}
}

// referenceRows returns the rows that the reference makes of files.
func referenceRows(t testing.TB, files []string, one []reference.Rule, drop bool) []string {
	t.Helper()
	ref, err := reference.Run(files, one, reference.Options{DropNulls: drop})
	if err != nil {
		t.Fatal(err)
	}
	return printNamed(one, ref.Named)
}

// equalRows fails unless the engine makes of files the rows of the reference, which it
// returns.
func equalRows(t testing.TB, what string, files []string, one []reference.Rule) (rows []string) {
	t.Helper()
	irs := []*rule.Rule{one[0].Rule}
	for _, drop := range []bool{true, false} {
		rows = referenceRows(t, files, one, drop)
		res, err := pipeline.Run(context.Background(), pipeline.Config{
			Files: files, Rules: irs, Set: match.Compile(irs, match.Options{}), Format: record.Auto, Threads: 1, DropNulls: drop,
		})
		if err != nil || len(res.Errors) > 0 {
			t.Fatalf("%s: %v %v", what, err, res.Errors)
		}
		compareRows(t, fmt.Sprintf("%s, drop %v", what, drop), printNamed(one, res.Rows), rows)
	}
	return rows
}

// attempts bounds how many scenes are tried for a search.
const attempts = 200

// satisfied returns a scene of which the reference makes a row; if one of the first scenes
// does so also without the groups that lack a BY field, that one.
func satisfied(t testing.TB, one []reference.Rule, attempts int) (found scene, ok bool) {
	for seed := range uint64(attempts) {
		s := stage(one[0].Rule, seed)
		file := s.write(t, 0)
		if len(referenceRows(t, file, one, false)) == 0 {
			continue
		}
		full := len(referenceRows(t, file, one, true)) > 0
		if !ok || full {
			found, ok = s, true
		}
		if full || seed >= 20 {
			break
		}
	}
	return found, ok
}

// nearMisses returns scenes that each lack something of s: one literal, which stands in
// all events without one character; one of two values that must be alike; one event,
// or where others show what is usual all but one.
func (s scene) nearMisses() (out []scene) {
	for _, literal := range s.literals {
		chars := []rune(literal)
		chars[len(chars)/2] = '~'
		if miss, ok := s.damaged(literal, string(chars), false); ok {
			out = append(out, miss)
		}
	}
	for _, literal := range s.shared {
		if miss, ok := s.damaged(literal, "different", true); ok {
			out = append(out, miss)
		}
	}
	switch {
	case s.usual: // the exception is as usual
		out = append(out, scene{events: s.events[s.first-1:]})
	case len(s.events) > 1:
		out = append(out, scene{events: s.events[1:]})
	}
	return out
}

// damaged puts another text in the place of one, in one field only or in all. A text of
// one or two characters counts only where it is the whole value.
func (s scene) damaged(old, by string, once bool) (miss scene, ok bool) {
	for _, e := range s.events {
		d := map[string][]string{}
		field := ""
		for _, name := range slices.Sorted(maps.Keys(e)) {
			d[name] = slices.Clone(e[name])
			for i, v := range d[name] {
				whole := v == old
				if name == "_time" || once && field != "" && field != name || !whole && (len(old) < 3 || !strings.Contains(v, old)) {
					continue
				}
				field, ok = name, true
				if whole {
					d[name][i] = by
				} else {
					d[name][i] = strings.ReplaceAll(v, old, by)
				}
			}
		}
		miss.events = append(miss.events, d)
	}
	return miss, ok
}

// tally counts what was shown of searches.
type tally struct {
	events        int // of their scenes
	full          int // searches that give rows also where groups that lack a BY field are none
	misses, quiet int // near misses, and those of them that give no row
	recased       int // literals in another case than in the search
}

// checkAlone fails unless the engine gives the rows of the reference, of which there are
// some, over a scene made of the rule, in each shape, and the rows of the reference over
// its near misses.
func checkAlone(t testing.TB, one []reference.Rule) (n tally) {
	t.Helper()
	name := one[0].Name
	s, ok := satisfied(t, one, attempts)
	if !ok {
		t.Errorf("%s gives no row: none of %d scenes satisfies it", name, attempts)
		return n
	}
	for shape := range shapes {
		if rows := equalRows(t, fmt.Sprintf("%s, shape %d", name, shape), s.write(t, shape), one); len(rows) == 0 {
			t.Errorf("%s gives no row in shape %d", name, shape)
		}
	}
	if len(referenceRows(t, s.write(t, 0), one, true)) > 0 {
		n.full++
	}
	near := s.nearMisses()
	for k, miss := range near {
		if len(equalRows(t, fmt.Sprintf("%s, near miss %d", name, k), miss.write(t, k%shapes), one)) == 0 {
			n.quiet++
		}
	}
	n.events, n.misses, n.recased = len(s.events), len(near), s.recased
	return n
}

// Every published search gives a row by itself, in each of the shapes, over events that
// were made from it, and over these and near misses the rows of the reference. Some near
// miss of each gives no row; not all do, as of some literals one of several is enough.
func TestPublishedEqualReferenceAlone(t *testing.T) {
	rules := publishedRules(t)
	var all tally
	for i := range rules {
		n := checkAlone(t, rules[i:i+1])
		if n.quiet == 0 {
			t.Errorf("%s gives rows of all near misses", rules[i].Name)
		}
		all = tally{all.events + n.events, all.full + n.full, all.misses + n.misses, all.quiet + n.quiet, all.recased + n.recased}
	}
	t.Logf("%d searches, satisfied by %d events in each of %d shapes; %d of them also with null BY fields dropped; of %d near misses %d give no row; %d literals are in another case",
		len(rules), all.events, shapes, all.full, all.misses, all.quiet, all.recased)
}

// sceneSearches each ask for something that no base search says.
var sceneSearches = []string{
	`EventCode=1 Text="*abc*" NOT Text="*xyz*" | stats count by Text`,
	`EventCode=1 (Text=a*b OR Text=c*d) Size>70 | stats count by Size`,
	`EventCode=1 TERM(needle) | stats count by dest`,
	`EventCode=1 | where user=src_user | table _time user`,
	`EventCode=1 | eval same=if(lower(Name1)=lower(mvindex(split(Name2,"@"),0)),1,0) | where same=1 | table _time same`,
	`EventCode=1 | eval low=upper(Path1) | regex low="SHELL[.\s]|CMD[.\s]" | regex low="-E[NC]+\s+" | stats count by Path1`,
	`EventCode=1 | rex field=Message "Granted:\s+(?<right>\w+)\s+Denied:" | where right="Debug" | stats count by right`,
	`EventCode=1 | rex field=Left "(?<a>.+;)" | rex field=Right "(?<b>.+;)" | where a=b | stats count by a`,
	`EventCode=1 | xmlkv Message | search Hidden=true Arguments IN ("*http*") | stats count by Hidden Arguments Author`,
	`EventCode=1 | spath input=Xml | rename "Rule.*" as * | search Policy=strict | stats count by Policy User1`,
	`EventCode=1 | bin _time span=5m | stats dc(user) as n by _time src | where n>12`,
	`EventCode=1 File1="*.txt" | stats count dc(File1) as files by dest | where count>=6 AND files>=5`,
	`EventCode=1 | stats values(Image1) as Image1 by dest | search Image1=*first.dll Image1=*second.dll`,
	`EventCode=1 | stats dc(eval(upper(user))) as n by src | eventstats avg(n) as mean stdev(n) as sd | eval out=case(n>mean+3*sd,1,true(),0) | where out=1`,
	`EventCode=1 | bin _time span=1m | stats count as n by dest _time | eventstats avg(n) as mean by dest | where mean>4`,
	`EventCode=1 | stats values(eval(if(Op="old",Data1,null))) as old values(eval(if(Op="new",Data1,null))) as new by Obj | where old!=new`,
	`EventCode=1 | rex field=Acl max_match=0 "\((?<ace>.*?)\)" | mvexpand ace | rex field=ace "^(?<kind>\w);(?<id>.*)$" | stats values(kind) as kinds by _time | search kinds=A kinds=B`,
	`EventCode=1 | lookup codes code as Code1 OUTPUT text as what | search what="Script block" | stats count by Code1`,
	`EventCode=1 | lookup codes code as Code1 OUTPUT text as what | where isnull(what) | search Code1=abc | stats count by Code1`,
	`EventCode=1 | lookup hosts pattern as Host1 OUTPUT zone | fillnull value=none zone | search zone=b | stats count by zone`,
	`EventCode=1 | where like(Text1,"%needle_") AND match(Text2,"^x[0-9]{3}$") AND cidrmatch("10.1.0.0/16",Addr) | stats count by Addr`,
	`EventCode=1 | eval r=if(like(Text1,"%".Text2."%"),"Found","Not") | stats count by r Text2 | where r="Found"`,
}

// letterSearches are the same for letters beyond ASCII.
var letterSearches = []string{
	`EventCode=1 User="*\\СИСТЕМА" | stats count by User`,
	`EventCode=1 User IN ("*\\SYSTEM", "*\\Système", "*\\СИСТЕМА") | stats count by User`,
	`EventCode=1 Text="*ΣΊΣΥΦΟΣ*" Text="*Überprüfung*" Text="*ÿ" NOT Text="*абв*" | stats count by Text`,
	`EventCode=1 Text="Straße*" Text="*ЖурНал*" Text="*Ａｂ*" Text="*Kelvin" | stats count by Text`,
	`EventCode=1 TERM(ᲡᲐქart) | stats count by dest`,
	`EventCode=1 Name1=CASE("*Ⱥⱥ*") Name1="*ՀԱՅ*" | stats count by Name1`,
	`EventCode=1 File1 IN ("*İı*ǅ*") File1!="*ǅx*" | stats count by File1`,
	`EventCode=1 | where match(Text1,"(?i)σςabc") AND lower(Name1)="ışık" | stats count by Text1`,
	`EventCode=1 | rex field=Message "Granted:\s+(?<right>\w+)" | search Message="*ÄHNLICH*" right="Debug*" | stats count by right`,
	`EventCode=1 | stats values(Image1) as Image1 by dest | search Image1=*Ёлка.dll Image1=*ᎠᎡ.dll`,
	`EventCode=1 User="NT*\\Système" | eval u=lower(User) | where like(u,"%système") | stats count by u`,
	`EventCode=1 Text>="ä" Text<="Ö" Text="*é*" | stats count by Text`,
}

// Scenes satisfy searches by what their commands ask for, and their near misses do not.
func TestScenes(t *testing.T) {
	recased := 0
	for _, search := range slices.Concat(sceneSearches, letterSearches) {
		one := compiled(t, search)
		n := checkAlone(t, one)
		if n.misses == 0 || n.quiet < n.misses {
			t.Errorf("%s: of %d near misses %d give no row", search, n.misses, n.quiet)
		}
		recased += n.recased
	}
	if recased < 20 {
		t.Errorf("only %d literals of scenes are in another case than in their searches", recased)
	}
	if _, ok := satisfied(t, compiled(t, `EventCode=1 | eval a=1 | where a=2 | stats count by a`), 9); ok {
		t.Error("a search that asks for the impossible is satisfied")
	}
}
