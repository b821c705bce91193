package partial

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/agg"
	"sluice/agg/window"
)

var (
	windows = window.Spec{Period: 10, Offset: 3}
	options = Options{Window: "auto", Nulls: "keep"}
	known   = []Detection{{"plain <&> \"\u2028", "1", "a"}, {"with statistics", "2", "b"}}
	funcs   = [][]agg.Func{nil, {agg.Values, agg.Sum, agg.List}}
	texts   = [][]byte{nil, {}, []byte("a"), []byte("ä\u2028\"\\\n\x00"), []byte("\xff\xfe"), []byte("null"), []byte("\xed\xa0\x80"), []byte("\x7f")}
)

func shapeOf(_ Head, d Detection) (Shape, error) {
	i := slices.Index(known, d)
	if i < 0 {
		return Shape{}, fmt.Errorf("the detection %q is another", d.Name)
	}
	return Shape{Fields: 2, Funcs: funcs[i], Windows: &windows}, nil
}

// observe counts random hits into tables, and into one over all.
func observe(rng *rand.Rand, n int, whole *agg.Table, parts []*agg.Table) {
	for range n {
		h := agg.Hit{Rule: rng.IntN(2), Window: agg.NoWindow, Key: [][]byte{texts[rng.IntN(len(texts))], texts[rng.IntN(len(texts))]}, Timed: rng.IntN(4) > 0}
		if h.Timed {
			h.Nanos = rng.Int64N(40) - 20
			h.Window, _ = windows.Of(h.Nanos)
		}
		if h.Rule == 1 {
			s := agg.Sample{Text: string(texts[rng.IntN(len(texts))]), Num: rng.NormFloat64(), IsNum: true, Nanos: h.Nanos, Timed: h.Timed}
			h.Funcs, h.Samples = funcs[1], [][]agg.Sample{{s}, {s, s}, {s}}
		}
		whole.Observe(&h)
		parts[rng.IntN(len(parts))].Observe(&h)
	}
}

// groupsOf returns the rows of a table by detection, some of them late.
func groupsOf(t *agg.Table) (groups []Group) {
	for _, r := range t.Rows() {
		if n := len(groups); n == 0 || groups[n-1].Detection != known[r.Rule] {
			groups = append(groups, Group{Detection: known[r.Rule], Funcs: funcs[r.Rule]})
		}
		g := &groups[len(groups)-1]
		g.Rows = append(g.Rows, r)
	}
	return groups
}

func write(t testing.TB, parts ...Part) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, p := range parts {
		w.Part(p.Head, p.Groups)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(data []byte) (parts []Part, err error) {
	r := NewReader(bytes.NewReader(data))
	r.Shape = shapeOf
	for {
		p, err := r.Next()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return parts, err
		}
		parts = append(parts, *p)
	}
}

// union merges files into one: that of all parts, in order.
func union(t testing.TB, files ...[]byte) []byte {
	t.Helper()
	var set Set
	var all []Part
	for _, f := range files {
		parts, err := read(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			isNew, err := set.Add(&p)
			if err != nil {
				t.Fatal(err)
			}
			if isNew {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b Part) int { return cmp.Or(strings.Compare(a.Source, b.Source), cmp.Compare(a.Epoch, b.Epoch)) })
	return write(t, all...)
}

// rowsOf adds the rows of a file up and prints them, statistics by their states.
func rowsOf(t testing.TB, file []byte) string {
	t.Helper()
	parts, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	table := agg.New()
	for _, p := range parts {
		for _, g := range p.Groups {
			for _, r := range g.Rows {
				r.Rule = slices.Index(known, g.Detection)
				table.Add(r, g.Funcs)
			}
		}
	}
	return print(table)
}

func print(table *agg.Table) string {
	var b strings.Builder
	for _, r := range table.Rows() {
		fmt.Fprintf(&b, "%d %s", r.Rule, appendRow(nil, r, funcs[r.Rule]))
	}
	return b.String()
}

// Merging is associative, commutative and idempotent, and gives what one table over all
// hits holds.
func TestMergeEqualsOneTable(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(31, 32))
	for range 40 {
		whole := agg.New()
		tables := make([]*agg.Table, 1+rng.IntN(5))
		for i := range tables {
			tables[i] = agg.New()
		}
		observe(rng, rng.IntN(200), whole, tables)
		files := make([][]byte, len(tables))
		for i, tab := range tables {
			h := Head{Source: fmt.Sprint("pc", i%2, "\xff"), Epoch: int64(i / 2), Options: options}
			files[i] = write(t, Part{Head: h, Groups: groupsOf(tab)})
		}
		want := union(t, files...)
		if got := rowsOf(t, want); got != print(whole) {
			t.Fatalf("merged\n%s\nwant\n%s", got, print(whole))
		}
		for len(files) > 1 { // neighbours at random places, some twice, and in any order
			rng.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
			merged := union(t, files[0], files[1], files[0])
			if rng.IntN(3) == 0 {
				merged = append(merged, files[1]...) // one file behind another
			}
			files = append(files[2:], merged)
		}
		if got := union(t, files[0], files[0]); !bytes.Equal(got, want) {
			t.Fatalf("merged in another order\n%s\nwant\n%s", got, want)
		}
	}
}

