package tailer

import (
	"path/filepath"
	"strings"
)

// packedExts are the endings that packers give to what they pack.
var packedExts = []string{".gz", ".zst", ".zstd"}

// stem is the name that a file had before it was rotated: without a packer's
// ending, and without the number or date that stands at its end or before its
// extension. So app.json.2.gz, app.json-20261125 and app-20261125.json all have
// the stem app.json. A name that says nothing of a rotation is its own stem.
func stem(name string) string {
	for _, ext := range packedExts {
		if s, ok := strings.CutSuffix(name, ext); ok && s != "" {
			name = s
			break
		}
	}
	for _, ext := range []string{".old", ".bak", ".prev"} {
		if s, ok := strings.CutSuffix(name, ext); ok && s != "" {
			return s
		}
	}
	if s := trimNumber(name); s != name {
		return s
	}
	ext := filepath.Ext(name)
	return trimNumber(strings.TrimSuffix(name, ext)) + ext
}

// trimNumber cuts a number or date off the end of name, with what parts it from
// the rest, if a rest remains.
func trimNumber(name string) string {
	i := len(name)
	for i > 0 && isDateByte(name[i-1]) {
		i--
	}
	// The number begins behind the first separator.
	for i < len(name) && !strings.ContainsRune("-._", rune(name[i])) {
		i++
	}
	if i == 0 || !strings.ContainsAny(name[i:], "0123456789") {
		return name
	}
	return name[:i]
}

func isDateByte(b byte) bool {
	return '0' <= b && b <= '9' || strings.IndexByte("-._:+TZ", b) >= 0
}

// isRotated reports whether the name says that the file has been rotated.
func isRotated(name string) bool { return stem(name) != name }
