package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sluice/agg/partial"
	"sluice/agg/window"
	"sluice/tailer"
)

// State is what following goes on from: where each source had come to, and what had been
// counted by then. It is self-contained, and stays as it is.
type State struct {
	Positions []tailer.Position
	// Groups are those of each rule, by its ID, as files of partial rows (agg/partial).
	Groups map[string][]byte
	Header Header
}

// Header is the rest of a State.
type Header struct {
	Closed  int64     `json:"closed"` // windows that were to be closed by then are
	Closing []Closing `json:"closing,omitempty"`
	Late    []Late    `json:"late,omitempty"`
	Serial  uint64    `json:"serial,omitempty"` // the last one that was given
	// Gone are the serials of rules, by ID, whose groups were dropped.
	Gone map[string]uint64 `json:"gone,omitempty"`
}

// Late is the serial of late groups of a window; see pane.
type Late struct {
	Rule   string `json:"rule"`
	Window int64  `json:"window"`
	Serial uint64 `json:"serial"`
}

// Closing is a window that is closed and whose rows had not been printed as final.
type Closing struct {
	Rule   string `json:"rule"`
	Window int64  `json:"window"`
	Late   bool   `json:"late,omitempty"`
}

// state returns what the ledger holds.
func (l *ledger) state() *State {
	s := &State{Groups: map[string][]byte{}, Header: Header{Closed: l.closed, Serial: l.serial, Gone: maps.Clone(l.gone)}}
	for _, n := range slices.Sorted(maps.Keys(l.sources)) {
		if src := l.sources[n]; src.at != nil {
			s.Positions = append(s.Positions, *src.at)
		}
	}
	keys := make([]paneKey, 0, len(l.panes))
	for k := range l.panes {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, comparePanes)
	for len(keys) > 0 {
		rule := keys[0].rule
		n := slices.IndexFunc(keys, func(k paneKey) bool { return k.rule != rule })
		if n < 0 {
			n = len(keys)
		}
		s.Groups[l.prog.IDs[rule]] = l.groups(rule, keys[:n])
		for _, k := range keys[:n] {
			if l.panes[k].closing {
				s.Header.Closing = append(s.Header.Closing, Closing{l.prog.IDs[rule], k.window, k.late})
			}
			if k.late {
				s.Header.Late = append(s.Header.Late, Late{l.prog.IDs[rule], k.window, l.panes[k].serial})
			}
		}
		keys = keys[n:]
	}
	return s
}

// groups returns the groups of a rule's panes as a file of partial rows.
func (l *ledger) groups(rule int, keys []paneKey) []byte {
	var b bytes.Buffer
	w := partial.NewWriter(&b)
	w.Begin(partial.Head{Source: "follow", Options: l.options()})
	d := partial.Detection{Hash: l.prog.IDs[rule]}
	if l.prog.Names != nil {
		d.Name = l.prog.Names[rule]
	}
	w.Detection(d, l.funcs[rule])
	for _, k := range keys {
		for _, r := range l.panes[k].table.Rows() {
			r.Window, r.Late = k.window, k.late // which an overflow row has not
			w.Row(r)
		}
	}
	w.End()
	if err := w.Close(); err != nil {
		panic(fmt.Sprintf("BUG: cannot write groups to memory: %v", err))
	}
	return b.Bytes()
}

// options only have to be some that a reader takes: what rows depend on, IDs tell.
func (l *ledger) options() partial.Options {
	o := partial.Options{Window: "none", Nulls: "keep"}
	if l.prog.Windows != nil {
		o.Window = "auto"
	}
	return o
}

// restore makes l what s holds. Groups of rules that are not in force any more, or that
// count by other windows, are left out, and told.
func (l *ledger) restore(s *State) error {
	l.closed, l.serial = s.Header.Closed, s.Header.Serial
	maps.Copy(l.gone, s.Header.Gone)
	for i := range s.Positions { // numbered as tailer.FollowConfig says
		l.source(uint64(i + 1)).at = &s.Positions[i]
	}
	for id, file := range s.Groups {
		rule, ok := l.byID[id]
		if !ok {
			l.cfg.Log(fmt.Errorf("what an earlier run has counted by %s is left out: it is not in force now, or its search or its windows are others", nameOf(id, file)))
			l.drop(id)
			continue
		}
		if err := l.read(rule, file); err != nil {
			return fmt.Errorf("cannot go on from the state: %w", err)
		}
	}
	for _, c := range s.Header.Late {
		if rule, ok := l.byID[c.Rule]; ok {
			if p := l.panes[paneKey{rule, c.Window, true}]; p != nil {
				p.serial = c.Serial
			}
		}
	}
	for _, c := range s.Header.Closing {
		if rule, ok := l.byID[c.Rule]; ok {
			if p := l.panes[paneKey{rule, c.Window, c.Late}]; p != nil {
				p.closing = true
			}
		}
	}
	return nil
}

// nameOf returns what people call the rule whose groups file holds, or its ID.
func nameOf(id string, file []byte) string {
	name := ""
	r := partial.NewReader(bytes.NewReader(file))
	r.Shape = func(_ partial.Head, d partial.Detection) (partial.Shape, error) {
		name = d.Name
		return partial.Shape{}, errors.New("its name is enough")
	}
	_, _ = r.Next() // the error is our own, or there is no name
	if name == "" {
		return id
	}
	return strconv.Quote(name)
}

func (l *ledger) read(rule int, file []byte) error {
	var spec *window.Spec
	if l.prog.Windows != nil {
		spec = &l.prog.Windows[rule]
	}
	r := partial.NewReader(bytes.NewReader(file))
	r.Shape = func(partial.Head, partial.Detection) (partial.Shape, error) {
		return partial.Shape{Fields: len(l.prog.Rules[rule].By), Funcs: l.funcs[rule], Windows: spec}, nil
	}
	p, err := r.Next()
	if err != nil {
		return err
	}
	for _, g := range p.Groups {
		for _, row := range g.Rows {
			k := paneKey{rule, row.Window, row.Late}
			l.pane(k).add(l, k, row)
		}
	}
	return nil
}

// The parts of a State as bytes, by name.
const (
	headerPart    = "header"
	positionsPart = "positions"
	groupsPart    = "groups/"
)

// Parts returns s as parts of bytes.
func (s *State) Parts() map[string][]byte {
	parts := map[string][]byte{}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for i := range s.Positions {
		_ = e.Encode(&s.Positions[i]) // a struct of texts and numbers
	}
	parts[positionsPart] = b.Bytes()
	parts[headerPart], _ = json.Marshal(s.Header)
	for id, file := range s.Groups {
		parts[groupsPart+id] = file
	}
	return parts
}

// ParseState is the reverse of Parts.
func ParseState(parts map[string][]byte) (*State, error) {
	s := &State{Groups: map[string][]byte{}}
	if err := json.Unmarshal(parts[headerPart], &s.Header); err != nil {
		return nil, fmt.Errorf("cannot read the header of the state: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(parts[positionsPart]))
	for d.More() {
		var p tailer.Position
		if err := d.Decode(&p); err != nil {
			return nil, fmt.Errorf("cannot read the positions of the state: %w", err)
		}
		s.Positions = append(s.Positions, p)
	}
	for name, file := range parts {
		if id, ok := strings.CutPrefix(name, groupsPart); ok {
			s.Groups[id] = file
		}
	}
	return s, nil
}
