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

// BenchmarkFollowCatchUp reads a large file from its start.
func BenchmarkFollowCatchUp(b *testing.B) {
	dir := b.TempDir()
	text := strings.Repeat(lines(recs("x", 0, 1000)), 2000)
	if err := os.WriteFile(filepath.Join(dir, "app.json"), []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		f, err := Follow(FollowConfig{Args: []string{dir}})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for n < 2000*1000 {
			c, err := f.Next(context.Background())
			if err != nil {
				b.Fatal(err)
			}
			n += len(c.Block.Records)
			c.Block.Release()
		}
		f.Close()
	}
}
