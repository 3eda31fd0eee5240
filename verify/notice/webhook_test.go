package notice

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const secret = "/services/T0/B0/verysecret?token=hidden"

// receiver answers as f says, and keeps the messages that it took.
type receiver struct {
	*httptest.Server
	calls atomic.Int32
	took  []string
}

func receive(t *testing.T, answer func(call int, w http.ResponseWriter, r *http.Request) int) *receiver {
	rec := &receiver{}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		status := answer(int(rec.calls.Add(1)), w, r)
		if status == 0 {
			return
		}
		if status/100 == 2 {
			rec.took = append(rec.took, string(body))
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "said of "+r.URL.RequestURI())
	}))
	t.Cleanup(rec.Close)
	return rec
}

// hook is one whose pauses tests can wait for.
func hook(t *testing.T, address string) *Hook {
	h, err := NewHook(address)
	require.NoError(t, err)
	h.limit, h.client.RetryWaitMin, h.client.RetryWaitMax = 5*time.Second, time.Millisecond, 4*time.Millisecond
	h.client.HTTPClient.Timeout = 200 * time.Millisecond
	return h
}

func status(all ...int) func(int, http.ResponseWriter, *http.Request) int {
	return func(call int, _ http.ResponseWriter, _ *http.Request) int { return all[min(call, len(all))-1] }
}

func TestPost(t *testing.T) {
	for name, c := range map[string]struct {
		answers []int
		calls   int32
		want    string
	}{
		"taken":                     {[]int{204}, 1, ""},
		"taken after an error":      {[]int{500, 503, 200}, 3, ""},
		"never":                     {[]int{502}, 6, "answers 502 Bad Gateway: said of …"},
		"too many":                  {[]int{429, 200}, 2, ""},
		"no such hook":              {[]int{404}, 1, "answers 404 Not Found: said of …"},
		"moved, which may be a lie": {[]int{302}, 1, "answers 302 Found"},
	} {
		t.Run(name, func(t *testing.T) {
			rec := receive(t, status(c.answers...))
			sent, err := NewSpool("").Send(t.Context(), hook(t, rec.URL+secret), []byte("{}"))
			require.NoError(t, err)
			assert.Equal(t, c.calls, rec.calls.Load())
			if c.want == "" {
				assert.Equal(t, Sent{Sent: 1}, sent)
				return
			}
			require.Len(t, sent.Notes, 1)
			assert.Contains(t, sent.Notes[0], c.want)
			assert.Zero(t, sent.Sent)
			assert.NotContains(t, sent.Notes[0], "verysecret")
			assert.NotContains(t, sent.Notes[0], "hidden")
		})
	}
}

func TestSlowAndHanging(t *testing.T) {
	slow := receive(t, func(_ int, _ http.ResponseWriter, _ *http.Request) int {
		time.Sleep(50 * time.Millisecond)
		return 200
	})
	sent, err := NewSpool("").Send(t.Context(), hook(t, slow.URL), []byte("{}"))
	require.NoError(t, err)
	assert.Equal(t, 1, sent.Sent)

	done := make(chan struct{})
	hanging := receive(t, func(_ int, _ http.ResponseWriter, r *http.Request) int {
		select {
		case <-done:
		case <-r.Context().Done():
		}
		return 0
	})
	defer close(done)
	h := hook(t, hanging.URL+secret)
	h.limit, h.client.HTTPClient.Timeout = 300*time.Millisecond, 100*time.Millisecond
	begun := time.Now()
	sent, err = NewSpool("").Send(t.Context(), h, []byte("{}"))
	require.NoError(t, err)
	assert.Less(t, time.Since(begun), 3*time.Second)
	assert.Equal(t, []string{h.String() + " does not answer: the time for it is up"}, sent.Notes)
}

func TestRetryAfter(t *testing.T) {
	var gap time.Duration
	var last time.Time
	rec := receive(t, func(call int, w http.ResponseWriter, _ *http.Request) int {
		if call == 1 {
			last = time.Now()
			w.Header().Set("Retry-After", "1")
			return 503
		}
		gap = time.Since(last)
		return 200
	})
	sent, err := NewSpool("").Send(t.Context(), hook(t, rec.URL), []byte("{}"))
	require.NoError(t, err)
	assert.Equal(t, 1, sent.Sent)
	assert.GreaterOrEqual(t, gap, time.Second)

	// One that wants to be asked again tomorrow is left alone, at once.
	late := receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) int {
		w.Header().Set("Retry-After", "86400")
		return 429
	})
	begun := time.Now()
	sent, err = NewSpool("").Send(t.Context(), hook(t, late.URL), []byte("{}"))
	require.NoError(t, err)
	assert.Less(t, time.Since(begun), 3*time.Second)
	assert.EqualValues(t, 1, late.calls.Load())
	assert.Contains(t, sent.Notes[0], "answers 429")
}

