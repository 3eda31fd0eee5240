package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
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
		{"isolated", r.Settings.isolation()},
		{"torchgo", r.Versions.Torchgo},
		{"Go", r.Versions.Go},
		{"platform", r.Versions.Platform},
		{"libtorch", r.Libtorchs()},
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

// Libtorchs names the versions of libtorch that computed legs, in their order:
// "2.11.0 and 2.15.0".
func (r *Report) Libtorchs() string {
	var all []string
	for _, l := range r.Legs {
		if l.Libtorch != "" && !slices.Contains(all, l.Libtorch) {
			all = append(all, l.Libtorch)
		}
	}
	if len(all) == 0 {
		return r.Versions.Libtorch
	}
	return strings.Join(all, " and ")
}

// Computes says what computes a leg, with its libtorch where those of legs differ.
func (r *Report) Computes(leg string) string {
	l := r.legOf(leg)
	switch {
	case l == nil:
		return ""
	case l.Libtorch == "" || r.Libtorchs() == l.Libtorch:
		return l.Structure
	}
	return l.Structure + ", libtorch " + l.Libtorch
}

// isolation says within which limits each leg ran, "" when they ran together.
func (s Settings) isolation() string {
	if !s.Isolated {
		return ""
	}
	text := "each leg in a process of its own"
	if s.Timeout > 0 {
		text += fmt.Sprintf(", at most %v", time.Duration(s.Timeout*float64(time.Second)))
	}
	if s.Memory > 0 {
		text += fmt.Sprintf(", at most %s", layout.Size(s.Memory))
	}
	return text
}
