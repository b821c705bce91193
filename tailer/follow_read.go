package tailer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"sluice/internal/record"
)

// read reads the next chunk of s, or nil if there is none now. The error is that
// of ctx.
func (f *Follower) read(ctx context.Context, s *source) (*Chunk, error) {
	if s.final && s.f == nil {
		return f.readPartial(ctx, s)
	}
	if s.lost && !s.final || !f.look(s) && !f.flushes(s) || f.throttled(s) || !f.open(s) {
		return nil, nil
	}
	b, err := f.pool.getFor(ctx)
	if err != nil {
		f.enqueue(s)
		return nil, err
	}
	before := s.pos
	more, ok := f.fill(s, b)
	if !ok {
		b.Release()
		return nil, nil
	}
	if more {
		f.enqueue(s)
	}
	gone := s.final && !more
	if gone {
		f.remove(s)
	}
	if len(b.Records) == 0 {
		b.Release()
		if s.pos.Offset == before.Offset && s.pos.Text == before.Text && !gone {
			return nil, nil
		}
		b = nil
	}
	return f.chunk(s, b, gone), nil
}

func (f *Follower) chunk(s *source, b *Block, gone bool) *Chunk {
	s.pos.Frame = s.framer.State()
	return &Chunk{Block: b, Source: s.n, Position: s.pos, Gone: gone}
}

// flushes reports whether the rest of s is to be read as it is.
func (f *Follower) flushes(s *source) bool {
	s.flush = s.settled && f.overdue(s)
	return s.flush
}

// fill reads records of s into b and moves its position behind them. more tells
// that the end has not been reached; ok is false if the file holds something
// else now, or cannot be read.
func (f *Follower) fill(s *source, b *Block) (more, ok bool) {
	b.Offset = s.pos.Offset
	for want, passed := blockSize, 0; ; {
		w, full, err := f.fetch(s, b, want)
		switch {
		case err != nil && s.z == nil:
			f.unreadable(s.path, err)
			f.failed(s)
			return false, false
		case !f.vouched(s, &w):
			f.lose(s)
			return false, false
		}
		if s.pos.Text == Unknown {
			if again, bad := f.detect(s, w.rest); bad {
				f.reached(s, nil, nil)
				return false, true
			} else if again {
				continue
			}
		}
		last := (s.final || s.flush) && !full
		raw := f.frame(s, b, &w, last)
		if raw > 0 {
			s.pos.advance(&w, s.pos.Offset+int64(raw))
			s.partial = s.partial[:0]
			want = blockSize
		}
		passed += raw
		switch {
		case !full:
			f.reached(s, w.rest[raw:], err)
			return false, true
		case len(b.Records) > 0 || passed >= maxPassed:
			return true, true
		case raw == 0:
			want = min(2*want, f.most(s)+2*blockSize)
		case s.z == nil:
			f.overHole(s)
			fallthrough
		default:
			b.Offset = s.pos.Offset
		}
	}
}

// maxPassed is how many bytes without a record are passed over at once.
const maxPassed = 64 << 20

// most is how many bytes of a file a record may take.
func (f *Follower) most(s *source) int {
	if s.pos.Text == UTF16LE || s.pos.Text == UTF16BE {
		return 2 * f.cfg.Max // what is one byte of text is two of these
	}
	return f.cfg.Max
}

// fetch reads up to want bytes behind the position of s, and those before it
// that its marker is of. They stand in b if they are plain text. full says that
// all of want was there.
func (f *Follower) fetch(s *source, b *Block, want int) (w window, full bool, err error) {
	m := int(min(s.pos.Offset, markerSize))
	w.lo = s.pos.Offset - int64(m)
	if s.z == nil && s.pos.Text <= UTF8 {
		if cap(b.Data) < want {
			b.Data = make([]byte, 0, want)
		}
		w.mark, w.rest = f.mark[:m], b.Data[:want]
		n, err := readBoth(s.f, w.mark, w.rest, w.lo)
		w.mark, w.rest = w.mark[:min(n, m)], w.rest[:max(0, n-m)]
		return w, n == m+want, err
	}
	if cap(f.raw) < m+want || want == blockSize && cap(f.raw) > 16*blockSize {
		f.raw = make([]byte, m+want)
	}
	raw := f.raw[:m+want]
	var n int
	if s.z != nil {
		n, err = s.z.ReadAt(raw, w.lo)
	} else {
		n, err = readBoth(s.f, raw[:m], raw[m:], w.lo)
	}
	w.mark, w.rest = raw[:min(n, m)], raw[min(n, m):n]
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return w, n == m+want, err
}

// isCutShort reports that a packed file ends too early, which it does while it
// is written.
func isCutShort(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }

// vouched reports whether what was read stands behind what was read before.
func (f *Follower) vouched(s *source, w *window) bool {
	m := int(min(s.pos.Offset, markerSize))
	if len(w.mark) < m || m > 0 && hash(w.mark) != s.pos.Marker {
		return false
	}
	return s.z != nil || bytes.HasPrefix(w.rest, s.partial)
}

