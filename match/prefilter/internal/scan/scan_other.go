//go:build !amd64 || purego

package scan

const hasAVX2, hasAVX512 = false, false

func (f *Finder) call([]byte, int, bool) (int, int, int) {
	panic("BUG: scan: no vector kernel in this build")
}
