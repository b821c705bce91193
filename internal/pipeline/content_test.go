package pipeline_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"sluice/agg"
	"sluice/internal/corpus"
	"sluice/internal/reference"
	"sluice/match"
	"sluice/match/lookup"
	"sluice/match/row"
	"sluice/match/rule"
	"sluice/match/spl"
)

// publishedRules compiles the searches of the repository that SLUICE_CONTENT names
// which begin with a macro of Windows event logs, as far as they compile.
func publishedRules(t *testing.T) (rules []reference.Rule) {
	root := os.Getenv("SLUICE_CONTENT")
	if root == "" {
		t.Skip("SKIPPED: no published detections; SLUICE_CONTENT names a folder with detections/, macros/ and lookups/")
	}
	env := spl.Env{Macros: spl.Macros{}, Lookups: &lookup.Set{}}
	env.Lookups.Add(os.DirFS(filepath.Join(root, "lookups")), "lookups")
	each := func(dir string, f func(name string, data []byte)) {
		filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".yml") {
				data, _ := os.ReadFile(path)
				f(strings.TrimSuffix(filepath.Base(path), ".yml"), data)
			}
			return err
		})
	}
	each("macros", func(_ string, data []byte) {
		var m struct {
			Name, Definition string
			Arguments        []string
		}
		yaml.Unmarshal(data, &m)
		env.Macros[spl.MacroKey{Name: m.Name, Args: len(m.Arguments)}] = spl.Macro{Params: m.Arguments, Definition: m.Definition}
	})
	begins := regexp.MustCompile("^\\s*`(powershell|sysmon|wineventlog_security|wineventlog_system|applocker|ntlm_audit)`")
	each("detections", func(name string, data []byte) {
		var d struct{ Search string }
		yaml.Unmarshal(data, &d)
		if !begins.MatchString(d.Search) {
			return
		}
		if r, err := spl.Compile(d.Search, env); err == nil {
			rules = append(rules, reference.Rule{Name: name, Rule: r})
		}
	})
	return rules
}

// satisfy sets fields so that an event with them satisfies e, as far as it can tell;
// pick chooses among alternatives.
func satisfy(e rule.Expr, f map[string]string, pick func(n int) int) {
	switch e := e.(type) {
	case rule.And:
		for _, part := range e {
			satisfy(part, f, pick)
		}
	case rule.Or:
		parts := e
		if i := slices.IndexFunc(e, isLog); i >= 0 {
			parts = rule.Or{e[i]} // of the names of a log, the one that events here have
		}
		satisfy(parts[pick(len(parts))], f, pick)
	case rule.Matches:
		if tree, err := syntax.Parse(e.Re.Source(), syntax.Perl); err == nil {
			f[e.Field] = sample(tree.Simplify(), pick)
		}
	case rule.Compare:
		switch text := strings.ReplaceAll(e.Value.Text(), "*", []string{"", "x", " A b "}[pick(3)]); {
		case e.Op == rule.Eq:
			f[e.Field] = joined(f[e.Field], e.Value.Text(), text)
		case e.Op == rule.Ne && f[e.Field] == "":
			f[e.Field] = "other"
		case e.Op == rule.Gt || e.Op == rule.Ge:
			f[e.Field] = "99999"
		case f[e.Field] == "":
			f[e.Field] = "0"
		}
	}
}

// isLog reports whether e names a log as the events of publishedRecord do.
func isLog(e rule.Expr) bool {
	c, ok := e.(rule.Compare)
	return ok && c.Field == "source" && strings.HasPrefix(c.Value.Text(), "XmlWinEventLog:")
}

// between parts what a value must begin with, hold and end with, while it is made.
const between = "\x01"

// joined returns a value that the pattern covers, as text does, and that those cover
// which have made the value so far.
func joined(value, pattern, text string) string {
	if !strings.Contains(pattern, "*") {
		return text
	}
	begin, rest, _ := strings.Cut(value, between)
	middle, end, _ := strings.Cut(rest, between)
	switch {
	case !strings.HasPrefix(pattern, "*"):
		begin = text
	case !strings.HasSuffix(pattern, "*"):
		end = text
	default:
		middle = strings.TrimSpace(middle + " " + text)
	}
	return begin + between + middle + between + end
}

// sample returns a text that re matches, as far as it can tell.
func sample(re *syntax.Regexp, pick func(n int) int) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		return string(re.Rune[2*pick(len(re.Rune)/2)])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpPlus:
		return sample(re.Sub[0], pick)
	case syntax.OpAlternate:
		return sample(re.Sub[pick(len(re.Sub))], pick)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(sample(sub, pick))
		}
		return b.String()
	}
	return "" // matches nothing, or may
}

