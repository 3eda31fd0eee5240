package data

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// ReadIDX reads a file of the format that MNIST comes in, as it is or compressed by
// gzip, into a tensor of its shape, which is the caller's: images of MNIST are uint8
// [60000, 28, 28], labels uint8 [60000]. The format is described on the page of that
// dataset (LeCun, Cortes, Burges: the MNIST database): two zeros, a byte for the
// type, a byte for the number of dimensions, the sizes, the elements, all big-endian.
func ReadIDX(path string) (*torch.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{Path: path, Msg: "cannot be read", Err: reason(err)}
	}
	defer f.Close()
	element, shape, data, err := readIDX(f)
	if err != nil {
		return nil, &Error{Path: path, Msg: "is no whole IDX file", Err: err, Remedy: "give a file such as train-images-idx3-ubyte or its .gz"}
	}
	return torch.FromBytes(element, shape, data)
}

// ReadMNIST reads a part of a dataset of MNIST's files, "train" or "t10k", from a
// folder, where they may be compressed: images uint8 [n, 28, 28] and labels int64 [n].
// Both are the caller's; see Tensors.Close.
func ReadMNIST(dir, part string) (*Tensors, error) {
	read := func(name string) (*torch.Tensor, error) {
		path := filepath.Join(dir, part+name)
		t, err := ReadIDX(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return t, err
		}
		if t, packed := ReadIDX(path + ".gz"); !errors.Is(packed, fs.ErrNotExist) {
			return t, packed
		}
		return nil, &Error{Path: path, Msg: "cannot be read", Err: syscall.ENOENT, Remedy: "give the folder of MNIST's four files, as they are or as .gz"}
	}
	x, err := read("-images-idx3-ubyte")
	if err != nil {
		return nil, err
	}
	labels, err := read("-labels-idx1-ubyte")
	if err != nil {
		x.Close()
		return nil, err
	}
	defer labels.Close()
	y, err := labels.ToDType(torch.Int64)
	if err != nil {
		x.Close()
		return nil, err
	}
	return &Tensors{X: x, Y: y}, nil
}

// idxTypes are the types of elements, by their byte.
var idxTypes = map[byte]dtype.DType{
	0x08: dtype.Uint8, 0x09: dtype.Int8, 0x0b: dtype.Int16, 0x0c: dtype.Int32, 0x0d: dtype.Float32, 0x0e: dtype.Float64,
}

// mostIDX bounds what a file may unpack to, in bytes.
const mostIDX = 1 << 32

// readIDX gives the elements little-endian.
func readIDX(r io.Reader) (element dtype.DType, shape []int64, data []byte, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if magic, err := in.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return 0, nil, nil, err
		}
		in = bufio.NewReaderSize(unpacked, 1<<16)
	}
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, nil, fmt.Errorf("its head is cut off: %w", err)
	}
	element, known := idxTypes[head[2]]
	if head[0] != 0 || head[1] != 0 || !known {
		return 0, nil, nil, fmt.Errorf("it begins with % x", head)
	}
	sizes := make([]uint32, head[3])
	if err := binary.Read(in, binary.BigEndian, sizes); err != nil {
		return 0, nil, nil, fmt.Errorf("its sizes are cut off: %w", err)
	}
	width := int64(element.Size())
	want := width
	for _, size := range sizes {
		shape = append(shape, int64(size))
		if want > 0 && int64(size) > mostIDX/want {
			return 0, nil, nil, fmt.Errorf("%v elements are more than %d GiB", sizes, mostIDX>>30)
		}
		want *= int64(size)
	}
	// Read as it comes: what the sizes promise may not be there.
	data, err = io.ReadAll(io.LimitReader(in, want+1))
	switch {
	case err != nil:
		return 0, nil, nil, err
	case int64(len(data)) < want:
		return 0, nil, nil, fmt.Errorf("it holds %d bytes of elements, not the %d of %v: %w", len(data), want, sizes, io.ErrUnexpectedEOF)
	case int64(len(data)) > want:
		return 0, nil, nil, errors.New("more follows behind its elements")
	}
	littleEndian(data, int(width))
	return element, shape, data, nil
}

// littleEndian turns the bytes of each element around.
func littleEndian(data []byte, width int) {
	for at := 0; at+width <= len(data); at += width {
		for i, j := at, at+width-1; i < j; i, j = i+1, j-1 {
			data[i], data[j] = data[j], data[i]
		}
	}
}
