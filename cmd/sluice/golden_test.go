package main

import (
	"bytes"
	"context"
	"encoding/json"
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

// The README shows what its first command prints, and the summary of its run.
func TestReadmeShowsTheTruth(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	c := &cli{stdin: os.Stdin, stdout: &stdout, stderr: &stderr}
	c.execute(context.Background(), []string{"run", "--stats", filepath.Join("..", "..", "testdata", "events")})
	var shown []byte
	for d := json.NewDecoder(&stdout); d.More(); {
		var row struct {
			Dest      string  `json:"dest"`
			Path      *string `json:"Path"`
			Count     int     `json:"count"`
			FirstTime string  `json:"firstTime"`
		}
		if err := d.Decode(&row); err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(append(shown, line...), '\n')
	}
	if len(shown) == 0 || !bytes.Contains(readme, shown) {
		t.Errorf("the README does not show these rows:\n%s", shown)
	}
	counts, _, _ := bytes.Cut(stderr.Bytes(), []byte(`,"splunk_drops"`))
	if len(counts) == 0 || !bytes.Contains(readme, counts) {
		t.Errorf("the README does not show this summary:\n%s", counts)
	}
}
