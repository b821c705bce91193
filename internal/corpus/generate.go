package corpus

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Generator makes events from a seed: the same seed and the same calls give
// the same events.
type Generator struct {
	// Control lets some events hold control characters, which strict XML
	// forbids. Such events have their own Control field set.
	Control bool
	// Letters puts Words, in any case, into values of about half of the events.
	Letters bool

	rng     *rand.Rand
	now     time.Time
	record  int64
	texts   []string // matching script texts, so that groups repeat
	matches []*Event // recent matches, repeated now and then
	pending []*Event // second halves of events that come in pairs
}

// New returns a generator for a seed.
func New(seed uint64) *Generator {
	g := &Generator{
		rng:    rand.New(rand.NewPCG(seed, 0x5deece66d)),
		now:    time.Date(2024, 3, 5, 10, 0, 0, 0, time.UTC),
		record: 1000,
	}
	for range 24 {
		g.texts = append(g.texts, g.matchText())
	}
	return g
}

// Next returns an event of the mix: a quarter matches, about as many near
// misses, and for the rest other events.
func (g *Generator) Next() *Event {
	switch n := g.rng.IntN(100); {
	case n < 25:
		return g.Match()
	case n < 55:
		return g.Miss()
	}
	return g.Noise()
}

// Match returns an event that satisfies the detection. It often repeats an
// earlier match at a later time, so that counts above one arise.
func (g *Generator) Match() *Event {
	if len(g.matches) > 0 && g.rng.IntN(100) < 40 {
		again := clone(g.matches[g.rng.IntN(len(g.matches))])
		again.ThreadID = 4 * (1 + g.rng.IntN(4000))
		again.Rendered = g.rng.IntN(5) == 0
		g.setTime(again)
		return again
	}
	text := g.texts[g.rng.IntN(len(g.texts))]
	if g.rng.IntN(3) == 0 {
		text = g.matchText()
	}
	e := g.letters(g.control(g.scriptBlock(text)))
	if len(g.matches) < 32 {
		g.matches = append(g.matches, clone(e))
	} else {
		g.matches[g.rng.IntN(len(g.matches))] = clone(e)
	}
	return e
}

// clone copies an event, so that a caller may change the one it has.
func clone(e *Event) *Event {
	c := *e
	c.Data = append([]KV(nil), e.Data...)
	return &c
}

// Miss returns a near miss: an event that shares much with a match and must
// not be found.
func (g *Generator) Miss() *Event {
	if n := len(g.pending); n > 0 {
		e := g.pending[n-1]
		g.pending = g.pending[:n-1]
		g.setTime(e)
		return e
	}
	return g.letters(g.control(misses[g.rng.IntN(len(misses))](g)))
}

// Noise returns another Windows event, which may name the literals outside a
// script block.
func (g *Generator) Noise() *Event {
	return g.letters(g.control(noises[g.rng.IntN(len(noises))](g)))
}

// setTime gives the event a time of its own, near those before it, and a
// record number.
func (g *Generator) setTime(e *Event) {
	g.now = g.now.Add(time.Duration(g.rng.Int64N(70_000_000)) * tick)
	e.Time = g.now
	switch g.rng.IntN(10) {
	case 0:
		e.Time = e.Time.Truncate(time.Second)
	case 1:
		e.Time = e.Time.Add(-time.Duration(g.rng.Int64N(600_000_000)) * tick)
	}
	g.record += int64(1 + g.rng.IntN(3))
	e.RecordID = g.record
}

// base returns an event with what all events have.
func (g *Generator) base(id int, provider, guid, channel string) *Event {
	e := &Event{
		Provider:  provider,
		Guid:      guid,
		EventID:   id,
		Level:     4,
		Keywords:  "0x0",
		ProcessID: g.pick(pids),
		ThreadID:  4 * (1 + g.rng.IntN(4000)),
		Channel:   channel,
		Computer:  pick(g, computers),
		UserID:    pick(g, sids),
		Rendered:  g.rng.IntN(5) == 0,
	}
	if g.rng.IntN(3) > 0 {
		e.ActivityID = g.guid()
	}
	g.setTime(e)
	return e
}

