// Package history tells what changed from night to night: verdicts, errors, latencies,
// memory, tensors that are not covered, files. Its rules are functions of numbers, with
// no clock, file or database; package store keeps the nights.
//
// Nights compare with earlier ones of the same suite on the same hardware, in the order
// in which they were taken in, since clocks jump. Latencies and memory compare only with
// the same device and libtorch as well.
package history
