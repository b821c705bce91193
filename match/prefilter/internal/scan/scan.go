// Package scan finds the places in a block of bytes where one of a few short
// marks begins, at the speed of memory. It knows nothing of what they mean.
//
// The marks are the first four bytes of a literal, and the beginnings of what
// may hide it: \u00, &#, <! and <?. Every kernel finds the same places; Generic
// is always there, and the others are tested against it. README.md shows the
// idea on real bytes.
package scan

import "bytes"

// LitLen is how many bytes of the literal a Finder compares. The caller checks
// the rest.
const LitLen = 4

// Kernel is a way to look for the marks.
type Kernel uint8

const (
	// Generic is portable Go.
	Generic Kernel = iota
	// AVX2 compares 32 positions at once.
	AVX2
	// AVX512 looks 64 positions up at once. It needs VBMI and GFNI.
	AVX512
)

func (k Kernel) String() string { return [...]string{"generic", "AVX2", "AVX-512"}[k] }

// Kernels returns the kernels that this machine can run, the best one last.
func Kernels() []Kernel {
	ks := []Kernel{Generic}
	if hasAVX2 {
		ks = append(ks, AVX2)
	}
	if hasAVX512 {
		ks = append(ks, AVX512)
	}
	return ks
}

// Best returns the fastest kernel of this machine.
func Best() Kernel {
	k := Kernels()
	return k[len(k)-1]
}

// Finder finds marks in one block after another. It is for one goroutine.
type Finder struct {
	kernel Kernel
	marks  [5][]byte
	lit    uint32 // AVX2: the literal
	tables tables // AVX512
	block  []byte
	next   [5]int // Generic: where each mark stands next, or -1 if not known
}

// New returns a Finder for lit, which has at least LitLen bytes, all of them
// ASCII, and begins with none of \ & <. The kernel must be one of Kernels.
func New(lit []byte, kernel Kernel) *Finder {
	f := &Finder{
		kernel: kernel,
		marks:  [5][]byte{lit[:LitLen:LitLen], []byte(`\u00`), []byte(`&#`), []byte(`<!`), []byte(`<?`)},
		lit:    uint32(lit[0]) | uint32(lit[1])<<8 | uint32(lit[2])<<16 | uint32(lit[3])<<24,
	}
	f.tables = newTables(f.marks[:])
	return f
}

// Start makes block the one that Next looks at.
func (f *Finder) Start(block []byte) {
	f.block = block
	f.next = [5]int{-1, -1, -1, -1, -1}
}

// Next returns the first place at or behind from where a mark begins, or -1.
// Calls must not go back in the block.
func (f *Finder) Next(from int) int {
	if f.kernel != Generic {
		var found bool
		if from, found = f.vector(from); found {
			return from
		}
	}
	return f.generic(from)
}

// generic remembers for each mark where it stands next, so that a frequent one
// does not make the rare ones be searched for again.
func (f *Finder) generic(from int) int {
	best := len(f.block)
	for i, mark := range f.marks {
		if f.next[i] < from {
			f.next[i] = len(f.block)
			if k := bytes.Index(f.block[min(from, len(f.block)):], mark); k >= 0 {
				f.next[i] = from + k
			}
		}
		best = min(best, f.next[i])
	}
	if best == len(f.block) {
		return -1
	}
	return best
}
