package lookup

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"sluice/internal/corpus"
	"sluice/match/rule"
)

func found(x *Index, values ...string) (out []string) {
	x.Find(values, func(r []string) { out = append(out, strings.Join(r, "|")) })
	return out
}

func TestNew(t *testing.T) {
	t.Parallel()
	tab, err := New(Definition{}, strings.NewReader("\ufeff a ,b\n1,\"x, \"\"y\"\"\"\n2\n3,z,more\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%q %q", tab.Columns, tab.Rows); got != `["a" "b"] [["1" "x, \"y\""] ["2" ""] ["3" "z"]]` {
		t.Error(got)
	}
	if !tab.Has("b") || tab.Has("c") {
		t.Error("Has")
	}
	if _, err := New(Definition{}, strings.NewReader("")); err == nil {
		t.Error("a table without a header is read")
	}
}

// naive is what an Index promises: a look at every row.
func naive(t *Table, columns, values []string) (out []string) {
	limit := t.Max
	if limit == 0 {
		limit = 100
	}
	for _, r := range t.Rows {
		ok := true
		for i, c := range columns {
			cell, v := r[slices.Index(t.Columns, c)], values[i]
			if t.CaseFolded {
				cell, v = rule.FoldString(cell), rule.FoldString(v)
			}
			switch t.Match[c] {
			case Exact:
				ok = ok && cell == v
			case Wildcard:
				ok = ok && covers(cell, v)
			case CIDR:
				p, err := netip.ParsePrefix(cell)
				a, err2 := netip.ParseAddr(v)
				ok = ok && err == nil && err2 == nil && p.Contains(a)
			}
		}
		if ok && len(out) < limit {
			out = append(out, strings.Join(r, "|"))
		}
	}
	return out
}

func covers(pattern, v string) bool {
	if pattern == "" {
		return v == ""
	}
	if pattern[0] == '*' {
		return covers(pattern[1:], v) || v != "" && covers(pattern, v[1:])
	}
	return v != "" && v[0] == pattern[0] && covers(pattern[1:], v[1:])
}

func TestIndexEqualsScan(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	letters := 4
	word := func() string {
		var b strings.Builder
		for range rng.IntN(4) {
			b.WriteString([]string{"a", "A", "b", "*", "é", "É", "k", "\u212A"}[rng.IntN(letters)])
		}
		return b.String()
	}
	nets := []string{"10.0.0.0/8", "10.1.0.0/16", "x", "::/0", ""}
	addrs := []string{"10.1.1.1", "10.2.0.1", "::1", "x", ""}
	hits := 0
	for n := range 600 {
		letters = 4 + 4*(n%2)
		tab := &Table{Columns: []string{"e", "w", "c", "n"}}
		tab.Match = map[string]MatchType{"w": Wildcard, "c": CIDR}
		tab.CaseFolded = rng.IntN(2) == 0
		tab.Max = rng.IntN(3)
		for i := range rng.IntN(30) {
			tab.Rows = append(tab.Rows, []string{word(), word(), nets[rng.IntN(len(nets))], fmt.Sprint(i)})
		}
		columns := []string{"e", "w", "c"}
		rng.Shuffle(3, func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
		columns = columns[:1+rng.IntN(3)]
		x := tab.Index(columns)
		for range 20 {
			values := make([]string, len(columns))
			for i, c := range columns {
				values[i] = strings.ReplaceAll(word(), "*", "b")
				if c == "c" {
					values[i] = addrs[rng.IntN(len(addrs))]
				}
			}
			got, want := found(x, values...), naive(tab, columns, values)
			if !slices.Equal(got, want) {
				t.Fatalf("%v %q of %+v: %q, want %q", columns, values, tab, got, want)
			}
			hits += len(got)
		}
	}
	if hits < 100 {
		t.Errorf("only %d hits", hits)
	}
}

// Cells with a letter in one case are found by values with it in another, if case does not
// count, and are what they are if it does.
func TestEveryCaseIsFound(t *testing.T) {
	t.Parallel()
	for _, cases := range corpus.Cases() {
		tab := &Table{Columns: []string{"e", "w", "n"}}
		tab.Match = map[string]MatchType{"w": Wildcard}
		for i, r := range cases {
			s := string(r)
			tab.Rows = append(tab.Rows, []string{"x" + s, "*" + s + "y" + s + "*", fmt.Sprint(i)})
		}
		for _, tab.CaseFolded = range []bool{false, true} {
			exact, wide := tab.Index([]string{"e"}), tab.Index([]string{"w"})
			for _, r := range cases {
				want := 1
				if tab.CaseFolded {
					want = len(cases)
				}
				s := string(r)
				if a, b := found(exact, "x"+s), found(wide, "z"+s+"y"+s); len(a) != want || len(b) != want {
					t.Fatalf("%q, folded %v: found %q and %q, want %d", r, tab.CaseFolded, a, b, want)
				}
			}
		}
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	var s Set
	errs := s.Add(fstest.MapFS{
		"plain.csv":   {Data: []byte("a\n1\n")},
		"def.yml":     {Data: []byte("name: other\nfilename: plain.csv\ncase_sensitive_match: false\nmin_matches: 1\ndefault_match: none\n")},
		"gone.yml":    {Data: []byte("name: gone\nfilename: gone.csv\n")},
		"kv.yml":      {Data: []byte("collection: kv\nfields_list: a,  b\n")},
		"bad.yml":     {Data: []byte("name: [\n")},
		"odd.yml":     {Data: []byte("name: odd\nfilename: plain.csv\nmatch_type: FUZZY(a)\n")},
		"min.yml":     {Data: []byte("name: min\nfilename: plain.csv\nmin_matches: few\n")},
		"nohead.csv":  {Data: nil},
		"quoted.yaml": {Data: []byte("name: quoted\nfilename: plain.csv\nmatch_type: WILDCARD(a), CIDR(b) ,EXACT(c)\nmax_matches: '3'\n")},
	}, "dir")
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "cannot read lookup dir/bad.yml: ") {
		t.Errorf("errors %v", errs)
	}
	for name, want := range map[string]string{
		"missing":   `lookup "missing" is not defined`,
		"gone":      `cannot read lookup "gone" from dir/gone.csv: file does not exist`,
		"odd":       `cannot read lookup "odd": match_type "FUZZY(a)" is not supported`,
		"min":       `cannot read lookup "min": min_matches must be a whole number`,
		"nohead":    `cannot read lookup "nohead" from dir/nohead.csv: the table has no header line`,
		"../secret": `lookup "../secret" is not defined`,
	} {
		if _, err := s.Find(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	other, err := s.Find("other")
	if err != nil || !other.CaseFolded {
		t.Fatal(other, err)
	}
	if text, ok := other.Fallback(0); text != "none" || !ok {
		t.Error("no default")
	}
	if _, ok := other.Fallback(1); ok {
		t.Error("a default beside a match")
	}
	kv, err := s.Find("kv")
	if err != nil || !slices.Equal(kv.Columns, []string{"a", "b"}) || len(kv.Rows) > 0 {
		t.Error(kv, err)
	}
	quoted, err := s.Find("quoted")
	if err != nil || quoted.Match["a"] != Wildcard || quoted.Match["b"] != CIDR || quoted.Max != 3 {
		t.Error(quoted, err)
	}
	// A folder that is added later wins, and fills a collection.
	s.Add(fstest.MapFS{"kv.csv": {Data: []byte("a,b\nx,y\n")}, "plain.csv": {Data: []byte("a\n2\n")}}, "mine")
	if kv, err = s.Find("kv"); err != nil || len(kv.Rows) != 1 {
		t.Error(kv, err)
	}
	if again, err := s.Find("plain.csv"); err != nil || again.Rows[0][0] != "2" {
		t.Error(again, err)
	}
	if _, err := (*Set)(nil).Find("x"); err == nil {
		t.Error("no set has a lookup")
	}
}

func FuzzNew(f *testing.F) {
	f.Add("a,b\n1,\"2\"\n", "1")
	f.Add("\ufeffa\n*x*\n", "axb")
	f.Add("a\n\"\n", "")
	f.Fuzz(func(t *testing.T, text, value string) {
		tab, err := New(Definition{Match: map[string]MatchType{"b": Wildcard, "c": CIDR}, CaseFolded: len(text)%2 == 0}, strings.NewReader(text))
		if err != nil {
			return
		}
		for _, r := range tab.Rows {
			if len(r) != len(tab.Columns) {
				t.Fatalf("%d cells, %d columns", len(r), len(tab.Columns))
			}
		}
		for _, c := range tab.Columns {
			if n := len(found(tab.Index([]string{c}), value)); n > maxMatches {
				t.Fatalf("%d matches", n)
			}
		}
	})
}
