package rule

import "unicode/utf8"

// isBlank reports whether c is a blank: white space of ASCII.
func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// TrimBlanks returns value without the blanks at its end.
func TrimBlanks(value []byte) []byte {
	n := len(value)
	for n > 0 && isBlank(value[n-1]) {
		n--
	}
	return value[:n]
}

// tail is what parts end in that blanks may stand for.
type tail struct {
	chars  int      // how many characters
	behind *Pattern // them, if a star stands in front
}

// tailOf returns the tail of parts, which do not end in a star, or nil if it is empty.
func tailOf(parts []Part, cased bool) *tail {
	t, at := &tail{}, len(parts)
	for at > 0 && parts[at-1].Kind != Any {
		x := parts[at-1]
		if x.Kind == One {
			t.chars++
		} else {
			rest := len(TrimBlanks([]byte(x.Text)))
			if t.chars += len(x.Text) - rest; rest > 0 {
				break
			}
		}
		at--
	}
	switch {
	case t.chars == 0:
		return nil
	case at > 0 && parts[at-1].Kind == Any:
		p := compile(parts[at:], cased)
		t.behind = &p
	}
	return t
}

// MatchPadded is Match of value or of what is left of it without some or all of the
// blanks at its end.
func (p *Pattern) MatchPadded(value []byte) bool {
	if p.open || len(value) == 0 || !isBlank(value[len(value)-1]) {
		return p.match(value) // a star at the end takes all blanks
	}
	bare := len(TrimBlanks(value))
	switch {
	case p.tail == nil: // it ends in what is no blank, or is empty
		return p.match(value[:bare])
	case p.tail.behind != nil:
		// The longest that ends in the tail leaves most to the star, and so is the best.
		for n := len(value); n >= bare; n-- {
			if p.tail.behind.match(lastChars(value[:n], p.tail.chars)) {
				return p.match(value[:n])
			}
		}
		return false
	}
	// In front of the tail stands a character that is no blank, or nothing.
	for n := bare; n <= len(value) && n <= bare+p.tail.chars; n++ {
		if p.match(value[:n]) {
			return true
		}
	}
	return false
}

// lastChars returns the last n characters of value, or all of it.
func lastChars(value []byte, n int) []byte {
	at := len(value)
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRune(value[:at])
		at -= size
	}
	return value[at:]
}
