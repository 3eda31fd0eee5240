package history

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// jumpy is noise that now and then is a quarter more for a night.
func jumpy(often float64) func(r *rand.Rand) float64 {
	return func(r *rand.Rand) float64 {
		x := 0.02 * r.NormFloat64()
		if r.Float64() < often {
			x += 0.25
		}
		return x
	}
}

func normal(sd float64) func(r *rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return sd * r.NormFloat64() }
}

// student is noise with long tails: Student's t of three degrees of freedom.
func student(scale float64) func(r *rand.Rand) float64 {
	return func(r *rand.Rand) float64 {
		sum := 0.0
		for range 3 {
			x := r.NormFloat64()
			sum += x * x
		}
		return scale * r.NormFloat64() / math.Sqrt(sum/3)
	}
}

// Noise must not page anybody, and what lasts must be found: the share of false alarms
// among samples and of rises that are found in simulated nights, on a machine that is
// itself slower or faster by 3 % each night. One sample in each night is risen by a
// half, for lasting nights.
func TestNoiseDoesNotPage(t *testing.T) {
	const total = 20000
	for _, c := range []struct {
		name         string
		noise        func(*rand.Rand) float64
		legs, nights int
		lasting      int
		alarms       float64 // at the most
		found        float64 // at the least
	}{
		{"normal 1 %", normal(.01), 80, 7, 1, 0, 1},
		{"normal 3 %", normal(.03), 80, 7, 1, 0, 0.95},
		{"normal 5 %", normal(.05), 80, 7, 1, 0, 0.7},
		{"normal 10 %", normal(.10), 80, 7, 1, 0, 0},
		{"normal 3 %, two nights", normal(.03), 80, 2, 1, 1e-4, 0.9},
		{"normal 3 %, many legs", normal(.03), 2000, 7, 1, 0, 0.99},
		{"normal 3 %, one leg", normal(.03), 1, 7, 1, 2e-4, 0.6},
		{"long tails", student(.02), 80, 7, 1, 2e-3, 0.5},
		{"jumps one night in 300", jumpy(1. / 300), 80, 7, 1, 2e-3, 0.1},
		{"jumps one night in 300, rise of 2 nights", jumpy(1. / 300), 80, 7, 2, 2e-3, 0.9},
		{"jumps one night in 20", jumpy(.05), 80, 7, 1, 4e-3, 0},
		{"jumps one night in 20, rise of 3 nights", jumpy(.05), 80, 7, 3, 4e-3, 0.8},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			alarms, rises, found := 0, 0, 0
			for seen := 0; seen < total; seen += c.legs {
				samples := make([]sample, c.legs)
				for night := range c.nights + 1 {
					machine := 0.03 * r.NormFloat64()
					for i := range samples {
						x := math.Exp(machine + c.noise(r))
						if i == 0 && night < c.lasting && seen%(2*c.legs) == 0 {
							x *= 1.5
						}
						if s := &samples[i]; night == 0 {
							s.now = x
						} else {
							s.before, s.nights = append(s.before, x), append(s.nights, int64(-night))
						}
					}
				}
				for i, s := range score(samples).scores {
					switch planted := i == 0 && seen%(2*c.legs) == 0; {
					case planted && s.up > 0:
						found++
						rises++
					case planted:
						rises++
					case s.up > 0:
						alarms++
					}
				}
			}
			t.Logf("false alarms %.1e, found %.2f", float64(alarms)/total, float64(found)/float64(rises))
			assert.LessOrEqual(t, float64(alarms)/total, c.alarms)
			assert.GreaterOrEqual(t, float64(found)/float64(rises), c.found)
		})
	}
}

func TestMedian(t *testing.T) {
	numbers := []float64{3, 1, 2}
	assert.Equal(t, 2.0, median(numbers))
	assert.Equal(t, []float64{3, 1, 2}, numbers)
	assert.Equal(t, 1.5, median([]float64{2, 1}))
	assert.Zero(t, median(nil))
}
