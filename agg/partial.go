package agg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/big"
	"slices"
)

// Add adds a group that another table, or another run, has counted; funcs are those of
// its statistics. r stays as it is; its statistics' texts are kept.
func (t *Table) Add(r *Row, funcs []Func) {
	switch {
	case r.Count == 0:
		return
	case r.Overflow:
		t.overflow(r.Rule, len(r.Key)).add(r)
		return
	}
	t.settle()
	h := Hit{Rule: r.Rule, Window: r.Window, Late: r.Late, Key: r.Key}
	if len(r.Stats) > 0 {
		h.Funcs = funcs
	}
	p, e := t.insert(&h, t.ident(&h))
	if e == nil {
		t.overflow(r.Rule, len(r.Key)).add(r)
		return
	}
	e.count += r.Count
	if r.Timed {
		e.first, e.last = min(e.first, r.First), max(e.last, r.Last)
	}
	if len(r.Stats) > 0 {
		t.mergeStats(p, e, &statRow{funcs: funcs, stats: r.Stats})
	}
}

// Get returns the group of the rule, window, lateness and key of r, or nil if t has none.
// It is as valid as the rows of Rows.
func (t *Table) Get(r *Row) *Row {
	t.settle()
	h := Hit{Rule: r.Rule, Window: r.Window, Late: r.Late, Key: r.Key}
	id := t.ident(&h)
	t.key = h.appendKey(t.key[:0], id.head, t.sums)
	known := t.internLarge(r.Key)
	defer t.forget()
	if !known {
		return nil
	}
	p := t.part(id.hash)
	if len(p.slots) == 0 {
		return nil
	}
	e, _ := p.find(id.hash, t.key, t.bits)
	if e == nil {
		return nil
	}
	out := new(Row)
	t.row(out, p, e)
	return out
}

// MaxCount is the greatest count that a partial row or statistic may have, so that sums
// over thousands of them do not overflow.
const MaxCount = 1 << 40

// AppendState appends all that s keeps of f. Merged, decoded states give what the Stats
// themselves would, to the bit, and equal ones are written in the same bytes:
//
//	how many samples, and whether some were not kept for want of room; nothing more if
//	none
//	Values, List, Distinct, Mode: whether texts were left out, the least of those, how
//	many texts there are, and in order each with its count
//	First to Latest: the sample
//	Min, Max, Range: the number of numbers, the least and the greatest of them, the
//	least and the greatest text
//	Sum to VarP: the number of numbers, their exact sum and that of their squares
//
// Numbers are varints (encoding/binary), texts follow their length.
func (s *Stat) AppendState(dst []byte, f Func) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.n)<<1|uint64(bit(s.bag.lost)))
	if s.n == 0 {
		return dst
	}
	switch f {
	case Occurrences:
	case Values, List, Distinct, Mode:
		return s.bag.appendState(dst, limitOf(f))
	case First, Last, Earliest, Latest:
		return appendSample(dst, s.best)
	case Min, Max, Range:
		dst = binary.AppendUvarint(dst, uint64(s.nums))
		if s.nums > 0 {
			dst = appendNumber(appendNumber(dst, s.lo), s.hi)
		}
		return appendText(appendText(dst, s.textLo), s.textHi)
	default:
		dst = binary.AppendUvarint(dst, uint64(s.nums))
		if s.nums > 0 {
			dst = appendExact(appendExact(dst, s.sum), s.sq)
		}
	}
	return dst
}

func limitOf(f Func) int {
	if f == List {
		return maxList
	}
	return maxDistinct
}

