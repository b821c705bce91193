package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/cloudflare/ahocorasick"
	"github.com/nxadm/tail"
	"github.com/valyala/fastjson"

	"sluice/internal/pipeline"
	"sluice/match"
	"sluice/match/prefilter"
	"sluice/sink"
)

// The engines that versus runs by starting itself: kernels by their names, the
// floors, and these.
const (
	noGate      = "no gate"
	noPrefilter = "no prefilter"
	theStack    = "stack"
)

// engine runs a part of sluice, on one thread, or the stack over a file, and
// prints its rows; or a floor.
func engine(name, rulesDir, path string, out io.Writer) error {
	w := bufio.NewWriter(out)
	defer w.Flush()
	switch name {
	case theStack:
		return stack(path, w)
	case oneFloor:
		return floor(path, 1, w)
	case manyFloor:
		return floor(path, threads(), w)
	}
	opt := match.Options{}
	switch name {
	case noGate:
		opt.Prefilter.NoGate = true
	case noPrefilter:
		opt.NoPrefilter = true
	default:
		opt.Prefilter.Kernel = prefilter.Kernel(name)
	}
	found, err := load(rulesDir)
	if err != nil {
		return err
	}
	rules := rulesOf(found)
	res, err := pipeline.Run(context.Background(), pipeline.Config{Files: []string{path}, Rules: rules, Set: match.Compile(rules, opt), Threads: 1})
	if err != nil {
		return err
	}
	if len(res.Errors) > 0 {
		return res.Errors[0]
	}
	enc := &sink.Encoder{Detections: found}
	for _, r := range res.Rows {
		w.Write(enc.Stats(r))
	}
	return nil
}

// The literals of the built-in detection, folded.
const (
	cmdlet   = "invoke-restmethod"
	service1 = "ipinfo.io"
	service2 = "api.ipify.org"
)

// stack is the built-in detection as one would write it by hand with the usual
// modules: lines of nxadm/tail, folded with strings.ToLower, searched with
// cloudflare/ahocorasick, and those with the literals parsed by fastjson. It
// misses what is escaped, and knows one shape.
func stack(path string, out io.Writer) error {
	t, err := tail.TailFile(path, tail.Config{MustExist: true, Logger: tail.DiscardingLogger})
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	matcher := ahocorasick.NewStringMatcher([]string{cmdlet, service1, service2})
	var parser fastjson.Parser
	groups := map[[6]string]int64{}
	for line := range t.Lines {
		if line.Err != nil {
			return fmt.Errorf("cannot read %s: %w", path, line.Err)
		}
		if !complete(matcher.Match([]byte(strings.ToLower(line.Text)))) {
			continue
		}
		v, err := parser.Parse(line.Text)
		if err != nil {
			return fmt.Errorf("cannot parse %s: %w", path, err)
		}
		text := strings.ToLower(string(v.GetStringBytes("ScriptBlockText")))
		if eventID(v) != "4104" || !fromPowerShell(string(v.GetStringBytes("Channel"))) ||
			!strings.Contains(text, cmdlet) || !strings.Contains(text, service1) && !strings.Contains(text, service2) {
			continue
		}
		var key [6]string
		for i, name := range []string{"Hostname", "ProviderGuid", "SourceName", "Path", "ScriptBlockId", "ScriptBlockText"} {
			key[i] = string(v.GetStringBytes(name))
		}
		groups[key]++
	}
	enc := json.NewEncoder(out)
	for key, n := range groups {
		if err := enc.Encode(map[string]any{"count": n, "dest": key[0], "Path": key[3], "ScriptBlockText": key[5]}); err != nil {
			return err
		}
	}
	return nil
}

// complete reports whether the indexes of found literals suffice.
func complete(hits []int) bool {
	var seen [3]bool
	for _, i := range hits {
		seen[i] = true
	}
	return seen[0] && (seen[1] || seen[2])
}

func fromPowerShell(channel string) bool {
	channel = strings.ToLower(channel)
	return channel == "microsoft-windows-powershell/operational" || channel == "powershellcore/operational"
}
