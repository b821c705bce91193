package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// page returns a run as Markdown.
func page(cells []cell, rounds int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s, %s/%s, the aggregator\n\n", time.Now().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(&b, `Written by bench/agg. Medians of %d rounds in which the cells took turns, each in a
process of its own; ns are wall time per observation by all threads together, the second
time that the same load is run. Every count, first and last time of every group was
verified in every round. Bytes are those of the heap in use at the end, by group, without the text of its
key; where keys have a text of 20 KB, without the 16 texts that there are: a design that
stores them in each group has them here. Keys are 12 bytes, made
before the clock starts, and compared in full. "agg" is what ships, hand-over included;
"atomic slots" is made as large as it will be, and it and the maps cannot show a row of
one moment.

`, rounds)
	for _, fact := range machine() {
		fmt.Fprintf(&b, "- %s\n", fact)
	}
	b.WriteString("\n| groups | chosen | keys | design | ns, 1 thread | ns, 2 threads | 1 → 2 | bytes a group | target at 2 |\n| ---: | --- | --- | --- | ---: | ---: | ---: | ---: | --- |\n")
	for i := range cells {
		c := &cells[i]
		if c.threads != 1 {
			continue
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %.1f |", c.keys, choose(c.zipf, "Zipf", "uniform"), choose(c.long, "with 20 KB", "short"), c.design, c.median(nanos))
		if i+1 < len(cells) && cells[i+1].threads == 2 {
			two := &cells[i+1]
			fmt.Fprintf(&b, " %.1f | %.2f | %.0f | %s |\n", two.median(nanos), c.median(nanos)/two.median(nanos), two.median(size), two.judge())
		} else {
			fmt.Fprintf(&b, "  |  | %.0f |  |\n", c.median(size))
		}
	}
	return b.Bytes()
}

func choose(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func nanos(r result) float64 { return r.nanos }
func size(r result) float64  { return r.bytes }

// median returns the middle of what the rounds measured.
func (c *cell) median(of func(result) float64) float64 {
	all := make([]float64, len(c.results))
	for i, r := range c.results {
		all[i] = of(r)
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// judge says whether what ships keeps its targets.
func (c *cell) judge() string {
	most := map[int]float64{1000: 10, 1_000_000: 50, 10_000_000: 70}[c.keys]
	if c.design != designs[0].name || most == 0 || c.long {
		return ""
	}
	verdict := func(got, most float64) string { return choose(got <= most, "yes", "**no**") }
	// A table of a thousand groups has room for more, which says nothing.
	text := fmt.Sprintf("%.0f ns: %s", most, verdict(c.median(nanos), most))
	if c.keys > 1000 && !c.zipf {
		text += fmt.Sprintf(", 90 bytes: %s", verdict(c.median(size), 90))
	}
	return text
}

// machine describes where a run took place.
func machine() []string {
	kernel, _ := exec.Command("uname", "-sr").Output()
	load, _ := os.ReadFile("/proc/loadavg") // other systems have none
	return []string{
		"processor: " + value("/proc/cpuinfo", "model name"),
		fmt.Sprintf("%d processors; memory: %s; load at the end: %s", runtime.NumCPU(), value("/proc/meminfo", "MemTotal"), strings.TrimSpace(string(load))),
		fmt.Sprintf("%s, %s/%s, %s", strings.TrimSpace(string(kernel)), runtime.GOOS, runtime.GOARCH, runtime.Version()),
	}
}

// value returns what a file of "name: value" lines says of a name first.
func value(path, name string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if key, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}
