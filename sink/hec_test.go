package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/internal/hectest"
)

const testToken = "11111111-2222-3333-4444-555555555555"

// hecConfig is one for s whose pauses are short.
func hecConfig(s *hectest.Server) HECConfig {
	return HECConfig{
		URL: s.URL, Token: testToken, Index: "risk", Host: "h", Sourcetype: "st",
		Pause: time.Millisecond, AckTimeout: 20 * time.Second, Timeout: 20 * time.Second,
	}
}

func newHEC(t *testing.T, cfg HECConfig) *HEC {
	t.Helper()
	h, err := NewHEC(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func serve(t *testing.T, cfg hectest.Config) *hectest.Server {
	t.Helper()
	s := hectest.Start(cfg)
	t.Cleanup(s.Close)
	return s
}

// numbered gives n events, {"n":0} and so on, in one buffer that it uses again.
func numbered(n int) iter.Seq[HECEvent] {
	return func(yield func(HECEvent) bool) {
		var buf []byte
		for i := range n {
			buf = fmt.Appendf(buf[:0], `{"n":%d}`+"\n", i)
			if !yield(HECEvent{Time: time.UnixMilli(1_700_000_000_007), Source: `a "source"`, Event: buf}) {
				return
			}
		}
	}
}

// numbers returns the n of the events that s took, in order.
func numbers(t *testing.T, s *hectest.Server) (list []int) {
	t.Helper()
	for _, b := range s.Batches() {
		for _, e := range b {
			var v struct{ N int }
			if err := json.Unmarshal(e.Event, &v); err != nil {
				t.Fatal(err)
			}
			list = append(list, v.N)
		}
	}
	return list
}

func checkNumbers(t *testing.T, s *hectest.Server, n int) {
	t.Helper()
	list := numbers(t, s)
	if len(list) != n {
		t.Fatalf("Splunk has %d events, want %d", len(list), n)
	}
	for i, got := range list {
		if got != i {
			t.Fatalf("event %d is number %d", i, got)
		}
	}
}

// Every event arrives once, in order, in batches within the bounds, and is known to be
// indexed.
func TestHECBatches(t *testing.T) {
	t.Parallel()
	one := len(newHEC(t, HECConfig{URL: "http://h", Token: "t", Index: "risk", Host: "h", Sourcetype: "st"}).
		envelope(nil, HECEvent{Source: `a "source"`, Event: []byte(`{"n":0}` + "\n")})) + len("1700000000")
	for _, c := range []struct{ events, perBatch, bytes, want int }{
		{0, 3, 1 << 20, 0}, {1, 3, 1 << 20, 1}, {3, 3, 1 << 20, 1}, {4, 3, 1 << 20, 2}, {7, 1, 1 << 20, 7},
		{7, 100, 1, 7}, {8, 100, 3 * one, 3}, {1000, 0, 0, 1}, {1001, 0, 0, 2},
	} {
		s := serve(t, hectest.Config{Token: testToken, Indexes: []string{"risk"}, AckAt: 3})
		cfg := hecConfig(s)
		cfg.BatchEvents, cfg.BatchBytes = c.perBatch, c.bytes
		r, err := newHEC(t, cfg).Send(t.Context(), numbered(c.events))
		if err != nil || r != (Receipt{c.events, c.events}) {
			t.Errorf("%+v: %+v, %v", c, r, err)
		}
		if got := len(s.Batches()); got != c.want {
			t.Errorf("%+v: %d batches", c, got)
		}
		checkNumbers(t, s, c.events)
	}
}

func TestHECEnvelope(t *testing.T) {
	t.Parallel()
	s := serve(t, hectest.Config{Token: testToken})
	h := newHEC(t, hecConfig(s))
	if _, err := h.Send(t.Context(), numbered(1)); err != nil {
		t.Fatal(err)
	}
	got := s.Batches()[0][0]
	event := string(bytes.TrimSpace(got.Event))
	if got.Time != "1700000000.007" || got.Host != "h" || got.Source != `a "source"` || got.Sourcetype != "st" || got.Index != "risk" || event != `{"n":0}` {
		t.Errorf("%+v, event %s", got, event)
	}
	cfg := hecConfig(s)
	cfg.Index, cfg.Host, cfg.Sourcetype = "", "", ""
	line := string(newHEC(t, cfg).envelope(nil, HECEvent{Time: time.UnixMilli(1), Event: []byte("{}")}))
	if line != `{"time":0.001,"event":{}}`+"\n" {
		t.Errorf("without what the token has: %s", line)
	}
}

// What Splunk refuses is an error that names its code and text. Only what other events
// would meet, too, is told as unavailable.
func TestHECRefused(t *testing.T) {
	t.Parallel()
	page := func(status int, text string) func(w http.ResponseWriter, r *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(status)
			io.WriteString(w, text)
			return true
		}
	}
	for name, c := range map[string]struct {
		server      hectest.Config
		want        string
		unavailable bool
		requests    int
	}{
		"wrong token":        {hectest.Config{Token: "other"}, `cannot send events 1 to 2: Splunk answered 403 (Forbidden), code 4, "Invalid token"`, true, 1},
		"unauthorized":       {hectest.Config{Answer: page(401, `{"text":"Token is required","code":2}`)}, `answered 401 (Unauthorized), code 2, "Token is required"`, true, 1},
		"wrong index":        {hectest.Config{Indexes: []string{"main"}}, `answered 400 (Bad Request), code 7, "Incorrect index", at event 1 of these`, false, 1},
		"bad data":           {hectest.Config{Answer: page(400, `{"text":"Invalid data format","code":6,"invalid-event-number":1}`)}, `code 6, "Invalid data format", at event 2 of these`, false, 1},
		"too large":          {hectest.Config{Answer: page(413, `<html>`)}, `answered 413 (Request Entity Too Large), "<html>"`, false, 1},
		"always busy":        {hectest.Config{Busy: 99}, `answered 503 (Service Unavailable), code 9, "Server is busy", 3 times`, true, 3},
		"always throttled":   {hectest.Config{Busy: 99, Status: 429}, `answered 429 (Too Many Requests), code 9, "Server is busy", 3 times`, true, 3},
		"broken server":      {hectest.Config{Answer: page(500, `{"text":"Internal server error","code":8}`)}, `answered 500 (Internal Server Error), code 8`, true, 1},
		"HTML":               {hectest.Config{Answer: page(200, `<html>`)}, `the answer is not Splunk's: invalid character '<'`, true, 1},
		"other JSON":         {hectest.Config{Answer: page(200, `{"ok":true}`)}, `it has neither code nor acks`, true, 1},
		"list":               {hectest.Config{Answer: page(200, `[]`)}, `the answer is not Splunk's: `, true, 1},
		"nothing":            {hectest.Config{Answer: page(200, ``)}, `the answer is not Splunk's: `, true, 1},
		"code in a success":  {hectest.Config{Answer: page(200, `{"text":"odd","code":6}`)}, `answered 200 (OK), code 6, "odd"`, false, 1},
		"answer without end": {hectest.Config{Answer: page(200, `{"code":0,"text":"`+strings.Repeat("x", maxAnswer)+`"}`)}, `the answer is not Splunk's: `, true, 1},
		"long page":          {hectest.Config{Answer: page(502, strings.Repeat("x", 1000))}, `answered 502 (Bad Gateway), "` + strings.Repeat("x", 100) + `"`, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, c.server)
			cfg := hecConfig(s)
			cfg.Tries = 3
			r, err := newHEC(t, cfg).Send(t.Context(), numbered(2))
			if err == nil || !strings.Contains(err.Error(), c.want) || r != (Receipt{}) {
				t.Errorf("%+v, error %v, want %s", r, err, c.want)
			}
			if got := errors.Is(err, ErrUnavailable); got != c.unavailable {
				t.Errorf("unavailable: %v", got)
			}
			if got := s.Requests(); got != c.requests {
				t.Errorf("%d requests, want %d", got, c.requests)
			}
			checkNumbers(t, s, 0)
		})
	}
}

