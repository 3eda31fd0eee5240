// Package onnx runs ONNX models on ONNX Runtime.
//
//	s, err := onnx.Open("model.onnx", onnx.Options{Threads: 2})
//	if err != nil { … }
//	defer s.Close()
//	out, err := s.Run(ctx, inputs)
//
// The library, libonnxruntime.so of 1.24 or newer, is opened at the first use;
// without it Open gives a *LibraryError, which says where it was looked for and
// that `make onnxruntime` fetches it. It is driven through the Go module
// github.com/yalue/onnxruntime_go, which needs cgo; a program without cgo has
// the same functions, and Open says why it can't.
//
// # What is run
//
// The graph of the file, with a few nodes behind its outputs: see (*model).fetch.
// What the graph itself computes is left as it is.
package onnx
