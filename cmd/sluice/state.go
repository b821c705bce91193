package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/state"
)

// stateFile is the line of `sluice state` for a file of the folder.
type stateFile struct {
	File       string         `json:"file"`
	Current    bool           `json:"current"`           // the next start goes on from it
	Damaged    string         `json:"damaged,omitempty"` // why; then there is nothing else
	Generation uint64         `json:"generation,omitempty"`
	Time       string         `json:"time,omitempty"`
	Host       string         `json:"host,omitempty"`
	OtherHost  bool           `json:"other_host,omitempty"`
	Bytes      int64          `json:"bytes,omitempty"`
	Sections   []stateSection `json:"sections,omitempty"`
}

type stateSection struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

func (c *cli) stateCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "state [show | reset] [flags]",
		Short: "Show or forget how far inputs were followed",
		Long: `Show or forget the state that is kept while inputs are followed: how far each was
read, and what has been counted.

Exit status: 0, or 2 if the state could not be read or reset.`,
		Example: `  sluice state | jq 'select(.current)'
  sluice state reset --yes --state /var/lib/sluice`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.showState(dir) },
	}
	show := &cobra.Command{
		Use:   "show [flags]",
		Short: "Print the state as JSON, one object a line",
		Long: `Print the state as JSON, one object a line. First each file of the folder, the
current one before the one that it replaced: its generation, time, host and sections,
or why it is damaged. Then, for each section of the current one that consists of
lines of JSON, an object a line with "section" and "line". Nothing is changed, and
the folder may be in use. Without a state, nothing is printed.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.showState(dir) },
	}
	yes := false
	reset := &cobra.Command{
		Use:   "reset --yes [flags]",
		Short: "Forget the state, so that all is read and counted anew",
		Long: `Forget the state, damaged files too, so that all is read and counted anew. It is
refused while a process uses the folder.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return resetState(dir, yes) },
	}
	reset.Flags().BoolVar(&yes, "yes", false, "do it")
	cmd.PersistentFlags().StringVar(&dir, "state", "", "folder of the state (default $STATE_DIRECTORY, else a folder of the user)")
	for _, sub := range []*cobra.Command{cmd, show} {
		sub.Flags().BoolVarP(&c.quiet, "quiet", "q", false, "no warnings")
	}
	cmd.AddCommand(show, reset)
	return cmd
}

// stateDir is the folder that was named, or the one for when none is.
func stateDir(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	return state.Dir()
}

func (c *cli) showState(dir string) error {
	dir, err := stateDir(dir)
	if err != nil {
		return err
	}
	files, err := state.Inspect(dir)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		c.warn("there is no state in %s", dir)
	}
	for _, f := range files {
		line := stateFile{File: f.Path, Current: f.Current, Damaged: f.Damage}
		if f.Damage == "" {
			line.Generation, line.Time = f.Generation, f.Time.UTC().Format(time.RFC3339Nano)
			line.Host, line.OtherHost, line.Bytes = f.Host.Name, f.OtherHost, f.Size
		}
		for _, s := range f.Sections {
			line.Sections = append(line.Sections, stateSection{s.Name, s.Size})
		}
		if err := c.line(line); err != nil {
			return err
		}
	}
	out := bufio.NewWriterSize(c.stdout, 64<<10)
	for _, f := range files {
		for _, s := range f.Sections {
			if err := sectionLines(out, s.Name, s.Data); err != nil {
				return writeError(err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return writeError(err)
	}
	return nil
}

// sectionLines prints the lines of a section, if all are JSON.
func sectionLines(w io.Writer, name string, data []byte) error {
	for line := range bytes.Lines(data) {
		if !json.Valid(line) {
			return nil
		}
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(data) {
		if _, err := fmt.Fprintf(w, "{\"section\":%s,\"line\":%s}\n", quoted, bytes.TrimSpace(line)); err != nil {
			return err
		}
	}
	return nil
}

func resetState(dir string, yes bool) error {
	dir, err := stateDir(dir)
	if err != nil {
		return err
	}
	if !yes {
		return fmt.Errorf("cannot reset the state in %s without --yes: all would be read and counted anew", dir)
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s, err := state.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(s.Reset(), s.Close())
}
