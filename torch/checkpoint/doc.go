// Package checkpoint reads and writes the files in which PyTorch keeps weights:
// torch.save archives, TorchScript archives, the legacy stream, safetensors, npy
// and npz. It is pure Go: no cgo, no libtorch, no Python.
//
// A file is data and nothing in it is ever executed. Pickles run on a small
// stack machine that knows a fixed list of (module, name) pairs, each of which
// builds plain data; any other name is refused with an *UnsafeError at the
// moment it is looked up. Every count, length, depth, offset, stride and size is
// checked without overflow before memory is taken for it.
//
// Opening costs what the index costs: the zip directory and the pickle are read,
// the tensors stay in the file, mapped into memory. Memory that was handed out
// from the mapping is valid until File.Close.
package checkpoint
