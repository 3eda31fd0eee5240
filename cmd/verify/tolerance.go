package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/compare"
)

// judging holds the flags that say what outputs may differ by.
type judging struct {
	all        compare.Tolerance // of --rtol, --atol and --equal-nan
	tolerances []string
	metrics    []string
	cmd        *cobra.Command
}

func (j *judging) declare(cmd *cobra.Command) {
	j.cmd = cmd
	f := cmd.Flags()
	f.Float64Var(&j.all.RTol, "rtol", compare.Default.RTol, "relative tolerance")
	f.Float64Var(&j.all.ATol, "atol", compare.Default.ATol, "absolute tolerance: |a-b| <= atol + rtol*|b|; inf takes any difference, for --metric to judge")
	f.BoolVar(&j.all.EqualNaN, "equal-nan", false, "NaN equals NaN")
	f.StringArrayVar(&j.tolerances, "tolerance", nil, "[OUTPUT:]`WORD`,…: allclose, assert_close, gpu, exact, rtol=X, atol=X, ulp=N, equal-nan; repeatable")
	f.StringArrayVar(&j.metrics, "metric", nil, "[OUTPUT:]`METRIC`>=X that outputs must reach: cosine, snr (dB), topk=K; repeatable")
}

// apply says in spec what the flags ask for.
func (j *judging) apply(spec *verify.Spec) error {
	spec.EqualNaN = j.all.EqualNaN
	if j.cmd.Flags().Changed("rtol") || j.cmd.Flags().Changed("atol") {
		spec.Tolerance = &j.all
	}
	whole := false
	for _, text := range j.tolerances {
		t, err := verify.ParseTolerance(text)
		if err != nil {
			return fmt.Errorf("--tolerance: %w", err)
		}
		t.Tolerance.EqualNaN = t.Tolerance.EqualNaN || j.all.EqualNaN
		switch {
		case t.Output != "":
			spec.Tolerances = append(spec.Tolerances, t)
			continue
		case whole:
			return fmt.Errorf("--tolerance %s: there is one for all outputs already; write OUTPUT:%s", text, text)
		case j.cmd.Flags().Changed("rtol"), j.cmd.Flags().Changed("atol"):
			return errors.New("--tolerance and --rtol or --atol are both for all outputs; write --tolerance " + text + ",rtol=X,atol=X")
		}
		whole = true
		spec.Tolerance = &t.Tolerance
	}
	for _, text := range j.metrics {
		m, err := verify.ParseMetric(text)
		if err != nil {
			return fmt.Errorf("--metric: %w", err)
		}
		spec.Metrics = append(spec.Metrics, m)
	}
	return nil
}
