package event

import (
	"maps"
	"slices"
)

// Aliases returns the names of the aliases.
func Aliases() []string { return slices.Sorted(maps.Keys(aliases)) }
