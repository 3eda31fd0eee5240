package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

func TestToleranceFlags(t *testing.T) {
	torchtest.Require(t)
	for name, c := range map[string]struct {
		flags []string
		code  int
		has   string
	}{
		"assert_close":    {[]string{"--tolerance", "assert_close"}, 0, "against expected, assert_close\n"},
		"exact":           {[]string{"--tolerance", "exact", "--equal-nan"}, 0, "against expected, exact, NaN equals NaN\n"},
		"of an output":    {[]string{"--tolerance", "output:ulp=2"}, 0, "equal, bit for bit, by 2 ULP\n"},
		"beside rtol":     {[]string{"--rtol", "0.5", "--tolerance", "output:exact"}, 0, "against expected, rtol 0.5, atol 1e-08\n"},
		"metrics":         {[]string{"--atol", "inf", "--metric", "cosine>=0.9", "--metric", "snr>=30"}, 0, "equal, bit for bit, cosine 1, snr +Inf dB\n"},
		"no output":       {[]string{"--tolerance", "logit:exact"}, 0, "- --tolerance logit:… fits no output\n"},
		"unknown word":    {[]string{"--tolerance", "close"}, 2, `unknown word "close"`},
		"unknown metric":  {[]string{"--metric", "angle>=1"}, 2, "unknown name"},
		"two for all":     {[]string{"--tolerance", "exact", "--tolerance", "allclose"}, 2, "there is one for all outputs already"},
		"rtol and a word": {[]string{"--tolerance", "allclose", "--rtol", "1"}, 2, "write --tolerance allclose,rtol=X,atol=X"},
	} {
		t.Run(name, func(t *testing.T) {
			r := invoke(t, append(safe(), c.flags...)...)
			assert.Equal(t, c.code, r.code, r.stderr)
			assert.Contains(t, r.stdout+r.stderr, c.has)
		})
	}
}
