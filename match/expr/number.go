package expr

import (
	"math"
	"net/netip"
	"strings"

	"sluice/match/row"
)

// ofNumber makes a function of one number.
func ofNumber(f func(float64) float64) *function {
	return &function{min: 1, max: 1, each: true, call: func(_ *Env, a []row.Value) row.Value {
		x, ok := a[0].Num()
		if !ok {
			return row.Value{}
		}
		return row.OfNumber(f(x))
	}}
}

var numberFunctions = map[string]*function{
	"abs":     ofNumber(math.Abs),
	"ceil":    ofNumber(math.Ceil),
	"ceiling": ofNumber(math.Ceil),
	"floor":   ofNumber(math.Floor),
	"sqrt":    ofNumber(math.Sqrt),
	"exp":     ofNumber(math.Exp),
	"ln":      ofNumber(math.Log),
	"exact":   ofNumber(func(f float64) float64 { return f }),
	"pi": {call: func(*Env, []row.Value) row.Value {
		return row.OfNumber(math.Pi)
	}},
	"pow": {min: 2, max: 2, call: ofTwo(math.Pow)},
	"log": {min: 1, max: 2, call: func(_ *Env, a []row.Value) row.Value {
		x, ok := a[0].Num()
		base := 10.0
		if len(a) == 2 && ok {
			base, ok = a[1].Num()
		}
		if !ok {
			return row.Value{}
		}
		return row.OfNumber(math.Log(x) / math.Log(base))
	}},
	"round": {min: 1, max: 2, each: true, call: func(_ *Env, a []row.Value) row.Value {
		x, ok := a[0].Num()
		digits := 0.0
		if len(a) == 2 && ok {
			digits, ok = a[1].Num()
		}
		if !ok || math.Abs(digits) > 15 {
			return row.Value{}
		}
		scale := math.Pow(10, math.Trunc(digits))
		return row.OfNumber(math.Round(x*scale) / scale)
	}},
	"min": {min: 1, max: maxArgs, nulls: true, call: func(_ *Env, a []row.Value) row.Value { return extreme(a, -1) }},
	"max": {min: 1, max: maxArgs, nulls: true, call: func(_ *Env, a []row.Value) row.Value { return extreme(a, 1) }},
}

func ofTwo(f func(x, y float64) float64) func(*Env, []row.Value) row.Value {
	return func(_ *Env, a []row.Value) row.Value {
		x, okX := a[0].Num()
		y, okY := a[1].Num()
		if !okX || !okY {
			return row.Value{}
		}
		return row.OfNumber(f(x, y))
	}
}

// extreme returns the least (-1) or greatest (1) value of all arguments that are not
// null; a text is greater than every number.
func extreme(args []row.Value, sign int) (best row.Value) {
	for _, a := range args {
		for i := range a.Len() {
			if v := a.At(i); best.IsNull() || order(v, best)*sign > 0 {
				best = v
			}
		}
	}
	return best
}

// order compares single values: numbers by size, before texts by bytes.
func order(l, r row.Value) int {
	a, okA := l.Num()
	b, okB := r.Num()
	switch {
	case okA && !okB:
		return -1
	case okB && !okA:
		return 1
	case !okA:
		if l.String() < r.String() {
			return -1
		} else if l.String() > r.String() {
			return 1
		}
		return 0
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Order compares single values as sort and min do: numbers by size, before texts by
// bytes.
func Order(l, r row.Value) int { return order(l, r) }

// AddressKey is text that sorts by bytes as addresses do, IPv4 before IPv6; what is no
// address is behind them.
func AddressKey(s string) string {
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil {
		return "\xff" + s
	}
	return string(rune('0'+a.BitLen()/64)) + string(a.Unmap().AsSlice())
}
