package notice

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// bySeconds gives the results, those that took longest first.
func (n *Notice) bySeconds() []*night.Result {
	all := make([]*night.Result, len(n.Night.Results))
	for i := range n.Night.Results {
		all[i] = &n.Night.Results[i]
	}
	slices.SortStableFunc(all, func(a, b *night.Result) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Check, b.Check))
	})
	return all
}

// exposition collects metrics in Prometheus' text format, version 0.0.4.
type exposition struct {
	bytes.Buffer
	suite string
}

// sample is one value of a metric: labels are names and values by turns.
type sample struct {
	value  float64
	labels []string
}

var escaped = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// gauge writes a metric with all its samples, or nothing without any.
func (e *exposition) gauge(name, help string, samples ...sample) {
	if len(samples) == 0 {
		return
	}
	fmt.Fprintf(e, "# HELP torchgo_%s %s\n# TYPE torchgo_%s gauge\n", name, help, name)
	for _, s := range samples {
		fmt.Fprintf(e, `torchgo_%s{suite="%s"`, name, escaped.Replace(e.suite))
		for i := 0; i+1 < len(s.labels); i += 2 {
			fmt.Fprintf(e, `,%s="%s"`, s.labels[i], escaped.Replace(s.labels[i+1]))
		}
		fmt.Fprintf(e, "} %s\n", strconv.FormatFloat(s.value, 'g', -1, 64)) // NaN and +Inf are Prometheus' words too
	}
}

// WriteMetrics writes the night as metrics in Prometheus' text format. All are gauges:
// a night is an observation, and the next one takes its place.
func (n *Notice) WriteMetrics(w io.Writer) error {
	e := &exposition{suite: n.Night.Suite}
	n.ofNight(e)
	n.ofChecks(e)
	_, err := w.Write(e.Bytes())
	return err
}

func (n *Notice) ofNight(e *exposition) {
	counts := n.Night.Counts()
	var checks []sample
	for _, v := range []verify.Verdict{verify.Consistent, verify.Inconsistent, verify.Unanswered, verify.Unstable} {
		checks = append(checks, sample{float64(counts[v]), []string{"verdict", string(v)}})
	}
	e.gauge("night_checks", "Checks of the last night by their verdict.", checks...)
	e.gauge("night_checks_missing", "Checks that were to be run and have no result.", sample{value: float64(n.missing())})
	e.gauge("night_exit_code", "0: every check is consistent, 1: one is inconsistent, 2: one has no answer.", sample{value: float64(n.Night.ExitCode())})
	e.gauge("night_start_timestamp_seconds", "When the last night began.", sample{value: float64(n.Night.Started.UnixMilli()) / 1000})
	if end := n.Night.End; end != nil {
		e.gauge("night_end_timestamp_seconds", "When the last night ended.", sample{value: float64(end.Ended.UnixMilli()) / 1000})
		e.gauge("night_duration_seconds", "How long it took.", sample{value: end.Seconds})
	}
	gpus := 0
	for _, m := range n.machines() {
		gpus += len(m.Devices)
	}
	e.gauge("night_gpus", "GPUs of the machines that it ran on.", sample{value: float64(gpus)})
	if n.Changes == nil {
		return
	}
	var changes []sample
	for _, weight := range []history.Weight{history.Worse, history.Open, history.Better, history.Note} {
		changes = append(changes, sample{float64(len(n.changes(weight, true))), []string{"weight", string(weight)}})
	}
	e.gauge("night_new_changes", "What is new since the nights before, by what it means.", changes...)
}

func (n *Notice) ofChecks(e *exposition) {
	results := slices.Clone(n.Night.Results)
	night.Sort(results)
	var same, seconds, peak, attempts, p50, memory, errs []sample
	for i := range results {
		r := &results[i]
		check := []string{"check", r.Check}
		one := 0.0
		if r.Verdict == verify.Consistent {
			one = 1
		}
		same = append(same, sample{one, check})
		seconds = append(seconds, sample{r.Seconds, check})
		attempts = append(attempts, sample{float64(len(r.Attempts)), check})
		if r.Peak > 0 {
			peak = append(peak, sample{float64(r.Peak), check})
		}
		for _, l := range r.Legs {
			leg := append(check[:2:2], "leg", l.Name, "device", l.Device)
			if l.P50 > 0 {
				p50 = append(p50, sample{l.P50, leg})
			}
			if l.Peak > 0 {
				memory = append(memory, sample{float64(l.Peak), leg})
			}
			if l.Same != nil {
				errs = append(errs, sample{float64(l.MaxAbs), leg})
			}
		}
	}
	e.gauge("check_consistent", "1 when the check is consistent, else 0.", same...)
	e.gauge("check_duration_seconds", "How long the check took.", seconds...)
	e.gauge("check_retries", "Attempts before the last that the machine spoilt.", attempts...)
	e.gauge("check_memory_peak_bytes", "Memory of the check's process at its most.", peak...)
	e.gauge("leg_latency_p50_seconds", "Median time of a call.", p50...)
	e.gauge("leg_device_memory_peak_bytes", "Memory of the GPU at its most.", memory...)
	e.gauge("leg_error_max_abs", "Greatest absolute difference from the reference.", errs...)
}

// WriteMetricsFile writes the metrics to a file for node_exporter's textfile collector,
// which must never see half of it: beside its place, then renamed. The collector reads
// files whose names end in .prom.
func (n *Notice) WriteMetricsFile(path string) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(n.WriteMetrics(file), file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
