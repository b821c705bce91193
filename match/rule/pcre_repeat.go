package rule

import (
	"fmt"
	"regexp"
	"strconv"
)

const (
	maxRepeat     = 65535 // of PCRE2
	maxRepeatOnce = 1000  // of package regexp
)

var (
	bounds = regexp.MustCompile(`^\{([0-9]+)(?:(,)([0-9]*))?\}`)
	// newBounds are those that PCRE2 takes since 10.43; before, they were text.
	newBounds = regexp.MustCompile(`^\{[ \t]*(?:[0-9]+[ \t]*(?:,[ \t]*[0-9]*)?|,[ \t]*[0-9]+)[ \t]*\}`)
)

// quantifier reads *, +, ? or {…}, and ? behind it.
func (t *translator) quantifier() error {
	start := t.pos
	low, high := 0, 0
	if m := bounds.FindStringSubmatch(t.rest()); m != nil {
		t.pos += len(m[0])
		low, high = atMost(m[1]), atMost(m[1])
		if m[2] != "" {
			if high = -1; m[3] != "" {
				high = atMost(m[3])
			}
		}
		if low > maxRepeat || high > maxRepeat || high >= 0 && high < low {
			return t.refuse(start, "invalid repeat count %s", m[0])
		}
	} else if t.src[t.pos] == '{' {
		if m := newBounds.FindString(t.rest()); m != "" {
			return t.refuse(start, "%s is a repetition or text, by the version of PCRE: write {0,n}, or no blanks, or \\{", m)
		}
		t.literal()
		return nil
	} else {
		t.pos++
	}
	sign := t.src[start:t.pos]
	if t.atom < 0 {
		return t.refuse(start, "there is nothing that %s could repeat", sign)
	}
	lazy := ""
	t.skipBlanks()
	switch {
	case t.at("+"):
		return t.refuse(start, "a possessive quantifier %s+ is not supported (RE2)", sign)
	case t.at("?"):
		t.pos++
		lazy = "?"
	}
	if max(low, high) <= maxRepeatOnce {
		t.put(sign + lazy)
	} else if err := t.repeat(start, low, high, lazy); err != nil {
		return err
	}
	t.atom = -1 // package regexp repeats no repetition, nor does PCRE2
	return nil
}

func atMost(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil || n > maxRepeat {
		return maxRepeat + 1
	}
	return n
}

// repeat writes a repetition that package regexp does not take at once as several, one
// behind the other. high is -1 without a bound.
func (t *translator) repeat(start, low, high int, lazy string) error {
	if t.kept {
		return t.refuse(start, "a group that keeps what it matches cannot be repeated more than %d times: write (?:", maxRepeatOnce)
	}
	unit := t.out.String()[t.atom:]
	head := t.out.String()[:t.atom]
	t.out.Reset()
	t.put(head + "(?:")
	add := func(bounds string) error {
		if t.put(unit + bounds + lazy); t.out.Len() > maxTranslation {
			return fmt.Errorf("its repetitions make more than %d bytes", maxTranslation)
		}
		return nil
	}
	for n := low; n > 0; n -= maxRepeatOnce {
		if err := add("{" + strconv.Itoa(min(n, maxRepeatOnce)) + "}"); err != nil {
			return err
		}
	}
	if high < 0 {
		if err := add("*"); err != nil {
			return err
		}
	}
	for n := high - low; n > 0; n -= maxRepeatOnce {
		if err := add("{0," + strconv.Itoa(min(n, maxRepeatOnce)) + "}"); err != nil {
			return err
		}
	}
	t.put(")")
	return nil
}
