package tailer

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"sluice/internal/record"
)

func TestFault13PartialLine(t *testing.T) {
	whole := recs("p", 0, 1)[0]
	for cut := 1; cut < len(whole); cut += 7 {
		for _, down := range []bool{false, true} {
			r := newRig(t, "app.json")
			a, b := recs("a", 0, 3), recs("b", 0, 3)
			r.write("app.json", lines(a)+whole[:cut])
			r.drain()
			r.want(a...)
			if down {
				r.stop()
			}
			r.pass(time.Minute) // longer than FlushAfter: it may still be completed
			r.want(a...)
			r.write("app.json", whole[cut:]+"\n"+lines(b))
			r.rest()
			r.want(join(a, b, []string{whole})...)
		}
	}
}

func TestFault13PartialLineOverRotation(t *testing.T) {
	a, b, whole := recs("a", 0, 3), recs("b", 0, 3), recs("p", 0, 1)[0]
	for _, end := range []string{whole, whole[:12]} { // complete but for the line feed, or not
		for _, how := range []string{"rename", "delete", "copytruncate", "truncate"} {
			for _, down := range []bool{false, true} {
				if down && (how == "truncate" || how == "delete") {
					continue // nobody has it any more
				}
				t.Run(fmt.Sprint(how, len(end), down), func(t *testing.T) {
					r := newRig(t, "app.json")
					r.write("app.json", lines(a)+end)
					r.drain()
					r.want(a...)
					if down {
						r.stop()
					}
					switch how {
					case "rename":
						r.rename("app.json", "app.json.1")
					case "delete":
						r.must(os.Remove(r.path("app.json")))
					case "copytruncate":
						r.copytruncate("app.json", "app.json.1")
					case "truncate":
						r.must(os.Truncate(r.path("app.json"), 0))
					}
					r.write("app.json", lines(b))
					r.rest()
					r.want(join(a, b, []string{end})...)
					if cuts := r.saw(Cut); (cuts == 1) != (end != whole) {
						t.Errorf("%d cut records: %v", cuts, r.events)
					}
				})
			}
		}
	}
}

// The rest of a line may come after the file was renamed, as long as the wait.
func TestFault13PartialLineCompletedBehindTheRename(t *testing.T) {
	r := newRig(t, "app.json")
	w, err := os.Create(r.path("app.json"))
	r.must(err)
	defer w.Close()
	whole := recs("p", 0, 1)[0]
	r.put(w, whole[:9])
	r.drain()
	r.rename("app.json", "app.json.1")
	r.pass(time.Second)
	r.put(w, whole[9:]+"\n")
	r.rest()
	r.want(whole)
}

// A complete record without its line feed is taken after FlushAfter. The line feed
// that comes behind it is no record; neither does it spoil what else comes.
func TestFault13FlushedWithoutLineFeed(t *testing.T) {
	a, b := recs("a", 0, 2), recs("b", 0, 2)
	for _, more := range []string{"\n", "\r\n", ""} {
		r := newRig(t, "app.json")
		r.write("app.json", a[0]+"\n"+a[1])
		r.drain()
		r.want(a[0])
		r.pass(time.Second)
		r.want(a[0])
		r.pass(time.Minute)
		r.want(a...)
		r.stop()
		r.write("app.json", more+lines(b))
		r.rest()
		r.want(join(a, b)...)
	}
	r := newRig(t, "app.json")
	r.write("app.json", a[0]+"\n"+a[1][:10])
	r.pass(time.Second)
	r.pass(time.Minute)
	r.pass(time.Minute)
	if r.saw(Waiting) != 1 {
		t.Errorf("%d times told that a record waits, want once: %v", r.saw(Waiting), r.events)
	}
}

func TestFault14CutAnywhere(t *testing.T) {
	text := "{\"a\":1}\r\n{\"b\":\"ü\"}\r\n\r\n[{\"c\":3},\n{\"d\":4}]\n<Event><System/>x</Event>\r\n{\"e\":5}\n"
	want := []string{`{"a":1}`, `{"b":"ü"}`, `{"c":3}`, `{"d":4}`, `<Event><System/>x</Event>`, `{"e":5}`}
	for cut := 0; cut <= len(text); cut++ {
		for _, down := range []bool{false, true} {
			r := newRig(t, "app.json")
			r.write("app.json", text[:cut])
			r.drain()
			if down {
				r.stop()
			}
			r.write("app.json", text[cut:])
			r.drain()
			r.rest()
			r.want(want...)
			r.close()
		}
	}
	r := newRig(t, "app.json")
	for i := range len(text) {
		r.write("app.json", text[i:i+1])
		r.drain()
	}
	r.want(want...)
}

