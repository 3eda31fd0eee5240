// Package jit loads and runs TorchScript modules: what torch.jit.save wrote, from
// torch.jit.script or torch.jit.trace.
//
//	m, err := jit.Load("model_v1_scripted.pt")
//	if err != nil { … }
//	defer m.Close()
//	y, err := m.Forward(x)
//
// # Devices and modes
//
// A module is loaded onto one device, the CPU unless OnDevice says otherwise,
// wherever it was saved; and in evaluation mode, whatever it was saved in:
// TrainingFlags tells what was found. Calls run in inference mode.
//
// # Goroutines
//
// Every method of Module and Method may be called from any goroutine, and calls
// may run at once: a module that only reads its parameters and buffers gives
// each caller the result that it would have got alone. A module whose forward
// writes to its own buffers is the exception, as in Python; use one Clone for
// each goroutine. SetTraining, LoadState and writing to tensors that Tensors
// gave must not run beside calls.
package jit
