package scan

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// naive is the definition: every place where a mark begins.
func naive(block, lit []byte) (places []int) {
	for i := range block {
		for _, mark := range [][]byte{lit[:LitLen], []byte(`\u00`), []byte(`&#`), []byte(`<!`), []byte(`<?`)} {
			if bytes.HasPrefix(block[i:], mark) {
				places = append(places, i)
				break
			}
		}
	}
	return places
}

// all returns what a Finder gives, going on one byte behind each place.
func all(f *Finder, block []byte) (places []int) {
	f.Start(block)
	for at := f.Next(0); at >= 0; at = f.Next(at + 1) {
		places = append(places, at)
	}
	return places
}

func finders(lit []byte) (fs []*Finder) {
	for _, k := range Kernels() {
		fs = append(fs, New(lit, k))
	}
	return fs
}

// Each mark at each position of blocks of 0 to 256 bytes, at each alignment of
// a vector, between bytes that are nearly a mark.
func TestEveryLengthPositionAndAlignment(t *testing.T) {
	lit := []byte("4104")
	fs := finders(lit)
	memory := make([]byte, 512)
	for _, filler := range []string{"x", "4", "41", "\\u0", "&", "<", "\x00", "\xb4\xb1", "|U\x10"} {
		for i := range memory {
			memory[i] = filler[i%len(filler)]
		}
		for _, mark := range []string{"4104", `\u00`, "&#", "<!", "<?"} {
			for n := 0; n <= 256; n++ {
				align := n % 64
				for at := 0; at+len(mark) <= n; at++ {
					block := memory[align : align+n : align+n]
					saved := slices.Clone(block)
					copy(block[at:], mark)
					want := naive(block, lit)
					for _, f := range fs {
						if got := all(f, block); !slices.Equal(got, want) {
							t.Fatalf("%v: %q at %d of %d behind %q: got %v, want %v", f.kernel, mark, at, n, filler, got, want)
						}
					}
					copy(block, saved)
				}
			}
		}
	}
}

// Every alignment of a block's start, with what stands around the block being
// marks that must not be seen.
func TestAlignmentsAndEdges(t *testing.T) {
	lit := []byte("4104")
	rng := rand.New(rand.NewPCG(61, 62))
	for align := range 64 {
		memory := bytes.Repeat([]byte("4104<!&#\\u00"), 40)
		for _, n := range []int{0, 1, 3, 4, 31, 32, 34, 35, 36, 63, 64, 67, 100, 255} {
			block := memory[align : align+n : align+n]
			want := naive(block, lit)
			for _, f := range finders(lit) {
				if got := all(f, block); !slices.Equal(got, want) {
					t.Fatalf("%v: align %d, length %d: got %v, want %v", f.kernel, align, n, got, want)
				}
				// From any place, the next one is the same.
				from := rng.IntN(n + 1)
				f.Start(block)
				first := -1
				if i := slices.IndexFunc(want, func(p int) bool { return p >= from }); i >= 0 {
					first = want[i]
				}
				if got := f.Next(from); got != first {
					t.Fatalf("%v: from %d of %d: got %d, want %d", f.kernel, from, n, got, first)
				}
			}
		}
	}
}

func FuzzKernels(f *testing.F) {
	f.Add([]byte(`{"EventID":4104,"Text":"\u0041 &#65; <![CDATA[ <? "}`), []byte("4104"))
	f.Add(bytes.Repeat([]byte("4104"), 50), []byte("1041x"))
	f.Add(bytes.Repeat([]byte{0}, 100), []byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, block, lit []byte) {
		notASCII := func(c byte) bool { return c >= 0x80 }
		if len(lit) < LitLen || bytes.IndexByte([]byte(`\&<`), lit[0]) >= 0 || slices.ContainsFunc(lit[:LitLen], notASCII) {
			return
		}
		want := naive(block, lit)
		for _, fd := range finders(lit) {
			if got := all(fd, block); !slices.Equal(got, want) {
				t.Errorf("%v: %q in %q: got %v, want %v", fd.kernel, lit, block, got, want)
			}
		}
	})
}

func BenchmarkKernels(b *testing.B) {
	block := bytes.Repeat([]byte(`{"EventID":4688,"Path":"C:\\Windows\\System32","Time":"2024-05-06T07:08:09Z"}`+"\n"), 256<<10/78)
	for _, k := range Kernels() {
		b.Run(k.String(), func(b *testing.B) {
			f := New([]byte("4104"), k)
			b.SetBytes(int64(len(block)))
			for b.Loop() {
				f.Start(block)
				if f.Next(0) >= 0 {
					b.Fatal("there is no mark in the block")
				}
			}
		})
	}
}
