package scan

import "encoding/binary"

// nearTurns is how many turns are copied to near at once. Where Go cannot ask for
// memory ahead of its use, copy can: 1.9 GB/s from memory became 3.2.
const nearTurns = 2048

// generic is the portable kernel: it looks at eight places a turn. In nearly all
// turns no mark begins, which two bytes tell.
func (f *Finder) generic(b []byte, turns int, lines bool) (turn, found, ends int) {
	for turn < turns && found < room {
		near := f.near[:copy(f.near, b[turn*8:])]
		base, n := turn, min(turns-turn, nearTurns)
		for i := 0; i < n && found < room; i++ {
			if i += f.pairs.skip(near[i*8:], n-i, lines); i == n {
				turn = base + n
				break
			}
			mask, k := f.places(near[i*8:], lines)
			if ends += k; mask != 0 {
				f.hits[found] = Hit{(base + i) * 8, mask}
				found++
			}
			turn = base + i + 1
		}
	}
	return turn, found, ends
}

// places looks at the first eight places of w.
func (f *Finder) places(w []byte, lines bool) (mask uint64, ends int) {
	w = w[: 8+Width-1 : 8+Width-1]
	c := &f.classes.at
	for i := range 8 {
		p := f.pairs[uint16(w[i])|uint16(w[i+1])<<8]
		if p == 0 {
			continue
		}
		if p&maybeMark != 0 && c[0][w[i]]&c[1][w[i+1]]&c[2][w[i+2]]&c[3][w[i+3]]&c[4][w[i+4]] != 0 {
			mask |= 1 << i
		}
		if p&maybeEnd != 0 && lines {
			ends++
			if w[i] != '}' || w[i+2] != '{' {
				mask |= 1 << i
			}
		}
	}
	return mask, ends
}

// pairs tells of two bytes, the first one the lower half of the index, whether a
// mark may begin with them, and whether the second one is a line feed.
type pairs [1 << 16]uint8

const (
	maybeMark = 1 << iota
	maybeEnd
)

func newPairs(c *classes) *pairs {
	p := new(pairs)
	for i := range p {
		if c.at[0][i&0xff]&c.at[1][i>>8] != 0 {
			p[i] |= maybeMark
		}
		if i>>8 == '\n' {
			p[i] |= maybeEnd
		}
	}
	return p
}

// skip returns for how many turns no mark begins in b and, with lines, no line
// feed stands behind a place. Hot loop, defended by bench's row kernel-generic-1:
// the bounds are such that the compiler need not check them.
func (p *pairs) skip(b []byte, turns int, lines bool) int {
	want := uint8(maybeMark)
	if lines {
		want |= maybeEnd
	}
	b = b[:turns*8+1]
	for i := 0; i <= len(b)-9; i += 8 {
		x := binary.LittleEndian.Uint64(b[i : i+8])
		last := binary.LittleEndian.Uint16(b[i+7 : i+9])
		m := p[uint16(x)] | p[uint16(x>>8)] | p[uint16(x>>16)] | p[uint16(x>>24)] |
			p[uint16(x>>32)] | p[uint16(x>>40)] | p[uint16(x>>48)] | p[last]
		if m&want != 0 {
			return i / 8
		}
	}
	return turns
}
