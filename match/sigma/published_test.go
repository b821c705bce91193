package sigma_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"sluice/internal/record"
	"sluice/match"
	"sluice/match/rule"
	"sluice/match/sigma"
)

// published returns the folder of a copy of SigmaHQ/sigma.
func published(t *testing.T) string {
	dir := os.Getenv("SLUICE_SIGMA")
	if dir == "" {
		t.Skip("SLUICE_SIGMA names no copy of SigmaHQ/sigma: nothing is compared with published rules")
	}
	return dir
}

// files returns the files under dir whose names end in ext.
func files(t *testing.T, dir, ext string) (names []string) {
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ext) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func compileFile(t *testing.T, name string) (*sigma.Rule, []sigma.Problem) {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return compileText(t, src)
}

func compileText(t testing.TB, src []byte) (*sigma.Rule, []sigma.Problem) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		t.Fatalf("%v in\n%s", err, src)
	}
	return sigma.Compile(doc.Content[0])
}

// firstError returns what a rule was refused for.
func firstError(problems []sigma.Problem) string {
	for _, p := range problems {
		if !p.Warning {
			return p.Msg
		}
	}
	return ""
}

func TestPublishedRules(t *testing.T) {
	dir := published(t)
	for _, c := range []struct {
		folder string
		least  float64 // of the rules, a share
	}{
		{"rules/windows/powershell/powershell_script", 1},
		{"rules/windows", .95},
	} {
		names := files(t, filepath.Join(dir, c.folder), ".yml")
		n := 0
		for _, name := range names {
			r, problems := compileFile(t, name)
			if (r == nil) != (firstError(problems) != "") {
				t.Errorf("%s: rule %v with problems %v", name, r, problems)
			}
			for _, p := range problems {
				t.Logf("%s:%d: %s", name, p.Node.Line, p.Msg)
			}
			if r != nil {
				n++
			}
		}
		t.Logf("%s: %d of %d rules compile", c.folder, n, len(names))
		if len(names) == 0 || float64(n) < c.least*float64(len(names)) {
			t.Errorf("%s: %d of %d rules compile", c.folder, n, len(names))
		}
	}
}

// Each of SigmaHQ's own regression cases has an event that its rule is to find.
func TestPublishedRegressions(t *testing.T) {
	dir := published(t)
	byID := map[string]*sigma.Rule{}
	refused := map[string]string{}
	var rules []*rule.Rule
	var ids []string
	for _, folder := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting"} {
		for _, name := range files(t, filepath.Join(dir, folder), ".yml") {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(src, []byte("product: windows")) {
				continue
			}
			r, problems := compileText(t, src)
			if r == nil {
				refused[filepath.Base(name)] = firstError(problems)
				continue
			}
			byID[r.ID] = r
			rules, ids = append(rules, r.Rule), append(ids, r.ID)
		}
	}
	all := match.Compile(rules, match.Options{}).NewScanner()
	cases, found, alone := 0, 0, 0
	for _, name := range files(t, filepath.Join(dir, "regression_data"), ".json") {
		cases++
		id := strings.TrimSuffix(filepath.Base(name), ".json")
		r := byID[id]
		if r == nil {
			t.Errorf("%s: no rule of that id compiles", name)
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(hit(all, ids, data), id) {
			found++
		} else {
			t.Errorf("%s: %q finds nothing", name, r.Title)
		}
		if len(hit(match.Compile([]*rule.Rule{r.Rule}, match.Options{NoPrefilter: true}).NewScanner(), []string{id}, data)) > 0 {
			alone++
		}
	}
	t.Logf("%d cases: %d found by %d rules in one set, %d by the rule alone without prefilter", cases, found, len(rules), alone)
	if found != alone {
		t.Errorf("%d found in one set, %d alone", found, alone)
	}
}

// hit returns the ids of the rules that find something in data.
func hit(sc *match.Scanner, ids []string, data []byte) (out []string) {
	sc.Hit = func(h *match.Hit) { out = append(out, ids[h.Rule]) }
	var framer record.Framer
	for at := 0; ; {
		r, n, ok := framer.Next(data[at:], true)
		if !ok {
			return out
		}
		sc.Scan(data[at:at+n], []record.Record{r})
		at += n
	}
}
