package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"sluice/detections"
	"sluice/match/detection"
)

// ruleFlags are the flags by which rules are loaded.
type ruleFlags struct {
	macros    []string
	macroDirs []string
	lookups   []string
}

func (f *ruleFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.macros, "macro", nil, "a macro, as NAME=DEFINITION or 'NAME(a,b)=DEFINITION'; wins over all others (repeatable)")
	fl.StringArrayVar(&f.macroDirs, "macros", nil, "folder of macro files; they win over those beside the detections (repeatable)")
	fl.StringArrayVar(&f.lookups, "lookups", nil, "folder of lookup tables, beside those of the detections (repeatable)")
}

// builtin is what the files inside the binary are called in messages.
const builtin = "builtin"

// loader returns a Loader with the macros of the flags and of the binary.
func (f *ruleFlags) loader() (*detection.Loader, error) {
	l := &detection.Loader{}
	l.LoadMacros(detections.FS, builtin)
	for _, text := range f.macros {
		if err := l.Define(text); err != nil {
			return nil, err
		}
	}
	for _, dir := range f.macroDirs {
		l.LoadMacroDir(dir)
	}
	for _, dir := range f.lookups {
		l.LoadLookups(dir)
	}
	return l, nil
}

// loadAll loads paths or, without any, what is built in.
func loadAll(l *detection.Loader, paths []string) (found []*detection.Detection) {
	if len(paths) == 0 {
		return l.LoadFS(detections.FS, builtin)
	}
	for _, p := range paths {
		found = append(found, l.Load(p)...)
	}
	return l.Standalone(found)
}

// load loads the built-in detections, or those of paths. What is wrong with
// single ones is told; the others are returned. What is read is kept, so collecting
// garbage finds little: less often, 265 files take 30 and not 36 ms.
func (c *cli) load(paths []string, f ruleFlags) ([]*detection.Detection, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	l, err := f.loader()
	if err != nil {
		return nil, err
	}
	found := loadAll(l, paths)
	c.problems(l.Problems)
	return found, nil
}

// problems tells what loading came to.
func (c *cli) problems(list []error) {
	for _, err := range list {
		var de *detection.Error
		if errors.As(err, &de) && de.Warning {
			c.warn("%v", err)
		} else {
			c.fail(err)
		}
	}
}

// outputs checks the value of an --output flag.
func outputs(value string) error {
	if value != "text" && value != "json" {
		return fmt.Errorf("cannot use --output %q: want text, json", value)
	}
	return nil
}

// line writes v as a line of JSON.
func (c *cli) line(v any) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("cannot write results: %w", err)
	}
	return c.print(b.String())
}

// print writes to stdout.
func (c *cli) print(text string) error {
	if _, err := c.stdout.Write([]byte(text)); err != nil {
		return writeError(err)
	}
	return nil
}

// printable replaces what a terminal would not show as a character.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// table lays rows out in columns of equal width, the last one ragged.
func table(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-len([]rune(cell))+2)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
