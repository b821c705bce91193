package scan

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// marks are like those that the prefilter looks for.
var marks = [][]Mark{
	{{"4", "1", "0", "4"}},
	{{"u", "0", "0", "34567"}},
	{{"u", "0", "0", "2", "012345689abcdefABCDEF"}},
	{{"&", "#"}, {"<", "!?"}},
	{{"iI", "pP", "iI", "nN", "fF"}, {"iI", "pP", "iI", "fF", "yY"}},
}

// many returns n buckets of random marks.
func many(n int) (buckets [][]Mark) {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	for range n {
		var m Mark
		for range 2 + rng.IntN(Width-1) {
			c := byte(' ' + rng.IntN('~'-' '))
			m = append(m, string([]byte{c, c ^ 0x20&^(c>>1&0x20^0x20)}))
		}
		buckets = append(buckets, []Mark{m})
	}
	return buckets
}

// begins is the definition: whether a mark begins at i.
func begins(buckets [][]Mark, b []byte, i int) bool {
	for _, marks := range buckets {
		for _, m := range marks {
			ok := true
			for o := range m {
				ok = ok && i+o < len(b) && hasByte(m[o], b[i+o])
			}
			if ok {
				return true
			}
		}
	}
	return false
}

// looked is what the tables of f say of i, looked up one after another.
func (f *Finder) looked(b []byte, i int) bool {
	for s := range f.sets {
		m := byte(0xff)
		for o := range Width {
			c := byte(0)
			if i+o < len(b) {
				c = b[i+o]
			}
			switch f.kernel {
			case Generic:
				m &= byte(f.classes.at[o][c] >> (8 * s))
			case AVX2:
				t := f.vector[(s*Width+o)*offsetSize:]
				m &= t[16+c&15] & t[48+c>>4]
			case AVX512:
				m &= f.vector[(s*Width+o)*offsetSize+int(index(c))]
			}
		}
		if m != 0 && (f.kernel != AVX512 || b[i] < 0x80) {
			return true
		}
	}
	return false
}

// places returns all places of a block.
func places(f *Finder, block []byte) (all []int) {
	note := func(hits []Hit) {
		for _, h := range hits {
			for i := range 64 {
				if h.Mask>>i&1 != 0 {
					all = append(all, h.At+i)
				}
			}
		}
	}
	for at := 0; ; {
		hits, next, _ := f.Sweep(block, at, len(block), false)
		note(hits)
		if next == at {
			note(f.Rest(block, at))
			return all
		}
		at = next
	}
}

func finders(buckets [][]Mark) (fs []*Finder) {
	for _, k := range Kernels() {
		fs = append(fs, Compile(buckets, k).NewFinder())
	}
	return fs
}

