package prefilter

import "bytes"

// Most rules need the digits of an event id, which are seldom the rarest literal and so
// no anchor. Where another one stands, such as http: in the namespace that each XML event
// names, a look for the digits saves the decoding.

// signs are literals without letters that rules need, and so are compared as they stand.
type signs struct {
	texts [][]byte
	of    []int // by rule: which of texts it needs; -1 for none
}

// newSigns chooses for each rule the literal that most rules need.
func newSigns(needs []Need) signs {
	m := signs{of: make([]int, len(needs))}
	rules := map[string]int{}
	lits := make([][]string, len(needs))
	for r, n := range needs {
		for _, lit := range n.required(nil) {
			if isGate(lit) {
				lits[r] = append(lits[r], lit)
				rules[lit]++
			}
		}
	}
	numbers := map[string]int{}
	for r := range needs {
		m.of[r] = -1
		best := ""
		for _, lit := range lits[r] {
			if rules[lit] > rules[best] {
				best = lit
			}
		}
		if best == "" {
			continue
		}
		i, ok := numbers[best]
		if !ok {
			i = len(m.texts)
			numbers[best] = i
			m.texts = append(m.texts, []byte(best))
		}
		m.of[r] = i
	}
	return m
}

// signed drops from dst, behind its first n, the rules whose sign raw lacks. In raw
// nothing may hide.
func (s *Scanner) signed(dst []int, n int, raw []byte) []int {
	const unknown, stands, absent = 0, 1, 2
	clear(s.signs)
	kept := dst[:n]
	for _, r := range dst[n:] {
		if i := s.f.signs.of[r]; i >= 0 {
			if s.signs[i] == unknown {
				s.signs[i] = absent
				if bytes.Contains(raw, s.f.signs.texts[i]) {
					s.signs[i] = stands
				}
			}
			if s.signs[i] == absent {
				continue
			}
		}
		kept = append(kept, r)
	}
	return kept
}
