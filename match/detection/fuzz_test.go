package detection

import (
	"errors"
	"testing"
)

// Any bytes give detections or problems; each problem of the file has a place in
// it, and what is loaded has a rule and a name.
func FuzzParse(f *testing.F) {
	for _, src := range []string{
		"", "a: [*a]", "a: &a [*a]", "? [x]\n: y\n", "<<: *x", "---\n---\n",
		head + search + "tests: [{name: n, attack_data: [{data: x}], want: {rows: [{dest: [a]}]}}]\n",
		head + search + "tags: {message: m, risk_score: 5, observable: [{name: dest, type: User, role: [Victim]}]}\n",
		head + search + "rba: {message: $x$, risk_objects: [{field: dest, type: user, score: 1}]}\n",
		head + search + "finding: {title: $dest$, entity: {field: dest, type: user, score: 0}}\n",
		head + search + "tests: &t [{name: n, attack_data: *t}]\n",
		"title: T\nlogsource: {product: windows, category: ps_script}\ndetection: {a: {ScriptBlockText|contains: x}, condition: a}\n",
		"title: T\nlogsource: &l {product: windows}\ndetection: {a: &a {b: 1}, c: {<<: [*a, {d: 2}], <<: *l}, condition: a}\n",
		"x: &x {<<: *x}\ny: {<<: [*x, *x]}\nsearch: a\n",
		"title: C\ncorrelation: {rules: [a, &a b], condition: a and b, generate: true}\n---\ntitle: F\nfilter: {rules: any}\n",
		"action: global\n---\ntitle: T\nlogsource: {}\ndetection: {a: &a {b: *a}, condition: a}\n",
	} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		l := Loader{Lint: true}
		found := l.parse("r.yml", src)
		for _, d := range found {
			if d.Rule == nil || d.Name == "" || d.Rule.String() == "" {
				t.Errorf("loaded %+v", d)
			}
		}
		failed := false
		for _, err := range l.Problems {
			var e *Error
			if !errors.As(err, &e) || e.File != "r.yml" || e.Line < 0 || e.Check == "" {
				t.Errorf("problem %+v", err)
				continue
			}
			failed = failed || !e.Warning
		}
		if len(found) == 0 && !failed {
			t.Errorf("nothing was loaded and nothing is wrong: %q", src)
		}
	})
}
