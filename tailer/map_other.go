//go:build !((linux || darwin || freebsd) && (amd64 || arm64))

package tailer

import (
	"errors"
	"os"
)

func mapFile(*os.File, int64) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) {}
