// Package nn holds model structures written in Go, registered under the name
// and version that a checkpoint names, so that a state_dict can be run without
// Python and without its TorchScript file.
package nn
