// Package house holds no code: its test keeps the structure that DESIGN.md
// describes.
package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// allowed lists, for each package, which packages of ours its code may import.
// A package that is not listed fails the test, so a new one is placed on
// purpose.
var allowed = map[string]string{
	"agg":                                   "",
	"agg/partial":                           "agg agg/window",
	"agg/window":                            "",
	"bench":                                 "detections internal/corpus internal/pipeline internal/reference match match/detection match/prefilter match/rule",
	"bench/agg":                             "agg",
	"bench/follow":                          "",
	"bench/versus":                          "agg detections internal/corpus internal/corpus/ruleset internal/pipeline internal/reference match match/command match/detection match/prefilter match/rule sink tailer",
	"cmd/sluice":                            "agg agg/partial agg/window detections internal/pipeline internal/record internal/state match match/detection match/row match/rule sink tailer",
	"detections":                            "",
	"internal/corpus":                       "",
	"internal/corpus/ruleset":               "",
	"internal/followtest":                   "",
	"internal/hectest":                      "",
	"internal/house":                        "",
	"internal/pipeline":                     "agg agg/partial agg/window internal/record match match/command match/row match/rule tailer",
	"internal/record":                       "",
	"internal/reference":                    "match/command match/expr match/row match/rule",
	"internal/state":                        "",
	"match":                                 "agg internal/record match/command match/event match/expr match/find match/prefilter match/row match/rule",
	"match/command":                         "agg match/expr match/lookup match/row match/rule",
	"match/detection":                       "agg/window match/lookup match/rule match/sigma match/spl",
	"match/expr":                            "match/find match/row match/rule",
	"match/find":                            "",
	"match/lookup":                          "match/rule",
	"match/row":                             "match/rule",
	"match/event":                           "internal/record match/event/tape",
	"match/event/tape":                      "",
	"match/prefilter":                       "match/event match/find match/prefilter/internal/anchor match/prefilter/internal/scan match/rule",
	"match/prefilter/internal/anchor":       "match/prefilter/internal/anchor/ngram",
	"match/prefilter/internal/anchor/gen":   "match/prefilter/internal/anchor/ngram",
	"match/prefilter/internal/anchor/ngram": "",
	"match/prefilter/internal/scan":         "",
	"match/rule":                            "match/find",
	"match/sigma":                           "match/rule",
	"match/spl":                             "match/command match/expr match/lookup match/rule",
	"sink":                                  "agg match/detection match/event match/row match/rule",
	"tailer":                                "internal/record",
}

const (
	maxFile = 500 // lines
	maxFunc = 60  // lines; a hot loop may be longer and says so
)

// eachFile calls f for every Go file of the repository.
func eachFile(t *testing.T, f func(dir, path string, fset *token.FileSet, file *ast.File, src []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, src, parser.ParseComments)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		f(filepath.ToSlash(dir), path, fset, file, src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsPointOneWay(t *testing.T) {
	eachFile(t, func(dir, path string, _ *token.FileSet, file *ast.File, _ []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		may, listed := allowed[dir]
		if !listed {
			t.Errorf("%s: package %s is not in the list of allowed imports", path, dir)
			return
		}
		for _, imp := range file.Imports {
			name, ours := strings.CutPrefix(strings.Trim(imp.Path.Value, `"`), "sluice/")
			if ours && !strings.Contains(" "+may+" ", " "+name+" ") {
				t.Errorf("%s: package %s must not import %s (see DESIGN.md)", path, dir, name)
			}
		}
	})
}

func TestSizes(t *testing.T) {
	eachFile(t, func(_, path string, fset *token.FileSet, file *ast.File, src []byte) {
		if n := bytes.Count(src, []byte("\n")); n > maxFile {
			t.Errorf("%s has %d lines, more than %d", path, n, maxFile)
		}
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil || strings.HasSuffix(path, "_test.go") {
				continue
			}
			n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
			if n > maxFunc && !strings.Contains(fn.Doc.Text(), "Hot loop") {
				t.Errorf("%s: %s has %d lines, more than %d", path, fn.Name.Name, n, maxFunc)
			}
		}
	})
}

func TestPackagesHaveASentence(t *testing.T) {
	documented := map[string]bool{}
	eachFile(t, func(dir, path string, _ *token.FileSet, file *ast.File, _ []byte) {
		documented[dir] = documented[dir] || file.Doc != nil
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment", dir)
		}
	}
}
