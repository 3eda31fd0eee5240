package history

import (
	"cmp"
	"math"
	"slices"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// Trend is how one number went from night to night.
type Trend struct {
	Leg    string    `json:"leg"`    // "" of the process that ran the check
	Device string    `json:"device"` // of the leg
	What   What      `json:"what"`
	Values []float64 `json:"-"` // one for each turn of the course; NaN where there is none
}

// What names a number that nights tell.
type What string

// The numbers, in the order in which they are shown.
const (
	MaxError What = "max |Δ|"
	P50      What = "p50"
	Peak     What = "memory"
)

var whats = []What{MaxError, P50, Peak}

// Format writes a number of this kind for people.
func (w What) Format(v float64) string {
	switch {
	case w == P50:
		return Seconds(v)
	case w == Peak:
		return layout.Size(int64(v))
	}
	return verify.Number(v).String()
}

// Trends gives the numbers of a check that any night has, by leg.
func (c *Course) Trends() (all []Trend) {
	type key struct {
		leg, device string
		what        What
	}
	at := make(map[key]int)
	put := func(k key, turn int, v float64) {
		i, there := at[k]
		if !there {
			i = len(all)
			at[k] = i
			one := Trend{Leg: k.leg, Device: k.device, What: k.what, Values: make([]float64, len(c.Turns))}
			for j := range one.Values {
				one.Values[j] = math.NaN()
			}
			all = append(all, one)
		}
		all[i].Values[turn] = v
	}
	for i := range c.Turns {
		t := &c.Turns[i]
		for j := range t.Legs {
			l := &t.Legs[j]
			if l.Same != nil {
				put(key{l.Name, l.Device, MaxError}, i, finite(l.MaxAbs))
			}
			if l.P50 > 0 {
				put(key{l.Name, l.Device, P50}, i, l.P50)
			}
			if l.Peak > 0 {
				put(key{l.Name, l.Device, Peak}, i, float64(l.Peak))
			}
		}
		if t.Peak > 0 {
			put(key{"", "", Peak}, i, float64(t.Peak))
		}
	}
	found := slices.Clone(all)
	all = slices.DeleteFunc(all, func(t Trend) bool { // of a leg that failed before it had its device
		return t.Leg != "" && t.Device == "" && slices.ContainsFunc(found, func(o Trend) bool { return o.Leg == t.Leg && o.What == t.What && o.Device != "" })
	})
	slices.SortStableFunc(all, func(a, b Trend) int {
		last := func(t Trend) int { // the process comes behind the legs
			if t.Leg == "" {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(last(a), last(b)), cmp.Compare(a.Leg, b.Leg), cmp.Compare(a.Device, b.Device), cmp.Compare(slices.Index(whats, a.What), slices.Index(whats, b.What)))
	})
	return all
}

// Title names the leg: "state on cuda:0", or the process.
func (t *Trend) Title() string {
	switch {
	case t.Leg == "":
		return "the process"
	case t.Device == "":
		return t.Leg
	}
	return t.Leg + " on " + t.Device
}

// Last gives the latest number, and the least and greatest of all; ok is false when
// there is none.
func (t *Trend) Last() (last, least, greatest float64, ok bool) {
	least, greatest = math.Inf(1), math.Inf(-1)
	for _, v := range t.Values {
		if v == v {
			last, least, greatest, ok = v, min(least, v), max(greatest, v), true
		}
	}
	return last, least, greatest, ok
}

// Event is what a reader of a trend must know of a night.
type Event struct {
	Turn int
	Text string
	Bad  bool // the verdict became worse
}

// Events tells verdicts that changed, tensors newly uncovered, errors that grew, and
// other machines, libtorches, drivers, files.
func (c *Course) Events() (all []Event) {
	for i := range c.Turns {
		now := &c.Turns[i]
		add := func(text string, bad bool) { all = append(all, Event{i, text, bad}) }
		if i == 0 {
			add(verdictText(now), now.Verdict != verify.Consistent)
			continue
		}
		before := &c.Turns[i-1]
		worse := severity(now.Verdict) > severity(before.Verdict)
		if now.Verdict != before.Verdict {
			add(verdictText(now), worse)
		}
		if one, more := uncoveredChange("", now, []*Turn{before}); more && !worse { // which tells it already
			add(one.Now+": "+one.Detail, true)
		}
		if now.On.Host != before.On.Host || now.On.Hardware != before.On.Hardware {
			add("on "+now.On.Host+", "+cmp.Or(now.On.CPU, "unknown processor"), false)
		}
		if now.On.Libtorch != before.On.Libtorch {
			add("libtorch "+orNone(before.On.Libtorch)+" → "+orNone(now.On.Libtorch), false)
		}
		if a, b := driver(&before.On.Machine), driver(&now.On.Machine); a != b && now.On.Hardware == before.On.Hardware {
			add("driver "+orNone(a)+" → "+orNone(b), false)
		}
		if one, other := filesChange("", now, []*Turn{before}); other {
			add(one.Now+": "+one.Detail, false)
		}
		for _, one := range errorChanges("", now, c.earlier(i)) {
			if one.Machine = ""; one.New {
				add(one.Subject()+": "+one.Text(), true)
			}
		}
	}
	return all
}

// earlier gives the turns on the same hardware that numbers of a turn are held against,
// newest first.
func (c *Course) earlier(turn int) (before []*Turn) {
	for i := turn - 1; i >= 0 && len(before) < Window; i-- {
		if t := &c.Turns[i]; t.On.Hardware == c.Turns[turn].On.Hardware {
			before = append(before, t)
		}
	}
	return before
}

func verdictText(t *Turn) string {
	text := string(t.Verdict)
	if why := t.verdictDetail(); why != "" {
		text += ": " + why
	}
	return text
}

func driver(m *night.Machine) string {
	if len(m.Devices) == 0 {
		return ""
	}
	return m.Devices[0].Driver
}
