package detection

import (
	"fmt"
	"strings"
	"testing"
)

// Merge keys stand for the members of other mappings, in rules of both kinds and macros.
func TestMergeKeys(t *testing.T) {
	t.Parallel()
	where := func(src string) string {
		d, problems := load(src)
		if d == nil || problems != "" {
			return problems
		}
		where, _, _ := strings.Cut(d.Rule.String(), " | ")
		return where[strings.LastIndex(where, `(= EventID "4104")`)+len(`(= EventID "4104")`):]
	}
	rule := func(detection string) string {
		head, _, _ := strings.Cut(sigmaRule, "detection:")
		return head + "detection:\n" + detection
	}
	for _, c := range []struct{ name, src, want string }{
		{"a mapping", rule("  a: &a {A: 1, B: 2}\n  b: {<<: *a, C: 3}\n  condition: b and a\n"), ` (= C "3") (= A "1") (= B "2") (= A "1") (= B "2"))`},
		{"own members come first", rule("  a: &a {A: 1, B: 2}\n  b: {<<: *a, A: 3}\n  condition: b or a\n"), ` (or (and (= A "3") (= B "2")) (and (= A "1") (= B "2"))))`},
		{"of several the earlier one", rule("  a: &a {A: 1}\n  b: &b {A: 2, B: 3}\n  c: {<<: [*a, *b]}\n  condition: c or a or b\n"),
			` (or (and (= A "1") (= B "3")) (= A "1") (and (= A "2") (= B "3"))))`},
		{"merged ones that merge", rule("  a: &a {A: 1}\n  b: &b {<<: *a, B: 2}\n  c: {<<: *b}\n  condition: c and b and a\n"), ` (= B "2") (= A "1") (= B "2") (= A "1") (= A "1"))`},
		{"a mapping in place", rule("  a: {<<: {A: 1}, B: 2}\n  condition: a\n"), ` (= B "2") (= A "1"))`},
		{"in a list", rule("  a: &a {A: 1}\n  b:\n    - {<<: *a, B: 2}\n    - C: 3\n  condition: b or a\n"), ` (or (and (= B "2") (= A "1")) (= C "3") (= A "1")))`},
		{"a key in quotes", rule("  a: {'<<': x}\n  condition: a\n"), ` (= "<<" "x"))`},
		{"no mapping", rule("  a: {<<: 1, B: 2}\n  condition: a\n"), "r.yml:8:7: cannot merge: what stands behind << is no mapping, nor a list of mappings"},
		{"no mappings", rule("  a: {<<: [{A: 1}, x]}\n  condition: a\n"), "r.yml:8:7: cannot merge: what stands behind << is no mapping, nor a list of mappings"},
		{"itself", rule("  a: &a {<<: *a, B: 2}\n  condition: a\n"), "r.yml:8:10: cannot merge a mapping into itself"},
		{"what it stands in", rule("  a: &a {B: {<<: *a}}\n  condition: a\n"), "r.yml:8:14: cannot merge a mapping into itself"},
		{"a key twice", rule("  a: &a {A: 1}\n  b: {<<: *a, B: 2, B: 3}\n  condition: a or b\n"), `r.yml:9:21: key "B" stands twice in a search`},
	} {
		if got := where(c.src); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
	// The fault stands where the member does.
	if got := where(rule("  a: &a {A|no: 1}\n  b: {<<: *a}\n  condition: b\n")); !strings.Contains(got, "r.yml:8:10: unknown modifier") {
		t.Error(got)
	}
}

// A file whose merge keys stand for far more than it holds costs no more than others.
func TestMergeBomb(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("title: T\nx0: &x0 {")
	for i := range 2000 {
		fmt.Fprintf(&b, "k%d: 1, ", i)
	}
	b.WriteString("z: 1}\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "x%d: &x%d {<<: [*x%d, *x%d, *x%d]}\n", i+1, i+1, i, i, i)
	}
	b.WriteString("detection: {}\n")
	if d, problems := load(b.String()); d != nil || !strings.Contains(problems, "merge keys add more than 100000 members") {
		t.Errorf("%.300s", problems)
	}
}

func TestMergeInDetections(t *testing.T) {
	t.Parallel()
	src := strings.Replace(strings.Replace(sound, "version: 1\n", "", 1), "status: production\n", "<<: {status: production, version: 7}\n", 1)
	d, problems := load(src)
	if d == nil || d.Status != "production" || d.Version != 7 {
		t.Errorf("%+v %s", d, problems)
	}
}
