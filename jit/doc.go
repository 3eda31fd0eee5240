// Package jit loads and runs TorchScript modules: what torch.jit.save wrote, from
// torch.jit.script or torch.jit.trace.
//
//	m, err := jit.Load("model_v1_scripted.pt")
//	if err != nil { … }
//	defer m.Close()
//	y, err := m.Forward(x)
//
// # Values
//
// Call and Run take and give any torch.Value; arguments may be left to their
// defaults or given by name (Keyword), and are checked against the method's
// signature first. Marshal and Unmarshal go between values and Go's own types.
//
// # Speed
//
// The first calls of a method are slow, and the first with other shapes may be:
// Warmup makes them beforehand. Freeze, OptimizeForInference, Static and Straight
// give variants that may be faster; Auto measures which is.
//
// # Devices and modes
//
// A module is loaded onto one device, the CPU unless OnDevice says otherwise,
// wherever it was saved; and in evaluation mode, whatever it was saved in:
// TrainingFlags tells what was found. Calls run in inference mode, unless the module
// was loaded with Recorded.
//
// # Goroutines
//
// Every method of Module and Method may be called from any goroutine, and calls
// may run at once: a module that only reads its parameters and buffers gives
// each caller the result that it would have got alone. A module whose forward
// writes to its own buffers or attributes is the exception, as in Python: Mutates
// finds such; load it with Serialized, or use one Clone for each goroutine.
// SetTraining, SetAttribute, SetExtraFiles, LoadState and writing to tensors that
// Tensors or Attribute gave must not run beside calls.
package jit
