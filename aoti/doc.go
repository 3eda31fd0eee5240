// Package aoti loads and runs models that AOTInductor compiled: the packages
// (.pt2) that torch._inductor.aoti_compile_and_package writes.
//
//	p, err := aoti.Load("model.pt2")
//	if err != nil { … }
//	defer p.Close()
//	y, err := p.Run(x)
//
// A package holds compiled code, which Load opens. It is as much to be trusted
// as a program, and runs on machines and with a libtorch like those that it was
// compiled with: Load refuses what it can tell does not fit.
//
// Compiled code takes tensors of the dtypes and shapes that it was exported for,
// and reads past the end of others unless it was compiled with checks. Load turns
// these on and refuses a package without them.
package aoti
