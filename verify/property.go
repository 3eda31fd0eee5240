package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Property is one thing that a check was run with.
type Property struct{ Name, Value string }

// Properties tells what the check was run with, settings before versions, for
// reports of any format. What is unknown is left out.
func (r *Report) Properties() []Property {
	all := []Property{
		{"method", r.Settings.Method},
		{"device", r.Settings.Device},
		{"threads", strconv.Itoa(r.Settings.Threads)},
		{"judged by", r.Settings.Demands()},
		{"TF32", strconv.FormatBool(r.Settings.TF32)},
		{"deterministic", strconv.FormatBool(r.Settings.Deterministic)},
		{"state key", r.Settings.StateKey},
		{"accepted as uncovered", strings.Join(r.Settings.AcceptUncovered, ", ")},
		{"non-persistent", strings.Join(r.Settings.NonPersistent, ", ")},
		{"torchgo", r.Versions.Torchgo},
		{"Go", r.Versions.Go},
		{"platform", r.Versions.Platform},
		{"libtorch", r.Versions.Libtorch},
		{"kernels", r.Versions.CPU},
		{"started", r.Started.Format(time.RFC3339)},
		{"took", fmt.Sprintf("%.2f s", r.Seconds)},
	}
	known := all[:0]
	for _, p := range all {
		if p.Value != "" {
			known = append(known, p)
		}
	}
	return known
}

// Demands says what outputs were judged by, in words: "rtol 1e-05, atol 1e-08;
// logits: exact; cosine>=0.999".
func (s Settings) Demands() string {
	all := slices.Concat([]string{s.Tolerance}, s.Tolerances, s.Metrics)
	return strings.Join(slices.DeleteFunc(all, func(one string) bool { return one == "" }), "; ")
}
