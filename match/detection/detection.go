// Package detection loads detection files: the YAML of Splunk's
// security_content, in the generation that has a `rba:` section, each with its
// search compiled to a rule.
package detection

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"sluice/match/rule"
	"sluice/match/spl"
)

// Detection is one loaded file.
type Detection struct {
	File        string
	Name        string
	ID          string
	Version     int
	Type        string // Anomaly, TTP, Hunting or Correlation
	Search      string
	Stories     []string
	MITRE       []string
	Risk        Risk
	Rule        *rule.Rule
	Description string
}

// Risk says which risk events a row makes. Without objects it makes none.
type Risk struct {
	Message string // $field$ stands for the row's value
	Objects []RiskObject
	Threats []ThreatObject
}

// RiskObject is who or what a row puts at risk.
type RiskObject struct {
	Field string
	Type  string // user, system or other
	Score int    // 1 to 100
}

// ThreatObject is what a row names as the threat.
type ThreatObject struct {
	Field string
	Type  string
}

// SavedSearch returns the name under which Splunk's content ships the search,
// and which its risk events carry.
func (d *Detection) SavedSearch() string { return "ESCU - " + d.Name + " - Rule" }

// Error is a fault in a file. Line and Column count from 1; 0 means that the
// fault has no place.
type Error struct {
	File         string
	Line, Column int
	Msg          string
	Warning      bool // the file was loaded all the same
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// Loader reads detection files and the macros that their searches use.
type Loader struct {
	Macros spl.Macros
	// Problems collects errors and warnings in the order in which they arose.
	Problems []error

	loaded map[string]bool // files, so that one given twice counts once
}

// LoadFS loads the macros below macros/ and then the detections at the root of
// fsys. name stands for fsys in messages.
func (l *Loader) LoadFS(fsys fs.FS, name string) []*Detection {
	l.LoadMacros(fsys, name)
	return l.files(fsys, name, glob(fsys, "*.yml"))
}

// LoadMacros loads the macros below macros/ of fsys.
func (l *Loader) LoadMacros(fsys fs.FS, name string) {
	for _, file := range append(glob(fsys, "macros/*.yml"), glob(fsys, "macros/*.yaml")...) {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			l.fail(fmt.Errorf("cannot read %s: %w", path.Join(name, file), reason(err)))
			continue
		}
		l.macro(path.Join(name, file), data)
	}
}

// Load loads a file, or the .yml and .yaml files of a folder tree.
func (l *Loader) Load(root string) []*Detection {
	info, err := os.Stat(root)
	if err != nil {
		l.fail(fmt.Errorf("cannot load rules from %s: %w", root, reason(err)))
		return nil
	}
	if !info.IsDir() {
		return l.files(os.DirFS(filepath.Dir(root)), filepath.Dir(root), []string{filepath.Base(root)})
	}
	fsys := os.DirFS(root)
	var files []string
	fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			l.fail(fmt.Errorf("cannot load rules from %s: %w", filepath.Join(root, p), reason(err)))
		case d.IsDir() && p != "." && (d.Name() == "macros" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !d.IsDir() && (strings.HasSuffix(p, ".yml") || strings.HasSuffix(p, ".yaml")):
			files = append(files, p)
		}
		return nil
	})
	l.LoadMacros(fsys, root)
	found := l.files(fsys, root, files)
	if len(files) == 0 {
		l.fail(fmt.Errorf("cannot load rules from %s: no .yml file there", root))
	}
	return found
}

// files loads files at once, as many as there are processors for: hundreds of them
// take longer to read as YAML than a gigabyte takes to be searched. What they came
// to is told in their order.
func (l *Loader) files(fsys fs.FS, name string, files []string) []*Detection {
	type result struct {
		Loader // of this file alone
		found  *Detection
	}
	results := make([]result, len(files))
	var next atomic.Int64
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(files) {
				return
			}
			r := &results[i]
			r.Macros = l.Macros
			r.found = r.file(fsys, files[i], shown(name, files[i]))
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	var out []*Detection
	for i, file := range files {
		file = shown(name, file)
		if l.loaded[file] {
			continue
		}
		if l.loaded == nil {
			l.loaded = map[string]bool{}
		}
		l.loaded[file] = true
		l.Problems = append(l.Problems, results[i].Problems...)
		if d := results[i].found; d != nil {
			out = append(out, d)
		}
	}
	return out
}

func shown(name, file string) string { return filepath.ToSlash(filepath.Join(name, file)) }

// file loads one file, called name in messages, or returns nil.
func (l *Loader) file(fsys fs.FS, file, name string) *Detection {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		l.fail(fmt.Errorf("cannot read %s: %w", name, reason(err)))
		return nil
	}
	return l.parse(name, data)
}

func (l *Loader) fail(err error) { l.Problems = append(l.Problems, err) }

func glob(fsys fs.FS, pattern string) []string {
	files, _ := fs.Glob(fsys, pattern) // the patterns above are well formed
	sort.Strings(files)
	return files
}

func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
