//go:build amd64 && !purego

package scan

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

var hasAVX2 = cpu.X86.HasAVX2

// window is how many bytes indexAVX2 reads to look at 32 positions.
const window = 32 + LitLen - 1

// indexAVX2 returns the first of the positions at p at which a mark begins,
// with found 1, or how many positions it looked at, a multiple of 32, with
// found 0. It reads n bytes at most.
//
//go:noescape
func indexAVX2(p *byte, n int, lit uint32) (index int, found int)

// avx2 looks at whole windows from from on. Without a mark there it returns
// where it stopped.
func (f *Finder) avx2(from int) (at int, found bool) {
	rest := len(f.block) - from
	if rest < window {
		return from, false
	}
	i, ok := indexAVX2(unsafe.SliceData(f.block[from:]), rest, f.lit)
	return from + i, ok != 0
}
