package expr

import (
	"slices"
	"strings"

	"sluice/match/row"
)

// maxValues bounds how many values an expression makes of one.
const maxValues = 100_000

var multiFunctions = map[string]*function{
	"mvcount": {min: 1, max: 1, call: func(_ *Env, a []row.Value) row.Value {
		return row.OfInt(int64(a[0].Len()))
	}},
	"mvindex": {min: 2, max: 3, call: mvindex},
	"mvjoin": {min: 2, max: 2, call: func(_ *Env, a []row.Value) row.Value {
		texts, sep := a[0].Texts(), a[1].String()
		if len(texts)*len(sep) > maxText {
			return row.Value{}
		}
		return ofText(strings.Join(texts, sep))
	}},
	"mvappend": {min: 1, max: maxArgs, nulls: true, call: func(_ *Env, a []row.Value) row.Value {
		var out []string
		for _, v := range a {
			out = append(out, v.Texts()...)
		}
		return row.OfTexts(out[:min(len(out), maxValues)])
	}},
	"mvdedup": {min: 1, max: 1, call: func(_ *Env, a []row.Value) row.Value {
		var out []string
		seen := map[string]bool{}
		for _, t := range a[0].Texts() {
			if !seen[t] {
				seen[t] = true
				out = append(out, t)
			}
		}
		return row.OfTexts(out)
	}},
	"mvsort": {min: 1, max: 1, call: func(_ *Env, a []row.Value) row.Value {
		return row.OfTexts(slices.Sorted(slices.Values(a[0].Texts())))
	}},
	"mvzip": {min: 2, max: 3, call: func(_ *Env, a []row.Value) row.Value {
		sep := ","
		if len(a) == 3 {
			sep = a[2].String()
		}
		l, r := a[0].Texts(), a[1].Texts()
		var out []string
		size := 0
		for i := 0; i < min(len(l), len(r)) && size < maxText; i++ {
			out = append(out, l[i]+sep+r[i])
			size += len(out[i])
		}
		return row.OfTexts(out)
	}},
	"mvfind": {min: 2, max: 2, call: func(_ *Env, a []row.Value) row.Value {
		re, err := CompileTest(a[1].String())
		if err != nil || len(a[1].String()) > maxRegex {
			return row.Value{}
		}
		for i, t := range a[0].Texts() {
			if re.MatchString(t) {
				return row.OfInt(int64(i))
			}
		}
		return row.Value{}
	}},
	"split": {min: 2, max: 2, call: func(_ *Env, a []row.Value) row.Value {
		return row.OfTexts(strings.SplitN(a[0].String(), a[1].String(), maxValues))
	}},
}

// mvindex returns the values from one place to another, counted from 0, or from the
// end if negative; out of range is null.
func mvindex(_ *Env, a []row.Value) row.Value {
	texts := a[0].Texts()
	place := func(v row.Value) (int, bool) {
		f, ok := v.Num()
		if f < 0 {
			f += float64(len(texts))
		}
		return int(min(max(f, -1), float64(len(texts)))), ok
	}
	lo, ok := place(a[1])
	hi := lo
	if len(a) == 3 && ok {
		hi, ok = place(a[2])
	}
	hi = min(hi, len(texts)-1)
	if !ok || lo < 0 || lo > hi {
		return row.Value{}
	}
	if a[0].Len() == 1 {
		return a[0]
	}
	return row.OfTexts(texts[lo : hi+1 : hi+1])
}
