package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/valyala/fastjson"

	"sluice/internal/corpus"
)

// file repeats the unit of its corpus: what is right for the unit is right for
// the file, multiplied.
type file struct {
	path        string
	size, times int64
}

// body is a corpus in three sizes.
type body struct {
	name   string // sparse.ndjson, dense.xml and so on
	made   string // of what
	xml    bool
	unit   file // for internal/reference
	sample file // for engines that would take minutes
	whole  file
	// What the bytes of the unit hold: lines, events, and lines that name one of the
	// services.
	lines, records, found int64
}

const (
	unitSize   = 16 << 20 // of what is generated
	sampleSize = 128 << 20
)

// makeCorpora writes the files, unless they are there already.
func makeCorpora(cfg config) ([]*body, error) {
	var made []*body
	for _, b := range []*body{{name: "sparse.ndjson"}, {name: "dense.ndjson"}, {name: "sparse.xml", xml: true}, {name: "dense.xml", xml: true}} {
		fmt.Fprintf(cfg.log, "%s: making it\n", b.name)
		if err := b.make(cfg); err != nil {
			return nil, fmt.Errorf("cannot make corpus %s: %w", b.name, err)
		}
		made = append(made, b)
	}
	return made, nil
}

func (b *body) make(cfg config) error {
	dense := strings.HasPrefix(b.name, "dense")
	size, from := cfg.size, cfg.data
	if !dense {
		size *= 2
	}
	if b.xml {
		from = cfg.xml
	}
	var unit []byte
	var err error
	if from == "" {
		unit, b.made = generated(b.xml, dense, min(size, unitSize))
	} else if unit, b.made, err = realEvents(from, b.xml, dense); err != nil {
		return err
	}
	b.count(unit)
	kind, ext, _ := strings.Cut(b.name, ".")
	path := func(part string) string { return filepath.Join(cfg.dir, kind+part+"."+ext) }
	if b.unit, err = repeat(path("-unit"), unit, 1); err != nil {
		return err
	}
	times := func(size int64) int64 { return (size-1)/int64(len(unit)) + 1 }
	if b.whole, err = repeat(path(""), unit, times(size)); err != nil {
		return err
	}
	switch sampleTimes := times(min(size, sampleSize)); sampleTimes {
	case 1:
		b.sample = b.unit
	case b.whole.times:
		b.sample = b.whole
	default:
		b.sample, err = repeat(path("-sample"), unit, sampleTimes)
	}
	return err
}

// count counts in the bytes of the unit, without any reader of events. A
// writer of XML cannot put </Event> into a value as it is.
func (b *body) count(unit []byte) {
	b.lines = int64(bytes.Count(unit, []byte("\n")))
	b.records = b.lines
	if b.xml {
		b.records = int64(bytes.Count(unit, []byte(endOfEvent)))
	}
	address := regexp.MustCompile("(?i)" + addresses)
	for line := range bytes.Lines(unit) {
		if address.Match(line) {
			b.found++
		}
	}
}

const (
	endOfEvent = "</Event>"
	addresses  = `ipinfo\.io|api\.ipify\.org` // what rg looks for
)

// repeat writes the unit so often, or finds that this was done before.
func repeat(path string, unit []byte, times int64) (file, error) {
	f := file{path: path, size: int64(len(unit)) * times, times: times}
	if info, err := os.Stat(path); err == nil && info.Size() == f.size && begins(path, unit) {
		return f, nil
	}
	out, err := os.Create(path)
	if err != nil {
		return f, err
	}
	for range times {
		if _, err = out.Write(unit); err != nil {
			break
		}
	}
	return f, errors.Join(err, out.Close())
}

func begins(path string, unit []byte) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(unit))
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, unit)
}

func shape(xml bool) *corpus.Shape {
	if xml {
		return corpus.ByName("xml-splunk")
	}
	return corpus.ByName("otrf")
}

// generated returns events of internal/corpus. Matches are rare but for certain
// there, so that all engines have something to agree on.
func generated(xml, dense bool, size int64) (unit []byte, made string) {
	g, s := corpus.New(1), shape(xml)
	for n := 0; int64(len(unit)) < size; n++ {
		var e *corpus.Event
		switch {
		case n%5000 == 0 || dense && n%200 == 0:
			e = g.Match()
		case dense || n%250 == 0:
			e = g.Script()
		default:
			e = g.Quiet()
		}
		unit = append(append(unit, s.Render(e)...), '\n')
	}
	if dense {
		return unit, "generated script blocks, one of 200 a match"
	}
	return unit, "generated events, one of 250 a script block, one of 5000 a match"
}

// realEvents returns those of a file, if dense only the script blocks, and one
// match behind them.
func realEvents(path string, xml, dense bool) (unit []byte, made string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	events := 0
	r := bufio.NewReaderSize(f, 1<<20)
	for err == nil {
		var rec []byte
		if xml {
			rec, err = readEvent(r)
		} else {
			rec, err = r.ReadBytes('\n')
		}
		if rec = bytes.TrimSpace(rec); len(rec) == 0 || dense && !isScriptBlock(rec, xml) {
			continue
		}
		events++
		unit = append(append(unit, rec...), '\n')
	}
	if !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	unit = append(append(unit, shape(xml).Render(corpus.New(1).Match())...), '\n')
	kind := "events"
	if dense {
		kind = "script blocks (event 4104)"
	}
	return unit, fmt.Sprintf("%d real %s and one generated match", events, kind), nil
}

// readEvent reads up to the next end of an event.
func readEvent(r *bufio.Reader) (rec []byte, err error) {
	for err == nil && !bytes.HasSuffix(rec, []byte(endOfEvent)) {
		var part []byte
		part, err = r.ReadBytes('>')
		rec = append(rec, part...)
	}
	if err != nil {
		rec = nil // what follows the last event is none
	}
	return rec, err
}

func isScriptBlock(rec []byte, xml bool) bool {
	if xml {
		return bytes.Contains(rec, []byte(">4104</EventID>"))
	}
	v, err := fastjson.ParseBytes(rec)
	return err == nil && eventID(v) == "4104"
}

// eventID returns the id, which exports write as a number or as text.
func eventID(v *fastjson.Value) string {
	if id := v.Get("EventID"); id != nil {
		return strings.Trim(id.String(), `"`)
	}
	return ""
}
