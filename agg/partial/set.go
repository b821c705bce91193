package partial

import "fmt"

// Set knows which parts have been counted. The zero Set knows none.
type Set struct {
	sums    map[identity]string
	options Options // of all parts
}

type identity struct {
	source string
	epoch  int64
}

// Add takes p into the set. It reports whether p is new: a part that the set has is not
// to be counted again. It is an error if p was counted in another way than the others, or
// differs from the part of its source and epoch.
func (s *Set) Add(p *Part) (isNew bool, err error) {
	if s.sums == nil {
		s.sums, s.options = map[identity]string{}, p.Options
	}
	if p.Options != s.options {
		return false, fmt.Errorf("the rows were counted with %v, and others with %v", p.Options, s.options)
	}
	id := identity{p.Source, p.Epoch}
	sum, known := s.sums[id]
	switch {
	case !known:
		s.sums[id] = p.Sum
		return true, nil
	case sum != p.Sum:
		return false, fmt.Errorf("source %q has other rows of epoch %d (hint: each run needs a --source or an --epoch of its own)", p.Source, p.Epoch)
	}
	return false, nil
}

// Len returns how many parts there are.
func (s *Set) Len() int { return len(s.sums) }

// Options returns how the parts were counted; ok is false if there is none.
func (s *Set) Options() (o Options, ok bool) { return s.options, s.sums != nil }

func (o Options) String() string {
	text := "--window " + o.Window
	if o.Lag != "" {
		text += " --lag " + o.Lag
	}
	return text + " --nulls " + o.Nulls
}
