// Command gen learns from files of Windows events how often which bytes stand
// behind each other, and writes the table that package ngram ships.
//
//	go run ./gen -o ngram/events.table FILE...
//
// Each FILE has JSON objects, one a line, or elements <Event>…</Event>; one
// whose name ends in .gz is unpacked. The same files give the same table.
//
// The table in the repository was made of windows-events.ndjson.gz: 92,013
// events (177 MB, 381 of them PowerShell scripts) of the host logs of the OTRF
// Security-Datasets project, https://github.com/OTRF/Security-Datasets, which
// publishes them under the MIT licence. The table holds counts of four bytes at
// most, no text.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	out := flag.String("o", "events.table", "the `file` to write")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out string, files []string) error {
	l := newLearner()
	for _, path := range files {
		if err := eachEvent(path, l.add); err != nil {
			return err
		}
	}
	table, err := l.table()
	if err != nil {
		return err
	}
	fmt.Printf("%d events with scripts (%d bytes), %d others (%d bytes): table of %d bytes\n",
		l.scripts.events, l.scripts.bytes, l.others.events, l.others.bytes, len(table))
	return os.WriteFile(out, table, 0o644)
}
