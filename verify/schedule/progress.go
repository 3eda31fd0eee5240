package schedule

import (
	"slices"
	"time"
)

// Progress says how far a night is.
type Progress struct {
	Done, Total int
	Elapsed     time.Duration
	Left        time.Duration // an estimate, from the second result on; else 0
}

// pace estimates how long checks take.
type pace struct {
	times                map[string]float64
	usual                float64
	before, ended, total int
	weighed, weights     float64
}

func newPace(jobs []*job, times map[string]float64, before int) pace {
	p := pace{times: times, usual: 1, before: before, total: len(jobs)}
	var known []float64
	for _, j := range jobs {
		if seconds := times[j.check.Name]; seconds > 0 {
			known = append(known, seconds)
		}
	}
	if slices.Sort(known); len(known) > 0 {
		p.usual = known[len(known)/2]
	}
	for _, j := range jobs {
		p.weights += p.weight(j)
	}
	return p
}

// weight is how long a job took the last time, or as long as most.
func (p *pace) weight(j *job) float64 {
	if seconds := p.times[j.check.Name]; seconds > 0 {
		return seconds
	}
	return p.usual
}

func (p *pace) done(j *job) {
	p.ended++
	p.weighed += p.weight(j)
}

// left tells how many checks have no result.
func (p *pace) left() int { return p.total - p.ended }

func (p *pace) progress(elapsed time.Duration) Progress {
	all := Progress{Done: p.before + p.ended, Total: p.before + p.total, Elapsed: elapsed}
	if p.ended > 1 {
		all.Left = time.Duration(float64(elapsed) * max(p.weights-p.weighed, 0) / p.weighed)
	}
	return all
}
