package verify

import "time"

// Schema names the format of the JSON report. A field may be added under the
// same number; any other change raises it. The format is described field by
// field in docs/report.schema.json.
const Schema = "torchgo.verify.report/1"

// Report is what a check found out. Its lists are never nil, so that the JSON
// has them all.
type Report struct {
	Schema      string       `json:"schema"`
	Verdict     Verdict      `json:"verdict"`
	Summary     string       `json:"summary"`  // the verdict in words, one line
	Findings    []Finding    `json:"findings"` // weights first, then uncovered tensors, then outputs
	Files       []File       `json:"files"`
	Legs        []Leg        `json:"legs"`
	Reference   string       `json:"reference"` // name of the leg that the others were compared with
	Weights     *Weights     `json:"weights"`   // null unless there are a scripted and a state file
	Uncovered   []Uncovered  `json:"uncovered"`
	Comparisons []Comparison `json:"comparisons"`
	Settings    Settings     `json:"settings"`
	Versions    Versions     `json:"versions"`
	Started     time.Time    `json:"started"`
	Seconds     float64      `json:"seconds"`    // from the start of Run to its end
	Truth       *Truth       `json:"truth"`      // null unless outputs differed and could be computed in float64
	Sets        []Set        `json:"sets"`       // of inputs, each of which every leg was run on
	Bisections  []Bisection  `json:"bisections"` // of legs that differ; none unless Spec.Bisect asks for it
}

// ExitCode gives what a command returns: 0 consistent, 1 inconsistent, 2
// unanswered.
func (r *Report) ExitCode() int { return r.Verdict.ExitCode() }

// File is a file that was read.
type File struct {
	Role   string `json:"role"` // scripted, state, expected, input
	Path   string `json:"path"` // as it was given
	Kind   string `json:"kind"` // by content: "TorchScript archive"
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hexadecimal
	Holds  string `json:"holds"`  // in words: "2 parameters"; "float32 [1, 4]"
}

// Leg is one way to get the outputs.
type Leg struct {
	Name      string  `json:"name"`      // expected, scripted, state, or as it was asked for
	Label     string  `json:"label"`     // as people say it: "state_dict"
	Path      string  `json:"path"`      // the file that its values come from
	Structure string  `json:"structure"` // what computes: "recorded", "TorchScript", "TorchScript filled from the state", "Go structure mymodel v1"
	Outputs   int     `json:"outputs"`
	Seconds   float64 `json:"seconds"`  // of computing them, with what had to be found out for it
	Error     string  `json:"error"`    // why it could not be run, one line, or ""
	Detail    string  `json:"detail"`   // what libtorch said besides, several lines, or ""
	Kind      string  `json:"kind"`     // one of Kinds
	Libtorch  string  `json:"libtorch"` // that computed it: "2.15.0"; "" when none did
	Ended     *Ended  `json:"ended"`    // how its process ended before it was done; null when it did not

	Runs []LegRun `json:"runs"` // in their order; none of legs that compute nothing or failed

	Device  string   `json:"device"`  // where it ran: "cpu", "cuda:0"; "" when it did not, or only it knows
	Latency *Latency `json:"latency"` // null unless Spec.Latency asks for it
	Peak    int64    `json:"peak"`    // memory of its GPU at its most while calls were timed, in bytes; 0 when not measured
}

// Weights compares the state_dict with the scripted file, tensor by tensor.
type Weights struct {
	StateKey   string     `json:"state_key"`  // where the state_dict was found in its file, "" at its root
	Prefix     string     `json:"prefix"`     // what was taken off every name of the state, "module." or ""
	Scripted   int        `json:"scripted"`   // parameters and buffers of the scripted file
	State      int        `json:"state"`      // tensors of the state_dict
	BitEqual   int        `json:"bit_equal"`  // of the same name, shape, dtype and bytes
	Missing    []Missing  `json:"missing"`    // in the scripted file only
	Unexpected []string   `json:"unexpected"` // in the state only
	Shapes     []Misshape `json:"shapes"`     // of different shapes
	DTypes     []Mistype  `json:"dtypes"`     // of different dtypes
	Unequal    []Unequal  `json:"unequal"`    // of the same shape and other values
	Covered    []Cover    `json:"covered"`    // tensors that the state covers under another name
	Frozen     bool       `json:"frozen"`     // the scripted file keeps its weights as constants, without names
}

// Missing is a parameter or buffer of the scripted file that the state lacks.
type Missing struct {
	Name string `json:"name"`
	Role string `json:"role"` // parameter, buffer
}

// Misshape is a tensor whose shapes differ.
type Misshape struct {
	Name     string  `json:"name"`
	Scripted []int64 `json:"scripted"`
	State    []int64 `json:"state"`

	Transposed bool `json:"transposed"` // the same elements, with the two dimensions exchanged
}

// Mistype is a tensor whose dtypes differ.
type Mistype struct {
	Name     string `json:"name"`
	Scripted string `json:"scripted"`
	State    string `json:"state"`
}

// Unequal is a tensor whose bytes differ.
type Unequal struct {
	Name       string  `json:"name"`
	DType      string  `json:"dtype"` // that the values were compared in
	Shape      []int64 `json:"shape"`
	Elements   int64   `json:"elements"`
	Mismatches int64   `json:"mismatches"` // elements that differ by more than the tolerance
	MaxAbs     Number  `json:"max_abs"`    // greatest |scripted − state| of finite elements
	Index      []int64 `json:"index"`      // where; null without
	Close      bool    `json:"close"`      // all within the tolerance
	Transposed bool    `json:"transposed"` // the same elements, with the two dimensions exchanged
}

