package tailer

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// tree makes files, folders (with a last slash) and links (name -> target).
func tree(t *testing.T, entries ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, e := range entries {
		name, target, link := strings.Cut(e, " -> ")
		path := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case err != nil:
		case link:
			if err := os.Symlink(target, path); err != nil {
				t.Skip(err)
			}
		case strings.HasSuffix(e, "/"):
			err = os.MkdirAll(path, 0o755)
		default:
			err = os.WriteFile(path, []byte(e), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestExpand(t *testing.T) {
	root := tree(t, "b.json", "a.json", "sub/c.xml", "sub/.hidden/d", "sub/.e", "empty/", ".dot/f",
		"link.json -> a.json", "folder -> sub", "broken* -> nowhere", "x[1].json")
	for _, c := range []struct {
		args, want string
		errs       int
	}{
		{"b.json a.json", "b.json a.json", 0},
		{"a.json a.json ./a.json link.json", "a.json", 0},
		{"link.json a.json", "link.json", 0},
		{"- a.json -", "- a.json", 0},
		{"*.json", "a.json b.json x[1].json", 0},
		{"x[1].json", "x[1].json", 0},
		{"s*", "sub/c.xml", 0},
		{"sub", "sub/c.xml", 0},
		{"folder", "folder/c.xml", 0},
		{"sub folder", "sub/c.xml", 0},
		{".dot sub/.e", ".dot/f sub/.e", 0},
		{"empty", "", 0},
		{".", "a.json b.json sub/c.xml x[1].json", 1},
		{"missing a.json", "a.json", 1},
		{"*.none a.json [", "a.json", 2},
		{"broken*", "", 1},
	} {
		t.Chdir(root)
		files, errs := Expand(strings.Fields(c.args))
		for i := range files {
			files[i] = filepath.ToSlash(files[i])
		}
		if want := strings.Fields(c.want); !slices.Equal(files, want) || len(errs) != c.errs {
			t.Errorf("%s: %q, %v; want %q and %d errors", c.args, files, errs, want, c.errs)
		}
	}
}

func TestExpandErrors(t *testing.T) {
	t.Chdir(tree(t, "a"))
	for _, arg := range []string{"missing", "none*"} {
		_, errs := Expand([]string{arg})
		if len(errs) != 1 || !errors.Is(errs[0], fs.ErrNotExist) && !strings.Contains(errs[0].Error(), "no such file") || strings.Count(errs[0].Error(), arg) != 1 {
			t.Errorf("%s: %v", arg, errs)
		}
	}
}

func TestExpandUnreadable(t *testing.T) {
	root := tree(t, "closed/a", "open/b")
	closed := filepath.Join(root, "closed")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(closed, 0o755) })
	if _, err := os.ReadDir(closed); err == nil {
		t.Skip("this user may read everything")
	}
	files, errs := Expand([]string{root})
	if want := []string{filepath.Join(root, "open", "b")}; !slices.Equal(files, want) || len(errs) != 1 || !strings.Contains(errs[0].Error(), closed) {
		t.Errorf("%q, %v", files, errs)
	}
}

func TestOpen(t *testing.T) {
	root := tree(t, "a", "sub/")
	var n atomic.Int64
	f, err := Open(filepath.Join(root, "a"), &n)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := decoded(f); got != "a" || err != nil || n.Load() != 1 {
		t.Errorf("%q, %v, %d bytes", got, err, n.Load())
	}
	for _, name := range []string{"sub", "missing"} {
		if _, err := Open(filepath.Join(root, name), &n); err == nil || strings.Contains(err.Error(), root) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := Size([]string{filepath.Join(root, "a")}); got != 1 {
		t.Errorf("size %d", got)
	}
	if got := Size([]string{filepath.Join(root, "a"), Stdin}); got != 0 {
		t.Errorf("size %d with standard input", got)
	}
}

// Only large, plain, regular files are mapped; what is behind the mapped text
// is read from there on.
func TestMap(t *testing.T) {
	text := strings.Repeat("{\"a\":1}\n", 100)
	for name, c := range map[string]struct {
		data string
		want bool
	}{
		"plain":       {text, true},
		"mark":        {"\xef\xbb\xbf" + text, true},
		"small":       {"{}\n", false},
		"gzip":        {"\x1f\x8b" + text, false},
		"zstd":        {"\x28\xb5\x2f\xfd" + text, false},
		"evtx":        {"ElfFile\x00" + text, false},
		"utf16":       {"\xff\xfe" + text, false},
		"plain utf16": {"{\x00\n\x00" + text, false},
	} {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(c.data), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path, new(atomic.Int64))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m := Map(f, 100)
		if m == nil {
			if c.want && runtime.GOOS == "linux" && strconv.IntSize == 64 {
				t.Errorf("%s is not mapped", name)
			}
			if got, err := io.ReadAll(f); err != nil || string(got) != c.data {
				t.Errorf("%s: the file does not stand at its start: %v", name, err)
			}
			continue
		}
		if !c.want || string(m.Text) != text {
			t.Errorf("%s is mapped as %.20q…", name, m.Text)
		}
		rest, err := m.Rest(16)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(rest); err != nil || string(got) != text[16:] {
			t.Errorf("%s: the rest is %.20q…, %v", name, got, err)
		}
		m.Close()
	}
}