func TestFault14BlockEdges(t *testing.T) {
	for _, off := range []int{-3, -2, -1, 0, 1, 2} {
		r := newRig(t, "app.json")
		first := `{"p":"` + strings.Repeat("x", blockSize+off-9) + `"}`
		a := join([]string{first}, recs("a", 0, 5000))
		r.write("app.json", strings.Join(a, "\r\n")+"\r\n")
		r.drain()
		r.want(a...)
		r.stop()
		r.drain()
		r.want(a...)
	}
}

func TestFault15HugeLine(t *testing.T) {
	r := newRig(t, "app.json")
	r.cfg.Max = 1 << 20
	a, b := recs("a", 0, 5), recs("b", 0, 5)
	r.write("app.json", lines(a)+`{"x":"`)
	part := strings.Repeat("x", 3<<20)
	for i := range 8 {
		r.write("app.json", part)
		if i == 4 {
			r.stop() // in the middle of what is passed over
		}
		r.drain()
		for _, s := range r.f.all {
			if len(s.partial) > maxPartial {
				t.Fatalf("%d bytes of a partial record are kept", len(s.partial))
			}
		}
		if cap(r.f.raw) > 8<<20 {
			t.Fatalf("%d bytes are used", cap(r.f.raw))
		}
	}
	if n := r.chunks[len(r.chunks)-1].pos.Offset; n < 23<<20 {
		t.Errorf("the position stands at %d: the line would be read anew", n)
	}
	r.stop()
	r.write("app.json", "\"}\n"+lines(b))
	r.rest()
	got := r.after(len(r.chunks)).records
	if len(got) != 11 || r.kinds[record.Bad] != 1 {
		t.Fatalf("%d records, %d of them bad; want 11 and 1", len(got), r.kinds[record.Bad])
	}
	for _, rec := range join(a, b) {
		if got[rec] != 1 {
			t.Errorf("%d times: %s", got[rec], rec)
		}
	}
}

