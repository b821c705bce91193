package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"sluice/match/detection"
)

// finding is a line of `sluice check`.
type finding struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"` // error or warning
	Check    string `json:"check"`
	Text     string `json:"text"`
}

func (f finding) String() string {
	text := f.Severity + ": " + printable(f.Text)
	switch {
	case f.File == "":
		return text
	case f.Line == 0:
		return fmt.Sprintf("%s: %s", printable(f.File), text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", printable(f.File), f.Line, f.Column, text)
}

func (c *cli) checkCommand() *cobra.Command {
	var f ruleFlags
	output := "text"
	cmd := &cobra.Command{
		Use:   "check [flags] PATH...",
		Short: "Say what is wrong with detection files",
		Long: `Check detection files: that they load, and what publishing them asks for beyond.
One line a finding, file:line:column: severity: text. docs/detections.md lists
the checks.

Exit status: 0, also with warnings; 2 with errors.`,
		Example: `  sluice check detections/
  sluice check -o json detections/ | jq -r 'select(.severity == "error").file'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := outputs(output); err != nil {
				return err
			}
			l, err := f.loader()
			if err != nil {
				return err
			}
			l.Lint = true
			found := loadAll(l, args)
			return c.check(findings(l.Problems), len(found), output)
		},
	}
	fl := cmd.Flags()
	f.add(cmd)
	fl.StringVarP(&output, "output", "o", output, "how to print: text or json (one object a line)")
	fl.BoolVarP(&c.quiet, "quiet", "q", false, "no counts")
	fl.SortFlags = false
	return cmd
}

// findings turns problems into findings, in the order of their files, and by
// their places in each.
func findings(problems []error) (list []finding) {
	order := map[string]int{}
	for _, err := range problems {
		f := finding{Severity: "error", Check: detection.CheckFile, Text: err.Error()}
		var de *detection.Error
		if errors.As(err, &de) {
			f.File, f.Line, f.Column, f.Check, f.Text = de.File, de.Line, de.Column, de.Check, de.Msg
			if de.Warning {
				f.Severity = "warning"
			}
		}
		if _, seen := order[f.File]; !seen {
			order[f.File] = len(order)
		}
		list = append(list, f)
	}
	slices.SortStableFunc(list, func(a, b finding) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return list
}

func (c *cli) check(list []finding, loaded int, output string) error {
	errs := 0
	for _, f := range list {
		if f.Severity == "error" {
			errs++
		}
		var err error
		if output == "json" {
			err = c.line(f)
		} else {
			err = c.print(f.String() + "\n")
		}
		if err != nil {
			return err
		}
	}
	if errs > 0 {
		c.code = exitError
	}
	if warnings := len(list) - errs; !c.quiet {
		fmt.Fprintf(c.stderr, "sluice: %d %s loaded, %d %s, %d %s\n", loaded, plural(int64(loaded), "detection"),
			errs, plural(int64(errs), "error"), warnings, plural(int64(warnings), "warning"))
	}
	return nil
}
