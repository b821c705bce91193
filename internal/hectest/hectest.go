// Package hectest answers as Splunk's HTTP Event Collector does, on a loopback
// address, for tests: it refuses what Splunk refuses, with Splunk's codes.
package hectest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Config says how a server behaves. The zero value takes every event and
// acknowledges it at the first question.
type Config struct {
	Token   string   // wanted; without one, any
	Indexes []string // that the token may write to; without any, all
	NoAck   bool     // the token has no indexer acknowledgment
	AckAt   int      // the question at which a request is acknowledged; below 0, never
	Busy    int      // so many requests are first answered with BusyStatus
	Status  int      // of busy answers, 503 or 429
	TLS     bool
	// Answer may answer a request in place of the server. It says whether it did.
	Answer func(w http.ResponseWriter, r *http.Request) bool
}

// Envelope is an event as it was accepted.
type Envelope struct {
	Time       json.Number     `json:"time"`
	Host       string          `json:"host"`
	Source     string          `json:"source"`
	Sourcetype string          `json:"sourcetype"`
	Index      string          `json:"index"`
	Event      json.RawMessage `json:"event"`
	Fields     json.RawMessage `json:"fields"`
}

// Server is a running one. Close it.
type Server struct {
	*httptest.Server
	cfg Config

	mu       sync.Mutex
	batches  [][]Envelope
	channels map[string]map[int]int // questions per acknowledgement
	next     map[string]int
	requests int
}

// Start starts a server.
func Start(cfg Config) *Server {
	s := &Server{cfg: cfg, channels: map[string]map[int]int{}, next: map[string]int{}}
	start := httptest.NewServer
	if cfg.TLS {
		start = httptest.NewTLSServer
	}
	s.Server = start(http.HandlerFunc(s.serve))
	return s
}

// Batches returns the accepted events, by request.
func (s *Server) Batches() [][]Envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.batches)
}

// Requests returns how many there were, refused ones too.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// reply is one of Splunk's answers.
type reply struct {
	status  int
	Text    string `json:"text"`
	Code    int    `json:"code"`
	Invalid *int   `json:"invalid-event-number,omitempty"`
	AckID   *int   `json:"ackId,omitempty"`
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.cfg.Answer != nil && s.cfg.Answer(w, r) {
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/services/collector/event" && r.URL.Path != "/services/collector/ack" {
		send(w, http.StatusNotFound, reply{Text: "The requested URL was not found on this server.", Code: 404})
		return
	}
	if refused := s.authorize(r); refused != nil {
		send(w, refused.status, refused)
		return
	}
	if s.cfg.Busy > 0 {
		s.cfg.Busy--
		status := s.cfg.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		send(w, status, reply{Text: "Server is busy", Code: 9})
		return
	}
	channel := r.Header.Get("X-Splunk-Request-Channel")
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		send(w, http.StatusBadRequest, reply{Text: "Invalid data format", Code: 6})
	case strings.HasSuffix(r.URL.Path, "/ack"):
		s.acks(w, channel, body)
	default:
		a := s.take(channel, body)
		send(w, a.status, a)
	}
}

func send(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // only types of this file come here
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text)
}

var channelForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// authorize returns the refusal of a request, or nil.
func (s *Server) authorize(r *http.Request) *reply {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	channel := r.Header.Get("X-Splunk-Request-Channel")
	switch {
	case scheme == "":
		return &reply{status: http.StatusUnauthorized, Text: "Token is required", Code: 2}
	case scheme != "Splunk" || token == "":
		return &reply{status: http.StatusUnauthorized, Text: "Invalid authorization", Code: 3}
	case s.cfg.Token != "" && token != s.cfg.Token:
		return &reply{status: http.StatusForbidden, Text: "Invalid token", Code: 4}
	case channel == "" && !s.cfg.NoAck:
		return &reply{status: http.StatusBadRequest, Text: "Data channel is missing", Code: 10}
	case channel != "" && !channelForm.MatchString(channel):
		return &reply{status: http.StatusBadRequest, Text: "Invalid data channel", Code: 11}
	}
	return nil
}

// take keeps the events of a body, or none of them.
func (s *Server) take(channel string, body []byte) reply {
	refuse := func(code int, text string, at int) reply {
		return reply{status: http.StatusBadRequest, Text: text, Code: code, Invalid: &at}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return reply{status: http.StatusBadRequest, Text: "No data", Code: 5}
	}
	var list []Envelope
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	for at := 0; ; at++ {
		var e Envelope
		switch err := dec.Decode(&e); {
		case errors.Is(err, io.EOF):
			s.batches = append(s.batches, list)
			return s.success(channel)
		case err != nil:
			return refuse(6, "Invalid data format", at)
		case e.Event == nil:
			return refuse(12, "Event field is required", at)
		case string(e.Event) == `""` || string(e.Event) == "null":
			return refuse(13, "Event field cannot be blank", at)
		case len(s.cfg.Indexes) > 0 && !slices.Contains(s.cfg.Indexes, e.Index):
			return refuse(7, "Incorrect index", at)
		}
		list = append(list, e)
	}
}

func (s *Server) success(channel string) reply {
	a := reply{status: http.StatusOK, Text: "Success"}
	if !s.cfg.NoAck {
		if s.channels[channel] == nil {
			s.channels[channel] = map[int]int{}
		}
		id := s.next[channel]
		s.next[channel]++
		s.channels[channel][id] = 0
		a.AckID = &id
	}
	return a
}

// acks answers whether requests are indexed. One that was told so is forgotten.
func (s *Server) acks(w http.ResponseWriter, channel string, body []byte) {
	var ask struct {
		Acks []int `json:"acks"`
	}
	if s.cfg.NoAck {
		send(w, http.StatusBadRequest, reply{Text: "ACK is disabled", Code: 14})
		return
	}
	if err := json.Unmarshal(body, &ask); err != nil || len(ask.Acks) == 0 {
		send(w, http.StatusBadRequest, reply{Text: "Invalid data format", Code: 6})
		return
	}
	told := map[string]bool{}
	for _, id := range ask.Acks {
		questions, known := s.channels[channel][id]
		done := known && s.cfg.AckAt >= 0 && questions+1 >= s.cfg.AckAt
		told[strconv.Itoa(id)] = done
		if done {
			delete(s.channels[channel], id)
		} else if known {
			s.channels[channel][id]++
		}
	}
	send(w, http.StatusOK, map[string]any{"acks": told})
}
