package jit

import (
	"encoding/binary"
	"math"
	"reflect"
	"strconv"
	"unsafe"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// elements are those of a tensor, in row-major order, that are still to be stored.
type elements struct {
	data   []byte
	dtype  torch.DType
	direct bool // the bytes are those of the Go type
}

// storeTensor copies the elements of a tensor into nested slices or arrays, one
// level for each dimension.
func storeTensor(t *torch.Tensor, to reflect.Value, path string) error {
	shape, leaf := t.Shape(), to.Type()
	for range shape {
		if leaf.Kind() != reflect.Slice && leaf.Kind() != reflect.Array {
			return unfit(t, to, path)
		}
		leaf = leaf.Elem()
	}
	if len(shape) == 0 {
		return unfit(t, to, path)
	}
	e := elements{dtype: t.DType(), direct: goTypes[t.DType()] == leaf}
	if _, err := e.value(make([]byte, 16)); err != nil {
		return misfit(torch.CodeType, path, "%s", err)
	}
	return t.View(func(data []byte) error {
		e.data = data
		return e.store(shape, to, path)
	})
}

func (e *elements) store(shape []int64, to reflect.Value, path string) error {
	n := int(shape[0])
	if err := resize(to, n, path); err != nil || n == 0 {
		return err
	}
	place := func(i int) string { return path + "[" + strconv.Itoa(i) + "]" }
	if len(shape) > 1 {
		for i := range n {
			if err := e.store(shape[1:], to.Index(i), place(i)); err != nil {
				return err
			}
		}
		return nil
	}
	size := e.dtype.Size()
	if e.direct {
		row := unsafe.Slice((*byte)(to.Index(0).Addr().UnsafePointer()), n*size)
		e.data = e.data[copy(row, e.data):]
		return nil
	}
	for i := range n {
		v, _ := e.value(e.data)
		e.data = e.data[size:]
		if err := store(v, to.Index(i), place(i)); err != nil {
			return err
		}
	}
	return nil
}

// goTypes are the Go types whose memory is that of a tensor's elements.
var goTypes = map[torch.DType]reflect.Type{
	dtype.Bool: reflect.TypeFor[bool](), dtype.Int8: reflect.TypeFor[int8](), dtype.Int16: reflect.TypeFor[int16](),
	dtype.Int32: reflect.TypeFor[int32](), dtype.Int64: reflect.TypeFor[int64](), dtype.Uint8: reflect.TypeFor[uint8](),
	dtype.Uint16: reflect.TypeFor[uint16](), dtype.Uint32: reflect.TypeFor[uint32](), dtype.Uint64: reflect.TypeFor[uint64](),
	dtype.Float16: reflect.TypeFor[dtype.F16](), dtype.BFloat16: reflect.TypeFor[dtype.BF16](),
	dtype.Float32: reflect.TypeFor[float32](), dtype.Float64: reflect.TypeFor[float64](),
	dtype.Complex64: reflect.TypeFor[complex64](), dtype.Complex128: reflect.TypeFor[complex128](),
}

// value reads the element at the front of data.
func (e *elements) value(data []byte) (torch.Value, error) {
	at := binary.LittleEndian
	switch e.dtype {
	case dtype.Bool:
		return torch.Bool(data[0] != 0), nil
	case dtype.Int8:
		return torch.Int(int8(data[0])), nil
	case dtype.Uint8:
		return torch.Int(data[0]), nil
	case dtype.Int16:
		return torch.Int(int16(at.Uint16(data))), nil
	case dtype.Uint16:
		return torch.Int(at.Uint16(data)), nil
	case dtype.Int32:
		return torch.Int(int32(at.Uint32(data))), nil
	case dtype.Uint32:
		return torch.Int(at.Uint32(data)), nil
	case dtype.Int64:
		return torch.Int(at.Uint64(data)), nil
	case dtype.Float16:
		return torch.Float(dtype.F16(at.Uint16(data)).Float64()), nil
	case dtype.BFloat16:
		return torch.Float(dtype.BF16(at.Uint16(data)).Float64()), nil
	case dtype.Float32:
		return torch.Float(math.Float32frombits(at.Uint32(data))), nil
	case dtype.Float64:
		return torch.Float(math.Float64frombits(at.Uint64(data))), nil
	case dtype.Complex64:
		return torch.Complex(complex(math.Float32frombits(at.Uint32(data)), math.Float32frombits(at.Uint32(data[4:])))), nil
	case dtype.Complex128:
		return torch.Complex(complex(math.Float64frombits(at.Uint64(data)), math.Float64frombits(at.Uint64(data[8:])))), nil
	}
	return nil, &torch.Error{Op: opUnmarshal, Code: torch.CodeType, Msg: "elements of " + e.dtype.String() + " have no Go type; use ToDType first"}
}