// A busy server gets the same events again, once it is not; whether it is busy while
// events come or while acknowledgements are asked for.
func TestHECBusy(t *testing.T) {
	t.Parallel()
	for _, status := range []int{503, 429} {
		s := serve(t, hectest.Config{Busy: 2, Status: status, AckAt: 2})
		cfg := hecConfig(s)
		cfg.BatchEvents = 2
		r, err := newHEC(t, cfg).Send(t.Context(), numbered(5))
		if err != nil || r != (Receipt{5, 5}) {
			t.Errorf("status %d: %+v, %v", status, r, err)
		}
		checkNumbers(t, s, 5)
	}
	busy := 2
	s := serve(t, hectest.Config{Answer: func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/ack") && busy > 0 {
			busy--
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	}})
	if r, err := newHEC(t, hecConfig(s)).Send(t.Context(), numbered(5)); err != nil || r != (Receipt{5, 5}) || busy != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A batch that is refused leaves those before it in the receipt.
func TestHECPartly(t *testing.T) {
	t.Parallel()
	n := 0
	s := serve(t, hectest.Config{Answer: func(w http.ResponseWriter, r *http.Request) bool {
		if n++; n == 3 {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"text":"Invalid data format","code":6,"invalid-event-number":0}`)
			return true
		}
		return false
	}})
	cfg := hecConfig(s)
	cfg.BatchEvents = 2
	r, err := newHEC(t, cfg).Send(t.Context(), numbered(8))
	if err == nil || !strings.Contains(err.Error(), "cannot send events 5 to 6: ") || r != (Receipt{4, 0}) {
		t.Errorf("%+v, %v", r, err)
	}
	checkNumbers(t, s, 4)
}

func TestHECNotAcknowledged(t *testing.T) {
	t.Parallel()
	s := serve(t, hectest.Config{AckAt: -1})
	cfg := hecConfig(s)
	cfg.AckTimeout = 30 * time.Millisecond
	r, err := newHEC(t, cfg).Send(t.Context(), numbered(3))
	if err == nil || err.Error() != "3 of 3 events were accepted, but not acknowledged within 30ms" || r != (Receipt{3, 0}) {
		t.Errorf("%+v, %v", r, err)
	}
	if errors.Is(err, ErrUnavailable) {
		t.Error("late is not unavailable")
	}
	// The second of two batches never is.
	first := true
	s = serve(t, hectest.Config{Answer: func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/ack") {
			return false
		}
		fmt.Fprintf(w, `{"acks":{"0":%v,"1":false,"7":true}}`, first) // told once, as Splunk does
		first = false
		return true
	}})
	cfg.URL, cfg.BatchEvents, cfg.AckTimeout = s.URL, 2, time.Second // enough for the first answer
	r, err = newHEC(t, cfg).Send(t.Context(), numbered(3))
	if err == nil || !strings.Contains(err.Error(), "1 of 3 events were accepted, but not acknowledged") || r != (Receipt{3, 2}) {
		t.Errorf("%+v, %v", r, err)
	}
	// Without indexer acknowledgment there is nothing to ask for.
	s = serve(t, hectest.Config{NoAck: true})
	if r, err := newHEC(t, hecConfig(s)).Send(t.Context(), numbered(3)); err != nil || r != (Receipt{3, 0}) || s.Requests() != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestHECUnreachable(t *testing.T) {
	t.Parallel()
	s := hectest.Start(hectest.Config{})
	s.Close()
	_, err := newHEC(t, hecConfig(s)).Send(t.Context(), numbered(1))
	if !errors.Is(err, ErrUnavailable) || strings.Contains(fmt.Sprint(err), testToken) {
		t.Errorf("closed: %v", err)
	}
	// An answer that begins and does not end.
	s = serve(t, hectest.Config{Answer: func(w http.ResponseWriter, r *http.Request) bool {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"text":"Succ`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	}})
	cfg := hecConfig(s)
	cfg.Timeout = 50 * time.Millisecond
	if _, err = newHEC(t, cfg).Send(t.Context(), numbered(1)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("slow: %v", err)
	}
}