// check compares what f finds with its tables and with the definition.
func check(t *testing.T, f *Finder, buckets [][]Mark, block []byte) {
	t.Helper()
	got := places(f, block)
	var want []int
	for i := range block {
		if f.looked(block, i) {
			want = append(want, i)
		} else if begins(buckets, block, i) {
			t.Fatalf("%v: the tables miss the mark at %d of %q", f.kernel, i, block)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%v: in %q got %v, want %v", f.kernel, block, got, want)
	}
}

// Each mark at each position of blocks of 0 to 256 bytes, at each alignment of
// a vector, between bytes that are nearly a mark.
func TestEveryLengthPositionAndAlignment(t *testing.T) {
	fs := finders(marks)
	memory := make([]byte, 512)
	for _, filler := range []string{"x", "41", "u00", "&", "\x00", "\xb4\xb1", "|U\x10", "\u212A\u0130ИП"} {
		for i := range memory {
			memory[i] = filler[i%len(filler)]
		}
		for _, mark := range []string{"4104", `u0041`, "u003", "u002d", "&#", "<?", "IpINF", "ipify"} {
			for n := 0; n <= 256; n++ {
				align := n % 64
				block := memory[align : align+n : align+n]
				for at := 0; at+len(mark) <= n; at += 1 + n/100 {
					saved := slices.Clone(block)
					copy(block[at:], mark)
					for _, f := range fs {
						if n%3 == int(f.kernel) || n < 80 {
							check(t, f, marks, block)
						}
					}
					copy(block, saved)
				}
			}
		}
	}
}

// Every number of buckets, every alignment of a block's start, with marks around
// the block that must not be seen.
func TestBucketsAlignmentsAndEdges(t *testing.T) {
	for n := 1; n <= MaxBuckets; n++ {
		buckets := many(n)
		var text []byte
		rng := rand.New(rand.NewPCG(61, uint64(n)))
		for len(text) < 1000 {
			for _, class := range buckets[rng.IntN(n)][0] {
				text = append(text, class[rng.IntN(len(class))])
			}
			if rng.IntN(4) == 0 {
				text = append(text, byte(rng.Uint32()))
			}
		}
		for _, f := range finders(buckets) {
			for _, size := range []int{0, 1, 4, 5, 31, 32, 35, 36, 63, 64, 67, 68, 69, 127, 132, 255, 700} {
				at := rng.IntN(64)
				check(t, f, buckets, text[at:at+size:at+size])
			}
		}
	}
}

// The line ends at and behind each place, regular and not.
func TestLineEnds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	none := [][]Mark{{{"\x00", "\x00", "\x00", "\x00", "\x00"}}}
	for _, f := range finders(none) {
		for range 3000 {
			b := make([]byte, 5+rng.IntN(300))
			for i := range b {
				b[i] = "{}\n\nab\x8a\x0b\xfd"[rng.IntN(9)]
			}
			from := rng.IntN(len(b))
			var got []int
			at, ends := from, 0
			for {
				hits, next, n := f.Sweep(b, at, len(b), true)
				ends += n
				for _, h := range hits {
					for i := range 64 {
						if h.Mask>>i&1 != 0 {
							got = append(got, h.At+i)
						}
					}
				}
				if next == at {
					break
				}
				at = next
			}
			var want []int
			for i := from; i < at; i++ {
				if b[i+1] == '\n' && (b[i] != '}' || b[i+2] != '{') {
					want = append(want, i)
				}
			}
			if n := bytes.Count(b[from+1:max(at, from)+1], []byte("\n")); !slices.Equal(got, want) || ends != n {
				t.Fatalf("%v: from %d to %d of %q: got %v and %d, want %v and %d", f.kernel, from, at, b, got, ends, want, n)
			}
			if rest := len(b) - at; rest >= f.kernel.step()+Width-1 {
				t.Fatalf("%v: left %d", f.kernel, rest)
			}
		}
	}
}

// Sweep keeps to the places that it is given.
func TestSweepStopsAtTo(t *testing.T) {
	block := bytes.Repeat([]byte("4104"), 100)
	for _, f := range finders(marks) {
		for to := range len(block) {
			hits, next, _ := f.Sweep(block, 3, to, false)
			if next > max(3, to) || len(hits) > 0 && hits[len(hits)-1].At >= to {
				t.Fatalf("%v: to %d: came to %d", f.kernel, to, next)
			}
		}
	}
}

func FuzzKernels(f *testing.F) {
	f.Add([]byte(`{"EventID":4104,"Text":"\u0041 &#65; <![CDATA[ <? "}`), uint8(5))
	f.Add(bytes.Repeat([]byte("4104"), 50), uint8(17))
	f.Add(bytes.Repeat([]byte{0}, 100), uint8(32))
	f.Fuzz(func(t *testing.T, block []byte, n uint8) {
		for _, buckets := range [][][]Mark{marks, many(1 + int(n)%MaxBuckets)} {
			for _, fd := range finders(buckets) {
				check(t, fd, buckets, block)
			}
		}
	})
}

func BenchmarkKernels(b *testing.B) {
	block := bytes.Repeat([]byte(`{"EventID":4688,"Path":"C:\\Windows\\System32","Time":"2024-05-06T07:08:09Z"}`+"\n"), 256<<10/78)
	block = append(block, "{}"...)
	for _, k := range Kernels() {
		for _, sets := range []int{1, 2, 3, 4} {
			b.Run(k.String()+"/"+string("01234"[sets]), func(b *testing.B) {
				buckets := slices.Clone(marks[:4])
				for sets > 1 && len(buckets) < 8*sets {
					buckets = append(buckets, []Mark{{"zZ", "qQ", "xX", "#", "qQ"}})
				}
				f := Compile(buckets, k).NewFinder()
				b.SetBytes(int64(len(block)))
				for b.Loop() {
					for at := 0; ; {
						hits, next, _ := f.Sweep(block, at, len(block), true)
						if len(hits) > 0 {
							b.Fatal("there is no mark in the block")
						}
						if next == at {
							break
						}
						at = next
					}
				}
			})
		}
	}
}
