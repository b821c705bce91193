package tailer

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
)

const (
	// markerSize is how many bytes a marker is the hash of: more than the events
	// of one kind have in common at their ends.
	markerSize = 4 << 10
	// firstMark is where the first mark stands. Marks stand at its doubles.
	firstMark = 64
)

// hash is that of markers and marks. It is kept in positions, so it never changes.
func hash(b []byte) uint64 {
	sum := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(sum[:])
}

// contents is what a position is compared with. ReadAt may be slow to go back.
type contents interface {
	io.ReaderAt
}

// before reads the bytes before offset that a marker is made of. Fewer come if
// the contents end before offset.
func before(c contents, offset int64, buf []byte) ([]byte, error) {
	n := min(offset, markerSize)
	if n == 0 {
		return buf[:0], nil
	}
	got, err := c.ReadAt(buf[:n], offset-n)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return buf[:got], err
}

// advance moves p to a later offset of c and makes its marks.
func (p *Position) advance(c contents, to int64) error {
	var buf [markerSize]byte
	for at := p.nextMark(); at <= to; at = p.nextMark() {
		if err := p.mark(c, at, buf[:]); err != nil {
			return err
		}
	}
	b, err := before(c, to, buf[:])
	if err != nil {
		return err
	}
	p.Offset, p.Marker = to, hash(b)
	return nil
}

func (p *Position) mark(c contents, at int64, buf []byte) error {
	b, err := before(c, at, buf)
	if err == nil {
		p.Marks = append(p.Marks[:len(p.Marks):len(p.Marks)], hash(b))
	}
	return err
}

// nextMark is the offset of the mark that p does not have yet.
func (p *Position) nextMark() int64 { return firstMark << len(p.Marks) }

// likeness tells how contents compare with those in which a position stands.
type likeness uint8

const (
	// differs: they are others.
	differs likeness = iota
	// same: all that was read there stands here too.
	same
	// shorter: they end before the offset, and are the same up to some mark.
	shorter
	// unknown: they are too short, or too little was read, to tell.
	unknown
)

// beginsLike reports whether c, as far as the marks in its first markerSize bytes
// tell, may hold what was read up to p.
func (p *Position) beginsLike(c contents) bool {
	var buf [markerSize]byte
	for i, want := range p.Marks {
		at := int64(firstMark) << i
		if at > markerSize {
			break
		}
		if b, err := before(c, at, buf[:]); err != nil || int64(len(b)) < at {
			break
		} else if hash(b) != want {
			return false
		}
	}
	return true
}

// compare tells whether c holds what was read up to p. It goes forward through
// c only, as far as p.
func (p *Position) compare(c contents) (likeness, error) {
	if p.Offset == 0 {
		return unknown, nil
	}
	var buf [markerSize]byte
	for i, want := range p.Marks {
		at := int64(firstMark) << i
		if at > p.Offset {
			break
		}
		b, err := before(c, at, buf[:])
		switch {
		case err != nil:
			return differs, err
		case int64(len(b)) < min(at, markerSize) && i == 0:
			return unknown, nil
		case int64(len(b)) < min(at, markerSize):
			return shorter, nil
		case hash(b) != want:
			return differs, nil
		}
	}
	b, err := before(c, p.Offset, buf[:])
	switch {
	case err != nil:
		return differs, err
	case int64(len(b)) == min(p.Offset, markerSize) && hash(b) == p.Marker:
		return same, nil
	case int64(len(b)) == min(p.Offset, markerSize):
		return differs, nil
	case len(p.Marks) == 0:
		return unknown, nil
	}
	return shorter, nil
}

// window is a stretch of bytes that was read, from lo on.
type window struct {
	lo   int64
	mark []byte // before rest
	rest []byte
}

// ReadAt reads from the window only.
func (w *window) ReadAt(p []byte, off int64) (n int, err error) {
	if at := off - w.lo; at >= 0 && at < int64(len(w.mark)) {
		n = copy(p, w.mark[at:])
	}
	if at := off + int64(n) - w.lo - int64(len(w.mark)); at >= 0 && at < int64(len(w.rest)) {
		n += copy(p[n:], w.rest[at:])
	}
	if n < len(p) {
		err = io.EOF
	}
	return n, err
}
