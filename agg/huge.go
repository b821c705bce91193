//go:build !linux

package agg

import "unsafe"

func advise(unsafe.Pointer, int) {}
