package scan

import "unsafe"

// classes say which bytes may stand at each offset of the marks: at[o][c] has
// bit b set if a mark of bucket b has c at offset o, or ends before it.
type classes struct {
	at [Width][256]uint32
}

func newClasses(buckets [][]Mark) *classes {
	c := new(classes)
	for b, marks := range buckets {
		for _, m := range marks {
			for o := range Width {
				for x := range 256 {
					if o >= len(m) || hasByte(m[o], byte(x)) {
						c.at[o][x] |= 1 << b
					}
				}
			}
		}
	}
	return c
}

func hasByte(s string, c byte) bool {
	for i := range len(s) {
		if s[i] == c {
			return true
		}
	}
	return false
}

// Both vector kernels have tables of offsetSize bytes for each offset of each
// set of eight buckets.
const offsetSize = 64

// newTables returns room for the tables of a vector kernel, on cache lines of
// their own.
func newTables(sets int) []byte {
	b := make([]byte, sets*Width*offsetSize+63)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) & 63
	return b[skip:][:sets*Width*offsetSize]
}

// index is the entry of byte c in a table of 64: its low five bits and bit 6.
// So letters share one with their other case, while digits and punctuation share
// theirs with control characters only, but for @ [ \ ] ^ _ and what stands 32
// above them. It leaves out bit 7: the kernel passes over bytes from 0x80 on at
// the place itself, and takes them for ASCII behind it.
func index(c byte) byte { return c&31 | c>>1&32 }

// entries are the tables of the AVX-512 kernel: 64 entries, see index.
func (c *classes) entries(sets int) []byte {
	t := newTables(sets)
	for s := range sets {
		for o := range Width {
			row := t[(s*Width+o)*offsetSize:][:offsetSize]
			for x := range 0x80 {
				row[index(byte(x))] |= byte(c.at[o][x] >> (8 * s))
			}
			for x := 0x80; x < 256; x++ {
				if o > 0 { // a class may want them: do not miss it
					row[index(byte(x))] |= byte(c.at[o][x] >> (8 * s))
				}
			}
		}
	}
	return t
}

// nibbles are the tables of the AVX2 kernel: 16 entries for the low half of a
// byte, twice, then 16 for its high half, twice.
func (c *classes) nibbles(sets int) []byte {
	t := newTables(sets)
	for s := range sets {
		for o := range Width {
			row := t[(s*Width+o)*offsetSize:][:offsetSize]
			for x := range 256 {
				m := byte(c.at[o][x] >> (8 * s))
				row[x&15] |= m
				row[16+x&15] |= m
				row[32+x>>4] |= m
				row[48+x>>4] |= m
			}
		}
	}
	return t
}
