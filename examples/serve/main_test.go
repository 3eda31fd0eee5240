package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(url+"/score", "application/json", strings.NewReader(body))
	if !assert.NoError(t, err) {
		return 0, ""
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	assert.NoError(t, err)
	return resp.StatusCode, strings.TrimSpace(string(answer))
}

func TestAnswers(t *testing.T) {
	torchtest.Require(t)
	model, err := jit.LoadFS(files, "model.pt")
	require.NoError(t, err)
	defer model.Close()
	server := httptest.NewServer(handler(model))
	defer server.Close()
	for name, c := range map[string]struct {
		body   string
		status int
		answer string // its beginning
	}{
		"a row":           {"[1, 2, 3, 4]", 200, "[-2.21"},
		"too short a row": {"[1, 2]", 422, "forward: "},
		"no numbers":      {`["a"]`, 400, "json: "},
		"no JSON":         {"?", 400, "invalid character"},
		"nothing":         {"", 400, "unexpected end"},
		"a gap":           {"[1, null, 3, 4]", 400, "number 2 of the row is null"},
		"two rows":        {"[1, 2, 3, 4] [5]", 400, "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := post(t, server.URL, c.body)
			assert.Equal(t, c.status, status, answer)
			assert.True(t, strings.HasPrefix(answer, c.answer), answer)
			assert.NotContains(t, answer, "\n", "no traces for clients")
		})
	}
	resp, err := http.Get(server.URL + "/metrics")
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(text), `serve_requests_total{code="422"} 1`)
	assert.Contains(t, string(text), "serve_calls_waiting 0")
	assert.Contains(t, string(text), "serve_request_seconds_count")
}

func TestAnswersThatJSONCannotSay(t *testing.T) {
	torchtest.Require(t)
	model, err := jit.Compile("def forward(self, x: Tensor) -> Tensor:\n    return x / 0\n")
	require.NoError(t, err)
	defer model.Close()
	server := httptest.NewServer(handler(model))
	defer server.Close()
	status, answer := post(t, server.URL, "[1]")
	assert.Equal(t, 500, status)
	assert.Contains(t, answer, "+Inf")
}

// slow takes about as long as 100 large matrix products.
func slow(t *testing.T) *jit.Module {
	t.Helper()
	m, err := jit.Compile("def forward(self, x: Tensor) -> Tensor:\n    y = torch.ones([300, 300])\n    for i in range(100):\n        y = torch.mm(y, y) / 300\n    return x + y[0, 0]\n")
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

func TestShedsLoadWhenFull(t *testing.T) {
	torchtest.Require(t)
	require.NoError(t, torch.SetLimits(torch.Limits{Calls: 1, Queue: 2}))
	t.Cleanup(func() { assert.NoError(t, torch.SetLimits(torch.Limits{})) })
	server := httptest.NewServer(handler(slow(t)))
	defer server.Close()
	var served, shed atomic.Int64
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			switch status, answer := post(t, server.URL, "[1]"); status {
			case 200:
				served.Add(1)
			case 503:
				shed.Add(1)
			default:
				t.Errorf("%d: %s", status, answer)
			}
		})
	}
	all.Wait()
	assert.GreaterOrEqual(t, served.Load(), int64(3), "one that runs and two that wait")
	assert.Positive(t, shed.Load())
	status, _ := post(t, server.URL, "[1]")
	assert.Equal(t, 200, status, "and all is well afterwards")
}

func TestFinishesWhatItHasBegun(t *testing.T) {
	torchtest.Require(t)
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, handler(slow(t))) }()
	url := "http://" + listener.Addr().String()
	answered := make(chan int, 1)
	go func() {
		status, _ := post(t, url, "[1]")
		answered <- status
	}()
	require.Eventually(t, func() bool { return torch.CurrentOccupancy().Running > 0 }, 10*time.Second, time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	assert.Equal(t, 200, <-answered)
	_, err = http.Get(url + "/metrics")
	var refused *net.OpError
	assert.True(t, errors.As(err, &refused), "%v", err)
}

// The model is one of those whose making scripts/fixtures tells.
func TestModelIsTheScenarios(t *testing.T) {
	ours, err := files.ReadFile("model.pt")
	require.NoError(t, err)
	theirs, err := os.ReadFile("../../testdata/scenarios/safe_model_save/model_scripted.pt")
	require.NoError(t, err)
	assert.Equal(t, theirs, ours)
}
