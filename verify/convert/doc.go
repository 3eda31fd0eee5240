// Package convert writes the weights of one file in the format of another:
// torch.save, safetensors, npz. It is pure Go and executes nothing.
package convert
