package agg

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of the pages that advise asks for, and worthHuge that from which
// on memory is worth the call.
const (
	hugePage  = 2 << 20
	worthHuge = 64 << 10
)

// advise asks for huge pages behind memory that has not been touched: a table is looked at
// in no order, and much of the time of that is the search for its pages, or, while it grows,
// waiting for the kernel to make them. What stands beside the memory is asked for, too: it
// is of the same heap, which grows in steps of two such pages, and mostly other memory of
// tables. It is a wish only.
func advise(start unsafe.Pointer, size int) {
	if size < worthHuge {
		return
	}
	lo := uintptr(start) &^ (hugePage - 1)
	hi := (uintptr(start) + uintptr(size) + hugePage - 1) &^ (hugePage - 1)
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, lo, hi-lo, unix.MADV_HUGEPAGE)
}
