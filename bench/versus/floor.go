package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"sluice/tailer"
)

// The floor is a program that maps a file and looks for one byte that is not there:
// nothing that looks at all of a file is faster. What is
// asked for beyond it, this machine's memory does not give to anybody.
const (
	oneFloor  = "floor, 1 thread"
	manyFloor = "floor, all threads"
)

// floorOf returns the floor of an engine.
func floorOf(engine string) string {
	if n := threads(); n > 1 && engine == onThreads(n) {
		return manyFloor
	}
	return oneFloor
}

// floor looks at all of a file and prints how many bytes it has.
func floor(path string, workers int, out io.Writer) error {
	var read atomic.Int64
	f, err := tailer.Open(path, &read)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	defer f.Close()
	m := tailer.Map(f, 1)
	if m == nil {
		return errors.New("cannot measure the floor: files are not mapped here")
	}
	defer m.Close()
	const stretch = 4 << 20 // what a worker takes at once, as sluice's do
	var next atomic.Int64
	var sum atomic.Uint64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for {
				lo := int(next.Add(stretch)) - stretch
				if lo >= len(m.Text) {
					return
				}
				sum.Add(look(m.Text[lo:min(lo+stretch, len(m.Text))]))
			}
		})
	}
	wait.Wait()
	_, err = fmt.Fprintln(out, len(m.Text))
	return err
}

// look reads text with the standard library's vector code, for a byte that UTF-8
// does not have. Loading a byte of each cache line is slower where the processor
// sees no stream in that.
func look(text []byte) (found uint64) {
	for {
		i := bytes.IndexByte(text, 0xff)
		if i < 0 {
			return found
		}
		found++
		text = text[i+1:]
	}
}
