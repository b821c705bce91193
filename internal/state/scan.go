package state

import (
	"errors"
	"io"
	"io/fs"
)

// found is what stands in the two slots: a checkpoint, a damage, or nothing.
type found struct {
	good   [2]*checkpoint
	damage [2]error
	at     int // the newest good one, if there is one
}

func (f *found) newest() *checkpoint { return f.good[f.at] }

// scan reads both slots, and with keep holds the data of the newest good one. It
// fails if a file cannot be read for reasons that are not the file's.
func scan(fsys fsys, keep bool) (*found, error) {
	var out found
	var files [2]reader
	var sizes [2]int64
	for i, name := range slots {
		f, size, err := fsys.Open(name)
		if err == nil {
			defer f.Close()
			files[i], sizes[i] = f, size
		} else if !errors.Is(err, fs.ErrNotExist) {
			if passing(err) {
				return nil, err
			}
			out.damage[i] = err
		}
	}
	read := func(i int, keep bool) (err error) {
		out.good[i], err = parse(files[i], sizes[i], keep)
		if out.damage[i] = err; err != nil && passing(err) {
			return err
		}
		return nil
	}
	// The data of that which claims to be newer is held at once. Claims are not
	// trusted: if it is not good, or not newer, the other one is read again.
	claims := [2]uint64{claim(files[0]), claim(files[1])}
	for i, f := range files {
		if f != nil {
			if err := read(i, keep && claims[i] > claims[1-i]); err != nil {
				return nil, err
			}
		}
	}
	for {
		a, b := out.good[0], out.good[1]
		if a == nil || b != nil && b.generation > a.generation {
			out.at = 1
		} else {
			out.at = 0
		}
		if c := out.newest(); c == nil || !keep || c.data != nil {
			return &out, nil
		}
		if err := read(out.at, true); err != nil {
			return nil, err
		}
	}
}

// claim reads the generation that a file says it is; 0 if that fails.
func claim(f reader) uint64 {
	if f == nil {
		return 0
	}
	var b [headSize]byte
	if _, err := f.ReadAt(b[:], 0); err != nil && err != io.EOF {
		return 0
	}
	return order.Uint64(b[generationAt:])
}