// sample is a file of two parts.
func sample(t testing.TB) []byte {
	tables := []*agg.Table{agg.New(), agg.New()}
	observe(rand.New(rand.NewPCG(33, 34)), 30, agg.New(), tables)
	tables[0].Add(&agg.Row{Window: agg.NoWindow, Key: [][]byte{nil, nil}, Count: 9, Overflow: true}, nil)
	tables[0].Add(&agg.Row{Window: 13, Late: true, Key: [][]byte{nil, nil}, Count: 9, First: -5, Last: 7, Timed: true}, nil)
	tables[0].Add(&agg.Row{Rule: 1, Window: agg.NoWindow, Key: [][]byte{nil, nil}, Count: 9, Overflow: true}, nil)
	return write(t, Part{Head: Head{Source: "a", Epoch: 1, Options: options}, Groups: groupsOf(tables[0])},
		Part{Head: Head{Source: "b", Epoch: 1 << 62, Options: options}, Groups: groupsOf(tables[1])})
}

// A file that is cut at any byte, or has one changed, is an error that tells where.
func TestDamage(t *testing.T) {
	t.Parallel()
	whole := sample(t)
	if parts, err := read(whole); err != nil || len(parts) != 2 || !bytes.Equal(union(t, whole), whole) {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	if got := union(t, bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n"))); !bytes.Equal(got, whole) {
		t.Error("line ends of Windows make another file")
	}
	rng := rand.New(rand.NewPCG(35, 36))
	for i := range whole {
		var e *Error
		if _, err := read(whole[:i]); !errors.As(err, &e) || !errors.Is(err, ErrCut) || e.Offset > int64(i) {
			t.Fatalf("cut at byte %d of %d: %v", i, len(whole), err)
		}
		other := bytes.Clone(whole)
		other[i] ^= byte(1 + rng.IntN(255))
		if _, err := read(other); !errors.As(err, &e) {
			t.Fatalf("byte %d of %d changed: %v", i, len(whole), err)
		}
	}
}

// Lines that are no rows of their detection are refused.
func TestRefusedLines(t *testing.T) {
	t.Parallel()
	const head = `{"sluice":"partial","v":1,"source":"a","epoch":1,"window":"auto","lag":"","nulls":"keep"}` + "\n"
	plain := string(appendLine(nil, known[0]))
	for text, want := range map[string]string{
		"":                         "cut off",
		"{}\n":                     "no file of partial rows",
		"x\n":                      "no file of partial rows",
		`{"detection":"a"}` + "\n": "no file of partial rows",
		strings.Replace(head, `"v":1`, `"v":2`, 1):                                                                       "version 2",
		strings.Replace(head, `"a"`, `""`, 1):                                                                            "no source",
		strings.Replace(head, `"epoch":1`, `"epoch":-1`, 1):                                                              "no source",
		strings.Replace(head, `{"s`, `{ "s`, 1):                                                                          "not one of",
		head + `{"key":[],"count":1}` + "\n":                                                                             "not one of",
		head + `{"detection":"x","id":"1","hash":"a"}` + "\n":                                                            `"x" is another`,
		head + `{"detection":"x","id":"1"}` + "\n":                                                                       "not one of",
		head + plain + `{"key":[null],"count":1}` + "\n":                                                                 "1 values",
		head + plain + `{"key":[null,1],"count":1}` + "\n":                                                               "not one of",
		head + plain + `{"key":[null,null],"count":0}` + "\n":                                                            "counts 0",
		head + plain + `{"key":[null,null],"count":-1}` + "\n":                                                           "counts -1",
		head + plain + `{"key":[null,null],"count":1099511627777}` + "\n":                                                "counts 10995",
		head + plain + `{"key":[null,null],"count":1e3}` + "\n":                                                          "not one of",
		head + plain + `{"key":[null,null],"count":1,"first":2,"last":1}` + "\n":                                         "behind its last",
		head + plain + `{"key":[null,null],"count":1,"first":2}` + "\n":                                                  "not one of",
		head + plain + `{"key":[null,null],"window":4,"count":1}` + "\n":                                                 "detection has not",
		head + plain + `{"key":[null,null],"late":true,"count":1}` + "\n":                                                "cannot be",
		head + plain + `{"key":[null,null],"count":1,"stats":["AA=="]}` + "\n":                                           "1 statistics",
		head + plain + `{"key":[{"b64":"YQ=="},null],"count":1}` + "\n":                                                  "not one of",
		head + plain + `{"key":["\u0061",null],"count":1}` + "\n":                                                        "not one of",
		head + plain + `{"key":[null,null],"key":[null,null],"count":1}` + "\n":                                          "not one of",
		head + string(appendLine(nil, known[1])) + `{"key":[null,null],"count":1}` + "\n":                                "0 statistics",
		head + string(appendLine(nil, known[1])) + `{"key":[null,null],"count":1,"stats":["A","AA==","AA=="]}` + "\n":    "not one of",
		head + string(appendLine(nil, known[1])) + `{"key":[null,null],"count":1,"stats":["//8=","AA==","AA=="]}` + "\n": "damaged",
		head + `{"rows":1,"sha256":""}` + "\n":                                                                           "0 rows",
		head + `{"rows":0,"sha256":""}` + "\n":                                                                           "not those of their hash",
		`{"parts":1}` + "\n":                                                                                             "0 parts",
		`{"parts": 0}` + "\n":                                                                                            "0 parts",
	} {
		if _, err := read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q\n gives %v, want an error about %q", text, err, want)
		}
	}
	if parts, err := read([]byte(`{"parts":0}` + "\n")); err != nil || len(parts) > 0 {
		t.Errorf("a file of no parts: %v", err)
	}
}

