package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/match/detection"
)

// loadedRule is the line of `sluice rules -o json` for what was loaded.
type loadedRule struct {
	Loaded bool     `json:"loaded"` // true
	Name   string   `json:"name"`
	ID     string   `json:"id"`
	Kind   string   `json:"kind"`
	Type   string   `json:"type,omitempty"`
	Level  string   `json:"level,omitempty"`
	Status string   `json:"status,omitempty"`
	Score  int      `json:"score"`
	MITRE  []string `json:"mitre"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Rule   string   `json:"rule"`
}

// refusedRule is that for what was not.
type refusedRule struct {
	Loaded bool   `json:"loaded"` // false
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Check  string `json:"check,omitempty"`
	Reason string `json:"reason"`
}

func (c *cli) rulesCommand() *cobra.Command {
	var f ruleFlags
	output := "text"
	cmd := &cobra.Command{
		Use:   "rules [flags] [PATH]...",
		Short: "List which rules load and which do not, and why",
		Long: `List the detections of files and folders that load, and those that do not, with
file:line:column and the reason. Without a path, those that are built in.

Exit status: 0, or 2 if something was refused.`,
		Example: `  sluice rules security_content/
  sluice rules -o json detections/ | jq -r 'select(.loaded|not).reason' | sort | uniq -c`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := outputs(output); err != nil {
				return err
			}
			l, err := f.loader()
			if err != nil {
				return err
			}
			found := loadAll(l, args)
			var refused []error
			for _, err := range l.Problems {
				var de *detection.Error
				if errors.As(err, &de) && de.Warning {
					c.warn("%v", err)
					continue
				}
				refused = append(refused, err)
			}
			if len(refused) > 0 {
				c.code = exitError
			}
			if output == "json" {
				return c.rulesJSON(found, refused)
			}
			return c.print(rulesText(found, refused))
		},
	}
	fl := cmd.Flags()
	f.add(cmd)
	fl.StringVarP(&output, "output", "o", output, "how to print: text or json (one object a line)")
	fl.BoolVarP(&c.quiet, "quiet", "q", false, "no warnings")
	fl.SortFlags = false
	return cmd
}

func (c *cli) rulesJSON(found []*detection.Detection, refused []error) error {
	for _, d := range found {
		if err := c.line(loadedRule{
			Loaded: true, Name: d.Name, ID: d.ID, Kind: d.Kind, Type: d.Type, Level: d.Level, Status: d.Status,
			Score: d.Risk.Score(), MITRE: append([]string{}, d.MITRE...), File: d.File, Line: d.Line, Rule: d.Rule.String(),
		}); err != nil {
			return err
		}
	}
	for _, problem := range refused {
		r := refusedRule{Reason: problem.Error()}
		var de *detection.Error
		if errors.As(problem, &de) {
			r.File, r.Line, r.Column, r.Check, r.Reason = de.File, de.Line, de.Column, de.Check, de.Msg
		}
		if err := c.line(r); err != nil {
			return err
		}
	}
	return nil
}

func rulesText(found []*detection.Detection, refused []error) string {
	var b strings.Builder
	if len(found) > 0 {
		rows := [][]string{{"NAME", "KIND", "TYPE", "STATUS", "SCORE", "MITRE", "FILE"}}
		for _, d := range found {
			rows = append(rows, []string{
				printable(d.Name), d.Kind, dash(printable(d.Type + d.Level)), dash(printable(d.Status)), strconv.Itoa(d.Risk.Score()),
				dash(printable(strings.Join(d.MITRE, ","))), printable(d.File),
			})
		}
		b.WriteString(table(rows) + "\n")
	}
	for i, err := range refused {
		if i == 0 {
			b.WriteString("refused:\n")
		}
		b.WriteString("  " + printable(err.Error()) + "\n")
		if i == len(refused)-1 {
			b.WriteString("\n")
		}
	}
	fmt.Fprintf(&b, "%d loaded, %d refused\n", len(found), len(refused))
	return b.String()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
