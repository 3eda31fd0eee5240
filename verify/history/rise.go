package history

import (
	"fmt"
	"math"
	"strconv"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// leastBytes is what memory must grow by to be told: allocators take blocks.
const leastBytes = 8 << 20

// crowdKey names samples that are taken under the same conditions, whose noise is alike.
type crowdKey struct {
	rule                       Rule
	hardware, device, libtorch string
}

// crowdOf are the samples of one crowdKey, and whose they are.
type crowdOf struct {
	samples []sample
	owners  []owner
}

// owner says what a sample is of.
type owner struct {
	check, leg, device string
	now                *Turn
	turns              []*Turn // those of the sample's earlier numbers
}

// rises holds latencies and memory against those of earlier nights.
type rises struct {
	crowds map[crowdKey]*crowdOf
	order  []crowdKey
}

// add takes the numbers of a check's legs, and of the process that ran it.
func (r *rises) add(check string, now *Turn, before []*Turn) {
	hardware := now.On.Hardware
	var same []*Turn
	for _, t := range before {
		if t.On.Hardware == hardware {
			same = append(same, t)
		}
	}
	for i := range now.Legs {
		l := &now.Legs[i]
		key := crowdKey{LatencyRule, hardware, l.Device, l.Libtorch}
		o := owner{check: check, leg: l.Name, device: l.Device, now: now}
		like := func(value func(*night.Leg) float64) func(*Turn) float64 {
			return func(t *Turn) float64 {
				if e := t.Leg(l.Name, l.Device); e != nil && e.Libtorch == l.Libtorch && e.Kind == l.Kind {
					return value(e)
				}
				return 0
			}
		}
		r.take(key, o, l.P50, same, like(func(l *night.Leg) float64 { return l.P50 }))
		key.rule = MemoryRule
		r.take(key, o, float64(l.Peak), same, like(func(l *night.Leg) float64 { return float64(l.Peak) }))
	}
	key := crowdKey{MemoryRule, hardware, "process", now.On.Libtorch}
	r.take(key, owner{check: check, now: now}, float64(now.Peak), same, func(t *Turn) float64 {
		if t.On.Libtorch != now.On.Libtorch {
			return 0
		}
		return float64(t.Peak)
	})
}

// take adds a sample unless there is no number tonight.
func (r *rises) take(key crowdKey, o owner, now float64, before []*Turn, value func(*Turn) float64) {
	if !(now > 0) || math.IsInf(now, 0) {
		return
	}
	s := sample{now: now}
	for _, t := range before {
		if v := value(t); v > 0 && !math.IsInf(v, 0) && len(s.before) < Window {
			s.before, s.nights = append(s.before, v), append(s.nights, t.Night.Seq)
			o.turns = append(o.turns, t)
		}
	}
	c := r.crowds[key]
	if c == nil {
		c = &crowdOf{}
		r.crowds[key] = c
		r.order = append(r.order, key)
	}
	c.samples = append(c.samples, s)
	c.owners = append(c.owners, o)
}

// changes tests them all. Notes say where a rise is not told in its first night.
func (r *rises) changes() (all []Change, notes []string) {
	for _, key := range r.order {
		c := r.crowds[key]
		test := score(c.samples)
		if shared := math.Exp(test.tonight); shared > rise && key.rule == LatencyRule {
			all = append(all, c.sharedRise(key, shared))
		}
		if test.lasting > 1 {
			notes = append(notes, fmt.Sprintf("%s on %s jumps up for single nights now and then: a rise is told when it has lasted %d nights", key.rule, key.device, test.lasting))
		}
		for i, s := range test.scores {
			now := c.samples[i].now
			if s.up == 0 || key.rule == MemoryRule && now-s.median < leastBytes {
				continue
			}
			o := &c.owners[i]
			one := change(key.rule, Worse, o.check, o.now)
			one.Leg, one.Device = o.leg, o.device
			one.since(o.now, o.turns, s.up)
			one.Nights = len(c.samples[i].before) - (test.lasting - 1)
			one.measure(s.median, now, key.rule)
			all = append(all, one)
		}
	}
	return all, notes
}

// sharedRise tells that everything on a machine is slower, once.
func (c *crowdOf) sharedRise(key crowdKey, ratio float64) Change {
	one := change(MachineRule, Worse, "", c.owners[0].now)
	one.Device, one.New = key.device, true
	one.Now = "legs are slower by " + strconv.FormatFloat(100*(ratio-1), 'f', 0, 64) + " %"
	one.Detail = "median of " + layout.Count(len(c.samples), "leg") + ", which none of them is told for"
	return one
}

// measure puts in the numbers.
func (c *Change) measure(before, now float64, rule Rule) {
	c.Values = &Values{Before: verify.Number(before), Now: verify.Number(now)}
	switch rule {
	case LatencyRule:
		c.Values.Unit, c.Before, c.Now = "s", Seconds(before), Seconds(now)
	case MemoryRule:
		c.Values.Unit, c.Before, c.Now = "B", layout.Size(int64(before)), layout.Size(int64(now))
	}
}

// Seconds writes a time with three digits: "12.1 ms".
func Seconds(s float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
		if s >= 0.9995*unit.size {
			return strconv.FormatFloat(s/unit.size, 'g', 3, 64) + " " + unit.name
		}
	}
	return strconv.FormatFloat(s*1e9, 'g', 3, 64) + " ns"
}
