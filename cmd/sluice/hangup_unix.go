//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// hangups brings SIGHUP, several at once as one, until ctx ends.
func hangups(ctx context.Context) <-chan os.Signal {
	ask := make(chan os.Signal, 1)
	signal.Notify(ask, syscall.SIGHUP)
	context.AfterFunc(ctx, func() {
		signal.Stop(ask)
		close(ask)
	})
	return ask
}
