package rule

import (
	"regexp/syntax"
	"testing"
)

// Whatever is translated can be compiled, or is too large; what is not says why.
func FuzzPCRE(f *testing.F) {
	for _, c := range constructs {
		f.Add(c.src, "")
		f.Add(c.src, "ims")
	}
	f.Fuzz(func(t *testing.T, src, flags string) {
		switch flags {
		case "", "i", "m", "s", "im", "is", "ms", "ims":
		default:
			t.Skip()
		}
		if len(src) > 2000 {
			t.Skip()
		}
		for _, test := range []bool{false, true} {
			out, err := PCRE{Flags: flags, Test: test}.Translate(src)
			if err != nil {
				if err.Error() == "" {
					t.Errorf("%q is refused without a reason", src)
				}
				continue
			}
			if _, err := syntax.Parse(out, syntax.Perl); err != nil {
				t.Errorf("%q gives %q: %v", src, out, err)
			}
		}
	})
}
