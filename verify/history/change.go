package history

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/verify"
)

// Rule names what a change is about.
type Rule string

// The rules, in the order in which their changes are told.
const (
	MachineRule   Rule = "machine"   // another libtorch, driver, commit; everything is slower
	VerdictRule   Rule = "verdict"   // the verdict is another
	UncoveredRule Rule = "uncovered" // tensors are uncovered that were not
	ErrorRule     Rule = "error"     // an error grew tenfold, inside the tolerance
	LatencyRule   Rule = "latency"   // the median latency is up by more than 10 %
	MemoryRule    Rule = "memory"    // the peak of memory is up by more than 10 %
	NotRunRule    Rule = "not-run"   // checks, or a shard, have no result
	PresenceRule  Rule = "presence"  // a check is new or has vanished
	FilesRule     Rule = "files"     // a file has other bytes
)

var rules = []Rule{MachineRule, VerdictRule, UncoveredRule, ErrorRule, LatencyRule, MemoryRule, NotRunRule, PresenceRule, FilesRule}

// Weight says what a change means.
type Weight string

// The weights of changes.
const (
	Worse  Weight = "worse" // somebody should look
	Open   Weight = "open"  // it cannot be told how things are
	Better Weight = "better"
	Note   Weight = "note" // worth knowing when looking for a cause
)

var weights = []Weight{Worse, Open, Better, Note}

// Mark names a night.
type Mark struct {
	Night   string    `json:"night"` // its ID
	Started time.Time `json:"started"`
	Machine string    `json:"machine"` // host
}

// Change is something that is not as it was.
type Change struct {
	Rule    Rule    `json:"rule"`
	Weight  Weight  `json:"weight"`
	New     bool    `json:"new"`    // the night that is judged is the first that shows it
	Check   string  `json:"check"`  // "" of what is about the machine or the whole night
	Leg     string  `json:"leg"`    // "" of what is about the whole check
	Device  string  `json:"device"` // of the leg
	Before  string  `json:"before"` // in words: "consistent", "12.1 ms"; "" when there was nothing
	Now     string  `json:"now"`
	Values  *Values `json:"values"`  // the same as numbers; null where there are none
	Nights  int     `json:"nights"`  // how many stand behind Before
	Since   Mark    `json:"since"`   // the first night that shows it
	Than    *Mark   `json:"than"`    // the last night that does not; null when there is none
	Machine string  `json:"machine"` // host of the night that is judged
	Detail  string  `json:"detail"`  // what else there is to say
}

// Values are the numbers of a change.
type Values struct {
	Before verify.Number `json:"before"`
	Now    verify.Number `json:"now"`
	Unit   string        `json:"unit"` // "s", "B", or "" of an error
}

// Subject names the check and leg: "resnet, leg state on cuda:0".
func (c *Change) Subject() string {
	text := c.Check
	add := func(part string) {
		if text != "" && part != "" {
			text += ", "
		}
		text += part
	}
	if c.Leg != "" {
		add("leg " + c.Leg)
	}
	if c.Device != "" {
		if c.Leg == "" {
			add(c.Device)
		} else {
			text += " on " + c.Device
		}
	}
	return text
}

// Text says it in one line, without the check: "p50 12.1 ms → 15.8 ms, +31 % on the
// median of 7 nights; new on box".
func (c *Change) Text() string {
	var b strings.Builder
	switch c.Rule {
	case ErrorRule:
		b.WriteString("max |Δ| ")
	case LatencyRule:
		b.WriteString("p50 ")
	case MemoryRule:
		b.WriteString("peak memory ")
	}
	switch {
	case c.Before != "" && c.Now != "":
		b.WriteString(c.Before + " → " + c.Now)
	case c.Now != "":
		b.WriteString(c.Now)
	}
	if v := c.Values; v != nil && v.Unit != "" && v.Before > 0 {
		fmt.Fprintf(&b, ", %+.0f %% on the median of %s", 100*float64(v.Now/v.Before-1), countNights(c.Nights))
	}
	if c.Detail != "" {
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(c.Detail)
	}
	if !c.New && c.Since.Night != "" {
		b.WriteString("; since night " + c.Since.Night)
	}
	if c.Machine != "" {
		b.WriteString("; on " + c.Machine)
	}
	return b.String()
}

func countNights(n int) string {
	if n == 1 {
		return "one night"
	}
	return fmt.Sprintf("%d nights", n)
}
