package state

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Dir returns the folder for the state when none is named: the first entry of
// STATE_DIRECTORY, which systemd sets (systemd.exec(5)), else the user's folder for
// such data: on Windows and macOS the local application data, elsewhere
// XDG_STATE_HOME or ~/.local/state (XDG Base Directory Specification). It
// need not exist.
func Dir() (string, error) {
	return dirFor(runtime.GOOS, os.Getenv)
}

func dirFor(goos string, env func(string) string) (string, error) {
	if first, _, _ := strings.Cut(env("STATE_DIRECTORY"), ":"); first != "" && goos != "windows" {
		return first, nil
	}
	var base string
	switch home := env("HOME"); {
	case goos == "windows":
		base = env("LOCALAPPDATA")
	case goos == "darwin":
		if home != "" {
			base = filepath.Join(home, "Library", "Application Support")
		}
	case filepath.IsAbs(env("XDG_STATE_HOME")): // others are to be ignored
		base = env("XDG_STATE_HOME")
	case home != "":
		base = filepath.Join(home, ".local", "state")
	}
	if base == "" {
		return "", errors.New("cannot find a folder for the state: the user has no home; name one with --state")
	}
	return filepath.Join(base, "sluice"), nil
}
