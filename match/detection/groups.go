package detection

import (
	"fmt"
	"slices"

	"sluice/match/sigma"
)

// grouped is a correlation or filter of a file.
type grouped struct {
	*sigma.Group
	file string
	line int
}

// Standalone returns those of found, which is all that l has loaded, that may run by
// themselves: without the Sigma rules that a correlation or filter is about. As these are
// not supported, their rules are refused with them: alone, a rule of a correlation finds
// each single event that is to be counted, and one of a filter what it is to leave out.
func (l *Loader) Standalone(found []*Detection) []*Detection {
	if len(l.groups) == 0 {
		return found
	}
	return slices.DeleteFunc(found, func(d *Detection) bool {
		i := slices.IndexFunc(l.groups, func(g grouped) bool {
			return d.Kind == KindSigma && !g.Generate && (g.Kind == "filter" || !g.All || g.file == d.File) && g.Has(d.ID, d.named, d.source)
		})
		if i < 0 {
			return false
		}
		g := l.groups[i]
		why := "counts what the rule finds, and correlations are not supported (hint: `generate: true` in the correlation makes its rules run by themselves, too)"
		if g.Kind == "filter" {
			why = "narrows the rule, and filters are not supported (hint: without the filter's file the rule runs as it is)"
		}
		l.fail(&Error{File: d.File, Line: d.Line, Column: d.Column, Check: CheckSigma,
			Msg: fmt.Sprintf("cannot load rule: the %s at %s:%d %s", g.Kind, g.file, g.line, why)})
		return true
	})
}
