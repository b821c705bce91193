// Package record says where a record ends: it cuts a stream of bytes into
// NDJSON lines, JSON values and Windows Event XML elements.
//
// The kind is decided at each record's start, so files may mix them:
//
//   - '<' begins XML. An event runs from <Event …> to the next </Event> that
//     stands outside CDATA sections and comments, over line ends. Other tags,
//     prologs and comments between events are passed over.
//   - '{' begins a line, which is one record up to its line feed. It begins a
//     value, which ends where its brackets balance, when the line cannot hold
//     the whole object: it ends in '{', '[' or ',' (indented JSON), stands in an
//     array, or has no line feed within longLine bytes (concatenated objects).
//   - '[' followed by '{', '[' or ']' begins an array, whose objects are records.
//   - Anything else is a line. A line that has <Event behind other text is XML
//     from there on (a syslog prefix); "Record 12", which evtx_dump prints, and
//     blank lines are no records.
//
// Damage costs one record: an event without an end is Bad up to the next event
// and otherwise, as is a value whose brackets do not balance, up to the next
// line that looks like a record's start. A record that is too long is dropped
// likewise, an event at the latest behind the next </Event>, a line with its
// line feed.
// Framing depends on the bytes alone, never on how they arrive in buffers.
package record

// Kind says how a record is to be decoded.
type Kind uint8

const (
	// JSON is a line or a value; a line may hold several objects.
	JSON Kind = iota
	// XML is one <Event> element.
	XML
	// Bad is a stretch that could not be framed; Why tells the reason.
	Bad
)

// Why tells why a record is Bad.
type Why uint8

const (
	// Fine means that the record is not Bad.
	Fine Why = iota
	// TooLong records exceed the limit; their text is not kept whole.
	TooLong
	// Unclosed records start and never end.
	Unclosed
)

func (w Why) String() string {
	return [...]string{"fine", "longer than the record limit", "has no end"}[w]
}

// Record is a stretch of the buffer given to Next.
type Record struct {
	Lo, Hi int
	Kind   Kind
	Why    Why
}

// Format restricts which kinds a Framer looks for.
type Format uint8

const (
	// Auto decides at each record's start.
	Auto Format = iota
	// NDJSON takes every line as a record.
	NDJSON
	// EventXML takes only <Event> elements.
	EventXML
)

// longLine is how far the framer looks for a line feed before it frames an
// object by its brackets. NDJSON of Windows events stays far below: the
// largest 4104 events are about 64 KiB before escaping.
const longLine = 1 << 20

// DefaultMax is the record limit when none is given, in bytes.
const DefaultMax = 16 << 20

// Framer cuts one stream. The zero value frames Auto with DefaultMax.
// It is not safe for concurrent use.
type Framer struct {
	Format Format
	Max    int // longest record in bytes, its line feed not counted

	array int    // depth of open root arrays
	base  int64  // stream offset of the buffer's first byte
	skip  skip   // behind the kept part of a record that is too long
	noLF  int64  // stream offset up to which the current line has no line feed
	stack []byte // open brackets of a value, for reuse

	// A search for a far end that fails has looked over bytes which the records
	// behind it will look over again. Up to the stream offset damaged, only
	// maxFails such searches may fail, so that hostile input costs a constant
	// factor and not its square.
	damaged int64
	fails   int
}

const maxFails = 16

// Next returns the first record of buf. When ok is false there is none yet:
// the caller drops the first n bytes, which hold no record, and calls again
// with more behind the rest. When ok is true the caller goes on at n >= r.Hi.
// With eof set, buf is all that will come, and Next returns ok false only when
// buf holds no further record (n is then len(buf)).
//
// buf never needs to grow past Max plus a few bytes: a longer record is
// returned as Bad and the rest of it dropped.
func (f *Framer) Next(buf []byte, eof bool) (r Record, n int, ok bool) {
	c := cursor{f: f, all: buf, atEOF: eof, max: f.Max}
	if c.max <= 0 {
		c.max = DefaultMax
	}
	r, n, ok = c.next()
	f.base += int64(n)
	return r, n, ok
}

// Fresh reports whether the framer goes on as a new one would: framing depends
// on nothing that it has seen.
func (f *Framer) Fresh() bool {
	return f.array == 0 && f.skip == skipNothing && (f.fails == 0 || f.base >= f.damaged)
}

// Blank returns the first index in buf at or behind i that holds none of the
// bytes which are passed over between records.
func Blank(buf []byte, i int) int {
	for i < len(buf) && isBlank(buf[i]) {
		i++
	}
	return i
}

// State is where a Framer has come to, apart from its bytes: all on which the
// framing of what follows depends. It is a plain value that survives encoding.
type State struct {
	Array   int   `json:"array,omitempty"`   // depth of open root arrays
	Skip    uint8 `json:"skip,omitempty"`    // in a record that is too long: what ends it
	Damaged int64 `json:"damaged,omitempty"` // how many bytes ahead searches have failed
	Fails   int   `json:"fails,omitempty"`   // how many of them
}

// State returns what a Framer of the same Format and Max needs to go on behind
// the bytes that f has passed.
func (f *Framer) State() State {
	s := State{Array: f.array, Skip: uint8(f.skip)}
	if f.base < f.damaged {
		s.Damaged, s.Fails = f.damaged-f.base, f.fails
	}
	return s
}

// Restore makes f go on where a Framer had come to that returned s. A state that
// no Framer returns is taken as the nearest one that is.
func (f *Framer) Restore(s State) {
	f.base, f.noLF = 0, 0
	f.array = max(0, s.Array)
	f.skip = min(skip(s.Skip), skipEvent)
	f.damaged = max(0, s.Damaged)
	f.fails = min(max(0, s.Fails), maxFails)
}
