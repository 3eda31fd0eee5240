package checkpoint

// Kind is what a file is by its content, never by its name.
type Kind uint8

// The kinds. Those up to KindNPZ can be opened.
const (
	KindUnknown     Kind = iota
	KindTorch            // torch.save zip archive
	KindScript           // TorchScript archive (torch.jit.save)
	KindLegacy           // torch.save before torch 1.6
	KindSafetensors      // safetensors
	KindNPY              // one numpy array
	KindNPZ              // a zip of numpy arrays
	KindModule           // torch.save of a whole module: its class is needed
	KindPickle           // a pickle that torch.save did not write
	KindTar              // torch 0.1 tar archive
	KindZip              // a zip without a model in it
	KindONNX             // ONNX
	KindHDF5             // HDF5, as Keras writes
	KindGGUF             // GGUF
	KindGzip             // gzip
	KindSevenZip         // 7z
	KindZstd             // zstd
	KindText             // text, such as JSON or a Git LFS pointer
	KindEmpty            // no bytes
	KindFolder           // a folder
	KindMissing          // no such file, or no permission to read it
)

var kindNames = [...]string{
	KindUnknown:     "unknown format",
	KindTorch:       "torch.save archive",
	KindScript:      "TorchScript archive",
	KindLegacy:      "legacy torch.save file",
	KindSafetensors: "safetensors",
	KindNPY:         "npy array",
	KindNPZ:         "npz archive",
	KindModule:      "pickle of a whole module",
	KindPickle:      "pickle",
	KindTar:         "torch 0.1 tar archive",
	KindZip:         "zip archive",
	KindONNX:        "ONNX",
	KindHDF5:        "HDF5",
	KindGGUF:        "GGUF",
	KindGzip:        "gzip",
	KindSevenZip:    "7z archive",
	KindZstd:        "zstd",
	KindText:        "text",
	KindEmpty:       "empty file",
	KindFolder:      "folder",
	KindMissing:     "unreadable or missing file",
}

// String returns the kind in words, such as "TorchScript archive".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[KindUnknown]
}

// Readable reports whether Open can read files of this kind.
func (k Kind) Readable() bool { return k >= KindTorch && k <= KindNPZ }