// publishedRecord writes an event of these fields: the parts of the System section in
// their places, others as event data, in one of four shapes: XML, and the JSON of a flat
// exporter, of Winlogbeat and of evtx_dump.
func publishedRecord(f map[string]string, shape, n int) []byte {
	channel := strings.TrimPrefix(strings.TrimPrefix(f["source"], "Xml"), "WinEventLog:")
	if channel == "" || channel == f["source"] {
		channel = f["Channel"]
	}
	id := f["EventCode"] + f["EventID"]
	if id == "" {
		id = f["signature_id"]
	}
	at := fmt.Sprintf("2024-05-0%dT0%d:%02d:%02d.%03dZ", 1+n%3, n%7, n%60, n*7%60, n%1000)
	host, sid, pid := fmt.Sprintf("host-%d.example", n%4), fmt.Sprint("S-1-5-", n%3), 100+n%3
	data := map[string]string{}
	for name, v := range f {
		if !systemField(name) {
			data[name] = v
		}
	}
	type object = map[string]any
	var o object
	switch shape {
	case 0:
		var b strings.Builder
		fmt.Fprintf(&b, "<Event><System><Provider Name='P' Guid='{ab}'/><EventID>%s</EventID><Channel>%s</Channel><Computer>%s</Computer><Opcode>0</Opcode>", id, channel, host)
		fmt.Fprintf(&b, "<TimeCreated SystemTime='%s'/><Execution ProcessID='%d' ThreadID='2'/><Security UserID='%s'/></System><EventData>", at, pid, sid)
		for _, name := range slices.Sorted(maps.Keys(data)) {
			fmt.Fprintf(&b, "<Data Name='%s'>%s</Data>", name, xmlText.Replace(data[name]))
		}
		return []byte(b.String() + "</EventData></Event>")
	case 1:
		o = object{"EventID": id, "Channel": channel, "Hostname": host, "@timestamp": at, "ProcessID": pid, "UserID": sid}
		for name, v := range data {
			o[name] = v
		}
	case 2:
		o = object{"@timestamp": at, "winlog": object{"event_id": id, "channel": channel, "computer_name": host, "provider_name": "P",
			"process": object{"pid": pid}, "user": object{"identifier": sid}, "event_data": data}}
	default:
		o = object{"Event": object{"System": object{"EventID": id, "Channel": channel, "Computer": host, "Provider": object{"#attributes": object{"Name": "P"}},
			"TimeCreated": object{"#attributes": object{"SystemTime": at}}, "Execution": object{"#attributes": object{"ProcessID": pid}},
			"Security": object{"#attributes": object{"UserID": sid}}}, "EventData": data}}
	}
	line, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return line
}

var xmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func systemField(name string) bool {
	return slices.Contains([]string{"source", "sourcetype", "Channel", "EventCode", "EventID", "signature_id", "Computer", "dest", "host", "dvc", "_time", "UserID", "user_id", "ProcessID"}, name) ||
		strings.ContainsAny(name, "'()*{}")
}

// Every published search that compiles runs, and gives the rows of the reference over
// events made to satisfy it and over some that lack one value.
func TestPublishedEqualReference(t *testing.T) {
	rules := publishedRules(t)
	rng := rand.New(rand.NewPCG(5, 6))
	var xml, lines [][]byte
	n := 0
	for _, r := range rules {
		for range 8 {
			f := map[string]string{}
			for _, name := range r.Inputs() {
				f[name] = []string{"a", "b c", `C:\x\y.exe`, "7", ""}[rng.IntN(5)]
				if f[name] == "" {
					delete(f, name)
				}
			}
			for _, name := range r.Fields() { // what the condition reads is as it wants
				if !slices.Contains(r.Inputs(), name) || rng.IntN(2) == 0 {
					delete(f, name)
				}
			}
			satisfied := map[string]string{}
			satisfy(r.Where, satisfied, rng.IntN)
			for name, v := range satisfied {
				satisfied[name] = strings.ReplaceAll(v, between, "")
				f[name] = satisfied[name]
			}
			if rng.IntN(4) == 0 && len(satisfied) > 0 {
				names := slices.Sorted(maps.Keys(satisfied))
				name := names[rng.IntN(len(names))]
				f[name] = strings.Replace(f[name], "e", "", 1) // a near miss
			}
			for shape := range 4 {
				rec := publishedRecord(f, shape, n)
				if n++; shape == 0 {
					xml = append(xml, rec)
				} else {
					lines = append(lines, rec)
				}
			}
		}
	}
	files := []string{writeFile(t, "a.xml", corpus.XMLLines(xml)), writeFile(t, "b.ndjson", corpus.NDJSON(lines, false))}
	for _, drop := range []bool{false, true} {
		ref, err := reference.Run(files, rules, reference.Options{DropNulls: drop})
		if err != nil {
			t.Fatal(err)
		}
		res := engine(t, files, rules, match.Options{}, drop, 2)
		compareRows(t, fmt.Sprintf("drop %v", drop), printNamed(rules, res.Rows), printNamed(rules, ref.Named))
		var with, grouped int
		var lonely []string
		for i := range rules {
			if slices.ContainsFunc(res.Rows, func(r row.Named) bool { return r.Rule == i }) {
				with++
			}
			if slices.ContainsFunc(res.Groups, func(g *agg.Row) bool { return g.Rule == i }) {
				grouped++
			} else {
				lonely = append(lonely, rules[i].Name)
			}
		}
		t.Logf("drop %v: %d records, %d matched; of %d searches %d have groups, %d rows; %d rows; none: %v", drop, res.Records, res.Matched, len(rules), grouped, with, len(res.Rows), lonely)
		if !drop && grouped < len(rules)*19/20 {
			t.Errorf("only %d of %d searches were satisfied", grouped, len(rules))
		}
	}
}
