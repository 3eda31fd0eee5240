package night

import (
	"slices"
	"time"

	"github.com/seed06459138/torchgo/verify"
)

// Schema names the format of the file. A field may be added under the same number;
// any other change raises it. docs/night.schema.json describes it.
const Schema = "torchgo.verify.night/1"

// Night is what one run of a suite, or of a shard of it, found out.
type Night struct {
	Header
	Results []Result // in the order in which the checks ended
	End     *End     // nil when the run did not come to its end
}

// Header says what was to be run, and where. It is written before the first check.
type Header struct {
	Schema  string    `json:"schema"`
	ID      string    `json:"id"`      // of the run; shards of one run share it
	Suite   string    `json:"suite"`   // its name
	Digest  string    `json:"digest"`  // SHA-256 of what is to be checked, which a resumed run must share
	Started time.Time `json:"started"` // by the clock of the machine, which may jump
	Commit  string    `json:"commit"`  // of the source that the models belong to, or ""
	Shard   Shard     `json:"shard"`
	Checks  []string  `json:"checks"` // the names of those to run here, in the order of the suite
	Total   int       `json:"total"`  // of checks that were to run in all shards together
	Machine Machine   `json:"machine"`
	Others  []Machine `json:"others"`  // that shards ran on besides, once they are merged
	Against string    `json:"against"` // the folder of records that outputs were held against, or ""
}

// Shard is a part of a suite: Index is from 1 to Count. The zero value is the whole.
type Shard struct {
	Index int `json:"index"`
	Count int `json:"count"`
}

// Machine is what a night ran on.
type Machine struct {
	Host       string   `json:"host"`
	Platform   string   `json:"platform"` // "linux/amd64"
	CPU        string   `json:"cpu"`      // model, as the kernel names it
	Kernels    string   `json:"kernels"`  // that libtorch uses: "AVX2"
	Processors int      `json:"processors"`
	Memory     int64    `json:"memory"` // in bytes
	Torchgo    string   `json:"torchgo"`
	Go         string   `json:"go"`
	Libtorch   string   `json:"libtorch"`
	Devices    []Device `json:"devices"` // the GPUs; none on a machine without
}

// Device is a GPU.
type Device struct {
	Name   string `json:"name"`   // "cuda:0"
	Model  string `json:"model"`  // as the driver names it
	Driver string `json:"driver"` // version
	Memory int64  `json:"memory"` // in bytes
}

// Result is what became of one check.
type Result struct {
	Check    string           `json:"check"`
	Tags     []string         `json:"tags"`
	Verdict  verify.Verdict   `json:"verdict"`
	Summary  string           `json:"summary"` // the verdict in words, one line
	Ended    string           `json:"ended"`   // how its process ended that died: "crashed: SIGSEGV"; or ""
	Findings []verify.Finding `json:"findings"`
	Files    []verify.File    `json:"files"`
	Legs     []Leg            `json:"legs"`
	// Uncovered names the tensors that outputs depend on, or may, and that the state lacks.
	Uncovered []string  `json:"uncovered"`
	Devices   []string  `json:"devices"` // on which legs really ran: "cpu", "cuda:0"
	Started   time.Time `json:"started"`
	Seconds   float64   `json:"seconds"`  // of the last attempt
	Peak      int64     `json:"peak"`     // memory of the process that ran it, in bytes; 0 when not measured
	Attempts  []string  `json:"attempts"` // why earlier attempts failed; each is a failure of the machine, not of the files
	Machine   int       `json:"machine"`  // that it ran on: 0 is Header.Machine, others follow in Header.Others
}

// Leg has the numbers of one leg that rules look at.
type Leg struct {
	Name     string        `json:"name"`
	Kind     string        `json:"kind"`
	Device   string        `json:"device"`
	Libtorch string        `json:"libtorch"`
	Same     *bool         `json:"same"`    // as the reference; null of the reference itself, and when it cannot be told
	MaxAbs   verify.Number `json:"max_abs"` // greatest |got − want| over all outputs and sets of inputs
	MaxRel   verify.Number `json:"max_rel"`
	// Share is the part of the tolerance that the worst output takes, at the most: 1 is
	// all of it, more is outside. 0 too where the tolerance is infinite.
	Share verify.Number `json:"share"`
	P50   float64       `json:"p50"`  // median latency of a call in seconds; 0 when not measured
	Peak  int64         `json:"peak"` // memory of the device at its most, in bytes; 0 when not measured
	Error string        `json:"error"`
}

// End is written behind the last check.
type End struct {
	Ended   time.Time `json:"ended"`
	Seconds float64   `json:"seconds"` // by the monotonic clock, of all sittings of a resumed run
	Stopped string    `json:"stopped"` // why the run ended before every check was run: "interrupted", "--fail-fast"; or ""
	Notes   []string  `json:"notes"`   // what a reader must know besides: a clock that jumped, a disk that was full
}

// Missing names the checks that were to be run and have no result.
func (n *Night) Missing() []string {
	done := make(map[string]bool, len(n.Results))
	for i := range n.Results {
		done[n.Results[i].Check] = true
	}
	return slices.DeleteFunc(slices.Clone(n.Checks), func(name string) bool { return done[name] })
}

// MachineOf gives the machine that a result of this night comes from.
func (n *Night) MachineOf(r *Result) *Machine {
	if r.Machine > 0 && r.Machine <= len(n.Others) {
		return &n.Others[r.Machine-1]
	}
	return &n.Machine
}

// Unassigned tells how many checks of the suite belonged to no shard that is here; of
// the night of one shard it can't be told, and is 0.
func (n *Night) Unassigned() int {
	if n.Shard.Count > 0 {
		return 0
	}
	return max(n.Total-len(n.Checks), 0)
}

// Counts tells how many checks ended with each verdict.
func (n *Night) Counts() map[verify.Verdict]int {
	counts := make(map[verify.Verdict]int)
	for i := range n.Results {
		counts[n.Results[i].Verdict]++
	}
	return counts
}

// ExitCode gives what a command returns: 0 when every check ran and was consistent, 1
// when one was inconsistent, else 2.
func (n *Night) ExitCode() int {
	counts := n.Counts()
	switch {
	case counts[verify.Inconsistent] > 0:
		return 1
	case n.End == nil, counts[verify.Consistent] < len(n.Results), len(n.Missing()) > 0, n.Unassigned() > 0:
		return 2
	}
	return 0
}
