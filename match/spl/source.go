package spl

import (
	"slices"
	"strings"

	"sluice/match/rule"
)

// sources returns the condition that an event has a source or a source type. Splunk has
// the events of one log as WinEventLog or as XmlWinEventLog, by how they are collected,
// and older add-ons name the log in the source type. The fields are those of
// XmlWinEventLog, with the log in the source; so a search for another of these names is
// one for that, too.
func sources(field string, value rule.Pattern) rule.Expr {
	named := rule.Compare{Field: field, Op: rule.Eq, Value: value}
	text, folded := value.Text(), rule.FoldString(value.Text())
	n := 0
	if strings.HasPrefix(folded, "xml") {
		n = len("xml")
	}
	if !strings.HasPrefix(folded[n:], "wineventlog") || value.Cased() {
		return named
	}
	rest := text[n+len("wineventlog"):]
	also := rule.Compare{Field: field, Op: rule.Eq, Value: rule.NewPattern("XmlWinEventLog" + rest)}
	if strings.HasPrefix(rest, ":") {
		also.Field = "source"
	}
	if rule.FoldString(also.String()) == rule.FoldString(named.String()) {
		return named
	}
	return rule.Or{named, also}
}

// alternative appends e to the parts of an OR. Several names of one log often stand there
// already, and need not stand twice.
func alternative(parts rule.Or, e rule.Expr) rule.Or {
	names, ok := e.(rule.Or)
	if !ok || slices.ContainsFunc(names, func(x rule.Expr) bool {
		c, ok := x.(rule.Compare)
		return !ok || c.Field != "source" && c.Field != "sourcetype"
	}) {
		return append(parts, e)
	}
	for _, x := range names {
		if !slices.ContainsFunc(parts, func(o rule.Expr) bool { return o.String() == x.String() }) {
			parts = append(parts, x)
		}
	}
	return parts
}
