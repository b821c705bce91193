//go:build linux

package tailer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/internal/record"
)

// BenchmarkFollowIdle says what a thousand files cost that nothing happens to: as
// percent of one core, over two seconds.
func BenchmarkFollowIdle(b *testing.B) {
	dir := b.TempDir()
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("f", i, ".json")), []byte(lines(recs("x", i, 20))), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	f, err := Follow(FollowConfig{Args: []string{dir}})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	run := func(d time.Duration) time.Duration {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		began := cpu()
		for {
			c, err := f.Next(ctx)
			if err != nil {
				return cpu() - began
			}
			if c.Block != nil {
				c.Block.Release()
			}
		}
	}
	run(2 * time.Second)
	for b.Loop() {
		const span = 4 * time.Second
		b.ReportMetric(100*run(span).Seconds()/span.Seconds(), "%core")
	}
}

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkFollowCatchUp reads a large file of records of 1.2 KB from its start, and
// beside it BenchmarkReader the same by a Reader.
func BenchmarkFollowCatchUp(b *testing.B) {
	path, n := largeFile(b)
	for b.Loop() {
		f, err := Follow(FollowConfig{Args: []string{path}})
		if err != nil {
			b.Fatal(err)
		}
		for got := 0; got < n; {
			c, err := f.Next(context.Background())
			if err != nil {
				b.Fatal(err)
			}
			got += len(c.Block.Records)
			c.Block.Release()
		}
		f.Close()
	}
}

func BenchmarkReader(b *testing.B) {
	path, n := largeFile(b)
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		r := NewReader(f, NewPool(4), record.Auto, 0)
		for got := 0; got < n; {
			block, err := r.Next()
			if err != nil {
				b.Fatal(err)
			}
			got += len(block.Records)
			block.Release()
		}
		f.Close()
	}
}

func largeFile(b *testing.B) (path string, records int) {
	path = filepath.Join(b.TempDir(), "app.json")
	line := fmt.Sprintf("{\"pad\":%q}\n", strings.Repeat("x", 1200))
	records = 300_000
	text := strings.Repeat(line, records)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	return path, records
}
