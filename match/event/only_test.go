package event

import (
	"fmt"
	"slices"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/record"
)

// Only fills its names as the whole projection does, and nothing else.
func TestOnly(t *testing.T) {
	names := []string{"ScriptBlockText", "dest", "Path", "Level", "Computer"}
	all := ProjectAll(names)
	few := all.Only(names)
	g := corpus.New(61)
	values := func(p *Projection, kind record.Kind, rec []byte) (list []string) {
		err := NewDecoder(p, nil).Decode(kind, rec, func(e *Event) {
			for slot, name := range e.Names() {
				if slices.Contains(names, name) || p == few {
					for _, v := range e.Values(slot) {
						list = append(list, fmt.Sprintf("%d %s %q", slot, name, v))
					}
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for i := range 300 {
		s := &corpus.Shapes[i%len(corpus.Shapes)]
		kind := record.JSON
		if s.Format == corpus.XML {
			kind = record.XML
		}
		rec := s.Render(g.Next())
		if got, want := values(few, kind, rec), values(all, kind, rec); !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s: got %q, want %q", s.Name, got, want)
		}
	}
}
