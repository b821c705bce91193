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

	"sluice/match/lookup"
	"sluice/match/spl"
)

// Loader reads detection files and the macros that their searches use. Of macros
// of one name and number of arguments, one of Define wins over one of
// LoadMacroDir, and that over those of folders; of equals, the later one wins.
type Loader struct {
	Macros spl.Macros
	// Lookups are the tables that searches refer to; those of a folder loaded later
	// win.
	Lookups *lookup.Set
	// Lint makes the Loader also tell what is no fault for a run, but is one for
	// publishing: see the Check constants.
	Lint bool
	// Regressions makes the Loader read the tests of Sigma rules, which lie in
	// files of their own.
	Regressions bool
	// Problems collects errors and warnings in the order in which they arose.
	Problems []error

	ranks   map[spl.MacroKey]rank // of Macros
	loaded  map[string]bool       // files, so that one given twice counts once
	folders map[string]bool       // whose macros are loaded
	groups  []grouped             // see Standalone
	owned   []place               // with Lint, of one file: what no other may have
	taken   map[string]Error
}

// maxFile bounds a file of rules or macros: what is larger is none.
const maxFile = 16 << 20 // bytes

// LoadFS loads the macros below macros/ and then the detections at the root of
// fsys. name stands for fsys in messages.
func (l *Loader) LoadFS(fsys fs.FS, name string) []*Detection {
	l.LoadMacros(fsys, name)
	return l.files(fsys, name, glob(fsys, "*.yml"))
}

// Load loads a file, or the .yml and .yaml files of a folder tree. Macros are
// those of the folder macros/ in it or beside the file, and of the content
// repository that it lies in: the nearest folder above that holds both detections/
// and macros/. Of such a repository itself, only detections/ is loaded: the other
// folders hold YAML of other kinds.
func (l *Loader) Load(root string) []*Detection {
	info, err := os.Stat(root)
	if err != nil {
		l.fail(fmt.Errorf("cannot load rules from %s: %w", root, reason(err)))
		return nil
	}
	dir := root
	if !info.IsDir() {
		dir = filepath.Dir(root)
	}
	l.content(dir)
	switch {
	case !info.IsDir():
		return l.files(os.DirFS(dir), dir, []string{filepath.Base(root)})
	case isContent(root):
		root = filepath.Join(root, "detections")
	}
	fsys := os.DirFS(root)
	files := l.tree(fsys, root)
	if len(files) == 0 {
		l.fail(fmt.Errorf("cannot load rules from %s: no .yml file there", root))
	}
	return l.files(fsys, root, files)
}

// tree lists the YAML files below root but for those of macros and lookups and
// hidden ones.
func (l *Loader) tree(fsys fs.FS, root string) (files []string) {
	fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			l.fail(fmt.Errorf("cannot load rules from %s: %w", filepath.Join(root, p), reason(err)))
		case d.IsDir() && p != "." && (d.Name() == "macros" || d.Name() == "lookups" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !d.IsDir() && isYAML(p):
			files = append(files, p)
		}
		return nil
	})
	return files
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")
}

// isContent reports whether dir is the root of a content repository.
func isContent(dir string) bool { return isDir(dir, "detections") && isDir(dir, "macros") }

func isDir(elem ...string) bool {
	info, err := os.Stat(filepath.Join(elem...))
	return err == nil && info.IsDir()
}

// content loads what the detections of dir share: the macros and lookups of the
// repository that dir lies in, then its own.
func (l *Loader) content(dir string) {
	if abs, err := filepath.Abs(dir); err == nil {
		up := ".."
		for at := filepath.Dir(abs); ; at, up = filepath.Dir(at), filepath.Join("..", up) {
			if isContent(at) {
				l.shared(filepath.Join(dir, up))
				break
			}
			if filepath.Dir(at) == at {
				break
			}
		}
	}
	l.shared(dir)
}

// shared loads the macros and lookups of dir, once.
func (l *Loader) shared(dir string) {
	key := dir
	if abs, err := filepath.Abs(dir); err == nil {
		key = abs
	}
	if l.folders[key] {
		return
	}
	if l.folders == nil {
		l.folders = map[string]bool{}
	}
	l.folders[key] = true
	l.LoadMacros(os.DirFS(dir), dir)
	if sub := filepath.Join(dir, "lookups"); isDir(sub) {
		l.LoadLookups(sub)
	}
}

// LoadLookups makes the lookups of the folder dir known: the tables that its .yml
// files define, and its CSV files.
func (l *Loader) LoadLookups(dir string) {
	if !isDir(dir) {
		l.fail(fmt.Errorf("cannot load lookups from %s: no such folder", dir))
		return
	}
	if l.Lookups == nil {
		l.Lookups = &lookup.Set{}
	}
	for _, err := range l.Lookups.Add(os.DirFS(dir), filepath.ToSlash(dir)) {
		l.fail(err)
	}
}

// files loads files at once, as many as there are processors for: hundreds of them
// take longer to read as YAML than a gigabyte takes to be searched. What they came
// to is told in their order.
func (l *Loader) files(fsys fs.FS, name string, files []string) []*Detection {
	type result struct {
		Loader // of this file alone
		found  []*Detection
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
			r.Macros, r.Lookups, r.Lint, r.Regressions = l.Macros, l.Lookups, l.Lint, l.Regressions
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
		l.groups = append(l.groups, results[i].groups...)
		l.unique(&results[i].Loader)
		out = append(out, results[i].found...)
	}
	return out
}

func shown(name, file string) string { return filepath.ToSlash(filepath.Join(name, file)) }

// file loads one file, called name in messages.
func (l *Loader) file(fsys fs.FS, file, name string) []*Detection {
	data := l.read(fsys, file, name)
	if data == nil {
		return nil
	}
	return l.parse(name, data)
}

// read returns the text of a file, or nil if it cannot be read.
func (l *Loader) read(fsys fs.FS, file, name string) []byte {
	info, err := fs.Stat(fsys, file)
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("%d bytes are more than the %d that a file of rules may have", info.Size(), maxFile)
	}
	var data []byte
	if err == nil {
		data, err = fs.ReadFile(fsys, file)
	}
	if err != nil {
		l.fail(fmt.Errorf("cannot read %s: %w", name, reason(err)))
		return nil
	}
	if data == nil {
		data = []byte{}
	}
	return data
}

func (l *Loader) fail(err error) { l.Problems = append(l.Problems, err) }

// LoadMacros loads the macros below macros/ of fsys.
func (l *Loader) LoadMacros(fsys fs.FS, name string) {
	for _, pattern := range []string{"macros/*.yml", "macros/*.yaml"} {
		for _, file := range glob(fsys, pattern) {
			l.macroFile(fsys, file, path.Join(filepath.ToSlash(name), file), ofFolder)
		}
	}
}

// LoadMacroDir loads the macro files that lie in dir itself; see Loader.
func (l *Loader) LoadMacroDir(dir string) {
	if !isDir(dir) {
		l.fail(fmt.Errorf("cannot load macros from %s: no such folder", dir))
		return
	}
	fsys := os.DirFS(dir)
	files := append(glob(fsys, "*.yml"), glob(fsys, "*.yaml")...)
	if len(files) == 0 {
		l.fail(fmt.Errorf("cannot load macros from %s: no .yml file there", dir))
	}
	for _, file := range files {
		l.macroFile(fsys, file, shown(dir, file), ofMacroDir)
	}
}

func (l *Loader) macroFile(fsys fs.FS, file, name string, r rank) {
	if data := l.read(fsys, file, name); data != nil {
		l.macro(name, data, r)
	}
}

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
