package event

import (
	"math/rand/v2"
	"slices"
	"testing"

	"sluice/internal/corpus"
	"sluice/internal/record"
)

// A projection with some of the fields of another gives those as that one does, in
// every shape: derived ones, ids, aliases, and data that a derived field hides.
func TestOnly(t *testing.T) {
	names := []string{"EventData.Channel", "ScriptBlockText", "CommandLine", "Image"}
	for name := range fields {
		names = append(names, name)
	}
	for name := range aliases {
		names = append(names, name)
	}
	slices.Sort(names[4:])
	whole := ProjectAll(names)
	rng := rand.New(rand.NewPCG(71, 72))
	g := corpus.New(73)
	g.Letters = true
	decode := func(d *Decoder, kind record.Kind, raw []byte, f func(*Event)) {
		if err := d.Decode(kind, raw, f); err != nil {
			t.Fatal(err)
		}
	}
	compared := 0
	for range 40 {
		e := g.Next()
		var some []string
		for _, i := range rng.Perm(len(names))[:1+rng.IntN(8)] {
			some = append(some, names[i])
		}
		all, few := NewDecoder(whole, nil), NewDecoder(whole.Only(some), nil)
		for i := range corpus.Shapes {
			s := &corpus.Shapes[i]
			kind := record.JSON
			if s.Format == corpus.XML {
				kind = record.XML
			}
			want, ids := map[string][]string{}, []string(nil)
			hasID := slices.ContainsFunc(some, func(name string) bool { return slices.Contains(IDFields, name) })
			raw := corpus.Respell(rng, s.Format, s.Render(e))
			decode(all, kind, raw, func(ev *Event) {
				for _, name := range some {
					for _, v := range ev.Values(whole.Slot(name)) {
						want[name] = append(want[name], string(v))
					}
				}
				for v := range ev.IDs() {
					ids = append(ids, string(v))
				}
			})
			decode(few, kind, raw, func(ev *Event) {
				for _, name := range some {
					var got []string
					for _, v := range ev.Values(whole.Slot(name)) {
						got = append(got, string(v))
					}
					if compared += len(got); !slices.Equal(got, want[name]) {
						t.Errorf("%s: %s of %v is %q, want %q", s.Name, name, some, got, want[name])
					}
				}
				for v := range ev.IDs() {
					if !slices.Contains(ids, string(v)) {
						t.Errorf("%s: id %s, want one of %v", s.Name, v, ids)
					}
					hasID = false
				}
				if hasID && len(ids) > 0 {
					t.Errorf("%s: no id of %v, want %v", s.Name, some, ids)
				}
			})
		}
	}
	if compared < 1000 {
		t.Errorf("%d values: the test shows little", compared)
	}
}
