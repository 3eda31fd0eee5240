package checkpoint

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Tensor is a view of a storage: element [i, j, …] is element
// Offset + i*Strides[0] + j*Strides[1] + … of it. It is safe for concurrent
// reading.
type Tensor struct {
	RequiresGrad bool   // as it was saved
	Parameter    bool   // it was a torch.nn.Parameter
	Device       string // label of where it lived, such as "cuda:0"; it does not place anything
	Class        string // "module.name" of a subclass of torch.Tensor, or ""
	Attrs        *Dict  // Python attributes saved with it, or nil
	Conj, Neg    bool   // lazy bits that the bytes do not have applied yet

	Quant  *Quantization // not nil for quantized dtypes
	Sparse *Sparse       // not nil for sparse layouts, which have no storage

	dtype   dtype.DType
	shape   []int64
	strides []int64
	offset  int64
	numel   int64
	storage *Storage // nil for sparse and meta tensors
	limit   int64    // most bytes that a copy may take
}

// Quantization is what turns the integers of a quantized tensor into numbers:
// (q - zero point) * scale.
type Quantization struct {
	Scheme    QScheme // "torch.per_tensor_affine" or "torch.per_channel_affine"
	Scale     float64 // per tensor
	ZeroPoint int64   // per tensor
	Axis      int     // per channel: the dimension
	Scales    *Tensor // per channel: 1-d, one per index of Axis
	ZeroPts   *Tensor // per channel: 1-d, one per index of Axis
}

// Sparse holds the parts of a sparse tensor. COO has Indices (sparse dimensions
// × entries, int64) and Values; the compressed layouts have Compressed (CSR: row
// pointers), Plain (CSR: column indices) and Values. Indices were checked
// against the shape when the file was opened.
type Sparse struct {
	Layout     Layout // such as "torch.sparse_coo"
	Indices    *Tensor
	Compressed *Tensor
	Plain      *Tensor
	Values     *Tensor
	Coalesced  bool
}

// defaultCopyLimit bounds copies out of tensors that belong to no file.
const defaultCopyLimit = 1 << 40

// NewTensor returns a contiguous tensor over data, which it does not copy. It
// fails when the shape does not count len(data) elements.
func NewTensor[T dtype.Element](data []T, shape ...int64) (*Tensor, error) {
	size := dtype.Of[T]().Size()
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), len(data)*size)
	return TensorFromBytes(dtype.Of[T](), shape, raw)
}

// TensorFromBytes returns a contiguous tensor over row-major little-endian
// bytes, which it does not copy.
func TensorFromBytes(element dtype.DType, shape []int64, raw []byte) (*Tensor, error) {
	if !element.Valid() {
		return nil, fail(ErrTensor, "dtype %s is not valid", element)
	}
	storage := &Storage{element: element, device: "cpu", size: int64(len(raw)), plain: raw}
	t, err := newView(storage, element, shape, rowMajor(shape), 0, defaultCopyLimit)
	if err != nil {
		return nil, err
	}
	if have := int64(len(raw)); have != t.ByteSize() {
		return nil, fail(ErrTensor, "shape %v of %s has %d bytes, %d were given", shape, element, t.ByteSize(), have)
	}
	return t, nil
}

// newView checks a view against its storage and returns it.
func newView(storage *Storage, element dtype.DType, shape, strides []int64, offset, limit int64) (*Tensor, error) {
	numel, err := checkView(shape, strides, offset, capacity(element, storage.size))
	if err != nil {
		return nil, err
	}
	return &Tensor{dtype: element, shape: shape, strides: strides, offset: offset, numel: numel,
		storage: storage, Device: storage.device, limit: limit}, nil
}

// perByte is how many elements the packed quantized kinds keep in a byte.
func perByte(element dtype.DType) int64 {
	switch element {
	case dtype.QUInt4x2:
		return 2
	case dtype.QUInt2x4:
		return 4
	}
	return 1
}

// capacity is how many elements fit so many bytes.
func capacity(element dtype.DType, size int64) int64 {
	if n := perByte(element); n > 1 {
		return min(size, 1<<60) * n
	}
	return size / int64(element.Size())
}

// DType returns the element type.
func (t *Tensor) DType() dtype.DType { return t.dtype }

// Shape returns a copy of the dimensions; a scalar has none.
func (t *Tensor) Shape() []int64 { return slices.Clone(t.shape) }

// Strides returns a copy of the strides in elements; nil for sparse layouts.
func (t *Tensor) Strides() []int64 { return slices.Clone(t.strides) }

// Dim returns the number of dimensions.
func (t *Tensor) Dim() int { return len(t.shape) }

// Offset returns the first element within the storage, counted in elements.
func (t *Tensor) Offset() int64 { return t.offset }

