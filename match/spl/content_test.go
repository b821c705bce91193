package spl

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"sluice/match/lookup"
)

// content reads the published repository of detections that SLUICE_CONTENT names: its
// macros and lookups, and the searches that begin with one of the macros of Windows
// event logs, by file.
func content(t *testing.T) (Env, map[string]string) {
	root := os.Getenv("SLUICE_CONTENT")
	if root == "" {
		t.Skip("SKIPPED: no published detections; SLUICE_CONTENT names a folder with detections/, macros/ and lookups/")
	}
	env := Env{Macros: Macros{}, Lookups: &lookup.Set{}}
	for _, err := range env.Lookups.Add(os.DirFS(filepath.Join(root, "lookups")), "lookups") {
		t.Error(err)
	}
	searches := map[string]string{}
	read := func(dir string, f func(path, name string, data []byte)) {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yml") {
				return err
			}
			data, err := os.ReadFile(path)
			f(path, strings.TrimSuffix(filepath.Base(path), ".yml"), data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	read("macros", func(_, name string, data []byte) {
		var m struct {
			Name, Definition string
			Arguments        []string
		}
		if err := yaml.Unmarshal(data, &m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		env.Macros[MacroKey{m.Name, len(m.Arguments)}] = Macro{Params: m.Arguments, Definition: m.Definition}
	})
	read("detections", func(_, name string, data []byte) {
		var d struct{ Search string }
		if err := yaml.Unmarshal(data, &d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if begins.MatchString(d.Search) {
			searches[name] = d.Search
		}
	})
	return env, searches
}

var begins = regexp.MustCompile("^\\s*`(powershell|sysmon|wineventlog_security|wineventlog_system|applocker|ntlm_audit)`")

// TestPublishedDetections compiles every search and tells which are refused and why.
func TestPublishedDetections(t *testing.T) {
	env, searches := content(t)
	total, loaded := map[string]int{}, map[string]int{}
	var names []string
	for name := range searches {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		search := searches[name]
		kind := begins.FindStringSubmatch(search)[1]
		if kind != "powershell" {
			kind = "others"
		}
		total[kind]++
		_, err := Compile(search, env)
		if err == nil {
			loaded[kind]++
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(search) {
			t.Fatalf("%s: %T at %d", name, err, e.Offset)
		}
		t.Logf("%s: at byte %d, %.40q: %s", name, e.Offset, search[e.Offset:], e.Msg)
	}
	for kind := range total {
		t.Logf("%s: %d of %d compile", kind, loaded[kind], total[kind])
	}
	if loaded["powershell"] < 103 || loaded["others"] < 220 {
		t.Errorf("fewer than 103 and 220 compile")
	}
}