// A line that grows slowly is not read anew for every byte.
func TestFault15SlowLongLine(t *testing.T) {
	r := newRig(t, "app.json")
	r.write("app.json", `{"x":"`+strings.Repeat("x", 1<<20))
	r.drain()
	r.pass(time.Second)
	looks := r.f.looks
	for range 50 {
		r.write("app.json", "xxxx")
		r.drain()
	}
	if n := r.f.looks - looks; n > 5 {
		t.Errorf("read %d times although it has grown by little", n)
	}
	r.write("app.json", "\"}\n")
	r.pass(time.Second)
	if n := len(r.after(len(r.chunks)).records); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

func TestFault16Holes(t *testing.T) {
	r := newRig(t, "app.json")
	w, err := os.Create(r.path("app.json")) // does not append
	r.must(err)
	defer w.Close()
	a, b := recs("a", 0, 50), recs("b", 0, 50)
	r.put(w, lines(a))
	r.drain()
	r.copytruncate("app.json", "app.json.1")
	r.put(w, lines(b)) // behind a hole
	r.rest()
	r.want(join(a, b)...)
	if _, err := w.Seek(64<<30, 0); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c := recs("c", 0, 50)
	r.put(w, lines(c))
	r.rest()
	r.want(join(a, b, c)...)
	t.Logf("64 GiB of hole took %v", time.Since(began))
}

func TestFault16Garbage(t *testing.T) {
	r := newRig(t, "app.json")
	a := recs("a", 0, 3)
	bad := "\xff\xfe\x80\x01 {not json"
	r.write("app.json", a[0]+"\n"+bad+"\n\x00\x00\x00"+a[1]+"\n\x00\n"+a[2]+"\n")
	r.rest()
	r.want(join(a, []string{bad})...)
	r.write("bom.json", "")
	r = newRig(t)
	r.write("bom.json", "\xef\xbb")
	r.drain()
	r.write("bom.json", "\xbf"+a[0]+"\n")
	r.rest()
	r.want(a[0])
	r.stop()
	r.write("bom.json", a[1]+"\n")
	r.rest()
	r.want(a[:2]...)
	r.write("log.evtx", "ElfFile\x00\n"+lines(a))
	r.rest()
	r.rest()
	r.want(a[:2]...)
	if r.saw(Unreadable) != 1 {
		t.Errorf("%d times told that an event log cannot be read: %v", r.saw(Unreadable), r.events)
	}
}

func asUTF16(text string, big bool) []byte {
	var out bytes.Buffer
	for _, u := range utf16.Encode([]rune(text)) {
		if big {
			out.Write([]byte{byte(u >> 8), byte(u)})
		} else {
			out.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	return out.Bytes()
}

func TestFault16UTF16(t *testing.T) {
	text := "{\"a\":\"ü€𝄞\"}\r\n{\"b\":\"" + strings.Repeat("𝄞ü", 50) + "\"}\n{\"c\":3}\n"
	want := strings.Split(strings.ReplaceAll(strings.TrimSpace(text), "\r", ""), "\n")
	for _, mark := range []string{"", "\ufeff"} {
		for _, big := range []bool{false, true} {
			all := asUTF16(mark+text, big)
			for cut := 0; cut <= len(all); cut += 3 {
				for _, down := range []bool{false, true} {
					r := newRig(t, "app.json")
					r.write("app.json", string(all[:cut]))
					r.drain()
					if down {
						r.stop()
					}
					r.write("app.json", string(all[cut:]))
					r.drain()
					r.want(want...)
					if p := r.after(len(r.chunks)).positions; len(p) != 1 || p[0].Offset != int64(len(all)) {
						t.Fatalf("the positions are %v, want one at %d", p, len(all))
					}
					r.close()
				}
			}
		}
	}
}

func TestFault17XML(t *testing.T) {
	event := func(i int) string {
		return fmt.Sprintf("<Event xmlns='x'>\n<System><n>%d</n></System>\n<!-- </Event> --><d><![CDATA[</Event>]]></d>\n</Event>", i)
	}
	text := "<?xml version=\"1.0\"?>\n<Events>\n" + event(1) + event(2) + "\n" + event(3) + "\n"
	for cut := 0; cut <= len(text); cut += 3 {
		for _, down := range []bool{false, true} {
			r := newRig(t, "app.xml")
			r.write("app.xml", text[:cut])
			r.drain()
			if down {
				r.stop()
			}
			r.pass(time.Minute)
			r.write("app.xml", text[cut:])
			r.rest()
			r.want(event(1), event(2), event(3))
			r.close()
		}
	}
}

// An event belongs to one file. A writer that goes on with it in the next file
// leaves two halves, of which each is delivered to be counted as malformed: nothing
// tells that the one belongs to the other.
func TestFault17RotationInAnEvent(t *testing.T) {
	r := newRig(t, "app.xml")
	whole := "<Event><System/>\n<a>1</a>\n</Event>"
	half := "<Event><System/>\n<b>"
	r.write("app.xml", whole+"\n"+half)
	r.drain()
	r.rename("app.xml", "app.xml.1")
	r.write("app.xml", "2</b></Event>\n"+strings.ReplaceAll(whole, "1", "3")+"\n")
	r.rest()
	r.want(whole, half, "2</b></Event>", strings.ReplaceAll(whole, "1", "3"))
	if r.kinds[record.Bad] != 1 || r.saw(Cut) != 1 {
		t.Errorf("%d are bad, %d cut: want 1 and 1", r.kinds[record.Bad], r.saw(Cut))
	}
	// But the rest may come to the old file while that is waited for.
	r = newRig(t, "app.xml")
	w, err := os.Create(r.path("app.xml"))
	r.must(err)
	defer w.Close()
	r.put(w, half)
	r.drain()
	r.rename("app.xml", "app.xml.1")
	r.pass(time.Second)
	r.put(w, "2</b></Event>\n")
	r.rest()
	r.want(half + "2</b></Event>")
}
