package verify

import (
	"bytes"
	"slices"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

// The roles of a module's tensors.
var (
	roleParameter = jit.Parameter.String()
	roleBuffer    = jit.Buffer.String()
	roleConstant  = jit.Constant.String()
)

// held is a tensor of a module or of a file.
type held struct {
	name  string
	role  string // of a module's tensor: parameter, buffer, attribute, constant
	dtype dtype.DType
	shape []int64
	view  func(body func(data []byte) error) error // row-major, little-endian; good until body returns

	tensor *torch.Tensor   // of a module
	shares func(held) bool // tells whether another tensor of the module lies in the same memory
}

// heldByModule describes a module's tensor, without a copy.
func heldByModule(t jit.NamedTensor) held {
	return held{
		name: t.Name, role: t.Role.String(), dtype: t.Tensor.DType(), shape: t.Tensor.Shape(), view: t.Tensor.View,
		shares: func(o held) bool { return o.tensor != nil && t.Tensor.SameStorage(o.tensor) }, tensor: t.Tensor,
	}
}

// heldByFile describes a tensor of a state_dict, under a name that may have
// lost its prefix.
func heldByFile(name string, t *checkpoint.Tensor) held {
	h := held{name: name, dtype: t.DType(), shape: t.Shape()}
	h.view = func(body func([]byte) error) error {
		if t.Conj || t.Neg {
			// The bytes in the file are those before conjugation or negation.
			resolved, err := torch.FromCheckpoint(t)
			if err != nil {
				return err
			}
			defer resolved.Close()
			return resolved.View(body)
		}
		data, err := t.Bytes()
		if err != nil {
			return err
		}
		defer letGo(t)
		return body(data)
	}
	return h
}

// letGo says that a tensor of a file was read and will not be for a while. Nothing
// here writes to it.
func letGo(t *checkpoint.Tensor) {
	if s := t.Storage(); s != nil {
		s.Discard()
	}
}

// viewBoth gives the elements of two tensors at once.
func viewBoth(a, b held, body func(a, b []byte) error) error {
	return a.view(func(left []byte) error {
		return b.view(func(right []byte) error { return body(left, right) })
	})
}

// sameBytes tells whether two tensors have the same dtype, shape and elements,
// bit by bit.
func sameBytes(a, b held) (bool, error) {
	if a.dtype != b.dtype || !slices.Equal(a.shape, b.shape) {
		return false, nil
	}
	same := false
	err := viewBoth(a, b, func(left, right []byte) error {
		same = bytes.Equal(left, right)
		return nil
	})
	return same, err
}

// compareHeld compares two tensors of one shape; floats of different widths in
// the wider one.
func compareHeld(got, want held, tol compare.Tolerance) (compare.Stats, error) {
	var stats compare.Stats
	err := viewBoth(got, want, func(g, w []byte) (err error) {
		stats, err = compare.CompareWidened(
			compare.Tensor{DType: got.dtype, Shape: got.shape, Data: g},
			compare.Tensor{DType: want.dtype, Shape: want.shape, Data: w}, tol)
		return err
	})
	return stats, err
}
