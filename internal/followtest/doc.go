// Package followtest holds no code: its tests check what `sluice run --follow`
// promises as a whole, in real processes that are killed, starved, blocked and damaged,
// and, for very many steps, in one process against a model. What a consumer of the rows
// knows in the end must be what was written, each event counted once.
package followtest
