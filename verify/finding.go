package verify

import (
	"fmt"
	"strings"
)

// Verdict is the answer.
type Verdict string

// The answers.
const (
	Consistent   Verdict = "consistent"
	Inconsistent Verdict = "inconsistent"
	Unstable     Verdict = "unstable" // the same file gives different results each time
	Unanswered   Verdict = "unanswered"
)

// ExitCode gives what a command returns for the verdict: 0 consistent, 1
// inconsistent, 2 unstable or unanswered.
func (v Verdict) ExitCode() int {
	switch v {
	case Consistent:
		return 0
	case Inconsistent:
		return 1
	}
	return 2
}

// Weight says what a finding means for the verdict.
type Weight string

// The weights of findings.
const (
	Proof Weight = "proof" // the files are inconsistent
	Open  Weight = "open"  // it cannot be told whether they are
	Note  Weight = "note"  // worth knowing
)

// Code names a kind of finding, for programs that read reports.
type Code string

// The kinds of findings.
const (
	WeightMissing      Code = "weight-missing"      // a parameter of the scripted file is not in the state
	WeightUnexpected   Code = "weight-unexpected"   // the state holds what the scripted file has no place for
	WeightShape        Code = "weight-shape"        // shapes differ
	WeightDType        Code = "weight-dtype"        // dtypes differ
	WeightValues       Code = "weight-values"       // values differ by more than the tolerance
	WeightRounding     Code = "weight-rounding"     // values differ, within the tolerance
	StatePrefix        Code = "state-prefix"        // "module." was taken off the names
	TrainingMode       Code = "training-mode"       // the file was saved in training mode
	UncoveredTensor    Code = "uncovered"           // outputs depend on a tensor that is not in the state
	UncoveredBuffer    Code = "uncovered-buffer"    // the same for a registered buffer
	UncoveredFrozen    Code = "uncovered-frozen"    // constants of a frozen file match no tensor of the state
	UncoveredHarmless  Code = "uncovered-harmless"  // outputs depend on it, and its values are those of a structure
	UncoveredAccepted  Code = "uncovered-accepted"  // outputs depend on it, and the caller accepts that
	PatternUnused      Code = "pattern-unused"      // an accepted or non-persistent name that fits nothing
	OutputValues       Code = "output-values"       // outputs differ by more than the tolerance
	OutputShape        Code = "output-shape"        // shapes or dtypes of outputs differ
	OutputStructure    Code = "output-structure"    // other outputs than in the reference
	OutputMetric       Code = "output-metric"       // an output does not reach a metric
	OutputWidened      Code = "output-widened"      // floats of two widths were compared
	LegFailed          Code = "leg-failed"          // a leg could not be run
	LegRefuses         Code = "leg-refuses"         // a leg fails on inputs that another computes with
	InputsRefused      Code = "inputs-refused"      // no leg takes a set of inputs
	StateIncomplete    Code = "state-incomplete"    // a Go structure computes something else each time it is filled from the state
	RunsDiffer         Code = "unstable"            // two runs on the same input differ
	ToleranceSuggested Code = "tolerance-suggested" // rounding explains a difference
	FarFromTruth       Code = "far-from-truth"      // rounding does not
	BufferMutated      Code = "buffer-mutated"      // the method writes what the module holds
	WeightTransposed   Code = "weight-transposed"   // a weight is the other file's, transposed
	StatisticsStale    Code = "statistics-stale"    // running statistics differ while all weights are equal
	TrainingBaked      Code = "training-baked"      // operators compute as in training mode, whatever mode is set
	EvalMissing        Code = "eval-missing"        // outputs are those of the training mode
	CastInside         Code = "cast-inside"         // the code casts to a dtype that holds less
	DeviceConstant     Code = "device-constant"     // the code names a device that is not the one it runs on
	SettingDiffers     Code = "setting-differs"     // two files fix an argument of an operator to other values
	BranchTraced       Code = "branch-traced"       // a file holds one branch of a choice that another makes by its inputs
	FirstDivergence    Code = "first-divergence"    // the step at which two legs part
	FileChanged        Code = "file-changed"        // a file is another than when outputs were recorded
	NoGPU              Code = "no-gpu"              // every device was asked for, and there is no GPU
	LatencyUnmeasured  Code = "latency-unmeasured"  // the calls of a leg could not be timed
	Unexplained        Code = "unexplained"         // what explains a difference could not be looked for
	Failed             Code = "failed"              // the question could not be put
)

// Finding is one thing that was found out.
type Finding struct {
	Code    Code   `json:"code"`
	Weight  Weight `json:"weight"`
	Subject string `json:"subject"` // the tensor, output or leg it is about, or ""
	Text    string `json:"text"`    // what is so
	Remedy  string `json:"remedy"`  // what to do about it, or ""
}

// line says in a line what is so and what to do about it.
func (f Finding) line() string {
	switch {
	case f.Remedy == "":
		return f.Text
	case strings.HasSuffix(f.Text, "?"):
		return f.Text + " " + f.Remedy
	}
	return f.Text + ": " + f.Remedy
}

// verdictOf weighs the findings and says the verdict in words.
func verdictOf(findings []Finding, agreed string) (Verdict, string) {
	for _, class := range []struct {
		of      func(Finding) bool
		verdict Verdict
		word    string
	}{
		{func(f Finding) bool { return f.Weight == Proof }, Inconsistent, "inconsistent"},
		{func(f Finding) bool { return f.Weight == Open && f.Code == RunsDiffer }, Unstable, "unstable"},
		{func(f Finding) bool { return f.Weight == Open }, Unanswered, "can't answer"},
	} {
		var first string
		count := 0
		for _, f := range findings {
			if class.of(f) {
				if count == 0 {
					first = f.Text
				}
				count++
			}
		}
		switch {
		case count == 1:
			return class.verdict, class.word + ": " + first
		case count > 1:
			return class.verdict, fmt.Sprintf("%s: %s (and %d more)", class.word, first, count-1)
		}
	}
	return Consistent, "consistent: " + agreed
}
