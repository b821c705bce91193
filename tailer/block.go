// Package tailer brings the bytes of files, as blocks of whole records or, for
// large plain files, mapped: no byte is lost, no record is split, none is
// delivered twice.
//
// A Reader reads an input to its end: files, folders, globs and standard input,
// plain or compressed (gzip and zstd, by their magic bytes), in UTF-8 or UTF-16.
// Offsets count bytes of the decompressed UTF-8 text.
//
// A Follower stays on files that grow, are rotated and come anew. Its promise:
// every complete record that could be read when it looked is delivered exactly once,
// over rotation by rename, copytruncate, deletion, replaced links, packing of rotated
// files, restarts, and crashes, if whoever takes its chunks keeps their positions
// together with what it made of their records. A record is complete with its line feed
// or its end tag, or, when its file has ended or nothing came for FlushAfter, as
// complete JSON; what else stands at the end of a file that has ended is delivered
// once, to be counted as malformed. TestFault32Model checks the promise, and a test
// for each fault that is known to break followers.
//
// What can be lost, and what can come twice:
//
//   - What was written and truncated, or written to a file that was deleted, before
//     anybody looked: with copytruncate, what is written between the copy and the
//     truncation (TestFault06CopytruncateLosesWhatNobodyCopied). A look comes within
//     milliseconds where the system gives hints, within Reconcile elsewhere.
//   - A file that comes and goes between two looks, or while Next is not called or
//     nothing runs (TestLostWhileDown), and what is written to a deleted file later
//     than RotateWait behind the last look (TestLostBehindRotateWait).
//   - With copytruncate or packing into another folder, what was not read before: only
//     the folder of the file is searched for its copies (TestLostInAnotherFolder).
//     Renamed files are known in any folder that is followed.
//   - A file that is truncated to another length than zero, or from which the start is
//     cut, is a new one, which is read from its start (TestFault07Rewritten).
//   - A file that is moved out of all followed folders for longer than RotateWait, and
//     back, is a new one (TestTwiceWhenMovedBack).
//   - A file is taken to be as it was if the last 4 KiB before the offset are, and its
//     length is no less: one that was written anew with the same bytes there is not
//     noticed. A copy is known by 64 bytes or more, so one of a file that is shorter may
//     be read as a new file (TestTwiceWhenTiny).
//   - A record belongs to one file. One that begins at the end of a file and goes on in
//     the next is two malformed ones (TestFault17RotationInAnEvent).
//   - Files that have the name of a rotated one when nothing is known of the file that
//     they would belong to, as at the first start, are not read unless an argument
//     names them (TestFault02RotatedBeforeTheFirstLook).
//   - Pipes and standard input cannot go back: what was read and not accounted is gone
//     with the process.
package tailer

import (
	"context"
	"errors"
	"io"

	"sluice/internal/record"
)

// Block is a buffer of whole records. Its receiver owns it until Release.
type Block struct {
	Data    []byte
	Records []record.Record // in order; Lo and Hi index Data
	Offset  int64           // stream offset of Data[0]

	pool *Pool
}

// Release gives the block's memory back. The block and everything that points
// into it are invalid from then on.
func (b *Block) Release() { b.pool.put(b) }

// blockSize is how much a reader asks for at once: within the second-level
// cache, where reading and scanning were measured fastest.
const blockSize = 256 << 10

// Pool holds a bounded number of blocks for reuse. Get waits until one is free,
// which is what bounds memory when readers are faster than workers.
type Pool struct{ free chan *Block }

// NewPool makes a pool of n blocks.
func NewPool(n int) *Pool {
	p := &Pool{free: make(chan *Block, n)}
	for range n {
		p.free <- &Block{pool: p}
	}
	return p
}

func (p *Pool) get() *Block { return <-p.free }

// getFor is get until ctx ends.
func (p *Pool) getFor(ctx context.Context) (*Block, error) {
	select {
	case b := <-p.free:
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *Pool) put(b *Block) {
	if cap(b.Data) > 4*blockSize {
		b.Data = nil // grown for one long record; do not keep that
	}
	b.Data, b.Records = b.Data[:0], b.Records[:0]
	p.free <- b
}

// Reader cuts one stream into blocks. It is for one goroutine.
type Reader struct {
	src    io.Reader
	framer record.Framer
	pool   *Pool
	limit  int    // how far a block grows for one record
	rest   []byte // bytes behind the last whole record
	offset int64  // stream offset of rest[0]
	bytes  int64  // read from src
	eof    bool
}

// NewReader returns a Reader of src, which is decoded text (see Decode). max
// is the record limit in bytes; 0 means record.DefaultMax.
func NewReader(src io.Reader, pool *Pool, format record.Format, max int) *Reader {
	if max <= 0 {
		max = record.DefaultMax
	}
	return &Reader{src: src, pool: pool, limit: max, framer: record.Framer{Format: format, Max: max}}
}

// Resume returns a Reader that goes on at a stream's offset, where framer has
// come to.
func Resume(src io.Reader, pool *Pool, framer record.Framer, offset int64) *Reader {
	limit := framer.Max
	if limit <= 0 {
		limit = record.DefaultMax
	}
	return &Reader{src: src, pool: pool, limit: limit, framer: framer, offset: offset}
}

// Next returns the next block that holds a record, or io.EOF. Another error
// may come with a block that holds what was readable before it.
func (r *Reader) Next() (*Block, error) {
	b := r.pool.get()
	b.Data = append(b.Data[:0], r.rest...)
	b.Offset = r.offset
	r.rest = r.rest[:0]
	for {
		var err error
		if !r.eof {
			before := len(b.Data)
			b.Data, err = fill(r.src, b.Data, r.limit)
			r.bytes += int64(len(b.Data) - before)
			r.eof = err != nil
		}
		done := r.frame(b)
		// Bytes without a record, such as the rest of a line that is too long,
		// are dropped at once so that they do not pile up.
		if len(b.Records) == 0 && done > 0 {
			b.Data = append(b.Data[:0], b.Data[done:]...)
			b.Offset += int64(done)
			done = 0
		}
		if len(b.Records) > 0 {
			r.rest = append(r.rest, b.Data[done:]...)
			r.offset = b.Offset + int64(done)
			b.Data = b.Data[:done]
			return b, realError(err)
		}
		if r.eof {
			b.Release()
			if err == nil {
				err = io.EOF
			}
			return nil, err
		}
	}
}

// Bytes returns how many bytes of text have been read.
func (r *Reader) Bytes() int64 { return r.bytes }

func realError(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// fill reads behind data: one block, or as much again as there is when a record
// is longer than that, so that framing it anew each time stays linear. It goes
// no further than a block behind limit, where every record ends.
func fill(src io.Reader, data []byte, limit int) ([]byte, error) {
	want := max(2*len(data), blockSize)
	if want-blockSize > limit {
		want = max(limit, len(data)) + blockSize
	}
	if cap(data) < want {
		data = append(make([]byte, 0, want), data...)
	}
	for len(data) < want {
		n, err := src.Read(data[len(data):want])
		data = data[:len(data)+n]
		if err != nil {
			return data, err
		}
	}
	return data, nil
}

// frame finds the records of b and returns where the last one ends, or how
// much holds none.
func (r *Reader) frame(b *Block) (done int) {
	for {
		rec, n, ok := r.framer.Next(b.Data[done:], r.eof)
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
