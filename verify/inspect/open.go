package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// open opens the file, or says what it is and why it can't be opened. What torch
// would have to execute is read as inert records, and is a problem all the same.
func (i *inspection) open() {
	kind := checkpoint.KindMissing
	defer func() { i.Kind = kind.String() }()
	info, err := os.Stat(i.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		i.problem(fmt.Errorf("%s: no such file; check the name", i.Path))
		return
	case err != nil:
		i.problem(fmt.Errorf("%s: cannot be read; check its permissions: %w", i.Path, err))
		return
	case info.IsDir():
		kind = checkpoint.KindFolder
		i.problem(fmt.Errorf("%s: is a folder; name a file in it", i.Path))
		return
	case !info.Mode().IsRegular():
		i.problem(fmt.Errorf("%s: is no regular file; write what it gives to a file first", i.Path))
		return
	}
	i.Bytes = info.Size()
	if i.file, err = checkpoint.Open(i.Path); err == nil {
		kind = i.file.Kind()
		return
	}
	kind, err = checkpoint.Describe(i.Path)
	if err == nil {
		err = fmt.Errorf("%s: changes while it is read; wait until it is written", i.Path)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%s: may not be read; check its permissions", i.Path)
	case errors.Is(err, checkpoint.ErrUnsafe):
		i.file, _ = checkpoint.Open(i.Path, checkpoint.Inert())
	case remedies[kind] != "":
		err = fmt.Errorf("%w; %s", err, remedies[kind])
	}
	i.problem(err)
	if i.file == nil {
		i.SHA256, err = checkpoint.HashFile(i.Path)
		i.problem(err)
	}
}

// remedies say what to do about files of other makers, whose errors can't know.
var remedies = map[checkpoint.Kind]string{
	checkpoint.KindUnknown:  "check that it is the file that was meant",
	checkpoint.KindZip:      "copy it again, or unpack it if the file that is meant lies in it",
	checkpoint.KindONNX:     "save the PyTorch model that it was exported from",
	checkpoint.KindHDF5:     "load it with what wrote it, and save a state_dict",
	checkpoint.KindGGUF:     "use the weights that it was converted from",
	checkpoint.KindGzip:     "unpack it first",
	checkpoint.KindSevenZip: "unpack it first",
	checkpoint.KindZstd:     "unpack it first",
	checkpoint.KindText:     "if it is a pointer of Git LFS, git lfs pull gets the file",
}
