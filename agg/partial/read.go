package partial

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"sluice/agg"
	"sluice/agg/window"
)

// Shape is what the rows of a detection look like.
type Shape struct {
	Fields  int // of the key
	Funcs   []agg.Func
	Windows *window.Spec // nil if there are none
}

// Part is what one source counted in one epoch.
type Part struct {
	Head
	Groups []Group
	Rows   int64
	Sum    string // hash of all its lines but the last one
}

// Error is a fault at an offset of a file, in bytes of its decompressed text.
type Error struct {
	Offset int64
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("at offset %d: %v", e.Offset, e.Err) }

// Unwrap returns the fault.
func (e *Error) Unwrap() error { return e.Err }

// maxLine bounds a line, of which a row with full statistics is the longest, in bytes.
const maxLine = 256 << 20

// ErrCut says that a file ends before its last line.
var ErrCut = errors.New("the file of partial rows is cut off")

// Reader reads a file of partials. Shape is asked for each detection, and returns an
// error for one whose rows cannot be merged.
type Reader struct {
	Shape func(Head, Detection) (Shape, error)

	r     *bufio.Reader
	at    int64 // of the line
	next  int64 // of the one behind it
	line  []byte
	parts int64 // since the last line that counts them
	whole bool  // that line was the last one
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 64<<10)} }

// Next returns the next part, or io.EOF behind the last one of a whole file. Any other
// error is an *Error. What a part holds has been checked when it is returned.
func (r *Reader) Next() (*Part, error) {
	p, err := r.part()
	if err != nil && err != io.EOF {
		return nil, &Error{r.at, err}
	}
	return p, err
}

func (r *Reader) part() (*Part, error) {
	for {
		if err := r.read(); err != nil {
			if err == io.EOF && !r.whole {
				err = ErrCut
			}
			return nil, err
		}
		var end struct {
			Parts *int64 `json:"parts"`
		}
		if json.Unmarshal(r.line, &end) != nil || end.Parts == nil {
			break
		}
		if want := fmt.Sprintf(`{"parts":%d}`+"\n", r.parts); string(r.line) != want {
			return nil, fmt.Errorf("%d parts stand before their number, %d", r.parts, *end.Parts)
		}
		r.whole, r.parts = true, 0
	}
	r.whole = false
	b := builder{r: r, sum: sha256.New()}
	if err := b.head(); err != nil {
		return nil, err
	}
	for {
		err := r.read()
		if err == io.EOF {
			err = ErrCut
		}
		if err != nil {
			return nil, err
		}
		if done, err := b.add(); done || err != nil {
			r.parts++
			return b.part, err
		}
	}
}

// read reads a line, with its line feed. A carriage return before that is no part of it.
func (r *Reader) read() error {
	r.line, r.at = r.line[:0], r.next
	for {
		b, err := r.r.ReadSlice('\n')
		r.line = append(r.line, b...)
		r.next += int64(len(b))
		switch {
		case len(r.line) > maxLine:
			return fmt.Errorf("the line is longer than %d bytes", maxLine)
		case err == nil:
			if n := len(r.line); n > 1 && r.line[n-2] == '\r' { // a shell of Windows wrote the file
				r.line = append(r.line[:n-2], '\n')
			}
			return nil
		case err == io.EOF && len(r.line) > 0:
			return ErrCut
		case err != bufio.ErrBufferFull:
			return err
		}
	}
}

// builder puts a part together from its lines.
type builder struct {
	r     *Reader
	part  *Part
	shape Shape
	sum   hash.Hash
	buf   []byte
}

var errSpelling = errors.New("the line is not one of a file of partial rows, or was changed")

// only checks that the line is the one spelling of what was read from it.
func (b *builder) only(line []byte) error {
	if b.buf = line; !bytes.Equal(b.buf, b.r.line) {
		return errSpelling
	}
	return nil
}