// scriptBlock returns an event 4104 with a text.
func (g *Generator) scriptBlock(text string) *Event {
	provider, guid, channel := providerDesktop, guidDesktop, channelDesktop
	if g.rng.IntN(4) == 0 {
		provider, guid, channel = providerCore, guidCore, channelCore
	}
	e := g.base(4104, provider, guid, channel)
	e.Version, e.Level, e.Task, e.Opcode = 1, 5, 2, 15
	if g.rng.IntN(3) == 0 {
		e.Level = 3
	}
	path := ""
	if g.rng.IntN(2) == 0 {
		path = pick(g, paths)
	}
	e.Data = []KV{
		{"MessageNumber", "1"},
		{"MessageTotal", "1"},
		{"ScriptBlockText", text},
		{"ScriptBlockId", pick(g, blockIDs)},
		{"Path", path},
	}
	return e
}

// control puts control characters around one value of some events.
func (g *Generator) control(e *Event) *Event {
	if !g.Control || g.rng.IntN(8) > 0 {
		return e
	}
	i := g.rng.IntN(len(e.Data))
	if e.EventID == 4104 {
		i = 2
	}
	if e.Data[i].Value == "" {
		return e
	}
	e.Control = true
	mark := string(controls[g.rng.IntN(len(controls))])
	e.Data[i].Value = mark + e.Data[i].Value + " " + string(controls[g.rng.IntN(len(controls))]) + "#"
	return e
}

var controls = []rune{0x00, 0x01, 0x02, 0x07, 0x08, 0x0B, 0x0C, 0x0E, 0x14, 0x1B, 0x1F}

// guid returns a random GUID in upper case with braces.
func (g *Generator) guid() string {
	a, b := g.rng.Uint64(), g.rng.Uint64()
	return fmt.Sprintf("{%08X-%04X-%04X-%04X-%012X}", a>>32, a>>16&0xFFFF, a&0xFFFF, b>>48, b&0xFFFFFFFFFFFF)
}

func (g *Generator) pick(list []int) int { return list[g.rng.IntN(len(list))] }

func pick(g *Generator, list []string) string { return list[g.rng.IntN(len(list))] }

// spell writes the ASCII letters of a literal in random case.
func (g *Generator) spell(s string) string {
	mode := g.rng.IntN(4)
	return strings.Map(func(r rune) rune {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		switch {
		case !letter || mode == 0:
			return r
		case mode == 1:
			return r | 0x20
		case mode == 2:
			return r &^ 0x20
		case g.rng.IntN(2) == 0:
			return r ^ 0x20
		}
		return r
	}, s)
}

// host returns one of the two services, in some case.
func (g *Generator) host() string {
	return g.spell([]string{"ipinfo.io", "api.ipify.org"}[g.rng.IntN(2)])
}

func (g *Generator) cmdlet() string { return g.spell("Invoke-RestMethod") }

// matchText returns a script text with both literals, in either order, between
// pieces that are hard to carry through one syntax or another.
func (g *Generator) matchText() string {
	first, second := g.cmdlet(), "https://"+g.host()+"/json"
	if g.rng.IntN(4) == 0 {
		first, second = second, first
	}
	var b strings.Builder
	g.pieces(&b)
	b.WriteString(first)
	if g.rng.IntN(3) == 0 {
		g.pieces(&b)
	}
	b.WriteString(" " + second)
	g.pieces(&b)
	if g.rng.IntN(40) == 0 {
		b.WriteString(strings.Repeat("# padding that makes the text long\r\n", 200+g.rng.IntN(400)))
	}
	return b.String()
}

// pieces writes up to three odd pieces of text.
func (g *Generator) pieces(b *strings.Builder) {
	for range g.rng.IntN(4) {
		b.WriteString(pick(g, oddities))
	}
}
