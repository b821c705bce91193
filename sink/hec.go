package sink

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// HECConfig says where events go and how long to wait. What is zero is as said.
type HECConfig struct {
	URL      string // of the server, such as https://splunk:8088; a path stays in front
	Token    string
	Insecure bool // the server's certificate is not checked

	Index      string // of all events; without one, the token's own
	Host       string
	Sourcetype string

	BatchBytes  int // of a request's body, 1 MB; an event that is longer goes alone
	BatchEvents int // 1000

	Timeout    time.Duration // of one request with its answer, 30 s
	AckTimeout time.Duration // of all acknowledgements, from the last request on, 60 s
	Tries      int           // of a request while the server is busy, 6
	Pause      time.Duration // before the second try, or question; then twice as long, up to 5 s; 250 ms
}

// maxPause bounds the time between two tries.
const maxPause = 5 * time.Second

// HEC sends events to Splunk's HTTP Event Collector and waits until the indexer has
// acknowledged them. The protocol is that of Splunk's manual "Get data in", on the HTTP
// Event Collector and its indexer acknowledgment. It is for one goroutine.
type HEC struct {
	cfg     HECConfig
	base    string
	channel string // Splunk numbers acknowledgements per channel
	client  *http.Client
}

// HECEvent is one event.
type HECEvent struct {
	Time   time.Time
	Source string
	Event  []byte // a JSON object; read until the iterator is asked for the next one
}

// Receipt says what Splunk made of events.
type Receipt struct {
	Accepted int // events
	Acked    int // of them, those that the indexer acknowledged
}

// ErrUnavailable is wrapped by errors which the next events would meet, too: no
// connection, a wrong token, an answer that is not Splunk's.
var ErrUnavailable = errors.New("the HTTP Event Collector is not available")

// NewHEC checks the configuration; nothing is sent.
func NewHEC(cfg HECConfig) (*HEC, error) {
	base, err := baseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.Token == "" || strings.ContainsFunc(cfg.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("cannot use the HEC token: it is empty or has spaces")
	}
	setDefault(&cfg.BatchBytes, 1_000_000)
	setDefault(&cfg.BatchEvents, 1000)
	setDefault(&cfg.Timeout, 30*time.Second)
	setDefault(&cfg.AckTimeout, time.Minute)
	setDefault(&cfg.Tries, 6)
	setDefault(&cfg.Pause, 250*time.Millisecond)
	return &HEC{cfg: cfg, base: base, channel: uuid(), client: &http.Client{
		Timeout: cfg.Timeout,
		// The token is for this server, so no redirect is followed.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{InsecureSkipVerify: cfg.Insecure},
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true,
		},
	}}, nil
}

func setDefault[T int | time.Duration](v *T, to T) {
	if *v <= 0 {
		*v = to
	}
}

// baseURL returns what stands in front of /services/collector.
func baseURL(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil: // the error would show a password
		return "", errors.New("cannot use the HEC URL: it is malformed")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", fmt.Errorf("cannot use HEC URL %q: want https://HOST:8088 or http://HOST:8088", u.Redacted())
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return "", fmt.Errorf("cannot use HEC URL %q: it must not have a user, a query or a fragment", u.Redacted())
	}
	base := strings.TrimRight(u.String(), "/")
	base = strings.TrimSuffix(base, "/event")
	return strings.TrimSuffix(base, "/services/collector"), nil
}

// uuid returns a random one, of version 4 of RFC 9562.
func uuid() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Send sends events in batches, then waits for their acknowledgements. An event that
// Splunk refuses ends it; those of earlier batches are then in the receipt. A token
// without indexer acknowledgment is no error: Acked is less than Accepted. What the
// network lost is not sent again, since Splunk may have it.
func (h *HEC) Send(ctx context.Context, events iter.Seq[HECEvent]) (r Receipt, err error) {
	defer h.client.CloseIdleConnections() // and their goroutines
	var waiting []batch
	send := func(body []byte, n int) error {
		a, err := h.post(ctx, "event", body)
		if err != nil {
			return fmt.Errorf("cannot send events %d to %d: %w", r.Accepted+1, r.Accepted+n, err)
		}
		r.Accepted += n
		if a.AckID != nil {
			waiting = append(waiting, batch{*a.AckID, n})
		}
		return nil
	}
	var body []byte // not used again once sent: a connection may still read it
	n := 0
	for e := range events {
		was := len(body)
		body = h.envelope(body, e)
		if n > 0 && (len(body) > h.cfg.BatchBytes || n == h.cfg.BatchEvents) {
			if err := send(body[:was:was], n); err != nil {
				return r, err
			}
			body, n = slices.Clone(body[was:]), 0
		}
		n++
	}
	if n > 0 {
		if err := send(body, n); err != nil {
			return r, err
		}
	}
	if len(waiting) > 0 {
		err = h.await(ctx, waiting, &r)
	}
	return r, err
}

// envelope appends e as HEC takes it.
func (h *HEC) envelope(dst []byte, e HECEvent) []byte {
	o := object{buf: dst}
	o.begin()
	o.key("time")
	ms := e.Time.UnixMilli()
	o.buf = strconv.AppendFloat(o.buf, float64(ms)/1e3, 'f', 3, 64)
	for _, m := range [][2]string{{"host", h.cfg.Host}, {"source", e.Source}, {"sourcetype", h.cfg.Sourcetype}, {"index", h.cfg.Index}} {
		if m[1] != "" {
			o.text(m[0], m[1])
		}
	}
	o.key("event")
	o.buf = append(o.buf, e.Event...)
	o.end()
	return o.buf
}

// batch is a request of which Splunk has not yet said that it is indexed.
type batch struct {
	id     int64
	events int
}

// errLate ends the wait for acknowledgements.
var errLate = errors.New("late")

// await asks until all batches are acknowledged. Splunk forgets an acknowledgement
// once it has told it, so those are not asked for again.
func (h *HEC) await(ctx context.Context, waiting []batch, r *Receipt) error {
	ctx, cancel := context.WithTimeoutCause(ctx, h.cfg.AckTimeout, errLate)
	defer cancel()
	for pause := h.cfg.Pause; ; pause = min(2*pause, maxPause) {
		ids := make([]int64, len(waiting))
		for i, b := range waiting {
			ids[i] = b.id
		}
		body, err := json.Marshal(map[string][]int64{"acks": ids})
		if err != nil {
			return err
		}
		a, err := h.post(ctx, "ack", body)
		if err == nil {
			waiting = slices.DeleteFunc(waiting, func(b batch) bool {
				if a.Acks[strconv.FormatInt(b.id, 10)] {
					r.Acked += b.events
					return true
				}
				return false
			})
			if len(waiting) == 0 {
				return nil
			}
			err = sleep(ctx, pause)
		}
		switch {
		case err == nil:
		case context.Cause(ctx) == errLate:
			return fmt.Errorf("%d of %d events were accepted, but not acknowledged within %v", r.Accepted-r.Acked, r.Accepted, h.cfg.AckTimeout)
		default:
			return fmt.Errorf("cannot ask for acknowledgements: %w", err)
		}
	}
}

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