func TestNobodyThere(t *testing.T) {
	rec := receive(t, status(200))
	rec.Close()
	sent, err := NewSpool("").Send(t.Context(), hook(t, rec.URL+secret), []byte("{}"))
	require.NoError(t, err)
	assert.Contains(t, sent.Notes[0], "connection refused")
	assert.NotContains(t, sent.Notes[0], "verysecret")

	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	secure.Config.ErrorLog = nil
	sent, err = NewSpool("").Send(t.Context(), hook(t, secure.URL+secret), []byte("{}"))
	require.NoError(t, err)
	assert.Contains(t, sent.Notes[0], "certificate")
	assert.NotContains(t, sent.Notes[0], "verysecret")
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "hooks.example.com/x", "ftp://a/b", "http://", "https://%zz", "@/nowhere"} {
		_, err := NewHook(bad)
		assert.Error(t, err, bad)
	}
	_, err := NewHook("gopher://user:pw@host/verysecret")
	assert.NotContains(t, err.Error(), "verysecret")
	path := filepath.Join(t.TempDir(), "hook")
	require.NoError(t, os.WriteFile(path, []byte(" https://user:pw@example.com"+secret+"\n"), 0o600))
	h, err := NewHook("@" + path)
	require.NoError(t, err)
	assert.Equal(t, "https://example.com/…", h.String())
}

func TestPause(t *testing.T) {
	for attempt, most := range []time.Duration{1, 2, 4, 8, 16, 20, 20} {
		for range 100 {
			wait := pause(time.Second, 20*time.Second, attempt, nil)
			assert.GreaterOrEqual(t, wait, most*time.Second/2)
			assert.LessOrEqual(t, wait, most*time.Second)
		}
	}
	date := &http.Response{Header: http.Header{"Retry-After": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}}
	assert.InDelta(t, 3600, pause(1, 2, 0, date).Seconds(), 2)
}

func TestSpool(t *testing.T) {
	up := false
	rec := receive(t, func(int, http.ResponseWriter, *http.Request) int {
		if up {
			return 200
		}
		return 404
	})
	spool := NewSpool(filepath.Join(t.TempDir(), "spool"))
	h := hook(t, rec.URL+secret)
	for i, night := range []string{"first", "second"} {
		sent, err := spool.Send(t.Context(), h, []byte(night))
		require.NoError(t, err)
		assert.Equal(t, i+1, sent.Kept)
		assert.Zero(t, sent.Sent)
	}
	other, err := spool.Send(t.Context(), hook(t, rec.URL+"/another"), []byte("not theirs"))
	require.NoError(t, err)
	assert.Equal(t, 1, other.Kept)
	up = true
	sent, err := spool.Send(t.Context(), h, []byte("third"))
	require.NoError(t, err)
	assert.Equal(t, Sent{Sent: 3}, sent)
	assert.Equal(t, []string{"first", "second", "third"}, rec.took)
	kept, err := filepath.Glob(filepath.Join(spool.path, "*", "*.json"))
	require.NoError(t, err)
	assert.Len(t, kept, 1, "the other receiver's")
	for _, path := range append(kept, filepath.Dir(kept[0])) {
		assert.NotContains(t, path, "another")
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, "others may not read it")
	}
}

// A message that the receiver finds wrong does not hold up those behind it.
func TestPoison(t *testing.T) {
	rec := receive(t, status(404, 400, 200))
	spool := NewSpool(t.TempDir())
	h := hook(t, rec.URL)
	_, err := spool.Send(t.Context(), h, []byte("bad"))
	require.NoError(t, err)
	sent, err := spool.Send(t.Context(), h, []byte("good"))
	require.NoError(t, err)
	assert.Equal(t, 1, sent.Sent)
	assert.Contains(t, sent.Notes[0], "answers 400 Bad Request: said of /; the message is dropped")
	assert.Equal(t, []string{"good"}, rec.took)
}

func TestSpoolIsBounded(t *testing.T) {
	rec := receive(t, status(404))
	spool := NewSpool(t.TempDir())
	h := hook(t, rec.URL)
	var sent Sent
	for range mostMessages + 5 {
		var err error
		sent, err = spool.Send(t.Context(), h, []byte("x"))
		require.NoError(t, err)
	}
	assert.Equal(t, mostMessages, sent.Kept)
	assert.Contains(t, sent.Notes[0], "the spool was full: the 1 oldest messages were dropped")

	q, err := spool.queue(h)
	require.NoError(t, err)
	defer q.close()
	all, err := q.messages()
	require.NoError(t, err)
	old := time.Now().Add(-15 * 24 * time.Hour)
	for _, m := range all {
		require.NoError(t, os.Chtimes(m.path, old, old))
	}
	all, err = q.messages()
	require.NoError(t, err)
	left, err := q.bound(all, time.Now(), &sent)
	require.NoError(t, err)
	assert.Len(t, left, 1, "tonight's always stays")
}

func TestSpoolThatCannotBe(t *testing.T) {
	rec := receive(t, status(200))
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	sent, err := NewSpool(filepath.Join(file, "spool")).Send(t.Context(), hook(t, rec.URL), []byte("x"))
	require.ErrorContains(t, err, "not a directory")
	assert.Equal(t, 1, sent.Sent, "it was sent all the same")

	spool := NewSpool(t.TempDir())
	q, err := spool.queue(hook(t, rec.URL))
	require.NoError(t, err)
	defer q.close()
	_, err = spool.Send(t.Context(), hook(t, rec.URL), []byte("x"))
	require.ErrorContains(t, err, "in use by another process")
}

func TestInterrupted(t *testing.T) {
	rec := receive(t, status(500))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sent, err := NewSpool(t.TempDir()).Send(ctx, hook(t, rec.URL), []byte("x"))
	require.NoError(t, err)
	assert.Equal(t, 1, sent.Kept)
	assert.Contains(t, sent.Notes[0], "interrupted")
}