// Cover is a tensor of the scripted file whose values the state holds under
// another name.
type Cover struct {
	Name string `json:"name"`
	Role string `json:"role"` // parameter, buffer, attribute, constant
	By   string `json:"by"`   // the tensor of the state
	How  string `json:"how"`  // "memory": both views of one storage; "bytes": same dtype, shape and bytes
}

// Status says what became of an uncovered tensor.
type Status string

// The statuses.
const (
	Unused       Status = "unused"       // no output depends on it
	Reproducible Status = "reproducible" // its values are those of a structure
	Accepted     Status = "accepted"     // the caller accepts it
	Declared     Status = "declared"     // the caller says that it is made again by the constructor
	Used         Status = "used"         // outputs depend on it
	Undecided    Status = "undecided"    // it cannot be told what it means
)

// Uncovered is a tensor that the scripted file holds and the state does not.
type Uncovered struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"` // other names of the same memory
	Role    string   `json:"role"`    // parameter, buffer, attribute, constant
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Status  Status   `json:"status"`
	Depends *bool    `json:"depends"` // outputs depend on it; null when that was not found out
	Values  string   `json:"values"`  // why they are reproducible: "arithmetic progression", …; or ""
	By      string   `json:"by"`      // the pattern or name that accepts it, or ""
}

// Comparison holds one leg against the reference.
type Comparison struct {
	Leg     string             `json:"leg"`
	Same    *bool              `json:"same"` // null when that cannot be told
	Reason  string             `json:"reason"`
	Outputs []OutputComparison `json:"outputs"`
	Set     string             `json:"set"` // of inputs
}

// OutputComparison holds one output against that of the reference.
type OutputComparison struct {
	Name       string  `json:"name"` // "output", "[0].logits"
	DType      string  `json:"dtype"`
	Shape      []int64 `json:"shape"`
	Same       bool    `json:"same"`
	BitEqual   bool    `json:"bit_equal"`
	Elements   int64   `json:"elements"`
	Mismatches int64   `json:"mismatches"` // elements outside of the tolerance
	MaxAbs     Number  `json:"max_abs"`    // greatest |got − want| of finite elements
	MaxAbsAt   []int64 `json:"max_abs_at"` // where; null without
	MaxRel     Number  `json:"max_rel"`    // greatest |got − want| / |want|
	MaxRelAt   []int64 `json:"max_rel_at"`
	MaxULP     uint64  `json:"max_ulp"`
	WorstAt    []int64 `json:"worst_at"` // furthest outside of the tolerance
	Got        string  `json:"got"`      // the element there; for text and numbers the value itself
	Want       string  `json:"want"`
	GotNaN     int64   `json:"got_nan"`
	WantNaN    int64   `json:"want_nan"`
	Note       string  `json:"note"`        // such as that widths differ, or why nothing was compared
	NeededATol Number  `json:"needed_atol"` // at which, with the same rtol, it would be the same; 0 when it is

	Profile *Profile `json:"profile"` // null unless Spec.Profile asks for it

	Tolerance Tolerance      `json:"tolerance"` // that it was judged by
	Metrics   []MetricResult `json:"metrics"`   // that it was judged by besides
}

// Settings are what the check was run with.
type Settings struct {
	Method          string   `json:"method"`
	Device          string   `json:"device"`
	Threads         int      `json:"threads"`
	TF32            bool     `json:"tf32"`          // float32 products on a GPU may have been rounded to TF32
	Deterministic   bool     `json:"deterministic"` // only algorithms that give equal results each time
	RTol            Number   `json:"rtol"`
	ATol            Number   `json:"atol"`
	EqualNaN        bool     `json:"equal_nan"`
	StateKey        string   `json:"state_key"` // as it was asked for
	AcceptUncovered []string `json:"accept_uncovered"`
	NonPersistent   []string `json:"non_persistent"`
	Tolerance       string   `json:"tolerance"`  // of outputs without one of their own, in words: "assert_close"
	Tolerances      []string `json:"tolerances"` // of single outputs: "logits: exact"
	Metrics         []string `json:"metrics"`    // that outputs must reach: "cosine>=0.999"
	Seed            uint64   `json:"seed"`       // of the inputs that were made
	Ranges          []string `json:"ranges"`     // of their numbers: "x=0:1"
	Isolated        bool     `json:"isolated"`   // each leg computed in a child process of its own
	Timeout         float64  `json:"timeout"`    // seconds that a leg might take in all; 0 without limit
	Memory          int64    `json:"memory"`     // bytes that its process might take; 0 without limit
	Libtorchs       []string `json:"libtorchs"`  // that each leg was run with, as they were asked for
}

// Versions say what ran.
type Versions struct {
	Torchgo  string `json:"torchgo"`
	Go       string `json:"go"`
	Platform string `json:"platform"` // "linux/amd64"
	Libtorch string `json:"libtorch"` // "2.15.0"
	Library  string `json:"library"`  // path of its libtorch_cpu.so
	Shim     string `json:"shim"`     // path
	CPU      string `json:"cpu"`      // kernels in use: "AVX2"
}
