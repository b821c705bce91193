package partial

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"sluice/agg"
)

// Writer writes a file of partials. Each part is Begin, then for each detection
// Detection and its Rows, then End. Close writes the last line.
type Writer struct {
	w     io.Writer
	sum   hash.Hash
	rows  int64
	parts int64
	funcs []agg.Func
	buf   []byte
	err   error
}

// NewWriter returns a Writer to w, which should be buffered.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Begin begins a part. The head's Format and V are set.
func (w *Writer) Begin(h Head) {
	h.Format, h.V, h.Source = "partial", Version, valid(h.Source)
	w.sum, w.rows = sha256.New(), 0
	w.write(appendLine(w.buf[:0], h))
}

// Detection says whose rows follow, and which statistics they have.
func (w *Writer) Detection(d Detection, funcs []agg.Func) {
	w.funcs, d.Name, d.ID = funcs, valid(d.Name), valid(d.ID)
	w.write(appendLine(w.buf[:0], d))
}

// Row writes a row. One that a Reader would refuse for its count is an error.
func (w *Writer) Row(r *agg.Row) {
	if w.err == nil && (r.Count < 1 || r.Count > agg.MaxCount) {
		w.err = fmt.Errorf("a row counts %d events, and a partial one at most %d", r.Count, int64(agg.MaxCount))
	}
	w.rows++
	w.write(appendRow(w.buf[:0], r, w.funcs))
}

// End ends a part.
func (w *Writer) End() {
	t := tail{w.rows, hex.EncodeToString(w.sum.Sum(nil))}
	w.parts++
	w.write(appendLine(w.buf[:0], t))
}

// Close ends the file, and returns the first error. It does not close what is written to.
func (w *Writer) Close() error {
	w.write(fmt.Appendf(w.buf[:0], `{"parts":%d}`+"\n", w.parts))
	return w.err
}

// valid makes text UTF-8, of which there is one spelling.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// Part writes a whole part.
func (w *Writer) Part(h Head, groups []Group) {
	w.Begin(h)
	for _, g := range groups {
		w.Detection(g.Detection, g.Funcs)
		for _, r := range g.Rows {
			w.Row(r)
		}
	}
	w.End()
}

func (w *Writer) write(line []byte) {
	w.buf = line
	if w.err != nil {
		return
	}
	if w.sum != nil {
		w.sum.Write(line)
	}
	_, w.err = w.w.Write(line)
}
