package history

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// Night is one run of a suite, or of a shard of it.
type Night struct {
	Seq      int64                  `json:"seq"` // in which nights were taken in
	Suite    string                 `json:"suite"`
	ID       string                 `json:"id"` // which shards of one run share
	Shard    night.Shard            `json:"shard"`
	Started  time.Time              `json:"started"` // by a clock, which may jump
	Seconds  float64                `json:"seconds"` // 0 when it did not come to its end
	Commit   string                 `json:"commit"`
	Counts   map[verify.Verdict]int `json:"counts"`
	Missing  int                    `json:"missing"` // checks that were to be run and have no result
	Stopped  string                 `json:"stopped"` // why it ended early, or ""
	Machines []*Machine             `json:"machines"`
}

// Machine is what checks ran on.
type Machine struct {
	night.Machine
	Hardware string `json:"hardware"` // what numbers depend on; machines that share it compare
}

// NewMachine describes a machine. Its hardware has no host: machines of one make are
// alike, as those that a scheduler picks each night.
func NewMachine(m night.Machine) *Machine {
	parts := []string{m.Platform, m.CPU, m.Kernels, fmt.Sprint(m.Processors)}
	for _, d := range m.Devices {
		parts = append(parts, d.Model)
	}
	return &Machine{m, strings.Join(parts, ", ")}
}

// mark names the night in a change.
func (n *Night) mark(on *Machine) Mark {
	m := Mark{Night: n.ID, Started: n.Started}
	if on != nil {
		m.Machine = on.Host
	}
	return m
}

// on finds the machine of some hardware, or nil.
func (n *Night) on(hardware string) *Machine {
	for _, m := range n.Machines {
		if m.Hardware == hardware {
			return m
		}
	}
	return nil
}

// Course is what nights say of one check, oldest first.
type Course struct {
	Check string
	Fresh bool // no night before the last one knows the check
	Turns []Turn
}

// Turn is the result of a check in one night. Of results that say the same as the one
// before, a database gives no texts: no findings, files, uncovered tensors, summary.
type Turn struct {
	Night *Night   `json:"night"`
	On    *Machine `json:"on"`
	night.Result
}

func (t *Turn) mark() Mark { return t.Night.mark(t.On) }

// Leg finds a leg by its name and device, or nil.
func (t *Turn) Leg(name, device string) *night.Leg {
	for i := range t.Legs {
		if l := &t.Legs[i]; l.Name == name && l.Device == device {
			return l
		}
	}
	return nil
}

// Past is what the rules look at.
type Past struct {
	Nights  []*Night // oldest first; the last ones, of one ID, are those that are judged
	NotRun  []string // the checks that were to be run in those and have no result
	Courses []Course
}

// Window is how many earlier nights numbers are held against.
const Window = 7

// tonight gives the nights that are judged.
func (p *Past) tonight() []*Night {
	if len(p.Nights) == 0 {
		return nil
	}
	last := p.Nights[len(p.Nights)-1]
	return slices.DeleteFunc(slices.Clone(p.Nights), func(n *Night) bool { return n.ID != last.ID || n.Suite != last.Suite })
}

// split gives a check's result of the night that is judged and the earlier ones on the
// same hardware, newest first; all earlier ones when there are none.
func (c *Course) split(id string) (now *Turn, before []*Turn) {
	if len(c.Turns) == 0 {
		return nil, nil
	}
	now = &c.Turns[len(c.Turns)-1]
	if now.Night.ID != id {
		return nil, nil
	}
	var others []*Turn
	for i := len(c.Turns) - 2; i >= 0; i-- {
		t := &c.Turns[i]
		if t.Night.ID == id {
			continue
		}
		if t.On.Hardware == now.On.Hardware {
			before = append(before, t)
		} else {
			others = append(others, t)
		}
	}
	if before == nil {
		before = others
	}
	return now, before
}
