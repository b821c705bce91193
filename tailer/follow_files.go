package tailer

import (
	"bytes"
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// openFile opens a file and sees that not too many are open.
func (f *Follower) openFile(path string) (*os.File, error) {
	for f.opened >= f.limit && f.closeIdle() {
	}
	file, err := f.opener(path)
	for isLimit(err) && f.closeIdle() {
		f.limit = max(1, f.opened)
		file, err = f.opener(path)
	}
	if err != nil {
		if isLimit(err) {
			f.unreadable(path, err)
		}
		return nil, err
	}
	f.opened++
	return file, nil
}

// isLimit reports that too many files are open.
func isLimit(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// closeIdle closes the files that have not been read for longest, of those that can
// be opened again.
func (f *Follower) closeIdle() bool {
	var idle []*source
	for _, s := range f.all {
		if s.f != nil && !s.absent && !s.lost && (s.z == nil || s.caught) {
			idle = append(idle, s)
		}
	}
	slices.SortFunc(idle, func(a, b *source) int { return cmp.Compare(a.used, b.used) })
	for _, s := range idle[:(len(idle)+7)/8] {
		f.closeFile(s)
	}
	if len(idle) > 0 {
		return true
	}
	for _, c := range f.waiting {
		if c.f != nil && c.copied {
			c.close(f)
			return true
		}
	}
	return false
}

func sortCandidates(all []*candidate) {
	slices.SortFunc(all, func(a, b *candidate) int {
		if ra, rb := isRotatedPath(a.path), isRotatedPath(b.path); ra != rb {
			if rb {
				return -1
			}
			return 1
		}
		return cmp.Compare(filepath.Clean(a.path), filepath.Clean(b.path))
	})
}

// toEnd moves a new source behind the last record that c holds: to its last line
// feed or, if it begins with XML, its last </Event>. What stands behind that is
// the start of a record that is still being written.
func (s *source) toEnd(c *candidate) error {
	var head [8]byte
	n, _ := c.f.ReadAt(head[:], 0)
	s.pos.Text = textOf(head[:n])
	if n < len(head) {
		s.pos.Text = Unknown
		return nil
	}
	at := lastBoundary(c, s.pos.Text)
	if at == 0 {
		s.pos.Text = Unknown // so that its mark is found
		return nil
	}
	return s.pos.advance(c.f, at)
}

// lastBoundary looks for the end of the last whole record, 16 MiB back at most.
func lastBoundary(c *candidate, text Encoding) int64 {
	const step = 64 << 10
	marks := []string{"\n"}
	var start [512]byte
	n, _ := c.f.ReadAt(start[:], 0)
	head := bytes.ReplaceAll(start[:n], []byte{0}, nil)
	if i := bytes.IndexAny(head, "<{["); i >= 0 && head[i] == '<' {
		marks = []string{"</Event>", "</Events>"}
	}
	buf := make([]byte, step+64)
	for hi := c.st.size; hi > 0 && hi > c.st.size-16<<20; hi -= min(hi, step) {
		lo := max(0, hi-step)
		lo -= lo % 2
		n, _ := c.f.ReadAt(buf[:min(c.st.size, hi+64)-lo], lo)
		best := -1
		for _, m := range marks {
			wide := widen(m, text)
			i := bytes.LastIndex(buf[:n], wide)
			for i >= 0 && len(wide) > len(m) && (lo+int64(i))%2 == 1 {
				i = bytes.LastIndex(buf[:i+len(wide)-1], wide)
			}
			if i >= 0 {
				best = max(best, i+len(wide))
			}
		}
		if best >= 0 {
			return lo + int64(best)
		}
	}
	return 0
}

// widen spells ASCII in an encoding.
func widen(s string, text Encoding) (b []byte) {
	for _, c := range []byte(s) {
		switch text {
		case UTF16LE:
			b = append(b, c, 0)
		case UTF16BE:
			b = append(b, 0, c)
		default:
			b = append(b, c)
		}
	}
	return b
}
