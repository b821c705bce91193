package scan

import "bytes"

// tables say which bytes may stand at each offset of a mark, for a kernel that
// looks up 64 bytes at once: tables[o][index(c)] has bit m set if mark m has c
// at offset o, or ends before it. A mark may begin where the four looked-up
// bytes have a bit in common.
type tables [LitLen][64]byte

// index is the entry of byte c: its low five bits and bit 6. So letters share
// one with their other case, while digits and punctuation share theirs with
// control characters only, but for @ [ \ ] ^ _ and what stands 32 above them.
// It leaves out bit 7: bytes from 0x80 on seem to be ASCII, and no mark has one.
func index(c byte) byte { return c&31 | c>>1&32 }

func newTables(marks [][]byte) (t tables) {
	for m, mark := range marks {
		for o := range t {
			for e := range t[o] {
				if o >= len(mark) || index(mark[o]) == byte(e) {
					t[o][e] |= 1 << m
				}
			}
		}
	}
	return t
}

// isMark reports whether a mark does begin at i, which the tables cannot tell
// for sure.
func (f *Finder) isMark(i int) bool {
	for _, mark := range f.marks {
		if bytes.HasPrefix(f.block[i:], mark) {
			return true
		}
	}
	return false
}
