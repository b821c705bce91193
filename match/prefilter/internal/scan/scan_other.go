//go:build !amd64 || purego

package scan

const hasAVX2 = false

func (f *Finder) avx2(from int) (int, bool) { panic("BUG: scan: no AVX2 in this build") }