// frame finds the records in what was read, as text in b, and returns how many
// bytes of the file have been passed. With last set, nothing will come behind.
func (f *Follower) frame(s *source, b *Block, w *window, last bool) (raw int) {
	wide := s.pos.Text == UTF16LE || s.pos.Text == UTF16BE
	switch {
	case wide:
		b.Data, _ = appendUTF16(b.Data[:0], w.rest, s.pos.Text == UTF16BE, last)
	case s.z != nil:
		b.Data = append(b.Data[:0], w.rest...)
	default:
		b.Data = w.rest
	}
	if s.pos.Text == Unknown {
		b.Data = b.Data[:0]
		return 0
	}
	done := frameAll(&s.framer, b, last)
	if last && done > 0 && len(b.Records) > 0 && !isJSON(b.Data[b.Records[len(b.Records)-1].Lo:]) {
		f.event(Event{What: Cut, Path: s.path, Offset: s.pos.Offset})
	}
	raw = done
	if wide {
		raw = min(lenUTF16(b.Data[:done]), len(w.rest))
	}
	b.Data = b.Data[:done]
	if last {
		raw = len(w.rest)
	}
	return raw
}

// frameAll appends the records of b and returns where the last one ends, or how
// much holds none.
func frameAll(framer *record.Framer, b *Block, last bool) (done int) {
	for {
		rec, n, ok := framer.Next(b.Data[done:], last)
		if ok {
			rec.Lo += done
			rec.Hi += done
			b.Records = append(b.Records, rec)
		}
		done += n
		if !ok {
			return done
		}
	}
}

// readPartial hands out what was seen of the last record of a source whose file
// holds something else now, and ends it.
func (f *Follower) readPartial(ctx context.Context, s *source) (*Chunk, error) {
	b, err := f.pool.getFor(ctx)
	if err != nil {
		f.enqueue(s)
		return nil, err
	}
	b.Offset = s.pos.Offset
	if s.pos.Text == Unknown {
		s.pos.Text = textOf(s.partial)
	}
	f.frame(s, b, &window{rest: s.partial}, true)
	f.remove(s)
	if len(b.Records) == 0 {
		b.Release()
		b = nil
	}
	return f.chunk(s, b, true), nil
}

// isJSON reports whether text is one or more complete objects or arrays.
func isJSON(text []byte) bool {
	text = bytes.Trim(text, " \t\r\n\x00")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// overHole moves s over a hole in its file, if it stands in one between two
// records: the framer passes over NUL there.
func (f *Follower) overHole(s *source) {
	at := nextData(s.f, s.pos.Offset)
	if at -= at % 2; at > s.pos.Offset {
		old := s.pos
		if s.pos.advance(s.f, at) != nil {
			s.pos = old
			return
		}
		s.framer.Skip(int(at - old.Offset))
	}
}

// detect tells the encoding of the file of s from its first bytes. again says
// that it is to be read anew, bad that it holds no text.
func (f *Follower) detect(s *source, head []byte) (again, bad bool) {
	known := len(head) >= 8 || s.final || s.flush
	switch {
	case len(head) == 0 || !known && !isDecided(head):
		return false, false
	case s.z == nil && isPacked(head):
		s.pos.Packed = true
		f.hold(s, s.f)
		s.partial = s.partial[:0]
		return true, false
	case bytes.HasPrefix(head, evtxMagic):
		f.unreadable(s.path, ErrEventLog)
		return false, true
	}
	s.pos.Text = textOf(head)
	skip := 0
	switch {
	case bytes.HasPrefix(head, bom):
		skip = len(bom)
	case s.pos.Text != UTF8 && (head[0] >= 0xfe):
		skip = 2
	}
	if skip > 0 {
		s.pos.advance(&window{rest: head}, int64(skip))
		s.partial = s.partial[:0]
	}
	return true, false
}

func textOf(head []byte) Encoding {
	switch utf16Of(head) {
	case littleEndian:
		return UTF16LE
	case bigEndian:
		return UTF16BE
	}
	return UTF8
}

// isDecided reports whether the encoding of a file follows from its first bytes,
// fewer than 8, whatever comes behind them.
func isDecided(head []byte) bool {
	for _, magic := range [][]byte{
		gzipMagic, evtxMagic, bom, {0x28, 0xb5, 0x2f, 0xfd}, {head[0]&0x0f | 0x50, 0x2a, 0x4d, 0x18}, {0xff, 0xfe}, {0xfe, 0xff},
	} {
		if len(head) < len(magic) && bytes.HasPrefix(magic, head) {
			return false
		}
	}
	return len(head) >= 4 || len(head) >= 2 && head[0] != 0 && head[1] != 0
}

// appendUTF16 appends UTF-16 as UTF-8. What is not whole, an odd byte or a high
// surrogate, is left out, or, with last set, becomes U+FFFD.
func appendUTF16(dst, src []byte, big, last bool) ([]byte, int) {
	r := utf16Reader{big: big}
	for i := 0; i+1 < len(src); i += 2 {
		u := rune(src[i]) | rune(src[i+1])<<8
		if big {
			u = rune(src[i])<<8 | rune(src[i+1])
		}
		dst = r.add(dst, u)
	}
	if last && r.high != 0 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	if last && len(src)%2 == 1 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst, len(src)
}

// lenUTF16 is how many bytes of UTF-16 text was made of.
func lenUTF16(text []byte) (n int) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		n += 2
		if r > 0xffff {
			n += 2
		}
	}
	return n
}
