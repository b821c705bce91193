package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"

	"sluice/match/prefilter"
)

// machine describes where a run took place, one fact a line.
func machine(ctx context.Context) []string {
	var names []string
	for _, k := range prefilter.Kernels() {
		names = append(names, string(k))
	}
	kernel := output(ctx, "uname", "-sr")
	if kernel == "" {
		kernel = runtime.GOOS
	}
	return []string{
		"processor: " + value("/proc/cpuinfo", "model name"),
		fmt.Sprintf("instructions: avx2 %s, avx512vbmi %s, gfni with avx512 %s; kernels: %s",
			yes(cpu.X86.HasAVX2), yes(cpu.X86.HasAVX512VBMI), yes(cpu.X86.HasAVX512GFNI), strings.Join(names, ", ")),
		fmt.Sprintf("%d processors, of which %d used; memory: %s", runtime.NumCPU(), threads(), value("/proc/meminfo", "MemTotal")),
		fmt.Sprintf("%s, %s/%s, %s", kernel, runtime.GOOS, runtime.GOARCH, runtime.Version()),
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// value returns what a file of "name: value" lines says of a name first.
func value(path, name string) string {
	text, _ := os.ReadFile(path) // other systems have none
	for line := range strings.Lines(string(text)) {
		if key, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}
