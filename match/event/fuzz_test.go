package event_test

import (
	"encoding/json"
	"encoding/xml"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/internal/corpus"
	"sluice/internal/record"
	"sluice/match/event"
)

// value decodes a record and returns the values of one field of its first event.
func value(kind record.Kind, raw []byte, name string) (values []string, err error) {
	d := event.NewDecoder(event.Project([]string{name}), nil)
	first := true
	err = d.Decode(kind, raw, func(ev *event.Event) {
		if first {
			for _, v := range ev.Values(0) {
				values = append(values, string(v))
			}
			first = false
		}
	})
	return values, err
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// A JSON string decodes to what encoding/json makes of it.
func FuzzJSONString(f *testing.F) {
	for _, s := range []string{
		`"plain"`, `"\u0049nvoke\u002dRestMethod"`, `"\ud83d\ude00"`, `"\ud800\u0041"`, `"\\ud800\u0041"`,
		`"\udc00"`, `"\ud800\ud800\udc00"`, `"a\/b\"c\\d\b\f\n\r\t"`, `"\r\n\r"`, `"\u0000"`, `"\uD83D\uDE00x"`,
		`"\\\ud83dx"`, `"\ud83d\u0041\ud83d"`, "\"\xff\xfe\"", `"é\u00e9"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, literal string) {
		var want string
		if json.Unmarshal([]byte(literal), &want) != nil || !strings.HasPrefix(strings.TrimSpace(literal), `"`) {
			return
		}
		if !utf8.ValidString(literal) {
			return // encoding/json writes one U+FFFD a byte, we one a run
		}
		got, err := value(record.JSON, []byte(`{"EventID":4104,"Text":`+literal+`}`), "Text")
		if err != nil {
			t.Fatalf("%s: %v", literal, err)
		}
		want = lineEnds.Replace(want)
		if want == "" && len(got) == 0 {
			return
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %q, want %q", literal, got, want)
		}
		// The same within event data that stands as JSON text.
		inner, err := json.Marshal(`{"Text":` + literal + `}`)
		if err != nil {
			t.Fatal(err)
		}
		nested, err := value(record.JSON, []byte(`{"EventID":4104,"TimeGenerated":"x","EventData":`+string(inner)+`}`), "Text")
		if err != nil || len(nested) != 1 || nested[0] != want {
			t.Errorf("%s in text: got %q, %v, want %q", literal, nested, err, want)
		}
	})
}

// The text of a Data element decodes to what encoding/xml makes of it, where
// that takes it.
func FuzzXMLText(f *testing.F) {
	for _, s := range []string{
		"plain", "a&lt;b&gt;&amp;&quot;&apos;", "&#73;nvoke&#x2d;Rest", "a<![CDATA[<b>&amp;]]>c", "a<!-- <b> -->c",
		"\r\n\r\n", "&#xD;\r\n", "&#13;&#10;", "<?x y?>", "]]&gt;", "&amp;lt;", "&#x1F600;", "<![CDATA[]]>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i := range text {
			if text[i] == '<' && i+1 < len(text) && text[i+1] != '!' && text[i+1] != '?' {
				return // an element: the value ends there, by our own rule
			}
			if rest := text[i:]; strings.HasPrefix(rest, "<!") && !strings.HasPrefix(rest, "<!--") && !strings.HasPrefix(rest, "<![CDATA[") {
				return // a declaration, which no event has
			}
		}
		doc := "<Event><System></System><EventData><Data Name='Text'>" + text + "</Data></EventData></Event>"
		var want struct {
			Data []string `xml:"EventData>Data"`
		}
		if xml.Unmarshal([]byte(doc), &want) != nil || len(want.Data) != 1 {
			return
		}
		got, err := value(record.XML, []byte(doc), "Text")
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		text = lineEnds.Replace(want.Data[0])
		if text == "" && len(got) == 0 {
			return
		}
		if len(got) != 1 || got[0] != text {
			t.Errorf("%q: got %q, want %q", doc, got, text)
		}
	})
}

// No record makes the decoder panic, and every value is clean: not empty, valid
// UTF-8, without CR.
func FuzzDecode(f *testing.F) {
	g := corpus.New(5)
	g.Letters = true
	rng := rand.New(rand.NewPCG(5, 6))
	for k := range corpus.Shapes {
		s := &corpus.Shapes[k]
		f.Add(s.Render(g.Match()))
		f.Add(corpus.Respell(rng, s.Format, s.Render(g.Match())))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, kind := range []record.Kind{record.JSON, record.XML} {
			d := event.NewDecoder(event.ProjectAll([]string{"ScriptBlockText", "EventID"}), nil)
			for range 2 { // state of one record must not reach the next
				d.Decode(kind, raw, func(ev *event.Event) {
					for slot, name := range ev.Names() {
						for _, v := range ev.Values(slot) {
							if len(v) == 0 || !utf8.Valid(v) || strings.ContainsRune(string(v), '\r') {
								t.Errorf("%s = %q in %q", name, v, raw)
							}
						}
					}
				})
			}
		}
	})
}
