//go:build amd64 && !purego

package scan

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

var (
	hasAVX2   = cpu.X86.HasAVX2
	hasAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512GFNI
)

// How many bytes a kernel reads to look at its 32 or 64 positions.
const (
	window2   = 32 + LitLen - 1
	window512 = 64 + LitLen - 1
)

// indexAVX2 returns the first of the positions at p at which a mark begins,
// with found 1, or how many positions it looked at, a multiple of 32, with
// found 0. It reads n bytes at most.
//
//go:noescape
func indexAVX2(p *byte, n int, lit uint32) (index int, found int)

// indexAVX512 returns the first of the positions at p at which a mark may
// begin, with found 1, or how many positions it looked at, a multiple of 64,
// with found 0. It reads n bytes at most.
//
//go:noescape
func indexAVX512(p *byte, n int, t *tables) (index int, found int)

// vector looks at whole windows from from on. Without a mark there it returns
// where it stopped.
func (f *Finder) vector(from int) (at int, found bool) {
	if f.kernel == AVX2 {
		rest := len(f.block) - from
		if rest < window2 {
			return from, false
		}
		i, ok := indexAVX2(unsafe.SliceData(f.block[from:]), rest, f.lit)
		return from + i, ok != 0
	}
	for len(f.block)-from >= window512 {
		i, ok := indexAVX512(unsafe.SliceData(f.block[from:]), len(f.block)-from, &f.tables)
		from += i
		if ok == 0 {
			return from, false
		}
		if f.isMark(from) {
			return from, true
		}
		from++
	}
	return from, false
}
