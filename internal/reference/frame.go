package reference

import "strings"

// record is the raw text of one record.
type record struct {
	text string
	xml  bool // an XML event, else a JSON line
}

// blanks are the characters that do not make a line a record.
const blanks = " \t\r\x00"

// framer cuts lines into records. Where a record may start, < starts XML and
// anything else is a JSON record up to the end of its line. XML events go from
// <Event to the next </Event> outside CDATA sections and comments, over as
// many lines as that takes; other markup between them is passed over.
type framer struct {
	emit  func(record)
	state state
	event strings.Builder // the text of the event so far
}

type state int

const (
	outside      state = iota // where a record may start
	passTag                   // inside a tag that is passed over
	passPI                    // inside <? ?>
	passComment               // inside <!-- -->
	passCDATA                 // inside <![CDATA[ ]]> between events
	inEvent                   // inside an event
	eventComment              // inside a comment of an event
	eventCDATA                // inside a CDATA section of an event
)

// closing is what ends the constructs that have one fixed end.
var closing = map[state]string{
	passPI: "?>", passComment: "-->", passCDATA: "]]>",
	eventComment: "-->", eventCDATA: "]]>",
}

// line takes the next line, given without its newline.
func (f *framer) line(text string) {
	for {
		var more bool
		switch f.state {
		case outside:
			text, more = f.start(text)
		case passTag:
			text, more = f.tag(text)
		case inEvent:
			text, more = f.inside(text)
		default:
			text, more = f.until(text, closing[f.state])
		}
		if !more {
			break
		}
	}
	if f.state >= inEvent {
		f.event.WriteByte('\n')
	}
}

// end emits what the end of the file cut off. Only events count: markup
// between them is no record, whole or not.
func (f *framer) end() {
	if f.state >= inEvent {
		f.emitEvent()
	}
	f.state = outside
}

func (f *framer) emitEvent() {
	f.emit(record{text: f.event.String(), xml: true})
	f.event.Reset()
	f.state = outside
}

// start looks for the start of a record. Like its siblings it returns the rest
// of the line and whether there is more to do in it.
func (f *framer) start(text string) (string, bool) {
	text = strings.TrimLeft(text, blanks)
	switch {
	case text == "":
		return "", false
	case strings.HasPrefix(text, "<!--"):
		f.state, text = passComment, text[4:]
	case strings.HasPrefix(text, "<![CDATA["):
		f.state, text = passCDATA, text[9:]
	case strings.HasPrefix(text, "<?"):
		f.state, text = passPI, text[2:]
	case startsEvent(text):
		f.state, text = inEvent, text[6:]
		f.event.WriteString("<Event")
	case startsTag(text):
		f.state, text = passTag, text[1:]
	default:
		if !isRecordHeader(text) {
			f.emit(record{text: text})
		}
		return "", false
	}
	return text, true
}

// startsEvent reports whether text begins with the start tag of an event. The
// line's end counts as the white space that may follow the name.
func startsEvent(text string) bool {
	rest, ok := strings.CutPrefix(text, "<Event")
	return ok && (rest == "" || strings.ContainsRune(" \t\r\n>/", rune(rest[0])))
}

// startsTag reports whether text begins with markup rather than with a stray
// less-than sign, which is an unreadable JSON record.
func startsTag(text string) bool {
	if len(text) < 2 || text[0] != '<' {
		return false
	}
	c := text[1]
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == ':' ||
		c == '/' || c == '!' || c >= 0x80
}

// isRecordHeader recognises the lines "Record 17" that evtx_dump prints.
func isRecordHeader(text string) bool {
	digits, ok := strings.CutPrefix(strings.TrimRight(text, blanks), "Record ")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// tag passes over a tag. One that is broken off by another is left there, so
// that it cannot swallow an event.
func (f *framer) tag(text string) (string, bool) {
	i := strings.IndexAny(text, "<>")
	if i < 0 {
		return "", false
	}
	f.state = outside
	if text[i] == '>' {
		i++
	}
	return text[i:], true
}

// until passes to the end of a comment, CDATA section or processing
// instruction, keeping its text when it is part of an event.
func (f *framer) until(text, mark string) (string, bool) {
	end, found := len(text), false
	if i := strings.Index(text, mark); i >= 0 {
		end, found = i+len(mark), true
	}
	if f.state >= inEvent {
		f.event.WriteString(text[:end])
	}
	if found {
		if f.state >= inEvent {
			f.state = inEvent
		} else {
			f.state = outside
		}
	}
	return text[end:], found
}

// inside reads on in an event to its end or to the next construct that can
// hide an end.
func (f *framer) inside(text string) (string, bool) {
	for i := range len(text) {
		if text[i] != '<' {
			continue
		}
		for _, mark := range []struct {
			text string
			next state
		}{{"</Event>", outside}, {"<!--", eventComment}, {"<![CDATA[", eventCDATA}} {
			if !strings.HasPrefix(text[i:], mark.text) {
				continue
			}
			end := i + len(mark.text)
			f.event.WriteString(text[:end])
			if f.state = mark.next; f.state == outside {
				f.emitEvent()
			}
			return text[end:], true
		}
	}
	f.event.WriteString(text)
	return "", false
}
