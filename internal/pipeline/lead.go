package pipeline

import (
	"sluice/match/command"
	"sluice/match/row"
	"sluice/match/rule"
)

// lead is the commands at the beginning of a rule's that run on some rows at a time: each
// looks at one row only, or at how many came before it.
type lead struct {
	commands []rule.Command
	left     []int // by command: how many rows a head lets through
	most     int   // how many rows at a time
}

// someRows at a time and the columns are not found anew for each row. Where each may
// become very many, it is one, so that all of them are far from what a table may hold.
const someRows = 256

// newLead parts commands into those of a lead and the rest.
func newLead(commands []rule.Command) (l lead, rest []rule.Command) {
	l.most = someRows
	for i, c := range commands {
		h, head := c.(command.Head)
		if !command.PerRow(c) && (!head || h.FromEnd) {
			return l, commands[i:]
		}
		if _, many := c.(command.MvExpand); many {
			l.most = 1
		}
		l.commands, l.left = commands[:i+1], append(l.left, h.N)
	}
	return l, nil
}

// run runs the commands on the next rows.
func (l *lead) run(env *command.Env, t *row.Table) {
	for i, c := range l.commands {
		if _, head := c.(command.Head); head {
			c = command.Head{N: l.left[i]}
			l.left[i] -= min(l.left[i], len(t.Rows))
		}
		c.(command.Command).Run(env, t)
	}
}
