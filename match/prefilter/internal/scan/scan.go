// Package scan finds the places in a block of bytes where one of many short
// marks may begin, at the speed of memory, and counts line ends on the way. It
// knows nothing of what the marks mean.
//
// Every kernel finds at least the places at which a mark begins; which others
// it finds depends on how its tables tell bytes apart. README.md shows the idea
// on real bytes.
package scan

import "math/bits"

// Width is how many bytes of a mark a kernel compares, from its place on.
const Width = 5

// MaxBuckets is how many groups of marks a Finder tells apart.
const MaxBuckets = 4 * bucketsOfSet

// bucketsOfSet is how many buckets one lookup serves: the bits of a byte.
const bucketsOfSet = 8

// Mark says which bytes may stand at its place and behind it, one string for
// each offset. Behind the last one, and behind Width, anything may.
type Mark []string

// Kernel is a way to look for marks.
type Kernel uint8

const (
	// Generic is portable Go.
	Generic Kernel = iota
	// AVX2 looks 32 places up at once.
	AVX2
	// AVX512 looks 64 places up at once. It needs VBMI and GFNI.
	AVX512
)

func (k Kernel) String() string { return [...]string{"generic", "AVX2", "AVX-512"}[k] }

// step is how many places the kernel looks at in one turn.
func (k Kernel) step() int { return [...]int{8, 32, 64}[k] }

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

// Hit tells of up to 64 neighbouring places: At+i for each bit i of Mask.
type Hit struct {
	At   int
	Mask uint64
}

// room is for how many hits a kernel is called.
const room = 64

// Tables are what a kernel looks up. They are immutable.
type Tables struct {
	kernel  Kernel
	sets    int
	classes *classes
	vector  []byte // of AVX2 and AVX512
	pairs   *pairs // of Generic
}

// Compile makes the tables of the marks in each bucket, of which there are at
// most MaxBuckets. A Finder tells of a place if for some bucket and every offset
// the byte there is one that a mark of the bucket has at that offset: marks that
// share a bucket should be alike. The kernel must be one of Kernels.
func Compile(buckets [][]Mark, kernel Kernel) *Tables {
	if len(buckets) > MaxBuckets {
		panic("BUG: scan: too many buckets")
	}
	t := &Tables{kernel: kernel, sets: max(1, (len(buckets)+bucketsOfSet-1)/bucketsOfSet), classes: newClasses(buckets)}
	switch kernel {
	case Generic:
		t.pairs = newPairs(t.classes)
	case AVX2:
		t.vector = t.classes.nibbles(t.sets)
	case AVX512:
		t.vector = t.classes.entries(t.sets)
	}
	return t
}

// Finder finds marks in one block after another. It is for one goroutine.
type Finder struct {
	*Tables
	hits [room]Hit
	// touched is of Generic: the sum of what it loads, so that it is loaded.
	touched byte
}

// NewFinder returns a Finder of the marks.
func (t *Tables) NewFinder() *Finder {
	return &Finder{Tables: t}
}

// Sweep looks at places of block from from on, up to but not at to: at whole
// turns of the kernel, until there are none left or until there is no room for
// more hits. It returns the places, valid until the next call, and where it has
// come to, which is from if what is left is less than a turn; see Rest.
//
// With lines set, it also returns how many line feeds stand at the places
// looked at but one further on, and tells of each place, marked or not, which
// is followed by a line feed and neither is '}' nor has '{' behind that.
func (f *Finder) Sweep(block []byte, from, to int, lines bool) (hits []Hit, next, ends int) {
	turns := min(to-from, len(block)-(Width-1)-from) / f.kernel.step()
	if turns <= 0 {
		return nil, from, 0
	}
	var n, found int
	if f.kernel == Generic {
		n, found, ends = f.generic(block[from:], turns, lines)
	} else {
		n, found, ends = f.call(block[from:], turns, lines)
	}
	hits = f.hits[:found]
	for i := range hits {
		hits[i].At += from
	}
	return hits, from + n*f.kernel.step(), ends
}

// Rest is Sweep, without lines, for what is left of a block: less than a turn
// and what follows it.
func (f *Finder) Rest(block []byte, from int) []Hit {
	var padded [64 + 64 + Width]byte
	n := copy(padded[:64+Width], block[from:])
	hits, _, _ := f.Sweep(padded[:], 0, (n+f.kernel.step()-1)/f.kernel.step()*f.kernel.step(), false)
	kept := hits[:0]
	for _, h := range hits {
		if over := h.At + 64 - n; over > 0 {
			h.Mask = h.Mask << over >> over // not the places behind the block
		}
		if h.At += from; h.Mask != 0 {
			kept = append(kept, h)
		}
	}
	return kept
}

// First returns the first place at or behind from and takes those before it, and
// itself, out of h. ok is false if there is none.
func (h *Hit) First(from int) (place int, ok bool) {
	if from > h.At {
		h.Mask = h.Mask >> (from - h.At) << (from - h.At)
	}
	if h.Mask == 0 {
		return 0, false
	}
	place = h.At + bits.TrailingZeros64(h.Mask)
	h.Mask &= h.Mask - 1
	return place, true
}
