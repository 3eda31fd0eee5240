// Package lockstep runs two TorchScript methods side by side, step by step, and
// tells at which step they part.
//
// Both run as their graphs were written, each in a thread of its own that stands
// still while the other runs and while values are compared, so that what is held
// in memory is what two calls hold. Nothing that is computed changes.
package lockstep
