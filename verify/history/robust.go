package history

import (
	"math"
	"slices"
)

// The test that tells a rise from noise. Numbers are compared as logarithms of their
// ratio to the median of earlier nights, so that a leg of a microsecond and one of a
// second are alike, and each is held against the noise of all.
const (
	rise      = 1.10   // what is less is not told, however sure it is
	certainty = 6      // in standard deviations of normal noise
	normalMAD = 1.4826 // standard deviation of normal noise whose median deviation is 1
	steadiest = 0.01   // less noise than this is not believed of any machine
	unsure    = 0.2    // more noise that is thought possible, divided by the numbers it was measured on
	crowd     = 8      // samples that can tell what all of them share
	fewest    = 2      // numbers that have a spread
	risk      = 0.1    // false alarms of one night that are borne, where single nights jump
	patience  = 3      // nights that a rise must last at the most
)

// spreads make up for deviations from a median of few numbers, to which one or two of
// them are equal: by how many there are, what the median of normal noise's deviations
// must be multiplied by. Simulated.
var spreads = [Window + 1]float64{2: 1.41, 3: 2.14, 4: 1.39, 5: 1.37, 6: 1.28, 7: 1.23}

// sample is one number tonight and in earlier nights, newest first, all above zero.
type sample struct {
	now    float64
	before []float64 // at most Window
	nights []int64   // that before is of, by their Seq
}

// scored is what the test makes of a sample.
type scored struct {
	median float64 // of earlier nights; 0 when they are too few
	center float64 // the logarithm of the same without what all samples share in a night
	sd     float64 // of its noise, as a ratio
	up     int     // for how many nights up to now it has been up; 0 when it is not
}

// crowdTest holds samples that were taken together on one machine.
type crowdTest struct {
	samples []sample
	scores  []scored
	shared  map[int64]float64 // the logarithm of what all of them share in an earlier night
	tonight float64           // and tonight, when it is up
	lasting int               // nights for which a rise must last
}

// score tests samples. What all of them share, as of a machine that is slower tonight,
// counts for none. Where numbers jump up for single nights, a rise must last.
func score(samples []sample) *crowdTest {
	t := &crowdTest{samples: samples, lasting: 1}
	for {
		t.measure()
		jumps := 0
		for i := range samples {
			jumps += t.judge(i)
		}
		if t.lasting >= patience || nightsToLast(jumps, samples) <= t.lasting {
			return t
		}
		t.lasting++ // and measured anew without those nights
	}
}

// past gives the earlier numbers that a rise of sample i is held against.
func (t *crowdTest) past(i int) ([]float64, []int64) {
	s := &t.samples[i]
	if len(s.before) < t.lasting-1+fewest {
		return nil, nil
	}
	return s.before[t.lasting-1:], s.nights[t.lasting-1:]
}

// measure finds the medians and the noise, of single samples and of all together.
func (t *crowdTest) measure() {
	t.scores = make([]scored, len(t.samples))
	t.shared, t.tonight = make(map[int64]float64), 0
	moves := make(map[int64][]float64)
	for i := range t.samples {
		past, nights := t.past(i)
		m := median(past)
		for j, b := range past {
			moves[nights[j]] = append(moves[nights[j]], math.Log(b/m))
		}
		t.scores[i].median = m
	}
	for night, all := range moves {
		if len(all) >= crowd {
			t.shared[night] = median(all)
		}
	}
	var all, now []float64
	for i, s := range t.samples {
		c := &t.scores[i]
		if c.median == 0 {
			continue
		}
		past, nights := t.past(i)
		own := make([]float64, len(past))
		for j, b := range past {
			own[j] = math.Log(b) - t.shared[nights[j]]
		}
		c.center = median(own)
		for j := range own {
			own[j] = math.Abs(own[j]-c.center) * spreads[len(own)]
		}
		c.sd = normalMAD * median(own)
		all = append(all, own...)
		now = append(now, math.Log(s.now)-c.center)
	}
	if len(now) >= crowd {
		t.tonight = max(0, median(now))
	}
	usual := max(steadiest+unsure/float64(max(1, len(all))), normalMAD*median(all))
	for i := range t.scores {
		// Seven numbers tell little of their noise, so that of all counts as much.
		c, n := &t.scores[i], float64(len(t.samples[i].before))
		c.sd = max(usual, math.Sqrt((Window*usual*usual+n*c.sd*c.sd)/(Window+n)))
	}
}

// judge counts the nights for which sample i has been up, and those among the earlier
// ones in which it jumped up and was down again in the next.
func (t *crowdTest) judge(i int) (jumps int) {
	s, c := &t.samples[i], &t.scores[i]
	if c.median == 0 {
		return 0
	}
	up := func(x, shared float64) bool {
		move := math.Log(x) - shared - c.center
		return move > math.Log(rise) && move > certainty*c.sd && x > rise*c.median
	}
	was := make([]bool, len(s.before))
	for j, b := range s.before {
		if was[j] = up(b, t.shared[s.nights[j]]); j > 0 && was[j] && !was[j-1] {
			jumps++
		}
	}
	if !up(s.now, t.tonight) {
		return jumps
	}
	c.up = 1
	for _, w := range was {
		if !w {
			break
		}
		c.up++
	}
	if c.up < t.lasting {
		c.up = 0
	}
	return jumps
}

// nightsToLast tells for how many nights a rise must last, for noise that jumps for
// single nights to make less than so many false alarms among all samples.
func nightsToLast(jumps int, samples []sample) int {
	total := 0
	for _, s := range samples {
		total += len(s.before)
	}
	if jumps == 0 {
		return 1
	}
	rate := float64(jumps) / float64(total)
	return int(math.Ceil(math.Log(risk/float64(len(samples))) / math.Log(rate)))
}

// median gives the middle of numbers, which it does not change; 0 of none.
func median(numbers []float64) float64 {
	if len(numbers) == 0 {
		return 0
	}
	sorted := slices.Clone(numbers)
	slices.Sort(sorted)
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
