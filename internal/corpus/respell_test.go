package corpus

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestRespellKeepsDuplicates(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	doc := []byte(`{"a":1,"b":[{"x":1},2],"a":{"q":"\ud83d\ude00 \udead"},"a":3,"c":null}`)
	for range 200 {
		again := Respell(rng, JSON, doc)
		p := &jsonReader{doc: again}
		n, err := p.value()
		if err != nil {
			t.Fatalf("%v: %s", err, again)
		}
		kinds := ""
		for i, k := range n.keys {
			if string(k.runes) == "a" {
				kinds += string(n.items[i].token) + string(rune(max(n.items[i].kind, ' ')))
			}
		}
		if kinds != "1 {3 " {
			t.Fatalf("members named a are in the order %q: %s", kinds, again)
		}
		if !strings.Contains(strings.ToLower(string(again)), `\udead"`) {
			t.Fatalf("the lone surrogate is gone: %s", again)
		}
	}
}

func TestRespellLeavesDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	for _, doc := range []string{"", "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `"\`, `"\u12`, `"\q"`, "{\"a\":\"\xff\"}", "[1}", "{} {}", "]"} {
		if got := Respell(rng, JSON, []byte(doc)); string(got) != doc {
			t.Errorf("JSON %q became %q", doc, got)
		}
	}
	for _, doc := range []string{"<", "<Event", "<Event a>", "<Event a='>", "<a>&nope;</a>", "<a>& </a>", "<!-- ", "<![CDATA[ ", "<? "} {
		if got := Respell(rng, XML, []byte(doc)); string(got) != doc {
			t.Errorf("XML %q became %q", doc, got)
		}
	}
}

// TestRespellReachesEverySpelling makes sure that the spellings that decoders
// get wrong do occur.
func TestRespellReachesEverySpelling(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 20))
	var j, x strings.Builder
	for _, e := range events(21, 400) {
		j.Write(Respell(rng, JSON, ByName("nxlog").Render(e)))
		x.Write(Respell(rng, XML, ByName("xml-splunk").Render(e)))
	}
	for _, want := range []string{`\/`, `\u004`, `\u002d`, `\u002D`, `\ud83d\u`, `\uD83D\u`, "\t:", `\u0022`, `\u005c`} {
		if !strings.Contains(j.String(), want) {
			t.Errorf("no JSON has %q", want)
		}
	}
	for _, want := range []string{"&#x", "&#00", "&#x00", "&apos;", "&quot;", "<![CDATA[", "]]]]><![CDATA[>", "<!--</Event>-->", "\r\n", "<Event\n", "></Security>", "/>", "='", `="`, "<Data\t", "</Data\n"} {
		if !strings.Contains(x.String(), want) {
			t.Errorf("no XML has %q", want)
		}
	}
}

func TestRespellXMLCorners(t *testing.T) {
	rng := rand.New(rand.NewPCG(24, 25))
	for _, doc := range []string{
		`<a b='"' c="'" d="&lt;&amp;&quot;&apos;&#10;&#x9;]]>"/>`,
		`<a><b>&#13;&#10;x ]]&gt; &#xD;</b><c> </c><d></d><e/></a>`,
		"<a><!-- x --><b>one<!-- two -->three<![CDATA[<four>]]></b\n></a>",
		"<?xml version='1.0'?><a>\r\n<b\tc = 'd' />\r\n</a>",
	} {
		want, err := tree([]byte(doc))
		if err != nil {
			t.Fatalf("cannot decode %s: %v", doc, err)
		}
		for range 500 {
			again := Respell(rng, XML, []byte(doc))
			if got, err := tree(again); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("respelling changed the tree: %v\n%q\n%q", err, doc, again)
			}
		}
	}
}