func (b *builder) head() error {
	var h Head
	if json.Unmarshal(b.r.line, &h) != nil || h.Format != "partial" {
		return errors.New("this is no file of partial rows (hint: sluice run -o partial writes them)")
	}
	if h.V != Version {
		return fmt.Errorf("the partial rows are of version %d, and only %d is known", h.V, Version)
	}
	if h.Source == "" || h.Epoch < 0 {
		return errors.New("the partial rows have no source and epoch")
	}
	b.part = &Part{Head: h}
	b.sum.Write(b.r.line)
	return b.only(appendLine(b.buf[:0], h))
}

// add adds a line; done says that it was the last one.
func (b *builder) add() (done bool, err error) {
	line := b.r.line
	switch {
	case bytes.HasPrefix(line, []byte(`{"key":`)):
		b.sum.Write(line)
		return false, b.row()
	case bytes.HasPrefix(line, []byte(`{"detection":`)):
		b.sum.Write(line)
		return false, b.detection()
	}
	var t tail
	if json.Unmarshal(line, &t) != nil {
		return false, errSpelling
	}
	if err := b.only(appendLine(b.buf[:0], t)); err != nil {
		return false, err
	}
	b.part.Sum = hex.EncodeToString(b.sum.Sum(nil))
	switch {
	case t.Rows != b.part.Rows:
		return false, fmt.Errorf("%d rows stand before their number, %d", b.part.Rows, t.Rows)
	case t.SHA256 != b.part.Sum:
		return false, errors.New("the partial rows are not those of their hash")
	}
	return true, nil
}

func (b *builder) detection() error {
	var d Detection
	if json.Unmarshal(b.r.line, &d) != nil {
		return errSpelling
	}
	if err := b.only(appendLine(b.buf[:0], d)); err != nil {
		return err
	}
	var err error
	if b.shape, err = b.r.Shape(b.part.Head, d); err != nil {
		return err
	}
	b.part.Groups = append(b.part.Groups, Group{Detection: d, Funcs: b.shape.Funcs})
	return nil
}

func (b *builder) row() error {
	n := len(b.part.Groups)
	if n == 0 {
		return errSpelling
	}
	var l line
	if json.Unmarshal(b.r.line, &l) != nil {
		return errSpelling
	}
	row, err := b.shape.row(&l)
	if err != nil {
		return err
	}
	if err := b.only(appendRow(b.buf[:0], row, b.shape.Funcs)); err != nil {
		return err
	}
	g := &b.part.Groups[n-1]
	g.Rows = append(g.Rows, row)
	b.part.Rows++
	return nil
}

// row returns what a line says, if a row can be so.
func (s *Shape) row(l *line) (*agg.Row, error) {
	r := &agg.Row{Window: agg.NoWindow, Late: l.Late, Overflow: l.Overflow, Count: l.Count, Key: make([][]byte, len(l.Key))}
	for i, v := range l.Key {
		r.Key[i] = v
	}
	if l.Window != nil {
		r.Window = *l.Window
	}
	if l.First != nil && l.Last != nil {
		r.First, r.Last, r.Timed = *l.First, *l.Last, true
	}
	windowed := r.Window != agg.NoWindow
	if windowed && s.Windows != nil {
		if start, _ := s.Windows.Of(r.Window); start != r.Window {
			return nil, errors.New("the row is of a window that its detection has not")
		}
	}
	switch {
	case len(l.Key) != s.Fields:
		return nil, fmt.Errorf("the row has %d values, and its detection groups by %d", len(l.Key), s.Fields)
	case windowed && s.Windows == nil, l.Late && !windowed:
		return nil, errors.New("the row cannot be of a window, or late")
	case r.Count < 1 || r.Count > agg.MaxCount:
		return nil, fmt.Errorf("the row counts %d events", r.Count)
	case r.First > r.Last:
		return nil, errors.New("the row's first time is behind its last one")
	case len(l.Stats) != len(s.Funcs) && !l.Overflow:
		return nil, fmt.Errorf("the row has %d statistics, and its detection %d", len(l.Stats), len(s.Funcs))
	}
	if l.Overflow {
		r.Stats = make([]agg.Stat, len(s.Funcs))
		return r, nil
	}
	for i, state := range l.Stats {
		stat, err := agg.DecodeState(s.Funcs[i], state)
		if err != nil {
			return nil, err
		}
		r.Stats = append(r.Stats, stat)
	}
	return r, nil
}
