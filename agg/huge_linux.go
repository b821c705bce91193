package agg

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of the pages that advise asks for.
const hugePage = 2 << 20

// advise asks for huge pages behind memory that has not been touched: slots are looked
// at in no order, and most of the time of that is the search for their pages. It is a
// wish only.
func advise(start unsafe.Pointer, size int) {
	lo := (uintptr(start) + hugePage - 1) &^ (hugePage - 1)
	hi := (uintptr(start) + uintptr(size)) &^ (hugePage - 1)
	if lo < hi {
		_ = unix.Madvise(unsafe.Slice((*byte)(unsafe.Add(start, lo-uintptr(start))), hi-lo), unix.MADV_HUGEPAGE)
	}
}