// A caller that gives up is obeyed at once, in each phase.
func TestHECCanceled(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]hectest.Config{"busy": {Busy: 1 << 30}, "acknowledging": {AckAt: -1}} {
		ctx, cancel := context.WithCancel(t.Context())
		asked := 0
		server.Answer = func(http.ResponseWriter, *http.Request) bool {
			if asked++; asked == 3 {
				cancel()
			}
			return false
		}
		s := serve(t, server)
		cfg := hecConfig(s)
		cfg.Tries = 1 << 30
		if _, err := newHEC(t, cfg).Send(ctx, numbered(1)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
}

// The token goes to no other server, and to no other path.
func TestHECRedirect(t *testing.T) {
	t.Parallel()
	other := serve(t, hectest.Config{})
	for _, status := range []int{301, 302, 307, 308} {
		s := serve(t, hectest.Config{Answer: func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Location", other.URL+r.URL.Path)
			w.WriteHeader(status)
			return true
		}})
		_, err := newHEC(t, hecConfig(s)).Send(t.Context(), numbered(1))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("answered %d, to go on to %q", status, other.URL+"/services/collector/event")) {
			t.Errorf("status %d: %v", status, err)
		}
	}
	if other.Requests() != 0 {
		t.Errorf("the other server got %d requests", other.Requests())
	}
}

func TestHECCertificate(t *testing.T) {
	t.Parallel()
	s := serve(t, hectest.Config{TLS: true})
	cfg := hecConfig(s)
	if _, err := newHEC(t, cfg).Send(t.Context(), numbered(1)); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("with a certificate of nobody: %v", err)
	}
	cfg.Insecure = true
	if r, err := newHEC(t, cfg).Send(t.Context(), numbered(1)); err != nil || r != (Receipt{1, 1}) {
		t.Errorf("unchecked: %+v, %v", r, err)
	}
}

func TestHECURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://h:8088": "https://h:8088", "http://h/": "http://h", "https://h/p/": "https://h/p",
		"https://h:8088/services/collector": "https://h:8088", "https://h/p/services/collector/event/": "https://h/p",
	} {
		if got, err := baseURL(text); err != nil || got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "h:8088", "//h", "ftp://h", "https://", "https://u:secret@h", "https://h?x=1", "https://h#x", "https://u:secret@h:x"} {
		if _, err := NewHEC(HECConfig{URL: text, Token: "t"}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, token := range []string{"", "a b", "a\n", "ä"} {
		if _, err := NewHEC(HECConfig{URL: "https://h", Token: token}); err == nil || token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("token %q: %v", token, err)
		}
	}
	a, b := uuid(), uuid()
	if a == b || len(a) != 36 || a[14] != '4' {
		t.Errorf("uuids %s, %s", a, b)
	}
}

// No goroutine of a call is left behind, even of one that fails. It is not parallel, as
// it counts those of the whole process.
func TestHECGoroutines(t *testing.T) {
	servers := []*hectest.Server{
		hectest.Start(hectest.Config{AckAt: 2}),
		hectest.Start(hectest.Config{Token: "other"}),
		hectest.Start(hectest.Config{AckAt: -1}),
	}
	before := runtime.NumGoroutine()
	for _, s := range servers {
		cfg := hecConfig(s)
		cfg.AckTimeout, cfg.BatchEvents = 20*time.Millisecond, 2
		for range 3 {
			newHEC(t, cfg).Send(t.Context(), numbered(5)) // whatever comes of it
		}
	}
	// The servers' sides of the connections end when the clients' have.
	for tries := 0; runtime.NumGoroutine() > before; tries++ {
		if tries == 1000 {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		time.Sleep(5 * time.Millisecond)
	}
	for _, s := range servers {
		s.Close()
	}
}

// A connection may read the body of a request after its answer came, so a body is not
// used again.
func TestHECBodies(t *testing.T) {
	t.Parallel()
	h := newHEC(t, HECConfig{URL: "http://h", Token: "t", BatchEvents: 2})
	late := &lateReader{}
	h.client.Transport = late
	if r, err := h.Send(t.Context(), numbered(7)); err != nil || r != (Receipt{7, 0}) {
		t.Fatalf("%+v, %v", r, err)
	}
	n := 0
	for _, body := range late.bodies {
		for dec := json.NewDecoder(body); dec.More(); n++ {
			var e struct{ Event struct{ N int } }
			if err := dec.Decode(&e); err != nil || e.Event.N != n {
				t.Fatalf("event %d is %+v, %v", n, e, err)
			}
		}
	}
	if n != 7 {
		t.Errorf("%d events", n)
	}
}

// lateReader answers each request at once and keeps its body for later.
type lateReader struct{ bodies []io.Reader }

func (l *lateReader) RoundTrip(r *http.Request) (*http.Response, error) {
	l.bodies = append(l.bodies, r.Body)
	return fixed{http.StatusOK, []byte(`{"text":"Success","code":0}`)}.RoundTrip(r)
}

// What a server answers costs an error at most.
func FuzzHECAnswer(f *testing.F) {
	for _, s := range []string{`{"text":"Success","code":0,"ackId":0}`, `{"acks":{"0":true}}`, `<html>`, `{"code":6,"invalid-event-number":-1}`, `null`, ``} {
		f.Add(200, []byte(s))
		f.Add(400, []byte(s))
		f.Add(302, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		if status < 200 || status > 599 {
			return
		}
		cfg := HECConfig{URL: "http://h", Token: "t", Tries: 2, Pause: 1, AckTimeout: 1 << 20}
		h, err := NewHEC(cfg)
		if err != nil {
			t.Fatal(err)
		}
		h.client.Transport = fixed{status, text}
		r, err := h.Send(t.Context(), numbered(3))
		if r.Acked > r.Accepted || r.Accepted > 3 || err == nil && r.Accepted != 3 {
			t.Errorf("%+v, %v", r, err)
		}
		if err == nil && status != 200 {
			t.Errorf("status %d is a success", status)
		}
	})
}

// fixed answers each request with the same.
type fixed struct {
	status int
	text   []byte
}

func (f fixed) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: f.status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(f.text)), Request: r,
	}, nil
}
