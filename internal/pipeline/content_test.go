package pipeline_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
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

// published returns the fields of an event whose text satisfies the base search, or
// misses that by a letter, other fields being what they may.
func published(r *rule.Rule, rng *rand.Rand) map[string][]string {
	f := map[string][]string{}
	for _, name := range r.Inputs() {
		if v := []string{"a", "b c", `C:\x\y.exe`, "7", ""}[rng.IntN(5)]; v != "" {
			f[name] = []string{v}
		}
	}
	for _, name := range r.Fields() { // what the condition reads is as it wants
		if !slices.Contains(r.Inputs(), name) || rng.IntN(2) == 0 {
			delete(f, name)
		}
	}
	delete(f, "_time")
	m, w := newMaker(), wish{}
	m.rng, m.other = rng, rng.IntN(2) == 0
	m.search(r.Where, w, true)
	satisfied := w.values()
	maps.Copy(f, satisfied)
	if rng.IntN(4) == 0 && len(satisfied) > 0 {
		names := slices.Sorted(maps.Keys(satisfied))
		name := names[rng.IntN(len(names))]
		f[name] = []string{strings.Replace(f[name][0], "e", "", 1)} // a near miss
	}
	return f
}

// Every published search that compiles runs among all others, and gives the rows of the
// reference over events whose text satisfies it, other fields being what they may, and
// over some that lack one value. TestPublishedEqualReferenceAlone has what the commands
// behind the base search ask for.
func TestPublishedEqualReference(t *testing.T) {
	rules := publishedRules(t)
	rng := rand.New(rand.NewPCG(5, 6))
	var xml, lines [][]byte
	n := 0
	for _, r := range rules {
		for range 8 {
			f := published(r.Rule, rng)
			for shape := range shapes {
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
		for i := range rules {
			if slices.ContainsFunc(res.Rows, func(r row.Named) bool { return r.Rule == i }) {
				with++
			}
			if slices.ContainsFunc(res.Groups, func(g *agg.Row) bool { return g.Rule == i }) {
				grouped++
			}
		}
		t.Logf("drop %v: %d records, %d matched; of %d searches %d have groups, %d rows; %d rows", drop, res.Records, res.Matched, len(rules), grouped, with, len(res.Rows))
		if !drop && grouped < len(rules)*19/20 {
			t.Errorf("only %d of %d searches were satisfied", grouped, len(rules))
		}
	}
}
