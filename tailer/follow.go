package tailer

import (
	"time"

	"sluice/internal/record"
)

// FollowConfig says what to follow, and how.
type FollowConfig struct {
	// Args are files, folders (with all below them), globs, FIFOs and Stdin. A
	// file or folder need not be there yet.
	Args []string
	// Exclude holds globs of base names or of whole paths that are not followed.
	Exclude []string
	Format  record.Format
	Max     int // longest record in bytes; 0 means record.DefaultMax
	// FromEnd passes over what the files hold that are there when there is
	// nothing in Restore, up to their last record boundary.
	FromEnd bool
	// FlushAfter is how long a last line without a line feed waits before it is
	// taken as a record, if it is complete JSON; 0 means 30 s.
	FlushAfter time.Duration
	// Reconcile is how often files are looked at without a hint that they have
	// changed; 0 means 1 s.
	Reconcile time.Duration
	// RotateWait is how long a renamed or deleted file that is at its end waits
	// for late writers before its last line is taken as it is; 0 means 5 s.
	RotateWait time.Duration
	// Restore is where an earlier run had come to: the last Position of each
	// source that was not Gone. Restore[i] is of source number i+1 in this run.
	Restore []Position
	// Pool holds the blocks of chunks; nil means one of its own. Next waits while
	// all of its blocks are in use.
	Pool *Pool
	Now  func() time.Time // the clock; nil means time.Now
	Log  func(Event)      // is told what happens, by the goroutine of Next; may be nil
}

// Chunk is what Next returns: records, a new position, or both.
type Chunk struct {
	// Block holds whole records. It is nil if only the position moved. Its
	// receiver releases it. Block.Offset is that of Position, at the block's start.
	Block *Block
	// Source is the number of the stream in this run, from 1. Chunks of one source
	// come in order.
	Source uint64
	// Position is where the source has come to once this chunk and all before it
	// are accounted.
	Position Position
	// Gone says that the source has ended and that nothing of it can come again:
	// its position need not be kept.
	Gone bool
}

// Position says where a source had come to. It is a plain value that survives
// encoding as JSON, and all that is needed to go on in another process.
type Position struct {
	Path  string `json:"path"` // where the file was last seen
	Dev   uint64 `json:"dev"`
	Inode uint64 `json:"inode"`
	// Offset is where the last accounted record ends, in bytes of the file, or,
	// if it is packed, of what it unpacks to. For UTF-16 these are bytes of
	// UTF-16.
	Offset int64 `json:"offset"`
	// Marker is a hash of the bytes before Offset, at most markerSize.
	Marker uint64 `json:"marker,omitempty"`
	// Marks[i] is the same before offset 64<<i, as far as Offset has come: the
	// first of them are the fingerprint of the file's head, which grows with it.
	Marks  []uint64     `json:"marks,omitempty"`
	Text   Encoding     `json:"text,omitempty"`
	Packed bool         `json:"packed,omitempty"` // gzip or zstd
	Skip   bool         `json:"skip,omitempty"`   // not to be read while it is the same file
	Frame  record.State `json:"frame,omitzero"`
	// Missing is since when the file was not there at a start, in Unix seconds; 0 if
	// it is. It may be on a file system that is not mounted yet.
	Missing int64 `json:"missing,omitempty"`
}

// Encoding is how a file's text is encoded.
type Encoding uint8

// What is known of a file's encoding. Unknown means that it has too few bytes
// to tell.
const (
	Unknown Encoding = iota
	UTF8
	UTF16LE
	UTF16BE
)

// Event tells what happened to a followed file.
type Event struct {
	What What
	Path string
	// Offset is where in the file it happened, if that means anything.
	Offset int64
	Err    error // of Unreadable and Unwatched
}

// What is the kind of an Event.
type What uint8

const (
	// Found files are read from their start.
	Found What = iota
	// Resumed files are read on from where an earlier run had come to.
	Resumed
	// Rotated files have another name, which Path tells; they are read on.
	Rotated
	// Truncated files, or rewritten ones, hold other bytes before Offset than
	// were read there. What they hold is read from its start.
	Truncated
	// Moved files are gone, but Path holds the same bytes, perhaps packed: it is
	// read on there.
	Moved
	// Copied says that Path is a copy of another file, which is not read.
	Copied
	// Deleted files have been read to their end, and are gone.
	Deleted
	// Waiting says that there is part of a record at the end of a file, and that
	// nothing has come behind it for FlushAfter.
	Waiting
	// Cut says that a file has ended in the middle of a record. What there is of
	// it has been delivered as a record.
	Cut
	// Unreadable files cannot be read now; this is told once, not at every try.
	Unreadable
	// Readable files can be read again.
	Readable
	// Unwatched says that files are looked at every Reconcile only, because the
	// system gives no hints.
	Unwatched
)

func (w What) String() string {
	return [...]string{
		"found", "resumed", "rotated", "truncated", "moved", "copied", "deleted", "waiting",
		"cut", "unreadable", "readable", "unwatched",
	}[w]
}
