package hectest

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

const channel = "0aaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

// ask sends a body and returns status and answer.
func ask(t *testing.T, s *Server, path, auth, channel, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	if channel != "" {
		req.Header.Set("X-Splunk-Request-Channel", channel)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// The codes are those of Splunk's manual, "Troubleshoot HTTP Event Collector".
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := Start(Config{Token: "T", Indexes: []string{"risk"}})
	defer s.Close()
	const event, good = "/services/collector/event", `{"index":"risk","event":{"a":1}}`
	for _, c := range []struct {
		path, auth, channel, body string
		status                    int
		answer                    string
	}{
		{event, "", channel, good, 401, `{"text":"Token is required","code":2}`},
		{event, "Bearer T", channel, good, 401, `{"text":"Invalid authorization","code":3}`},
		{event, "Splunk U", channel, good, 403, `{"text":"Invalid token","code":4}`},
		{event, "Splunk T", "", good, 400, `{"text":"Data channel is missing","code":10}`},
		{event, "Splunk T", "abc", good, 400, `{"text":"Invalid data channel","code":11}`},
		{event, "Splunk T", channel, " \n", 400, `{"text":"No data","code":5}`},
		{event, "Splunk T", channel, good + `{"index":`, 400, `{"text":"Invalid data format","code":6,"invalid-event-number":1}`},
		{event, "Splunk T", channel, `{"odd":1,"event":"x"}`, 400, `{"text":"Invalid data format","code":6,"invalid-event-number":0}`},
		{event, "Splunk T", channel, `{"index":"main","event":"x"}`, 400, `{"text":"Incorrect index","code":7,"invalid-event-number":0}`},
		{event, "Splunk T", channel, good + `{"index":"risk"}`, 400, `{"text":"Event field is required","code":12,"invalid-event-number":1}`},
		{event, "Splunk T", channel, `{"index":"risk","event":""}`, 400, `{"text":"Event field cannot be blank","code":13,"invalid-event-number":0}`},
		{"/services/collector/ack", "Splunk T", channel, `{}`, 400, `{"text":"Invalid data format","code":6}`},
		{"/services", "Splunk T", channel, good, 404, `{"text":"The requested URL was not found on this server.","code":404}`},
		{event, "Splunk T", channel, good + "\n" + good, 200, `{"text":"Success","code":0,"ackId":0}`},
		{event, "Splunk T", channel, good, 200, `{"text":"Success","code":0,"ackId":1}`},
	} {
		if status, answer := ask(t, s, c.path, c.auth, c.channel, c.body); status != c.status || answer != c.answer {
			t.Errorf("%+v: %d %s", c, status, answer)
		}
	}
	if b := s.Batches(); len(b) != 2 || len(b[0]) != 2 || len(b[1]) != 1 {
		t.Errorf("it keeps what it refused: %v", b)
	}
}

// An acknowledgement is told once, on its own channel only.
func TestAcknowledgements(t *testing.T) {
	t.Parallel()
	s := Start(Config{AckAt: 2})
	defer s.Close()
	const ack = "/services/collector/ack"
	ask(t, s, "/services/collector/event", "Splunk T", channel, `{"event":"x"}`)
	other := strings.Replace(channel, "0", "1", 1)
	for i, c := range []struct{ channel, want string }{
		{channel, "false"}, {other, "false"}, {other, "false"}, {channel, "true"}, {channel, "false"},
	} {
		if _, answer := ask(t, s, ack, "Splunk T", c.channel, `{"acks":[0]}`); answer != `{"acks":{"0":`+c.want+`}}` {
			t.Errorf("question %d: %s", i+1, answer)
		}
	}
	none := Start(Config{NoAck: true})
	defer none.Close()
	if _, answer := ask(t, none, "/services/collector/event", "Splunk T", "", `{"event":"x"}`); answer != `{"text":"Success","code":0}` {
		t.Errorf("without acknowledgment: %s", answer)
	}
	if status, answer := ask(t, none, ack, "Splunk T", "", `{"acks":[0]}`); status != 400 || answer != `{"text":"ACK is disabled","code":14}` {
		t.Errorf("without acknowledgment: %d %s", status, answer)
	}
}
