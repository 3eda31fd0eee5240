// Package torch gives Go programs tensors, devices and operators of libtorch.
//
// # Loading
//
// Nothing is linked: libtorch is opened at the first call that needs it, behind
// a shim that 'make shim' builds. Without it every call returns an error that
// matches ErrNotLoaded and says where it looked. Load names a shim explicitly.
//
// # Ownership
//
// A Tensor owns native memory. Close gives it back; it may be called at any
// time, from any goroutine, more than once, also while calls that use the
// tensor are running. A Scope closes everything that was computed in it. What is
// never closed is freed some time after the garbage collector found it, so
// that forgetting Close costs memory for a while, never correctness.
//
// # Goroutines
//
// Everything here may be used from any goroutine. Several goroutines may read
// one tensor at once; writing to it (CopyFrom, in-place operators) beside other
// uses is a data race, as it is for a Go slice.
//
// # Threads
//
// A call runs on the OS thread of its goroutine with one intra-op thread, unless
// SetNumThreads says otherwise: services get their parallelism from calls. At
// most GOMAXPROCS calls run at once; further ones wait, without an OS thread.
//
// # Gradients
//
// A call of an operator is recorded when one of its arguments requires grad
// (SetRequiresGrad), and Backward goes back over what was recorded. A scope made
// with NoGrad keeps calls whose results join it from being recorded. There is no
// mode to be entered: which goroutine calls makes no difference. Calls of
// TorchScript modules are not recorded.
//
// # Errors
//
// What libtorch refuses comes back as an *Error in the call that caused it.
// Nothing panics, and no C++ exception leaves the shim.
package torch
