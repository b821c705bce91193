package tape

// names tells of most names that an object's members have not that they have not: a
// record is asked for a dozen, such as those of the tools that wrap events, and has
// forty others. It is a Bloom filter of one hash, made when the object is first asked.
type names struct {
	of  int32 // the object's node, plus one; 0 if it is none's
	set [256 / 64]uint64
}

func nameBit(name []byte) (word int, bit uint64) {
	h := uint(len(name))
	if len(name) > 0 {
		h = h*7 + uint(name[0])*31 + uint(name[len(name)-1])
	}
	return int(h % 256 / 64), 1 << (h % 64)
}

// fewMembers are asked one by one.
const fewMembers = 8

// may reports whether the object at node i may have a member of the name.
func (t *Tape) may(i int32, name string) bool {
	if t.nodes[i].end-i <= 2*fewMembers {
		return true
	}
	if t.names.of != i+1 {
		t.names = names{of: i + 1}
		for k, end := i+1, t.nodes[i].end; k < end; k = t.nodes[k+1].end {
			word, bit := nameBit(t.string(k))
			t.names.set[word] |= bit
		}
	}
	word, bit := nameBit([]byte(name))
	return t.names.set[word]&bit != 0
}

// Get returns the first member of that name of an object, or a Missing value.
func (v Value) Get(name string) Value {
	if !v.Is(Object) || !v.t.may(v.i, name) {
		return Value{}
	}
	t := v.t
	for i, end := v.i+1, t.nodes[v.i].end; i < end; i = t.nodes[i+1].end {
		if n := &t.nodes[i]; n.clean == asIs && int(n.hi-n.lo) != len(name) {
			continue
		}
		if string(t.string(i)) == name {
			return Value{t, i + 1}
		}
	}
	return Value{}
}
