package match

import (
	"bytes"

	"sluice/internal/record"
	"sluice/match/prefilter"
)

// Sweep scans the records that begin in text[lo:hi], without framing them one by
// one, for as long as they are regular: such that a new record.Framer gives the
// same ones whatever it is asked for; see record.Regular. It returns the place up
// to which it has come, where that framer would go on, and which may be lo.
// text[lo:] begins a record, and no part of the text may be missing behind it:
// the bytes behind hi are looked at.
func (s *Scanner) Sweep(text []byte, lo, hi int, f record.Regular) int {
	switch {
	case s.filter == nil || !s.filter.Sweeps():
	case f.Lines && text[lo] == '{':
		return s.sweepLines(text, lo, hi)
	case f.Events && text[lo] == '<':
		return s.sweepEvents(text, lo, hi)
	}
	return lo
}

// sweepLines scans regular lines.
func (s *Scanner) sweepLines(text []byte, lo, hi int) int {
	s.filter.Start(text, lo, hi, prefilter.Lines)
	looked, from := int64(0), lo // from begins a line
	for {
		at, why := s.filter.Next(from)
		if why == prefilter.Breaks {
			at-- // the line that ends there is not regular
		}
		start := record.LineStart(text, from, at)
		if why == prefilter.Opens {
			if end, ok := record.LineEnd(text, start, at); ok && end < hi {
				s.scanRecord(start, record.JSON, text[start:end])
				looked++
				from = end + 1
				continue
			}
		}
		if start > lo {
			n := int64(s.filter.Lines(start))
			s.Counts.Records += n
			s.Counts.Skipped += n - looked
		}
		return start
	}
}

// sweepEvents scans regular XML events.
func (s *Scanner) sweepEvents(text []byte, lo, hi int) int {
	s.filter.Start(text, lo, hi, prefilter.Events)
	done, from := lo, lo // behind the last event, and where to look
	open, opens := -1, false
	var tag []byte // of the last event
	for {
		at, why := s.filter.Next(from)
		switch from = at + 1; why {
		case prefilter.Opens:
			if record.OpensSection(text, at) {
				return done
			}
			opens = true
		case prefilter.Tag:
			if open < 0 {
				start, ok := record.EventStart(text, done, at)
				if !ok {
					return done
				}
				open, opens = start, false
				tag = record.StartTag(text, start)
				continue
			}
			end, ok := record.EventEnd(text, open, at)
			if !ok {
				return done
			}
			s.Counts.Records++
			if opens {
				s.scanRecord(open, record.XML, text[open:end])
			} else {
				s.Counts.Skipped++
			}
			done, open = end, -1
			// Nearly always the next event follows, with the same tag.
			if start := record.LineFeed(text, end); len(tag) > 0 && bytes.HasPrefix(text[start:], tag) {
				open, opens, from = start, false, start+len("<Ev")
			}
		default:
			return done
		}
	}
}
