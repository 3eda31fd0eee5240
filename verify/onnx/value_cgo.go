//go:build cgo

package onnx

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify"
)

// newValue makes an input over the bytes of an array, which it pins.
func newValue(a verify.Array, pinner *runtime.Pinner) (ort.Value, error) {
	if len(a.Shape) == 0 {
		return newScalar(a)
	}
	data := a.Data
	if len(data) == 0 {
		data = make([]byte, 1) // the module refuses none, although there is nothing to read
	}
	kind, _ := elementOf(a.DType)
	pinner.Pin(&data[0])
	return ort.NewCustomDataTensor(a.Shape, data, ort.TensorElementDataType(kind))
}

// newScalar makes an input without dimensions, which the module has for its own types only.
func newScalar(a verify.Array) (ort.Value, error) {
	switch a.DType {
	case dtype.Float32:
		return scalar[float32](a)
	case dtype.Float64:
		return scalar[float64](a)
	case dtype.Int8:
		return scalar[int8](a)
	case dtype.Int16:
		return scalar[int16](a)
	case dtype.Int32:
		return scalar[int32](a)
	case dtype.Int64:
		return scalar[int64](a)
	case dtype.Uint8:
		return scalar[uint8](a)
	case dtype.Uint16:
		return scalar[uint16](a)
	case dtype.Uint32:
		return scalar[uint32](a)
	case dtype.Uint64:
		return scalar[uint64](a)
	case dtype.Bool:
		return scalar[bool](a)
	}
	return nil, fmt.Errorf("a %s without dimensions cannot be passed to ONNX Runtime from Go", a.DType)
}

func scalar[T ort.TensorData](a verify.Array) (ort.Value, error) {
	var x T
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&x)), unsafe.Sizeof(x)), a.Data)
	return ort.NewScalar(x)
}

// readOutput makes an output of its elements in a row and its shape.
func readOutput(p port, flat, shape ort.Value) (verify.Array, error) {
	out := verify.Array{Name: p.name, DType: dtype.Invalid}
	dims, ok := shape.(*ort.Tensor[int64])
	if !ok {
		return out, fmt.Errorf("the shape of output %s is a %T", p.name, shape)
	}
	out.Shape = append([]int64{}, dims.GetData()...)
	if texts, ok := flat.(*ort.StringTensor); ok {
		all, err := texts.GetContents()
		for i, text := range all {
			all[i] = strconv.Quote(text)
		}
		out.Text = strings.Join(all, ", ")
		return out, err
	}
	kind := element(flat.DataType())
	data, ok := elementsOf(flat)
	if !ok {
		return out, fmt.Errorf("output %s is of %s, which cannot be read", p.name, kind)
	}
	out.DType, out.Data = elements[kind], data
	if !p.wide() {
		return out, nil
	}
	var err error
	out.DType = elements[p.element]
	out.Data, err = narrow(data, out.DType)
	return out, err
}

// elementsOf copies the elements of a tensor, whose memory dies with it.
func elementsOf(v ort.Value) ([]byte, bool) {
	switch v := v.(type) {
	case *ort.Tensor[float32]:
		return bytesOf(v.GetData()), true
	case *ort.Tensor[float64]:
		return bytesOf(v.GetData()), true
	case *ort.Tensor[int8]:
		return bytesOf(v.GetData()), true
	case *ort.Tensor[int16]:
		return bytesOf(v.GetData()), true
	case *ort.Tensor[int32]:
		return bytesOf(v.GetData()), true
	case *ort.Tensor[int64]:
		return bytesOf(v.GetData()), true
	case *ort.Tensor[uint8]:
		return bytesOf(v.GetData()), true
	case *ort.Tensor[uint16]:
		return bytesOf(v.GetData()), true
	case *ort.Tensor[uint32]:
		return bytesOf(v.GetData()), true
	case *ort.Tensor[uint64]:
		return bytesOf(v.GetData()), true
	case *ort.Tensor[bool]:
		return bytesOf(v.GetData()), true
	}
	return nil, false
}

func bytesOf[T any](data []T) []byte {
	var x T
	view := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), len(data)*int(unsafe.Sizeof(x)))
	return append([]byte{}, view...)
}
