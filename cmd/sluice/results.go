package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"sluice/match/detection"
)

// results prints what became of tests, and writes the JUnit file.
func (c *cli) results(list []outcome, problems []error, found []*detection.Detection, f testFlags) error {
	if f.output == "json" {
		for _, o := range list {
			if err := c.line(o); err != nil {
				return err
			}
		}
	} else if err := c.print(resultsText(list, problems, found)); err != nil {
		return err
	}
	if f.junit == "" {
		return nil
	}
	text, err := junit(list, problems)
	if err == nil {
		err = os.WriteFile(f.junit, text, 0o666)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", f.junit, err)
	}
	return nil
}

func resultsText(list []outcome, problems []error, found []*detection.Detection) string {
	units := map[string]int{}
	sent := integrations{counts: map[string]int{}}
	rows := [][]string{{"RESULT", "ROWS", "DETECTION", "TEST", "REASON"}}
	for _, o := range list {
		units[o.Result]++
		reason := o.Reason
		if o.Malformed > 0 {
			reason = strings.TrimSpace(fmt.Sprintf("%s (%d malformed %s)", reason, o.Malformed, plural(o.Malformed, "record")))
		}
		row := []string{
			strings.ToUpper(o.Result), strconv.Itoa(o.Rows), printable(o.Detection), printable(o.Test), printable(reason),
		}
		rows = append(rows, sent.add(row, o))
	}
	if sent.any {
		rows[0] = []string{"UNIT", "INTEGRATION", "ROWS", "DETECTION", "TEST", "REASON"}
	}
	text := ""
	if len(list) > 0 {
		text = table(rows) + "\n"
	}
	without := 0
	for _, d := range found {
		if len(d.Tests) == 0 {
			without++
		}
	}
	text += tally(units)
	if n := units[broken] + len(refusals(problems)); n > 0 {
		text += fmt.Sprintf(", %d could not be run", n)
	}
	if without > 0 {
		text += fmt.Sprintf("; %d %s without tests", without, plural(int64(without), "detection"))
	}
	return text + "\n" + sent.text()
}

func tally(counts map[string]int) string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", counts[passed], counts[failed], counts[skipped])
}

// integrations sums the integration tests up, if there are any.
type integrations struct {
	any    bool
	counts map[string]int
	events int
}

// add returns the row of a unit test with what became of its integration test.
func (in *integrations) add(row []string, o outcome) []string {
	if o.Integration == nil {
		return row
	}
	in.any = true
	in.counts[o.Integration.Result]++
	in.events += o.Integration.Events
	row = slices.Insert(row, 1, strings.ToUpper(o.Integration.Result))
	if o.Result == passed && o.Integration.Reason != "" {
		last := &row[len(row)-1]
		*last = strings.TrimSpace(*last + " integration: " + printable(o.Integration.Reason))
	}
	return row
}

func (in *integrations) text() string {
	if !in.any {
		return ""
	}
	return fmt.Sprintf("integration: %s; %d risk %s acknowledged\n", tally(in.counts), in.events, plural(int64(in.events), "event"))
}

// refusals returns the problems for which something was not loaded.
func refusals(problems []error) (list []error) {
	for _, err := range problems {
		var de *detection.Error
		if !errors.As(err, &de) || !de.Warning {
			list = append(list, err)
		}
	}
	return list
}

// The elements of JUnit's XML that CI systems read.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string    `xml:"classname,attr"`
		Name    string    `xml:"name,attr"`
		File    string    `xml:"file,attr,omitempty"`
		Line    int       `xml:"line,attr,omitempty"`
		Time    string    `xml:"time,attr"`
		Failure *junitWhy `xml:"failure"`
		Error   *junitWhy `xml:"error"`
		Skipped *junitWhy `xml:"skipped"`
	}
	junitWhy struct {
		Message string `xml:"message,attr"`
	}
)

// junit returns the results as JUnit XML. What was not loaded is a test with an
// error, so that CI shows it.
func junit(list []outcome, problems []error) ([]byte, error) {
	suite := junitSuite{Name: "sluice test"}
	seconds := 0.0
	add := func(jc junitCase, result, reason string) {
		why := &junitWhy{reason}
		switch result {
		case failed:
			jc.Failure, suite.Failures = why, suite.Failures+1
		case broken:
			jc.Error, suite.Errors = why, suite.Errors+1
		case skipped:
			jc.Skipped, suite.Skipped = why, suite.Skipped+1
		}
		suite.Tests++
		suite.Cases = append(suite.Cases, jc)
	}
	for _, o := range list {
		seconds += o.Seconds
		jc := junitCase{Class: o.Detection, Name: o.Test, File: o.File, Line: o.Line, Time: fmt.Sprintf("%.3f", o.Seconds)}
		add(jc, o.Result, o.Reason)
		if in := o.Integration; in != nil {
			seconds += in.Seconds
			jc.Name, jc.Time = o.Test+" (integration)", fmt.Sprintf("%.3f", in.Seconds)
			add(jc, in.Result, in.Reason)
		}
	}
	for _, err := range refusals(problems) {
		jc := junitCase{Class: "load", Name: "load", Time: "0"}
		var de *detection.Error
		if errors.As(err, &de) {
			jc.Name, jc.File, jc.Line = "load "+de.File, de.File, de.Line
		}
		add(jc, broken, err.Error())
	}
	suite.Time = fmt.Sprintf("%.3f", seconds)
	text, err := xml.MarshalIndent(junitSuites{Suites: []junitSuite{suite}}, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}
