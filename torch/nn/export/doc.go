// Package export makes TorchScript modules of modules written in Go, which Python and
// package jit load without their source:
//
//	scripted, err := export.Layer(model, x)
//	…
//	defer scripted.Close()
//	err = scripted.Save("model_scripted.pt")
package export
