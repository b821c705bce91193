//go:build !unix

package main

import (
	"context"
	"os"
)

// hangups returns nil: there is no such signal.
func hangups(context.Context) <-chan os.Signal { return nil }
