//go:build !linux

package agg

import "unsafe"

// advise does nothing where huge pages cannot be asked for.
func advise(unsafe.Pointer, int) {}
