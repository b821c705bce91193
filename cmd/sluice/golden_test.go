package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/rows anew")

// What the README's first command prints, in each form of output, stands in
// testdata/rows.
func TestGolden(t *testing.T) {
	root := filepath.Join("..", "..", "testdata")
	for _, output := range []string{"stats", "risk", "events"} {
		var stdout, stderr bytes.Buffer
		c := &cli{stdin: os.Stdin, stdout: &stdout, stderr: &stderr}
		code := c.execute(context.Background(), []string{"run", "-o", output, filepath.Join(root, "events")})
		if code != exitOK || stderr.Len() > 0 {
			t.Fatalf("%s: exit status %d, stderr %q", output, code, stderr.String())
		}
		golden := filepath.Join(root, "rows", output+".ndjson")
		if *update {
			if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, stdout.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(stdout.Bytes(), want) {
			t.Errorf("%s: the output differs from %s; look at it, and if it is right run go test ./cmd/sluice -run Golden -update", output, golden)
		}
	}
}
