package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/verify/compare"
)

// The metrics.
const (
	metricCosine = "cosine" // of the angle between both outputs
	metricSNR    = "snr"    // ratio of signal to noise in decibels
	metricTopK   = "topk"   // share of the greatest elements of each row that are the same
)

// Metric is a demand on outputs as a whole, beside the one on each element.
// Outputs that are no floats have none of them, and complex ones no top-k.
type Metric struct {
	Output  string  // name, or pattern as of path.Match; "" is every output
	Name    string  // cosine, snr, topk
	K       int     // of topk
	AtLeast float64 // what it must reach: decibels of snr
}

// ParseMetric reads [OUTPUT:]cosine>=X, snr>=X, topk=K or topk=K>=X as of the flag
// --metric. Without X all of the top k must be the same.
func ParseMetric(text string) (Metric, error) {
	m := Metric{AtLeast: 1}
	wrong := func(format string, args ...any) (Metric, error) {
		return Metric{}, &Error{Msg: fmt.Sprintf("the metric %q %s", text, fmt.Sprintf(format, args...)),
			Remedy: "write [OUTPUT:]cosine>=0.999, snr>=40 (decibels), topk=5 or topk=5>=0.99"}
	}
	rest := text
	if at := strings.LastIndex(text, ":"); at >= 0 {
		if m.Output, rest = text[:at], text[at+1:]; m.Output == "" {
			return wrong("names no output before the colon")
		}
	}
	rest, least, bounded := strings.Cut(rest, ">=")
	name, k, counted := strings.Cut(rest, "=")
	m.Name = name
	var err error
	if bounded {
		if m.AtLeast, err = strconv.ParseFloat(least, 64); err != nil || m.AtLeast != m.AtLeast {
			return wrong("has a bound that is no number")
		}
	}
	switch {
	case name == metricTopK:
		if m.K, err = strconv.Atoi(k); err != nil || m.K < 1 {
			return wrong("does not say of how many elements")
		}
	case name != metricCosine && name != metricSNR:
		return wrong("has an unknown name")
	case counted, !bounded:
		return wrong("has no bound")
	}
	return m, m.check()
}

// check finds what is wrong with a metric.
func (m Metric) check() error {
	wrong := func(text string) error { return &Error{Msg: "the metric " + m.String() + " " + text} }
	switch {
	case m.Name == metricTopK && m.K < 1:
		return wrong("does not say of how many elements")
	case m.Name != metricTopK && m.Name != metricCosine && m.Name != metricSNR:
		return wrong("has an unknown name")
	case m.AtLeast != m.AtLeast, m.Name != metricSNR && m.AtLeast > 1:
		return wrong("can't be reached")
	}
	return nil
}

// label names what is measured: "topk=5".
func (m Metric) label() string {
	if m.Name == metricTopK {
		return metricTopK + "=" + strconv.Itoa(m.K)
	}
	return m.Name
}

// String writes the metric as ParseMetric reads it.
func (m Metric) String() string {
	text := fmt.Sprintf("%s>=%v", m.label(), m.AtLeast)
	if m.Output != "" {
		text = m.Output + ":" + text
	}
	return text
}

// of tells whether the metric is for an output.
func (m Metric) of(name string) bool { return m.Output == "" || fits(m.Output, name) }

// measured tells whether an output has been judged by the metric.
func (m Metric) measured(o OutputComparison) bool {
	return m.of(o.Name) && slices.ContainsFunc(o.Metrics, func(r MetricResult) bool { return r.Name == m.label() })
}

// MetricResult is how alike an output is as a whole.
type MetricResult struct {
	Name    string `json:"name"`     // cosine, snr, topk=5
	Value   Number `json:"value"`    // of snr in decibels, of topk the share that agrees
	AtLeast Number `json:"at_least"` // what it must reach
	Reached bool   `json:"reached"`
}

// compareMeasured compares an output and judges it by the metrics that are for it.
func compareMeasured(name string, got, want compare.Tensor, tol compare.Tolerance, all []Metric) (compare.Stats, []MetricResult, error) {
	results := []MetricResult{}
	floating := got.DType.IsFloat() && want.DType.IsFloat()
	if !floating && !(got.DType.IsComplex() && want.DType.IsComplex()) || !slices.ContainsFunc(all, func(m Metric) bool { return m.of(name) }) {
		s, err := compare.CompareWidened(got, want, tol)
		return s, results, err
	}
	s, whole, err := compare.Measure(got, want, tol)
	if err != nil || s.Numel == 0 {
		return s, results, err
	}
	for _, m := range all {
		if !m.of(name) || m.Name == metricTopK && (!floating || len(got.Shape) == 0) {
			continue
		}
		value := whole.Cosine
		switch m.Name {
		case metricSNR:
			value = whole.SNR
		case metricTopK:
			if value, err = compare.TopK(got, want, m.K); err != nil {
				return s, results, err
			}
		}
		results = append(results, MetricResult{m.label(), Number(value), Number(m.AtLeast), value >= m.AtLeast})
	}
	return s, results, nil
}

// text says the result in words.
func (r MetricResult) text() string {
	unit := ""
	if r.Name == metricSNR {
		unit = " dB"
	}
	value := strconv.FormatFloat(float64(r.Value), 'g', 6, 64) + unit
	if r.Reached {
		return r.Name + " " + value
	}
	return fmt.Sprintf("%s %s, less than %v", r.Name, value, float64(r.AtLeast))
}
