package state

import (
	"path/filepath"
	"testing"
)

func TestDir(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		goos string
		env  map[string]string
		want string
	}{
		{"linux", map[string]string{"STATE_DIRECTORY": "/var/lib/sluice", "HOME": "/h"}, "/var/lib/sluice"},
		{"linux", map[string]string{"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a"},
		{"linux", map[string]string{"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/sluice"},
		{"linux", map[string]string{"XDG_STATE_HOME": "x", "HOME": "/h"}, "/h/.local/state/sluice"},
		{"linux", map[string]string{"HOME": "/h"}, "/h/.local/state/sluice"},
		{"darwin", map[string]string{"HOME": "/h", "XDG_STATE_HOME": "/x"}, "/h/Library/Application Support/sluice"},
		{"windows", map[string]string{"LOCALAPPDATA": "/l", "HOME": "/h", "STATE_DIRECTORY": "/s"}, "/l/sluice"},
		{"linux", nil, ""},
		{"darwin", nil, ""},
		{"windows", map[string]string{"HOME": "/h"}, ""},
	} {
		got, err := dirFor(c.goos, func(name string) string { return c.env[name] })
		if got != filepath.FromSlash(c.want) || (err == nil) != (c.want != "") {
			t.Errorf("%s %v: %q, %v; want %q", c.goos, c.env, got, err, c.want)
		}
	}
	if _, err := Dir(); err != nil {
		t.Logf("this user has no folder: %v", err)
	}
}
