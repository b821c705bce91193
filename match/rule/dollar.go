package rule

import "regexp/syntax"

// EndsBeforeLineFeed makes each $ of re that means the end of the text stand before a
// last line feed, too, as in PCRE, by which Splunk and Sigma's authors know it. It
// reports whether there is one.
func EndsBeforeLineFeed(re *syntax.Regexp) (changed bool) {
	if re.Op == syntax.OpEndText && re.Flags&syntax.WasDollar != 0 {
		end, err := syntax.Parse(`(?:\n?\z)`, syntax.Perl)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		*re = *end
		return true
	}
	for _, sub := range re.Sub {
		changed = EndsBeforeLineFeed(sub) || changed
	}
	return changed
}
