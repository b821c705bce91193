//go:build amd64 && !purego

package scan

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT
	hasAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512GFNI && cpu.X86.HasPOPCNT
)

// The kernels look at up to turns turns of 32 or 64 places from p on, reading
// Width-1 bytes behind them, until they have written room hits. lines is all
// ones to look for line ends, or 0. A Hit's At counts from p. They return how
// many turns they have looked at, and how many hits and line ends they found.

//go:noescape
func sweepAVX2(p *byte, turns int, tables *byte, sets int, lines int, hits *Hit, room int) (turn int, found int, ends int)

//go:noescape
func sweepAVX512(p *byte, turns int, tables *byte, sets int, lines int, hits *Hit, room int) (turn int, found int, ends int)

func (f *Finder) call(b []byte, turns int, lines bool) (turn, found, ends int) {
	mask := 0
	if lines {
		mask = -1
	}
	if f.kernel == AVX512 {
		return sweepAVX512(unsafe.SliceData(b), turns, unsafe.SliceData(f.vector), f.sets, mask, &f.hits[0], room)
	}
	return sweepAVX2(unsafe.SliceData(b), turns, unsafe.SliceData(f.vector), f.sets, mask, &f.hits[0], room)
}