func (b *bag) appendState(dst []byte, limit int) []byte {
	texts := b.sorted(limit)
	dst = append(dst, byte(bit(b.full)))
	if b.full {
		dst = appendText(dst, b.cut)
	}
	dst = binary.AppendUvarint(dst, uint64(len(texts)))
	for _, t := range texts {
		dst = binary.AppendUvarint(appendText(dst, t), uint64(b.n[t]))
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendNumber(dst []byte, v Sample) []byte {
	return binary.BigEndian.AppendUint64(appendText(dst, v.Text), math.Float64bits(v.Num))
}

func appendSample(dst []byte, v Sample) []byte {
	dst = append(appendText(dst, v.Text), byte(bit(v.IsNum)|bit(v.Timed)<<1))
	if v.IsNum {
		dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(v.Num))
	}
	if v.Timed {
		dst = binary.AppendVarint(dst, v.Nanos)
	}
	return dst
}

// fine is by what power of two a sum is multiplied to be a whole number: the square of
// the least float64 is 2 to the -2148.
const fine = 2148

// appendExact appends a sum: its sign and length of the odd number that it is when it is
// divided by a power of two, that number, and the power.
func appendExact(dst []byte, x *big.Float) []byte {
	whole, _ := new(big.Float).SetMantExp(x, fine).Int(nil)
	zeros := whole.TrailingZeroBits()
	digits := new(big.Int).Rsh(new(big.Int).Abs(whole), zeros).Bytes()
	dst = binary.AppendUvarint(dst, uint64(len(digits))<<1|uint64(bit(whole.Sign() < 0)))
	return binary.AppendUvarint(append(dst, digits...), uint64(zeros))
}

var errState = errors.New("the state of a statistic is damaged")

// DecodeState reads what AppendState wrote. It refuses whatever AppendState does not
// write, so that a state from elsewhere can do no more harm than one of our own.
func DecodeState(f Func, state []byte) (s Stat, err error) {
	d := decoder{b: state}
	head := d.count(MaxCount<<1 | 1)
	if s.n, s.bag.lost = head>>1, head&1 == 1; s.n > 0 {
		d.stat(f, &s)
	}
	if d.bad || len(d.b) > 0 || !bytes.Equal(s.AppendState(nil, f), state) {
		return Stat{}, errState
	}
	return s, nil
}

// decoder reads from b; bad says that it could not.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) stat(f Func, s *Stat) {
	switch f {
	case Occurrences:
	case Values, List, Distinct, Mode:
		d.bag(&s.bag, f)
	case First, Last, Earliest, Latest:
		s.best = d.sample()
	case Min, Max, Range:
		if s.nums = d.count(s.n); s.nums > 0 {
			s.lo, s.hi = d.number(), d.number()
			d.bad = d.bad || less(s.hi, s.lo)
		}
		s.textLo, s.textHi = d.text(), d.text()
		d.bad = d.bad || s.textLo > s.textHi
	default:
		if s.nums = d.count(s.n); s.nums > 0 {
			s.sum, s.sq = d.exact(), d.exact()
			d.bad = d.bad || !possible(s)
		}
	}
}

// possible reports whether there are numbers with these sums: by Cauchy and Schwarz, the
// square of the sum is at most so many times the sum of squares. Then no variance of
// theirs, or of what they are merged with, is below 0.
func possible(s *Stat) bool {
	wide := func() *big.Float { return new(big.Float).SetPrec(2*exact + 64) }
	n := new(big.Float).SetInt64(s.nums)
	return wide().Mul(s.sum, s.sum).Cmp(wide().Mul(n, s.sq)) <= 0
}

func (d *decoder) bag(b *bag, f Func) {
	if b.full = d.byte() == 1; b.full {
		b.cut = d.text()
	}
	limit := limitOf(f)
	n := d.count(int64(limit))
	last := ""
	for i := range n {
		t := d.text()
		c := d.count(MaxCount)
		if d.bad || i > 0 && t <= last || b.full && t >= b.cut || c == 0 || f == List && len(t) < 8 {
			d.bad = true
			return
		}
		if b.n == nil {
			b.n = map[string]int64{}
		}
		b.n[t], last = c, t
		b.bytes += len(t)
	}
	d.bad = d.bad || n == 0 && !b.lost || n > 1 && b.bytes > bagBytes
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

// count reads a number from 0 up to most.
func (d *decoder) count(most int64) int64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > uint64(most) {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return int64(v)
}

func (d *decoder) bytes(n int64) []byte {
	if n > int64(len(d.b)) {
		d.bad = true
		return nil
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) text() string { return string(d.bytes(d.count(math.MaxInt32))) }

func (d *decoder) float() float64 {
	b := d.bytes(8)
	if b == nil {
		return 0
	}
	x := math.Float64frombits(binary.BigEndian.Uint64(b))
	d.bad = d.bad || math.IsNaN(x) || math.IsInf(x, 0)
	return x
}

func (d *decoder) number() Sample {
	v := Sample{Text: d.text(), IsNum: true}
	v.Num = d.float()
	return v
}

func (d *decoder) sample() Sample {
	v := Sample{Text: d.text()}
	flags := d.byte()
	v.IsNum, v.Timed = flags&1 > 0, flags&2 > 0
	if v.IsNum {
		v.Num = d.float()
	}
	if v.Timed {
		nanos, n := binary.Varint(d.b)
		if n <= 0 {
			d.bad = true
			return v
		}
		v.Nanos, d.b = nanos, d.b[n:]
	}
	return v
}

// exact reads a sum, which is no larger than those that AppendState writes.
func (d *decoder) exact() *big.Float {
	head := d.count(exact / 8 << 1)
	digits := slices.Clone(d.bytes(head >> 1))
	zeros := d.count(exact)
	whole := new(big.Int).SetBytes(digits)
	if whole.BitLen()+int(zeros) > exact {
		d.bad = true
		zeros = 0
	}
	whole.Lsh(whole, uint(zeros))
	if head&1 > 0 {
		whole.Neg(whole)
	}
	x := new(big.Float).SetPrec(exact).SetInt(whole)
	return x.SetMantExp(x, -fine)
}
