package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"os"
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
	counts := map[string]int{}
	rows := [][]string{{"RESULT", "ROWS", "DETECTION", "TEST", "REASON"}}
	for _, o := range list {
		counts[o.Result]++
		reason := o.Reason
		if o.Malformed > 0 {
			reason = strings.TrimSpace(fmt.Sprintf("%s (%d malformed %s)", reason, o.Malformed, plural(o.Malformed, "record")))
		}
		rows = append(rows, []string{
			strings.ToUpper(o.Result), strconv.Itoa(o.Rows), printable(o.Detection), printable(o.Test), printable(reason),
		})
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
	text += fmt.Sprintf("%d passed, %d failed, %d skipped", counts[passed], counts[failed], counts[skipped])
	if n := counts[broken] + len(refusals(problems)); n > 0 {
		text += fmt.Sprintf(", %d could not be run", n)
	}
	if without > 0 {
		text += fmt.Sprintf("; %d %s without tests", without, plural(int64(without), "detection"))
	}
	return text + "\n"
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
		add(junitCase{Class: o.Detection, Name: o.Test, File: o.File, Line: o.Line, Time: fmt.Sprintf("%.3f", o.Seconds)}, o.Result, o.Reason)
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
