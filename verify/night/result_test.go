package night

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed06459138/torchgo/verify"
)

func TestShareOfTolerance(t *testing.T) {
	tolerance := func(rtol, atol float64, ulp uint64) verify.Tolerance {
		return verify.Tolerance{RTol: verify.Number(rtol), ATol: verify.Number(atol), ULP: ulp}
	}
	usual := tolerance(1e-5, 1e-8, 0)
	for name, c := range map[string]struct {
		o    verify.OutputComparison
		want float64
	}{
		"equal":                {verify.OutputComparison{Same: true, Tolerance: usual}, 0},
		"by rtol":              {verify.OutputComparison{Same: true, MaxAbs: 1e-6, MaxRel: 2e-6, Tolerance: usual}, 0.2},
		"by atol":              {verify.OutputComparison{Same: true, MaxAbs: 1e-9, MaxRel: 1, Tolerance: usual}, 0.1},
		"both bounds are high": {verify.OutputComparison{Same: true, MaxAbs: 1e-6, MaxRel: 1e-3, Tolerance: usual}, 1},
		"outside":              {verify.OutputComparison{MaxAbs: 1e-3, MaxRel: 1e-3, Tolerance: usual}, 100},
		"nothing but zeros":    {verify.OutputComparison{Same: true, MaxAbs: 5e-9, Tolerance: usual}, 0.5},
		"steps":                {verify.OutputComparison{Same: true, MaxAbs: 1e-6, MaxRel: 1e-3, MaxULP: 2, Tolerance: tolerance(0, 0, 8)}, 0.25},
		"steps not measured":   {verify.OutputComparison{Same: true, MaxAbs: 1e-6, MaxRel: 2e-6, Tolerance: tolerance(1e-5, 0, 8)}, 0.2},
		"exact":                {verify.OutputComparison{MaxAbs: 1e-6, MaxRel: 1e-3, Tolerance: tolerance(0, 0, 0)}, math.Inf(1)},
		"by metrics alone":     {verify.OutputComparison{Same: true, MaxAbs: 1, MaxRel: 1, Tolerance: tolerance(0, math.Inf(1), 0)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			assert.InDelta(t, c.want, float64(shareOf(&c.o)), 1e-9)
		})
	}
}