// Numel returns the number of elements.
func (t *Tensor) Numel() int64 { return t.numel }

// ByteSize returns the bytes that its elements take in row-major order.
func (t *Tensor) ByteSize() int64 {
	n := perByte(t.dtype)
	return (t.numel + n - 1) / n * int64(t.dtype.Size())
}

// Storage returns the storage that it views, nil for sparse and meta tensors.
func (t *Tensor) Storage() *Storage { return t.storage }

// Meta reports whether the tensor has a shape and no data at all.
func (t *Tensor) Meta() bool { return t.storage == nil && t.Sparse == nil }

// Layout returns "torch.strided" or the sparse layout.
func (t *Tensor) Layout() Layout {
	if t.Sparse != nil {
		return t.Sparse.Layout
	}
	return "torch.strided"
}

// Contiguous reports whether the elements follow each other in row-major order.
func (t *Tensor) Contiguous() bool { return t.Sparse == nil && isRowMajor(t.shape, t.strides) }

// Bytes returns the elements in row-major order, little-endian, as they are
// stored: lazy conj and neg bits are not applied. A contiguous tensor is not
// copied: its bytes lie in the mapping and are valid until File.Close; there is
// no promise on their alignment. Sparse and meta tensors have none: an error.
func (t *Tensor) Bytes() ([]byte, error) {
	if t.storage == nil {
		return nil, fail(ErrUnsupported, "a %s tensor has no elements of its own", t.describe())
	}
	data, err := t.storage.inOrder(t.dtype)
	if err != nil {
		return nil, err
	}
	size, packed := int64(t.dtype.Size()), perByte(t.dtype)
	if isRowMajor(t.shape, t.strides) && t.offset%packed == 0 {
		at := t.offset / packed * size
		return data[at : at+t.ByteSize() : at+t.ByteSize()], nil
	}
	if packed > 1 {
		return nil, fail(ErrUnsupported, "a strided view of %s, which packs elements into bytes", t.dtype)
	}
	if t.ByteSize() > t.limit {
		return nil, fail(ErrLimit, "copying shape %v out of its strides takes %d bytes, the limit is %d", t.shape, t.ByteSize(), t.limit)
	}
	var out []byte
	err = t.storage.guarded(func() error {
		out = gather(make([]byte, 0, t.ByteSize()), data, t.shape, t.strides, t.offset, size)
		return nil
	})
	return out, err
}

func (t *Tensor) describe() string {
	if t.Sparse != nil {
		return string(t.Sparse.Layout)
	}
	return "meta"
}

// gather appends the elements of a view in row-major order. The view was
// checked against the storage.
func gather(out, data []byte, shape, strides []int64, offset, size int64) []byte {
	// The last dimensions that are contiguous among themselves are copied whole.
	run, dims := size, len(shape)
	for dims > 0 && (shape[dims-1] == 1 || strides[dims-1]*size == run) {
		run *= shape[dims-1]
		dims--
	}
	index := make([]int64, dims)
	at := offset * size
	for {
		out = append(out, data[at:at+run]...)
		d := dims - 1
		for ; d >= 0; d-- {
			index[d]++
			at += strides[d] * size
			if index[d] < shape[d] {
				break
			}
			at -= index[d] * strides[d] * size
			index[d] = 0
		}
		if d < 0 {
			return out
		}
	}
}

// Slice returns the elements in row-major order as Go values. Where the bytes
// are contiguous and aligned for T it shares them, as Bytes does; otherwise it
// copies. It fails when T is not the element type.
func Slice[T dtype.Element](t *Tensor) ([]T, error) {
	if want := dtype.Of[T](); want != t.dtype {
		return nil, fail(ErrTensor, "the tensor holds %s, %s was asked for", t.dtype, want)
	}
	raw, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	return sliceOf[T](raw), nil
}

func sliceOf[T dtype.Element](raw []byte) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	n := len(raw) / size
	if n == 0 {
		return []T{}
	}
	first := unsafe.Pointer(unsafe.SliceData(raw))
	if uintptr(first)%unsafe.Alignof(zero) == 0 && !isBool[T]() {
		return unsafe.Slice((*T)(first), n)
	}
	out := make([]T, n)
	to := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(out))), n*size)
	copy(to, raw)
	if isBool[T]() {
		// A Go bool other than 0 and 1 is undefined; a file may hold any byte.
		for i, b := range to {
			if b > 1 {
				to[i] = 1
			}
		}
	}
	return out
}

func isBool[T dtype.Element]() bool { return dtype.Of[T]() == dtype.Bool }

// String says what the tensor is, without its elements.
func (t *Tensor) String() string {
	return fmt.Sprintf("%s%v %s", t.dtype, t.shape, t.Layout())
}
