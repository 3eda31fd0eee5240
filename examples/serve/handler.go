package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// handler routes to the model and to what Prometheus reads.
func handler(model *jit.Module) http.Handler {
	metrics.GetOrCreateGauge("serve_calls_waiting", func() float64 { return float64(torch.CurrentOccupancy().Waiting) })
	metrics.GetOrCreateGauge("serve_native_bytes", func() float64 { return float64(torch.NativeBytes()) })
	mux := http.NewServeMux()
	mux.HandleFunc("POST /score", func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		status := http.StatusOK
		answer, err := score(model, w, r)
		if err != nil {
			status = statusOf(err)
			http.Error(w, err.Error(), status)
		} else {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(answer) // a client that went away needs no answer
		}
		metrics.GetOrCreateCounter(fmt.Sprintf(`serve_requests_total{code="%d"}`, status)).Inc()
		metrics.GetOrCreatePrometheusHistogram("serve_request_seconds").UpdateDuration(began)
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) { metrics.WritePrometheus(w, true) })
	return mux
}

// score runs the model on the row in the request and gives its answer as JSON.
func score(model *jit.Module, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	row, err := read(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return nil, &requestError{err}
	}
	s := torch.NewScope()
	defer s.Close() // closes x and all that is computed from it
	x, err := torch.FromSlice(row, 1, int64(len(row)))
	if err != nil {
		return nil, err
	}
	v, err := model.Run(r.Context(), s.Add(x))
	if err != nil {
		return nil, err
	}
	y, ok := v.(*torch.Tensor)
	if !ok {
		return nil, errors.New("the model gives something else than a tensor")
	}
	values, err := torch.Slice[float32](y)
	if err != nil {
		return nil, err
	}
	return json.Marshal(values) // JSON has no NaN, which is an error then
}

// read reads a row. To package json null is 0, and what follows the first value is none
// of its business.
func read(body io.Reader) ([]float32, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var fields []*float32
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	row := make([]float32, len(fields))
	for i, field := range fields {
		if field == nil {
			return nil, fmt.Errorf("number %d of the row is null", i+1)
		}
		row[i] = *field
	}
	return row, nil
}

// requestError says that a request cannot be read.
type requestError struct{ error }

// statusOf tells whose fault an error is.
func statusOf(err error) int {
	var request *requestError
	switch {
	case errors.As(err, &request):
		return http.StatusBadRequest
	case errors.Is(err, torch.CodeScript): // the model does not take such a row
		return http.StatusUnprocessableEntity
	case errors.Is(err, torch.ErrQueueFull), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
