package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// File is a slot of a state folder, as Inspect finds it.
type File struct {
	Path       string
	Current    bool // Load would give it
	Damage     string
	Size       int64 // in bytes; this and the rest are zero if it is damaged
	Generation uint64
	Time       time.Time
	Host       Host
	OtherHost  bool
	Sections   []SectionInfo
}

// SectionInfo is a section of a File.
type SectionInfo struct {
	Name string
	Size int64  // in bytes
	Data []byte // only of the current file
}

// Inspect reads a state folder and changes nothing. It takes no lock, and may look at
// a folder while it is in use: then it sees one generation or the next. A folder
// that is not there, or has no state, gives nothing.
func Inspect(dir string) ([]File, error) {
	if st, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err == nil && !st.IsDir() {
		return nil, fmt.Errorf("cannot read the state: %s is not a folder", dir)
	}
	found, err := scan(dirFS(dir), true)
	if err != nil {
		return nil, fmt.Errorf("cannot read the state in %s: %w", dir, err)
	}
	var list []File
	for _, i := range [2]int{found.at, 1 - found.at} {
		f := File{Path: join(dir, slots[i])}
		if c := found.good[i]; c != nil {
			f.Current = i == found.at
			f.Size, f.Generation, f.Time, f.Host = c.size, c.generation, c.time, c.host
			f.OtherHost = c.host.differs(thisHost())
			data := c.sections()
			for _, e := range c.entries {
				f.Sections = append(f.Sections, SectionInfo{e.name, e.size, data[e.name]})
			}
		} else if found.damage[i] != nil {
			f.Damage = found.damage[i].Error()
		} else {
			continue
		}
		list = append(list, f)
	}
	return list, nil
}
