package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"sluice/internal/pipeline"
	"sluice/match"
	"sluice/match/row"
)

// No position is saved before the events in front of it are printed, also when rules are
// loaded anew meanwhile: a run that is killed prints them again, or has printed them.
func TestFollowPrintsEventsBeforeTheyAreSaved(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		rng := rand.New(rand.NewPCG(95, uint64(round)))
		files := hitsOf(rng, time.Now().UnixNano(), 2)
		var printed, saves, finds int
		prog := followed(t, nil)
		prog.Event = func(dst []byte, _ *match.Hit) []byte { return append(dst, "{}\n"...) }
		reload := make(chan *pipeline.Program, 1)
		prog.Print = func(events []byte, _ []row.Named) error {
			if printed == 0 && round%2 == 0 {
				again := *prog
				reload <- &again
			}
			printed += bytes.Count(events, []byte("\n"))
			return nil
		}
		save := func(s *pipeline.State) error {
			finds = 0
			for _, n := range sums(files, s.Positions, nil, len(prog.Rules)) {
				finds += n
			}
			if saves++; finds > printed {
				t.Errorf("round %d: saved behind %d finds, of which %d are printed", round, finds, printed)
			}
			return nil
		}
		_, err := pipeline.Follow(context.Background(), pipeline.FollowConfig{
			Program: prog, Threads: 2, Chunks: newFeed(rng, files, nil), Save: save, Reload: reload,
		})
		if err != nil {
			t.Fatal(err)
		}
		if saves == 0 || finds == 0 || printed != finds {
			t.Errorf("round %d: %d saves, %d finds, %d printed", round, saves, finds, printed)
		}
	}
}

// What could not be printed is not saved either, so the next run prints it.
func TestFollowSavesNoEventsThatCannotBePrinted(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(96, 1))
	files := hitsOf(rng, time.Now().UnixNano(), 2)
	closed := errors.New("closed")
	printed, saved := 0, 0
	prog := followed(t, nil)
	prog.Event = func(dst []byte, _ *match.Hit) []byte { return append(dst, "{}\n"...) }
	prog.Print = func(events []byte, _ []row.Named) error {
		if printed > 3 {
			return closed
		}
		printed += bytes.Count(events, []byte("\n"))
		return nil
	}
	_, err := pipeline.Follow(context.Background(), pipeline.FollowConfig{
		Program: prog, Threads: 2, Chunks: newFeed(rng, files, nil),
		Save: func(s *pipeline.State) error {
			saved = 0
			for _, n := range sums(files, s.Positions, nil, len(prog.Rules)) {
				saved += n
			}
			return nil
		},
	})
	if !errors.Is(err, closed) || printed == 0 || saved > printed {
		t.Errorf("error %v; %d finds are saved, and %d were printed", err, saved, printed)
	}
}
