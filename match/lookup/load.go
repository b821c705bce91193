package lookup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Set finds lookups by name: those that folders define. It is safe for concurrent
// use. A nil *Set has none.
type Set struct {
	folders []folder
	mu      sync.Mutex
	tables  map[string]result
}

// folder is a folder of definitions, NAME.yml with a filename, and of CSV files.
type folder struct {
	fsys fs.FS
	name string
	defs map[string]definition
}

type result struct {
	t   *Table
	err error
}

// definition is a lookup's file in Splunk's security_content.
type definition struct {
	Name          string `yaml:"name"`
	Collection    string `yaml:"collection"`
	Filename      string `yaml:"filename"`
	CaseSensitive string `yaml:"case_sensitive_match"`
	MatchType     string `yaml:"match_type"`
	DefaultMatch  string `yaml:"default_match"`
	MinMatches    string `yaml:"min_matches"`
	MaxMatches    string `yaml:"max_matches"`
	FieldsList    string `yaml:"fields_list"`
}

// Add adds the definitions and CSV files at the root of fsys, which name stands for in
// messages. The folder that was added last wins. Tables are read when a search asks
// for them; errors are about definitions that cannot be read.
func (s *Set) Add(fsys fs.FS, name string) (errs []error) {
	f := folder{fsys: fsys, name: name, defs: map[string]definition{}}
	files, _ := fs.Glob(fsys, "*.yml")
	more, _ := fs.Glob(fsys, "*.yaml")
	files = append(files, more...)
	sort.Strings(files)
	for _, file := range files {
		var d definition
		data, err := fs.ReadFile(fsys, file)
		if err == nil {
			err = yaml.Unmarshal(data, &d)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot read lookup %s: %w", path.Join(name, file), reason(err)))
			continue
		}
		for _, n := range []string{d.Collection, strings.TrimSuffix(file, path.Ext(file))} {
			if d.Name == "" { // as in some definitions of collections
				d.Name = n
			}
		}
		f.defs[d.Name] = d
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folders = append(s.folders, f)
	s.tables = map[string]result{}
	return errs
}

// Find returns the lookup of a name: a definition's, or a CSV file's with or without
// .csv. An error says why there is none.
func (s *Set) Find(name string) (*Table, error) {
	if s == nil {
		return nil, missing(name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, known := s.tables[name]
	if !known {
		r.t, r.err = s.load(name)
		if s.tables == nil {
			s.tables = map[string]result{}
		}
		s.tables[name] = r
	}
	return r.t, r.err
}

func missing(name string) error {
	return fmt.Errorf("lookup %q is not defined (it would be %s.csv in a folder named lookups)", name, name)
}

func (s *Set) load(name string) (*Table, error) {
	for _, f := range slices.Backward(s.folders) {
		if d, ok := f.defs[name]; ok {
			return f.table(d)
		}
		for _, file := range []string{name + ".csv", name} {
			if !strings.HasSuffix(file, ".csv") || !fs.ValidPath(file) {
				continue
			}
			if _, err := fs.Stat(f.fsys, file); err == nil {
				return f.table(definition{Name: name, Filename: file})
			}
		}
	}
	return nil, missing(name)
}

func (f folder) table(d definition) (*Table, error) {
	def, err := d.definition()
	if err != nil {
		return nil, fmt.Errorf("cannot read lookup %q: %w", d.Name, err)
	}
	file := d.Filename
	if file == "" {
		file = d.Name + ".csv" // what a user gives for a collection
	}
	data, err := fs.ReadFile(f.fsys, file)
	if errors.Is(err, fs.ErrNotExist) && d.Collection != "" {
		// A collection of Splunk's KV store is empty until something fills it.
		return &Table{Definition: def, Columns: d.columns()}, nil
	}
	var t *Table
	if err == nil {
		t, err = New(def, bytes.NewReader(data))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read lookup %q from %s: %w", d.Name, path.Join(f.name, file), reason(err))
	}
	return t, nil
}

func (d definition) columns() (names []string) {
	for _, c := range strings.Split(d.FieldsList, ",") {
		if c = strings.TrimSpace(c); c != "" {
			names = append(names, c)
		}
	}
	return names
}

func (d definition) definition() (def Definition, err error) {
	def = Definition{Name: d.Name, Default: d.DefaultMatch, Match: map[string]MatchType{}}
	switch strings.ToLower(d.CaseSensitive) {
	case "false", "0", "f", "no":
		def.CaseFolded = true
	}
	if def.Min, err = count("min_matches", d.MinMatches); err != nil {
		return def, err
	}
	if def.Max, err = count("max_matches", d.MaxMatches); err != nil {
		return def, err
	}
	for _, part := range strings.Split(d.MatchType, ",") {
		part = strings.TrimSpace(part)
		kind, column, ok := strings.Cut(strings.TrimSuffix(part, ")"), "(")
		switch column = strings.TrimSpace(column); {
		case part == "", ok && kind == "EXACT":
		case ok && kind == "WILDCARD":
			def.Match[column] = Wildcard
		case ok && kind == "CIDR":
			def.Match[column] = CIDR
		default:
			return def, fmt.Errorf("match_type %q is not supported", part)
		}
	}
	return def, nil
}

func count(name, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s must be a whole number", name)
	}
	return n, nil
}

func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
