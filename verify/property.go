package verify

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Property is one thing that a check was run with.
type Property struct{ Name, Value string }

// Properties tells what the check was run with, settings before versions, for
// reports of any format. What is unknown is left out.
func (r *Report) Properties() []Property {
	plain := func(n Number) string { return strconv.FormatFloat(float64(n), 'g', -1, 64) }
	all := []Property{
		{"method", r.Settings.Method},
		{"device", r.Settings.Device},
		{"threads", strconv.Itoa(r.Settings.Threads)},
		{"rtol", plain(r.Settings.RTol)},
		{"atol", plain(r.Settings.ATol)},
		{"equal NaN", strconv.FormatBool(r.Settings.EqualNaN)},
		{"tolerance", strings.Join(append([]string{r.Settings.Tolerance}, r.Settings.Tolerances...), "; ")},
		{"metrics", strings.Join(r.Settings.Metrics, ", ")},
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
