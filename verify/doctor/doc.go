// Package doctor says what torchgo runs on: which Go, compiler, libtorch, shim,
// C++ ABI, CPU features and CUDA devices are in use, where each came from, and
// what to do about what is missing. It works without libtorch too.
package doctor
