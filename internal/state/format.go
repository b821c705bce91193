package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"time"
)

// A checkpoint file, all numbers little-endian:
//
//	magic "sluiceCP", version u32, zero u32, generation u64, time i64 (ns since 1970)
//	the sections' bytes, one behind the other
//	directory: host name, host id, count u16, then each section's name and size u64
//	length of the directory u64, length of the file u64,
//	CRC-64 (ECMA-182) of everything before it u64
//
// Strings are their length u16 and their bytes. What is written first need not know
// the sizes of what follows, so sections are streamed. If a file differs from a good
// one within one run of at most 64 bits, its checksum is wrong for certain, as with
// every CRC of that width; otherwise in all but one of 2^64 cases.
const (
	magic        = "sluiceCP"
	version      = 1
	generationAt = 16
	headSize     = 32
	footSize     = 24
	maxName      = 255 // bytes
	maxSections  = 1000
)

// MaxSize is the size in bytes beyond which a checkpoint is neither written nor read.
const MaxSize = 1 << 30

var (
	order = binary.LittleEndian
	table = crc64.MakeTable(crc64.ECMA)
)

// Section is a named part of a checkpoint. Names are unique, and have 1 to 255 bytes.
type Section struct {
	Name  string
	Write func(io.Writer) error // writes the bytes; an error ends the Save
}

// Bytes is a section that stands in memory.
func Bytes(name string, data []byte) Section {
	return Section{name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}}
}

// head is what a checkpoint says of itself.
type head struct {
	generation uint64
	time       time.Time
	host       Host
}

// entry is a section in the directory.
type entry struct {
	name string
	size int64
}

// checkpoint is a parsed file.
type checkpoint struct {
	head
	size    int64
	entries []entry
	data    []byte // the sections' bytes; nil if they were not wanted
}

// sections gives the data by name, without copying.
func (c *checkpoint) sections() map[string][]byte {
	out := make(map[string][]byte, len(c.entries))
	if c.data == nil {
		return out
	}
	at := int64(0)
	for _, e := range c.entries {
		out[e.name] = c.data[at : at+e.size : at+e.size]
		at += e.size
	}
	return out
}

// summer passes bytes on and keeps their sum and number.
type summer struct {
	w   io.Writer
	sum uint64
	n   int64
}

func (s *summer) Write(p []byte) (int, error) {
	if int64(len(p)) > MaxSize-s.n {
		return 0, fmt.Errorf("it would be larger than %d bytes", MaxSize)
	}
	n, err := s.w.Write(p)
	s.sum = crc64.Update(s.sum, table, p[:n])
	s.n += int64(n)
	return n, err
}

// encode writes a checkpoint file.
func encode(w io.Writer, h head, sections []Section) error {
	if err := checkNames(sections); err != nil {
		return err
	}
	out := &summer{w: w}
	b := append(make([]byte, 0, 256), magic...)
	b = order.AppendUint32(b, version)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint64(b, h.generation)
	b = order.AppendUint64(b, uint64(h.time.UnixNano()))
	if _, err := out.Write(b); err != nil {
		return err
	}
	b = appendString(b[:0], h.host.Name)
	b = appendString(b, h.host.ID)
	b = order.AppendUint16(b, uint16(len(sections)))
	for _, s := range sections {
		start := out.n
		if err := s.Write(out); err != nil {
			return fmt.Errorf("cannot write section %q: %w", s.Name, err)
		}
		b = appendString(b, s.Name)
		b = order.AppendUint64(b, uint64(out.n-start))
	}
	size := int64(len(b))
	b = order.AppendUint64(b, uint64(size))
	b = order.AppendUint64(b, uint64(out.n+size+footSize))
	if _, err := out.Write(b); err != nil {
		return err
	}
	_, err := out.Write(order.AppendUint64(nil, out.sum))
	return err
}

func checkNames(sections []Section) error {
	if len(sections) > maxSections {
		return fmt.Errorf("%d sections are more than %d", len(sections), maxSections)
	}
	seen := map[string]bool{}
	for _, s := range sections {
		if s.Name == "" || len(s.Name) > maxName || seen[s.Name] {
			return fmt.Errorf("section name %q is empty, too long or there twice", s.Name)
		}
		seen[s.Name] = true
	}
	return nil
}

