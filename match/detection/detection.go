// Package detection loads detection files, each with its search compiled to a
// rule: the YAML of Splunk's security_content in its three generations, with the
// risk in `tags` (to 2024), in `rba` (2025) and in `finding` and
// `intermediate_findings` (2026), and Sigma rules.
package detection

import (
	"fmt"
	"slices"

	"sluice/agg/window"
	"sluice/match/rule"
	"sluice/match/sigma"
)

// Detection is one loaded rule: a file of Splunk's, or a document of Sigma's.
type Detection struct {
	File         string
	Line, Column int    // where it begins
	Kind         string // KindSPL or KindSigma
	Name         string
	ID           string
	Version      int
	Type         string // Anomaly, TTP, Hunting or Correlation; empty for Sigma
	Level        string // of a Sigma rule: informational to critical, or empty
	Status       string // such as production, experimental or deprecated; all are loaded
	Search       string // SPL; empty for Sigma
	Stories      []string
	MITRE        []string
	Risk         Risk
	Throttle     Throttle
	Windows      window.Spec // of its scheduled search
	Unscheduled  *Error      // why Windows are not those of the file's own schedule; nil if they are
	Tests        []Test
	Rule         *rule.Rule
	Description  string

	named  string       // of Sigma: the name by which others refer to it
	source sigma.Source // of Sigma
}

// What a Detection was written in.
const (
	KindSPL   = "spl"
	KindSigma = "sigma"
)

// Risk says which risk events a row makes. Without objects it makes none.
type Risk struct {
	Message string // $field$ stands for the row's value
	Objects []RiskObject
	Threats []ThreatObject
}

// RiskObject is who or what a row puts at risk.
type RiskObject struct {
	Field   string
	Type    string // user, system or other
	Score   int    // 1 to 100; 0 in correlations, which only sum up
	Message string // of this object, if it is not that of the Risk
	// Optional says that a row in which the field is missing makes no risk event of
	// this object.
	Optional bool
}

// MessageFor returns the message of the risk event of o.
func (r *Risk) MessageFor(o RiskObject) string {
	if o.Message != "" {
		return o.Message
	}
	return r.Message
}

// Score returns the highest score of the risk objects.
func (r *Risk) Score() (score int) {
	for _, o := range r.Objects {
		score = max(score, o.Score)
	}
	return score
}

// ThreatObject is what a row names as the threat.
type ThreatObject struct {
	Field string
	Type  string
}

// Throttle says that a row whose Fields have the values of an earlier one makes
// no alert until Period is over. The zero value throttles nothing.
type Throttle struct {
	Fields []string
	Period string // a number and s, m or h
}

// SavedSearch returns the name under which the search is saved in Splunk, and
// which its risk events carry: for a detection of Splunk's, that under which its
// content ships.
func (d *Detection) SavedSearch() string {
	if d.Kind == KindSigma {
		return "Sigma - " + d.Name
	}
	return "ESCU - " + d.Name + " - Rule"
}

// Columns returns the names of the columns of a detection's rows. all is false if
// its rows may have others, too.
func (d *Detection) Columns() (names []string, all bool) { return d.Rule.Columns() }

// lacks reports whether no row has a column of that name.
func (d *Detection) lacks(column string) bool {
	names, all := d.Columns()
	return all && !slices.Contains(names, column)
}

// Error is a fault in a file. Line and Column count from 1; 0 means that the
// fault has no place.
type Error struct {
	File         string
	Line, Column int
	Check        string // what was looked at; see the constants
	Msg          string
	Warning      bool // the file was loaded all the same
}

// What an Error is about. Those from CheckFilter on are told by Loader.Lint only.
const (
	CheckFile    = "file"    // it cannot be read
	CheckYAML    = "yaml"    // it is no YAML
	CheckSchema  = "schema"  // a wrong type, a value that is not allowed, or none
	CheckKey     = "key"     // the schema does not know it
	CheckSearch  = "search"  // it does not compile
	CheckMacro   = "macro"   // its file is not one
	CheckRisk    = "risk"    // a risk or threat object, or a token, is no column
	CheckSigma   = "sigma"   // the rule does not compile
	CheckFilter  = "filter"  // the filter macro of the file's name
	CheckMITRE   = "mitre"   // technique ids
	CheckID      = "id"      // not a UUID, or twice
	CheckName    = "name"    // too long for a saved search, or twice
	CheckField   = "field"   // a field of the throttling is no column
	CheckRefs    = "refs"    // a reference is no URL
	CheckTests   = "tests"   // a production detection without
	CheckObjects = "objects" // a detection that should have risk objects has none
)

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}
