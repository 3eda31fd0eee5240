// Package verify answers whether files that were saved from one model still
// compute the same: a TorchScript file, a state_dict, and outputs that were
// recorded before saving.
//
//	report, err := verify.Run(ctx, verify.Spec{
//		Scripted: "model_scripted.pt",
//		State:    "model_state.pt",
//		Inputs:   []string{"x.npy"},
//	})
//	if err != nil { … } // the question could not be put: a missing file, a wrong input
//	fmt.Println(report.Verdict, report.Summary)
//
// Each way to get the outputs is a leg: expected (recorded), scripted (the
// TorchScript file) and state (a structure that is filled from the state_dict
// alone). Every leg gets the same input bytes. The weights are compared bit by
// bit, then the outputs, element by element, with the first leg there is of
// expected and scripted.
//
// # Uncovered tensors
//
// The structure of the state leg usually comes from the scripted file. That
// file holds more than structure: plain tensor attributes, buffers that were
// registered with persistent=False, constants that a trace baked in. What the
// state_dict does not hold would come back with other values when the model is
// rebuilt, so a comparison that borrowed it would prove nothing. Such tensors
// are overwritten (NaN for floats, other values for integers) to learn whether
// an output depends on them; the report says which do.
//
// # Structures in Go
//
// A program that has registered the model's structure by nn.Register needs no scripted
// file for the state: the structure is built from the checkpoint's hyperparams or
// model_args and filled from the state alone. A checkpoint says by its model_name and
// model_version which one it is, and Spec.Structure does for a file that does not. A
// structure that computes with numbers that it draws anew each time it is built is
// found out by building it twice.
//
//	func init() {
//		if err := nn.Register("mymodel", "v1", newMyModel); err != nil { … }
//	}
//
//	report, err := verify.Run(ctx, verify.Spec{State: "checkpoint.pt", Expected: "expected.npy", Inputs: …})
//
// # Verdicts
//
// Findings decide. One that proves a difference makes the verdict Inconsistent,
// also beside findings that leave something open: no answer to the open ones
// would mend what is proved. Without a proof an open one makes it Unanswered, or
// Unstable when runs of one leg differ. Else it is Consistent.
//
// # Runs
//
// Each leg runs several times, because TorchScript's executor profiles the first
// call and optimises the next, and once with its graph as it was written. Runs
// that differ from the first are random, or the work of an optimisation that
// changes results; that a module writes to its own buffers is said.
//
// # Devices
//
// Legs on one device run one after the other, and devices side by side. TF32 is off
// while a check runs, and the report says so. Where no tolerance was asked for, what
// a GPU computed may differ from what something else did by the table of
// compare.OnGPU. Spec.Latency asks for the time of calls: measured when all else is
// done, leg after leg, by CUDA's events where there is a GPU.
//
// # Processes
//
// With Spec.Isolate each leg computes in a child process, and with Spec.Libtorch in
// one of another libtorch; a Worker puts whole questions in one. All are the program
// itself, started once more, so that its main has to begin with EnableWorkers:
//
//	func main() {
//		verify.EnableWorkers()
//		…
//	}
//
// What the legs compute is compared in the first process, which then needs no
// libtorch. A leg whose process ends has that for its Error; no other is touched.
//
// The package neither prints nor exits. Run makes its native calls on the
// calling goroutine, those on a second device and further ones on others; it may be
// called from several at once.
package verify
