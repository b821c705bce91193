package pipeline_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/pipeline"
	"sluice/internal/record"
	"sluice/match"
	"sluice/match/row"
	"sluice/tailer"
)

// chunks brings those of a channel.
type chunks chan *tailer.Chunk

func (c chunks) Next(ctx context.Context) (*tailer.Chunk, error) {
	select {
	case chunk := <-c:
		return chunk, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A source that is gone stays in what is saved until the chunks before its last one are
// added, one of which may be of the source that came for it: a worker may still be at that
// one. By one of the two a run that goes on has to know the file.
func TestFollowGoneAfterWhatCameBefore(t *testing.T) {
	t.Parallel()
	release, matching := make(chan struct{}), make(chan struct{})
	prog := followed(t, nil)
	prog.Rules, prog.IDs = prog.Rules[:1], prog.IDs[:1]
	prog.Set = match.Compile(prog.Rules, match.Options{})
	prog.Event = func(dst []byte, _ *match.Hit) []byte {
		close(matching)
		<-release
		return dst
	}
	prog.Print = func([]byte, []row.Named) error { return nil }
	saved := make(chan []string, 100)
	save := func(s *pipeline.State) error {
		var names []string
		for _, p := range s.Positions {
			names = append(names, p.Path)
		}
		saved <- names
		return nil
	}
	feed := make(chunks)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := pipeline.Follow(ctx, pipeline.FollowConfig{Program: prog, Threads: 2, Chunks: feed, Save: save})
		ended <- err
	}()
	// until returns the names in the first state that has one of them.
	until := func(name string) []string {
		for {
			select {
			case names := <-saved:
				if !slices.Contains(names, "old") && !slices.Contains(names, "new") {
					t.Errorf("saved %q: neither old nor new", names)
				}
				if slices.Contains(names, name) {
					return names
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s is not saved", name)
			}
		}
	}
	event := `{"EventID":4104,"Channel":"Microsoft-Windows-PowerShell/Operational","Computer":"pc","ScriptBlockText":"ipinfo"}` + "\n"
	block, err := tailer.NewReader(strings.NewReader(event), tailer.NewPool(1), record.NDJSON, 0).Next()
	if err != nil {
		t.Fatal(err)
	}
	feed <- &tailer.Chunk{Source: 1, Position: tailer.Position{Path: "old"}}
	until("old")
	feed <- &tailer.Chunk{Source: 2, Position: tailer.Position{Path: "new"}, Block: block}
	<-matching
	feed <- &tailer.Chunk{Source: 1, Position: tailer.Position{Path: "old"}, Gone: true}
	feed <- &tailer.Chunk{Source: 3, Position: tailer.Position{Path: "other"}}
	if names := until("other"); !slices.Contains(names, "old") {
		t.Errorf("saved %q while the chunk of new is matched", names)
	}
	close(release)
	if names := until("new"); slices.Contains(names, "old") {
		t.Errorf("saved %q: old stays", names)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
