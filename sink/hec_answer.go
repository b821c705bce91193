package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// answer is the body of what HEC answers.
type answer struct {
	Text    string          `json:"text"`
	Code    *int            `json:"code"`
	Invalid *int            `json:"invalid-event-number"` // from 0, in the request
	AckID   *int64          `json:"ackId"`
	Acks    map[string]bool `json:"acks"`
}

// maxAnswer bounds what is read of an answer; those to 10,000 batches are smaller.
const maxAnswer = 1 << 20

// statusError is an answer by which HEC refused a request.
type statusError struct {
	status int
	answer
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("Splunk answered %d (%s)", e.status, http.StatusText(e.status))
	if e.Code != nil {
		text += fmt.Sprintf(", code %d", *e.Code)
	}
	if e.Text != "" {
		text += fmt.Sprintf(", %q", shorten(e.Text))
	}
	if e.Invalid != nil {
		text += fmt.Sprintf(", at event %d of these", *e.Invalid+1)
	}
	return text
}

// shorten bounds what is told of a server's text.
func shorten(s string) string { return s[:min(len(s), 100)] }

// Unwrap says whether other events would be refused, too: not those behind a bad or a
// large request.
func (e *statusError) Unwrap() error {
	switch e.status {
	case http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return nil
	}
	return ErrUnavailable
}

// post sends a request to an end point of the collector. While Splunk is busy, it is
// sent again: a request that was answered so had no effect.
func (h *HEC) post(ctx context.Context, end string, body []byte) (answer, error) {
	pause := h.cfg.Pause
	for try := 1; ; try++ {
		a, err := h.once(ctx, end, body)
		var se *statusError
		busy := errors.As(err, &se) && (se.status == http.StatusTooManyRequests || se.status == http.StatusServiceUnavailable)
		if !busy {
			return a, err
		}
		if try == h.cfg.Tries {
			return a, fmt.Errorf("%w, %d times", err, try)
		}
		if stopped := sleep(ctx, pause); stopped != nil {
			return a, stopped
		}
		pause = min(2*pause, maxPause)
	}
}

func (h *HEC) once(ctx context.Context, end string, body []byte) (a answer, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.base+"/services/collector/"+end, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Authorization", "Splunk "+h.cfg.Token)
	req.Header.Set("X-Splunk-Request-Channel", h.channel)
	req.Header.Set("Content-Type", "application/json")
	res, err := h.client.Do(req)
	if err != nil {
		return a, unavailable{err}
	}
	defer res.Body.Close()
	if res.StatusCode/100 == 3 {
		to := shorten(res.Header.Get("Location"))
		return a, unavailable{fmt.Errorf("it answered %d, to go on to %q, which is not followed", res.StatusCode, to)}
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return a, unavailable{fmt.Errorf("cannot read the answer: %w", err)}
	}
	err = json.Unmarshal(text, &a)
	switch {
	case res.StatusCode != http.StatusOK:
		if err != nil { // a proxy's page, say
			a = answer{Text: string(text)}
		}
		return a, &statusError{res.StatusCode, a}
	case err != nil:
		return a, unavailable{fmt.Errorf("the answer is not Splunk's: %w (hint: is this the port of the HTTP Event Collector?)", err)}
	case a.Code != nil && *a.Code != 0:
		return a, &statusError{res.StatusCode, a}
	case a.Code == nil && a.Acks == nil:
		return a, unavailable{errors.New("the answer is not Splunk's: it has neither code nor acks")}
	}
	return a, nil
}

// unavailable wraps an error without a word of its own.
type unavailable struct{ error }

func (u unavailable) Unwrap() []error { return []error{u.error, ErrUnavailable} }
