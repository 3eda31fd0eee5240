package store

import (
	"crypto/sha256"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// textOf gives JSON that is kept as a text. What we encode came out of JSON.
func textOf(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}

func digestOf(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }

// restOf gives what a result says besides what has columns.
func restOf(r *night.Result) night.Result {
	rest := *r
	rest.Check, rest.Verdict, rest.Summary = "", "", ""
	rest.Files, rest.Uncovered = nil, nil
	if nanoseconds(r.Started) != nil {
		rest.Started = time.Time{}
	}
	rest.Seconds, rest.Peak = 0, 0
	if r.Legs != nil {
		rest.Legs = make([]night.Leg, len(r.Legs))
	}
	for i, l := range r.Legs {
		l.Same, l.MaxAbs, l.MaxRel, l.Share, l.P50, l.Peak = nil, 0, 0, 0, 0, 0
		rest.Legs[i] = l
	}
	return rest
}

// headerOf gives what a header says besides what has columns.
func headerOf(h *night.Header) night.Header {
	rest := *h
	rest.Checks, rest.Machine = nil, night.Machine{}
	if h.Others != nil {
		rest.Others = []night.Machine{}
	}
	return rest
}

// nanoseconds gives a time as a column holds it; nil for those that the text keeps.
func nanoseconds(t time.Time) any {
	if t.Year() < 1700 || t.Year() > 2200 {
		return nil
	}
	return t.UnixNano()
}

// inUTC gives a night whose times are in UTC, as they come out again.
func inUTC(n *night.Night) *night.Night {
	same := *n
	same.Started = n.Started.UTC()
	same.Results = slices.Clone(n.Results)
	for i := range same.Results {
		r := &same.Results[i]
		r.Started = r.Started.UTC()
	}
	return &same
}

// number gives a number as a column holds it, which SQLite's have no NaN in.
func number(n verify.Number) any {
	if math.IsNaN(float64(n)) {
		return nil
	}
	return float64(n)
}

// legKey names what numbers of a leg belong to.
type legKey struct{ check, name, kind, device, libtorch string }

func keyOf(check string, l *night.Leg) legKey {
	return legKey{check, l.Name, l.Kind, l.Device, l.Libtorch}
}
