// Command sluice finds attacks in event exports. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // --tz works without the system's zone files

	"github.com/spf13/cobra"
)

// Exit codes, as grep and jq -e use them.
const (
	exitOK      = 0
	exitNoMatch = 1 // only with --exit-status
	exitError   = 2 // some input or rule could not be read, even if rows were printed
)

// version is set by the linker for releases.
var version = "dev"

func main() {
	os.Exit(Main())
}

// Main runs the command line and returns the exit code. It is what the script
// tests start.
func Main() int {
	// A closed stdout (| head -1) is reported by write, not by a signal, so that
	// it can end the run quietly.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends even a blocked read
	cli := &cli{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	return cli.execute(ctx, os.Args[1:])
}

// cli is one invocation. It is the only writer of stderr.
type cli struct {
	stdin  *os.File
	stdout io.Writer
	stderr io.Writer
	quiet  bool
	code   int
}

func (c *cli) execute(ctx context.Context, args []string) int {
	root := &cobra.Command{
		Use:           "sluice",
		Short:         "Find attacks in event exports at the speed of memory",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetArgs(args)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.AddCommand(c.runCommand(), c.rulesCommand(), c.checkCommand(), c.testCommand(), c.explainCommand(), c.stateCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		c.fail(err)
	}
	return c.code
}

// fail reports an error that changes the exit code. A closed pipe does not.
func (c *cli) fail(err error) {
	if isClosedPipe(err) {
		return
	}
	c.code = exitError
	fmt.Fprintf(c.stderr, "sluice: %v\n", err)
}

// warn reports what does not change the exit code.
func (c *cli) warn(format string, args ...any) {
	if !c.quiet {
		fmt.Fprintf(c.stderr, "sluice: warning: "+format+"\n", args...)
	}
}

func isClosedPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}