// Parts that were counted otherwise, or are not what a part of their name was, are told.
func TestSet(t *testing.T) {
	t.Parallel()
	var s Set
	part := func(source string, epoch int64, sum string, o Options) *Part {
		return &Part{Head: Head{Source: source, Epoch: epoch, Options: o}, Sum: sum}
	}
	other := options
	other.Lag = "1h"
	for i, c := range []struct {
		p     *Part
		isNew bool
		err   string
	}{
		{part("a", 1, "x", options), true, ""},
		{part("a", 1, "x", options), false, ""},
		{part("a", 2, "x", options), true, ""},
		{part("b", 1, "y", options), true, ""},
		{part("b", 1, "x", options), false, `source "b" has other rows of epoch 1`},
		{part("c", 1, "x", other), false, "--window auto --lag 1h --nulls keep, and others with --window auto --nulls keep"},
	} {
		isNew, err := s.Add(c.p)
		if isNew != c.isNew || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%d: %v, %v", i, isNew, err)
		}
	}
	if s.Len() != 3 {
		t.Errorf("%d parts, want 3", s.Len())
	}
}

// Whatever stands in a file, it is refused, or written again it is the same.
func FuzzRead(f *testing.F) {
	whole := sample(f)
	f.Add(whole)
	f.Add(union(f, whole, whole))
	f.Add([]byte(`{"parts":0}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parts, err := read(data)
		if err != nil || len(parts) == 0 {
			return
		}
		again := write(t, parts...)
		more, err := read(again)
		if err != nil || len(more) != len(parts) {
			t.Fatalf("%d parts were read, written, and are now %d: %v", len(parts), len(more), err)
		}
		for i := range parts {
			if parts[i].Sum != more[i].Sum {
				t.Fatalf("part %d changed", i)
			}
		}
	})
}

// The hash keeps a fuzzer out, so lines are fuzzed by themselves.
func FuzzRow(f *testing.F) {
	for line := range bytes.Lines(sample(f)) {
		f.Add(uint8(0), line)
		f.Add(uint8(1), line)
	}
	f.Fuzz(func(t *testing.T, n uint8, data []byte) {
		if !bytes.HasPrefix(data, []byte(`{"key":`)) || bytes.HasSuffix(data, []byte("\r\n")) || bytes.IndexByte(data, '\n') != len(data)-1 {
			return
		}
		d := known[n%2]
		text := append(appendLine(nil, Head{Format: "partial", V: 1, Source: "a", Options: options}), appendLine(nil, d)...)
		r := NewReader(bytes.NewReader(append(text, data...)))
		r.Shape = shapeOf
		_, err := r.Next()
		if err == nil || !errors.Is(err, ErrCut) {
			return // refused
		}
		var b builder
		b.r = &Reader{line: data}
		b.shape, _ = shapeOf(Head{}, d)
		b.part = &Part{Groups: []Group{{Detection: d, Funcs: b.shape.Funcs}}}
		if err := b.row(); err != nil {
			t.Fatal(err)
		}
		table := agg.New()
		row := b.part.Groups[0].Rows[0]
		table.Add(row, b.shape.Funcs)
		table.Add(row, b.shape.Funcs)
		if row.Overflow {
			return // it has none
		}
		for i, f := range b.shape.Funcs {
			table.Rows()[0].Stats[i].Result(f)
		}
	})
}
