//go:build linux

// Command follow measures `sluice run --follow` as a process: what 1,000 idle files cost,
// how long an appended event takes to become a row, and what 10,000 files that come and
// go leave behind. Rows are checked; a wrong count fails. It prints Markdown.
package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	idle := flag.Duration("idle", 20*time.Second, "how long idle files are measured")
	files := flag.Int("files", 1000, "idle files")
	appends := flag.Int("appends", 300, "appended events")
	churn := flag.Int("churn", 10_000, "files that come and go")
	flag.Parse()
	if err := measure(*idle, *files, *appends, *churn); err != nil {
		fmt.Fprintln(os.Stderr, "follow:", err)
		os.Exit(1)
	}
}

func measure(idle time.Duration, files, appends, churn int) (err error) {
	dir, err := os.MkdirTemp("", "follow")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, sluice: filepath.Join(dir, "sluice")}
	if out, err := exec.Command("go", "build", "-o", b.sluice, "./cmd/sluice").CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the command: %w: %s", err, out)
	}
	fmt.Println("| what | figure | target |\n| --- | --- | --- |")
	return errors.Join(b.idle(idle, files), b.latency("one file", 1, appends), b.latency(fmt.Sprint(files, " files"), files, appends), b.churn(churn))
}

// idle measures files to which nothing is written.
func (b *bench) idle(d time.Duration, files int) error {
	p, err := b.start("idle", "--every", "5s")
	if err != nil {
		return err
	}
	defer p.kill()
	if err := p.populate(files); err != nil {
		return err
	}
	time.Sleep(6 * time.Second) // until nothing is left to do
	before, err := p.processor()
	if err != nil {
		return err
	}
	time.Sleep(d)
	after, err := p.processor()
	if err != nil {
		return err
	}
	u, err := p.use()
	if err != nil {
		return err
	}
	fmt.Printf("| %d idle files: one core, over %v | %.2f %% | 0.5 %% |\n", files, d, 100*float64(after-before)/float64(d))
	fmt.Printf("| %d idle files: resident memory | %.1f MiB | 64 MiB |\n", files, float64(u.kib)/1024)
	fmt.Printf("| %d idle files: descriptors | %d | |\n", files, u.files)
	return p.end()
}

// latency measures from before an event is written until its row can be read.
func (b *bench) latency(what string, files, appends int) error {
	p, err := b.start("latency"+fmt.Sprint(files), "--every", "0")
	if err != nil {
		return err
	}
	defer p.kill()
	if err := p.populate(files); err != nil {
		return err
	}
	var took []time.Duration
	for range appends {
		time.Sleep(time.Duration(rand.IntN(int(40 * time.Millisecond))))
		began := time.Now()
		if err := p.write(fmt.Sprintf("f%05d.ndjson", rand.IntN(files))); err != nil {
			return err
		}
		if err := p.wait(); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	fmt.Printf("| append to row, %s, `--every 0`, with its checkpoint: median of %d | %.2f ms | 20 ms |\n", what, appends, ms(took[len(took)/2]))
	fmt.Printf("| the same: 99th percentile, longest | %.2f ms, %.2f ms | |\n", ms(took[len(took)*99/100]), ms(took[len(took)-1]))
	return p.end()
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// churn measures what files leave behind that come and go.
func (b *bench) churn(files int) error {
	const wave = 100
	p, err := b.start("churn", "--every", "100ms")
	if err != nil {
		return err
	}
	defer p.kill()
	if err := p.populate(wave); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	base, err := p.use()
	if err != nil {
		return err
	}
	began := time.Now()
	for n := 0; n < files; n += wave {
		var names []string
		for i := range wave {
			names = append(names, fmt.Sprintf("c%05d.ndjson", n+i))
			if err := p.write(names[i]); err != nil {
				return err
			}
		}
		if err := p.wait(); err != nil {
			return err
		}
		for _, name := range names {
			if err := os.Remove(filepath.Join(p.dir, name)); err != nil {
				return err
			}
		}
	}
	took := time.Since(began)
	time.Sleep(8 * time.Second) // deleted files are held for late writers
	u, err := p.use()
	if err != nil {
		return err
	}
	fmt.Printf("| %d files that came and went, in %.1f s: descriptors before, after | %d, %d | as before |\n", files, took.Seconds(), base.files, u.files)
	fmt.Printf("| the same: threads | %d, %d | as before |\n", base.threads, u.threads)
	fmt.Printf("| the same: resident memory | %.1f MiB, %.1f MiB | |\n", float64(base.kib)/1024, float64(u.kib)/1024)
	fmt.Printf("| the same: bytes of the state | %d, %d | as before |\n", base.state, u.state)
	return p.end()
}