func appendString(b []byte, s string) []byte {
	s = s[:min(len(s), maxName)]
	return append(order.AppendUint16(b, uint16(len(s))), s...)
}

// parse reads a file of size bytes, and with keep holds its data. Errors of r are
// wrapped; others say what is wrong with the file.
func parse(r io.ReaderAt, size int64, keep bool) (*checkpoint, error) {
	if size == 0 {
		return nil, errors.New("it is empty")
	}
	if size > MaxSize {
		return nil, fmt.Errorf("%d bytes are more than a state may have", size)
	}
	if size < headSize+footSize {
		return nil, fmt.Errorf("%d bytes are too few", size)
	}
	var first [headSize]byte
	var last [footSize]byte
	if err := readAt(r, first[:], 0); err != nil {
		return nil, err
	}
	if err := readAt(r, last[:], size-footSize); err != nil {
		return nil, err
	}
	switch {
	case first == [headSize]byte{}:
		return nil, errors.New("it is filled with zeros")
	case string(first[:len(magic)]) != magic:
		return nil, errors.New("it does not begin as a state file does")
	case order.Uint32(first[8:]) != version:
		return nil, fmt.Errorf("it has version %d of the format, and this program reads version %d", order.Uint32(first[8:]), version)
	case order.Uint64(last[8:]) != uint64(size):
		return nil, errors.New("it does not end as a state file does")
	}
	all, sum, err := readSum(r, size, keep)
	if err != nil {
		return nil, err
	}
	if sum != order.Uint64(last[16:]) {
		return nil, errors.New("its checksum is wrong")
	}
	c := &checkpoint{size: size}
	c.generation = order.Uint64(first[generationAt:])
	c.time = time.Unix(0, int64(order.Uint64(first[24:])))
	dirSize := order.Uint64(last[:])
	if order.Uint32(first[12:]) != 0 || c.generation == 0 || dirSize > uint64(size-headSize-footSize) {
		return nil, errors.New("its checksum is right, but its head or foot is not")
	}
	dataSize := size - headSize - footSize - int64(dirSize)
	dir := make([]byte, dirSize)
	if err := readAt(r, dir, headSize+dataSize); err != nil {
		return nil, err
	}
	if !c.directory(dir, dataSize) {
		return nil, errors.New("its checksum is right, but its directory is not")
	}
	if keep {
		c.data = all[headSize : headSize+dataSize]
	}
	return c, nil
}

// directory reads the names and sizes of sections that have dataSize bytes together.
func (c *checkpoint) directory(b []byte, dataSize int64) bool {
	ok := true
	take := func(n int) []byte {
		if ok = ok && n <= len(b); !ok {
			return make([]byte, 8)
		}
		out := b[:n]
		b = b[n:]
		return out
	}
	text := func() string {
		n := int(order.Uint16(take(2)))
		if ok = ok && n <= maxName; !ok {
			return ""
		}
		return string(take(n))
	}
	c.host.Name, c.host.ID = text(), text()
	count := int(order.Uint16(take(2)))
	seen := map[string]bool{}
	for i := 0; i < count && ok; i++ {
		name := text()
		size := order.Uint64(take(8))
		ok = ok && name != "" && !seen[name] && size <= uint64(dataSize)
		if ok {
			seen[name] = true
			dataSize -= int64(size)
			c.entries = append(c.entries, entry{name, int64(size)})
		}
	}
	return ok && count <= maxSections && len(b) == 0 && dataSize == 0
}

// readSum gives the checksum of all but the last eight bytes, and with keep all bytes.
func readSum(r io.ReaderAt, size int64, keep bool) (all []byte, sum uint64, err error) {
	if keep {
		all = make([]byte, size)
		if err := readAt(r, all, 0); err != nil {
			return nil, 0, err
		}
		return all, crc64.Checksum(all[:size-8], table), nil
	}
	buf := make([]byte, min(size-8, bufferSize))
	for at := int64(0); at < size-8; {
		part := buf[:min(int64(len(buf)), size-8-at)]
		if err := readAt(r, part, at); err != nil {
			return nil, 0, err
		}
		sum = crc64.Update(sum, table, part)
		at += int64(len(part))
	}
	return nil, sum, nil
}

// readAt fills b, or says that the file was shorter than its size.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("cannot read it: %w", err)
}
