package notice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// What a webhook may take. One that hangs must not hold the night.
const (
	perAttempt  = 10 * time.Second
	perHook     = time.Minute // all attempts for all messages
	firstPause  = time.Second
	mostPause   = 20 * time.Second
	mostRetries = 5
)

// Hook is a receiver of messages over HTTP.
type Hook struct {
	url    *url.URL
	client *retryablehttp.Client
	limit  time.Duration
}

// NewHook takes the address of a receiver, or @FILE for a file that holds it: an
// address is often a secret, and arguments of programs are seen by all users.
func NewHook(address string) (*Hook, error) {
	if path, file := strings.CutPrefix(address, "@"); file {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("the address of a webhook cannot be read: %w", err)
		}
		address = strings.TrimSpace(string(text))
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the address of a webhook is no http:// or https:// address; write it in full, or @FILE for a file that holds it")
	}
	client := retryablehttp.NewClient()
	client.Logger = nil // it would write the address
	client.HTTPClient.Timeout = perAttempt
	// A message goes to whom it was meant for, with what is secret in the address.
	client.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.RetryMax, client.RetryWaitMin, client.RetryWaitMax = mostRetries, firstPause, mostPause
	client.Backoff = pause
	client.CheckRetry = worthAnother
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return &Hook{url: u, client: client, limit: perHook}, nil
}

// String names the receiver without what may be secret: its path, query and user.
func (h *Hook) String() string { return h.url.Scheme + "://" + h.url.Host + "/…" }

// pause doubles from try to try, with half of it by chance, so that a crowd does not
// come back at once; a receiver that says when to come back is obeyed.
func pause(least, most time.Duration, attempt int, response *http.Response) time.Duration {
	if wait, asked := retryAfter(response); asked {
		return wait
	}
	wait := min(least<<min(attempt, 20), most)
	return wait/2 + rand.N(wait/2+1)
}

// retryAfter reads when a receiver wants to be asked again.
func retryAfter(response *http.Response) (time.Duration, bool) {
	if response == nil {
		return 0, false
	}
	text := response.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at)), true
	}
	return 0, false
}

// worthAnother decides whether to try again: not when the time would be up before the
// receiver wants to be asked.
func worthAnother(ctx context.Context, response *http.Response, err error) (bool, error) {
	again, failure := retryablehttp.DefaultRetryPolicy(ctx, response, err)
	if err == nil && failure != nil && response != nil {
		failure = nil // the status says it
	}
	end, limited := ctx.Deadline()
	if wait, asked := retryAfter(response); again && limited && asked && time.Until(end) < wait {
		again = false
	}
	return again, failure
}

// refusal says that a receiver did not take a message.
type refusal struct {
	hook   *Hook
	status int    // 0 when there was no answer
	said   string // the beginning of the answer, or why there was none
}

// Error says it in a line without what is secret.
func (r *refusal) Error() string {
	if r.status == 0 {
		return fmt.Sprintf("%v does not answer: %s", r.hook, r.said)
	}
	text := fmt.Sprintf("%v answers %d %s", r.hook, r.status, http.StatusText(r.status))
	if r.said != "" {
		text += ": " + r.said
	}
	return text
}

// forGood tells whether the same message will never be taken.
func (r *refusal) forGood() bool {
	switch r.status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// post sends one message, with retries, until ctx is done.
func (h *Hook) post(ctx context.Context, body []byte) error {
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, h.url.String(), body)
	if err != nil {
		return &refusal{h, 0, h.plain(err)}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "torchgo-verify")
	response, err := h.client.Do(request)
	if response == nil {
		return &refusal{h, 0, h.plain(err)}
	}
	defer func() { _ = response.Body.Close() }() // what it says was read
	if response.StatusCode/100 == 2 {
		return nil
	}
	const most = 200
	said, _ := io.ReadAll(io.LimitReader(response.Body, most)) // what came is said
	return &refusal{h, response.StatusCode, h.without(strings.Join(strings.Fields(string(said)), " "))}
}

// plain words an error without the address, which url.Error has in full.
func (h *Hook) plain(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "the time for it is up"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	}
	for inner := (*url.Error)(nil); errors.As(err, &inner); {
		err = inner.Err
	}
	return h.without(err.Error())
}

// without takes what may be secret out of a text.
func (h *Hook) without(text string) string {
	secrets := []string{h.url.String(), h.url.RequestURI(), h.url.Path, h.url.RawQuery}
	if h.url.User != nil {
		secrets = append(secrets, h.url.User.String())
	}
	for _, secret := range secrets {
		if len(secret) > 1 {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}
