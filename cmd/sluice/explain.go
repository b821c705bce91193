package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/match"
	"sluice/match/detection"
)

// explained is the line of a rule in `sluice explain -o json`.
type explained struct {
	Name string `json:"name"`
	File string `json:"file"`
	Kind string `json:"kind"`
	match.Explanation
	Gate string `json:"gate"` // of the whole set; empty without one
}

func (c *cli) explainCommand() *cobra.Command {
	var f ruleFlags
	var rules []string
	output := "text"
	cmd := &cobra.Command{
		Use:   "explain [flags] [RULE | PATH]...",
		Short: "Show what rules mean and how they are searched for",
		Long: `Show for each rule its logical form; which literals a record must hold so that
the rule may accept it; which of these are looked for, and how often they are to
be expected in event text; the fields that are read; and if there is nothing to
look for, why.

A path is a detection file or folder; any other argument is the name or id of a
rule that is built in or among those of --rules. Without an argument, all of
those.

Exit status: 0, or 2 if something was refused or is not there.`,
		Example: `  sluice explain my-detection.yml
  sluice explain -r security_content "My Detection"`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := outputs(output); err != nil {
				return err
			}
			found, err := c.pick(args, rules, f)
			if err != nil {
				return err
			}
			return c.explain(found, output)
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVarP(&rules, "rules", "r", nil, "detection file or folder to choose from, instead of those built in (repeatable)")
	f.add(cmd)
	fl.StringVarP(&output, "output", "o", output, "how to print: text or json (one object a line)")
	fl.BoolVarP(&c.quiet, "quiet", "q", false, "no warnings")
	fl.SortFlags = false
	return cmd
}

// pick loads the rules that args name.
func (c *cli) pick(args, rules []string, f ruleFlags) ([]*detection.Detection, error) {
	l, err := f.loader()
	if err != nil {
		return nil, err
	}
	var paths, names []string
	for _, arg := range args {
		if _, err := os.Stat(arg); err == nil {
			paths = append(paths, arg)
		} else {
			names = append(names, arg)
		}
	}
	var found, from []*detection.Detection
	if len(names) > 0 || len(paths) == 0 {
		from = loadAll(l, rules)
	}
	if len(paths) > 0 {
		found = loadAll(l, paths)
	}
	c.problems(l.Problems)
	if len(args) == 0 {
		return from, nil
	}
	for _, name := range names {
		n := len(found)
		for _, d := range from {
			if strings.EqualFold(d.Name, name) || strings.EqualFold(d.ID, name) {
				found = append(found, d)
			}
		}
		if len(found) == n {
			c.fail(fmt.Errorf("cannot explain %s: no such file, and no rule of that name or id (hint: sluice rules lists them)", name))
		}
	}
	return found, nil
}

func (c *cli) explain(found []*detection.Detection, output string) error {
	list, gate := match.Explain(rulesOf(found))
	for i, d := range found {
		var err error
		if output == "json" {
			err = c.line(explained{d.Name, d.File, d.Kind, list[i], gate})
		} else {
			err = c.print(explainText(d, &list[i]))
		}
		if err != nil {
			return err
		}
	}
	if output == "json" || len(found) == 0 {
		return nil
	}
	return c.print(explainSet(list, gate))
}

const explainWidth = 100

func explainText(d *detection.Detection, e *match.Explanation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  %s, %s\n", printable(d.Name), printable(d.File), d.Kind)
	section := func(title, text string) {
		fmt.Fprintf(&b, "  %s:\n    %s\n", title, strings.ReplaceAll(text, "\n", "\n    "))
	}
	section("rule", match.Indent(e.Rule, explainWidth))
	section("needs", match.Indent(e.Need, explainWidth))
	if len(e.Anchors) > 0 {
		rows := [][]string{}
		for _, a := range e.Anchors {
			rows = append(rows, []string{strconv.Quote(a.Literal), "by " + strconv.Quote(a.Window), rarity(a.PerGB)})
		}
		if len(e.Anchors) > 1 {
			rows = append(rows, []string{"together", "", rarity(e.PerGB)})
		}
		section("looks for", strings.TrimRight(table(rows), "\n"))
	} else {
		section("decodes every record, since these parts require nothing", strings.Join(e.Open, "\n"))
	}
	section("reads", strings.Join(e.Fields, ", "))
	b.WriteString("\n")
	return b.String()
}

// rarity prints a rate per 10^9 bytes.
func rarity(perGB float64) string {
	every := 1e9 / perGB
	text := fmt.Sprintf("once in %.3g bytes", every)
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if every >= u.size {
			text = fmt.Sprintf("once in %.3g %s", every/u.size, u.name)
			break
		}
	}
	return fmt.Sprintf("%s (%.3g in a GB)", text, perGB)
}

// explainSet says how all rules are searched for together.
func explainSet(list []match.Explanation, gate string) string {
	open := 0
	for _, e := range list {
		if len(e.Anchors) == 0 {
			open++
		}
	}
	switch n := len(list); {
	case open > 0:
		return fmt.Sprintf("set of %d: every record is decoded, for %d that may accept any\n", n, open)
	case gate != "":
		return fmt.Sprintf("set of %d: all need %q, which is looked for first (the gate)\n", n, gate)
	default:
		return fmt.Sprintf("set of %d: no literal that all need (no gate); the anchors are looked for\n", n)
	}
}
